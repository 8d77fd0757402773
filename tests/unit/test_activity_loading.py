"""Loading the classes that the configuration names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cpe.config import ActivitySettings
from cpe.daemons.activities import load_activity
from cpe.errors import ConfigError

GOOD = """
from dataclasses import dataclass
from cpe.activity import Activity

@dataclass
class Value:
    number: int = 3

class Good(Activity):
    def run(self, context):
        return Value().number

class NoRun(Activity):
    pass

class Needy(Activity):
    def __init__(self, thing):
        pass
    def run(self, context):
        return None

class Failing(Activity):
    def __init__(self):
        self.host = {}["host"]
    def run(self, context):
        return None

class Mistaken(Activity):
    def __init__(self):
        len(3)
    def run(self, context):
        return None

class Other:
    pass

value = 1
"""


def settings(class_name: str, file: Path | None = None) -> ActivitySettings:
    return ActivitySettings(name="A", version="v1", class_name=class_name, file=file)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "good_activity.py").write_text(GOOD)
    (tmp_path / "broken_activity.py").write_text("import nowhere_to_be_found\n")
    (tmp_path / "failing_activity.py").write_text("1 / 0\n")
    (tmp_path / "garbled_activity.py").write_text("def run(:\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def test_from_a_file(folder: Path) -> None:
    assert type(load_activity(settings("Good", folder / "good_activity.py"))).__name__ == "Good"


def test_from_a_module_beside_the_worker(folder: Path) -> None:
    assert type(load_activity(settings("good_activity:Good"))).__name__ == "Good"


@pytest.mark.parametrize(
    ("class_name", "message"),
    [
        ("Good", "needs its module"),
        ("no_such_module:Good", "no module 'no_such_module'"),
        ("broken_activity:Good", "no module 'nowhere_to_be_found'"),
        ("failing_activity:Good", "ZeroDivisionError"),
        ("good_activity:Absent", "no class 'Absent'"),
        ("good_activity:value", "no class 'value'"),
        ("good_activity:Other", "no subclass of cpe.activity.Activity"),
        ("good_activity:NoRun", "no method run"),
        ("good_activity:Needy", "takes no arguments"),
        ("good_activity:Failing", r"Failing\(\) fails in .*/good_activity.py, line 24: KeyError: 'host'"),
        ("good_activity:Mistaken", r"Mistaken\(\) fails in .*/good_activity.py, line 30: TypeError: object"),
        ("failing_activity:Good", r"fails in .*/failing_activity.py, line 1: ZeroDivisionError"),
        (
            "garbled_activity:Good",
            r"module garbled_activity fails: SyntaxError: .*garbled_activity.py, line 1",
        ),
    ],
)
def test_refused(folder: Path, class_name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_activity(settings(class_name))
    assert caught.value.code == "ACTIVITY_NOT_LOADED"
    assert str(caught.value).startswith("activity A v1: ")


def test_a_missing_file_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="relative to the configuration"):
        load_activity(settings("Good", folder / "absent.py"))
