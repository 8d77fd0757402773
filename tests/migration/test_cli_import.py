"""`cpe import elastic-transcoder`, as docs/migration.md shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from activities.media.presets import PresetLibrary
from cpe.cli.main import cpe
from cpe.errors import ConfigError
from tests.migration.elastic_transcoder import JOB, PIPELINE, PRESET

GUIDE = Path(__file__).parents[2] / "docs/migration.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (("preset", PRESET), ("pipeline", PIPELINE), ("job", JOB)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cpe, ["import", "elastic-transcoder", *arguments])


def test_as_the_guide_shows_it(folder: Path) -> None:
    line = "cpe import elastic-transcoder pipeline.json preset.json job.json --out ours"
    assert line in GUIDE.read_text("utf-8")
    result = run(*line.split()[3:])
    assert result.exit_code == 1  # the thumbnails' part of the input is lost
    assert "cpe job start TranscodeOutputs:1.0 --data ours/jobs/job.json" in result.stdout
    assert "lost: TIME_SPAN: job.json: Outputs[0]: " in result.stderr
    assert json.loads((folder / "ours/jobs/job.json").read_text())["output_assets"]
    assert PresetLibrary([folder / "ours/presets"]).presets.keys() == {"Our-540p-logo"}


def test_nothing_left_out(folder: Path) -> None:
    result = run("preset.json", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["presets"], told["jobs"]) == (0, ["Our-540p-logo"], {})
    assert {note["level"] for note in told["notes"]} == {"changed"}
    assert {"level", "code", "where", "message"} == told["notes"][0].keys()


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}'])
def test_a_file_that_is_none(folder: Path, text: str) -> None:
    (folder / "bad.json").write_text(text)
    result = run("bad.json")
    assert isinstance(result.exception, ConfigError)
    assert "bad.json" in str(result.exception)
    assert not (folder / "imported").exists()


def test_every_kind_of_note_is_in_the_guide() -> None:
    import re

    sources = (Path(__file__).parents[2] / "cpe/migration").glob("*.py")
    codes = {
        code
        for path in sources
        for code in re.findall(
            r"\.(?:changed|lost|refused)\(\s*\"([A-Z_]+)\"", path.read_text("utf-8"), flags=re.DOTALL
        )
    }
    told = set(re.findall(r"`([A-Z_]+)`", GUIDE.read_text("utf-8")))
    assert codes - told == set()
