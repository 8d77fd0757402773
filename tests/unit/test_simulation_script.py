"""Scripts: what they may say, and what is refused at which place."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from cpe.plan import parse_plan
from cpe.simulation import (
    Cancel,
    Fail,
    Moment,
    Script,
    ScriptRefused,
    Signal,
    Succeed,
    TimeOut,
    TimeoutKind,
    load_script,
    parse_script,
    script_schema,
)

SCRIPTS = sorted((Path(__file__).parents[1] / "plans" / "scripts").glob("*.yml"))
PLAN = parse_plan("""
name: P
version: 1
activities: [{ name: Act, version: v1 }]
steps:
  - { name: A, activity: Act }
  - { name: Each, activity: Act, for_each: "[1, 2]" }
  - { name: Sub, workflow: { name: Child, version: 1 } }
  - { name: W, wait: 3 }
""")


def test_a_script_says_everything() -> None:
    text = """
input: { list: [1] }
default: { result: { value: 1 }, after: 2.5 }
workers: 3
steps:
  A: [{ fail: BUSY, details: no room, after: 1 }, { timeout: HEARTBEAT, after: 7 }, { cancel: true }]
  "Each[1]": { text: no json }
  Act: { timeout: START_TO_CLOSE }
  Child: [{ result: null }]
signals: [{ name: go, at: 60, input: { by: Ann } }, { name: stay, step: A }]
cancel: { at: 5, step: Each }
"""
    assert parse_script(text, "s.yml", [PLAN]) == Script(
        behaviours={
            "A": (
                Fail(code="BUSY", details="no room", after=1),
                TimeOut(kind=TimeoutKind.HEARTBEAT, after=7),
                Cancel(),
            ),
            "Each[1]": (Succeed(text="no json"),),
            "Act": (TimeOut(kind=TimeoutKind.START_TO_CLOSE),),
            "Child": (Succeed(text="null"),),
        },
        default=(Succeed(text='{"value":1}', after=2.5),),
        signals=(
            Signal(name="go", at=Moment(seconds=60), text='{"by": "Ann"}'),
            Signal(name="stay", at=Moment(step="A")),
        ),
        cancel=Moment(seconds=5, step="Each"),
        workers=3,
        input={"list": [1]},
    )


def test_an_empty_script_lets_everything_succeed() -> None:
    assert parse_script("{}", "s.json", [PLAN]) == Script()


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("- a", "s.yml:1:1: WRONG_TYPE: the script must be a mapping"),
        ("stepz: {}", "s.yml:1:1: UNKNOWN_KEY: unknown key 'stepz'; did you mean 'steps'?"),
        ("steps: [a]", "s.yml:1:8: WRONG_TYPE: steps must be a mapping"),
        (
            "steps:\n  A: { reslt: 1 }",
            "s.yml:2:8: UNKNOWN_KEY: unknown key 'reslt'; did you mean 'result'?",
        ),
        ("steps:\n  A: []", "s.yml:2:6: WRONG_TYPE: A must not be empty"),
        (
            "steps:\n  A: [{ after: 3 }]",
            "s.yml:2:7: OUTCOME_KIND: an outcome has one of result, text, fail, timeout, cancel; "
            "this has none of them",
        ),
        (
            "steps:\n  A: { result: 1, fail: X }",
            "s.yml:2:6: OUTCOME_KIND: an outcome has one of result, text, fail, timeout, cancel; "
            "this has result and fail",
        ),
        ("default: { result: 1, details: x }", "s.yml:1:23: OUTCOME_KIND: details go with 'fail'"),
        (
            "default: { timeout: START_TO_CLOSE, after: 1 }",
            "s.yml:1:37: OUTCOME_KIND: 'after' does not go with START_TO_CLOSE: no worker ends then",
        ),
        (
            "default: { timeout: HEARTBEET }",
            "s.yml:1:21: UNKNOWN_TIMEOUT: 'HEARTBEET' is no time-out of SWF; did you mean 'HEARTBEAT'?",
        ),
        ("default: { cancel: false }", "s.yml:1:20: WRONG_TYPE: cancel must be true"),
        ("default: { result: 1, after: -1 }", "s.yml:1:30: WRONG_TYPE: after must be at least 0"),
        ("default: { fail: '' }", "s.yml:1:18: WRONG_TYPE: fail must not be empty"),
        ("workers: 0", "s.yml:1:10: WRONG_TYPE: workers must be at least 1"),
        ("signals: [{ at: 3 }]", "s.yml:1:11: MISSING_KEY: the key 'name' is missing"),
        ("workers: many", "s.yml:1:10: WRONG_TYPE: workers must be a whole number"),
        (
            "steps: { Eech: { result: 1 } }",
            "s.yml:1:10: UNKNOWN_STEP: no step or activity 'Eech' runs; did you mean 'Each'?",
        ),
        ("steps: { W: { result: 1 } }", "s.yml:1:10: UNKNOWN_STEP: no step or activity 'W' runs"),
        (
            "steps: { 'A[0]': { result: 1 } }",
            "s.yml:1:10: UNKNOWN_STEP: no step or activity 'A[0]' runs",
        ),
        (
            "signals: [{ name: go, step: Eech }]",
            "s.yml:1:29: UNKNOWN_STEP: no step 'Eech' runs; did you mean 'Each'?",
        ),
        ("cancel: { step: W }", "s.yml:1:17: UNKNOWN_STEP: no step 'W' runs"),
        ("workers: 1\nworkers: 2", "s.yml:2:1: DUPLICATE_KEY: 'workers' stands here twice"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, finding: str) -> None:
    with pytest.raises(ScriptRefused) as refused:
        parse_script(text, "s.yml", [PLAN])
    assert [str(one) for one in refused.value.findings] == [finding]


def test_all_findings_come_at_once_in_order() -> None:
    with pytest.raises(ScriptRefused) as refused:
        parse_script("workers: 0\nsignals: [{}]\nx: 1\n", "s.yml", [PLAN])
    assert [one.line for one in refused.value.findings] == [1, 2, 3]
    assert refused.value.code == "SCRIPT_INVALID"


def test_a_text_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(ScriptRefused, match=r"s\.yml:1:1: NOT_YAML"):
        parse_script("", "s.yml", [PLAN])


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScriptRefused, match="FILE_UNREADABLE: cannot read the script: No such file"):
        load_script(tmp_path / "none.yml", [PLAN])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_editors_and_the_reader_agree_on_our_scripts(path: Path) -> None:
    schema = script_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(path.read_text("utf-8")))
