"""Loading plans: what the original's plans mean, and what is refused where."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.plan import PlanRefused, RunActivity, load_plan, load_plans, parse_plan
from cpe.plan.yaml_text import read_source

ROOT = Path(__file__).parents[2]

HEAD = """\
name: Example
version: 1.0
activities:
  - name: Act
    version: 1.0
    outputs_spec: { home-address: "$.addresses.home" }
steps:
"""


def plan_text(steps: str) -> str:
    return HEAD + textwrap.indent(textwrap.dedent(steps), "  ")


def findings(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(PlanRefused) as refused:
        parse_plan(text)
    return [(finding.line, finding.column, finding.code) for finding in refused.value.findings]


def test_the_shipped_plans_load() -> None:
    plans = load_plans([ROOT / "plans"])
    assert ("Transcode", "1.0") in plans
    assert [step.name for step in plans["Transcode", "1.0"].steps] == [
        "ValidateAssetStep",
        "TranscodeAssetStep",
    ]


def test_the_original_plan_stands_in_plans_as_the_design_has_it() -> None:
    plan = load_plan(ROOT / "plans" / "transcode.yml")
    assert plan.default_execution_start_to_close_timeout == "2592000"
    assert plan.default_task_start_to_close_timeout == "172800"
    validate, transcode = plan.activities
    assert (validate.task_list, transcode.task_list) == ("ValidateAsset-v2", "TranscodeAsset-v2")
    assert transcode.timeouts.heartbeat_timeout == "60"
    assert transcode.timeouts.schedule_to_start_timeout == "43200"
    assert transcode.timeouts.schedule_to_close_timeout == "518400"
    assert transcode.timeouts.start_to_close_timeout == "432000"
    assert [(one.step, one.status) for one in plan.steps[1].requires] == [("ValidateAssetStep", "succeeded")]


def test_a_number_is_taken_as_its_text() -> None:
    plan = parse_plan(plan_text("- { name: 007, activity: Act }"))
    assert plan.version == "1.0"
    assert plan.activities[0].version == "1.0"
    assert plan.activities[0].task_list == "Act-1.0"
    assert plan.steps[0].name == "007"


def test_name_and_version_can_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(plan_text("- { name: S, activity: Act }"))
    plan = load_plan(path, name="Other", version="9")
    assert (plan.name, plan.version) == ("Other", "9")


def test_steps_are_ordered_by_what_they_require_not_by_the_file() -> None:
    steps = [
        "- { name: C, activity: Act, requires: [B] }",
        "- { name: A, activity: Act }",
        "- { name: B, activity: Act, requires: [[A, succeeded]] }",
    ]
    forwards = parse_plan(plan_text("\n".join(steps)))
    backwards = parse_plan(plan_text("\n".join(reversed(steps))))
    assert [step.name for step in forwards.steps] == ["A", "B", "C"]
    assert [step.name for step in backwards.steps] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("- { name: S, activity: Act, requires: [[T, suceeded]] }\n- { name: T, activity: Act }", (8, 46, "UNKNOWN_STATUS")),
        ("- { name: S, activity: Akt }", (8, 26, "UNKNOWN_ACTIVITY")),
        ("- { name: S, activity: Act, requires: [U] }", (8, 42, "UNKNOWN_STEP")),
        ("- { name: S, activity: Act, requires: [S] }", (8, 41, "CYCLE")),
        ("- { name: S, activity: Act, require: [] }", (8, 31, "UNKNOWN_KEY")),
        ("- { activity: Act }", (8, 5, "MISSING_KEY")),
        ("- { name: [], activity: Act }", (8, 13, "WRONG_TYPE")),
        ("- { name: 'a:b', activity: Act }", (8, 13, "INVALID_NAME")),
        ("- { name: __input__, activity: Act }", (8, 13, "INVALID_NAME")),
        ("- { name: S, activity: Act }\n- { name: S, activity: Act }", (9, 13, "DUPLICATE_STEP")),
        ("- { name: S }", (8, 5, "STEP_KIND")),
        ("- { name: S, activity: Act, eval: '1' }", (8, 31, "STEP_KIND")),
        ("- { name: S, eval: '1', input: '2' }", (8, 27, "STEP_KIND")),
        ("- { name: S, activity: Act, input: '{{' }", (8, 38, "INVALID_TEMPLATE")),
        ("- name: S\n  activity: Act\n  input: |\n    {\n      {% if %}\n    }", (12, 9, "INVALID_TEMPLATE")),
        ("- { name: S, activity: Act, input: '{{T.x}}' }\n- { name: T, activity: Act }", (8, 41, "NOT_REQUIRED")),
        ("- name: S\n  activity: Act\n  input: |\n    {\n      {{Q.x}}\n    }", (12, 11, "UNKNOWN_NAME")),
        ("- { name: S, name: T, activity: Act }", (8, 16, "DUPLICATE_KEY")),
        ("- { name: S, wait: soon }", (8, 22, "WRONG_TYPE")),
        ("- { name: S, wait: 5, activity: Act }", (8, 16, "STEP_KIND")),
        ("- { name: S, wait: 5, timeout: 5 }", (8, 25, "STEP_KIND")),
        ("- { name: S, activity: Act, when: '$.' }", (8, 37, "INVALID_YAQL")),
        ("- { name: S, activity: Act, when: '$.T.x > 1' }\n- { name: T, activity: Act }", (8, 40, "NOT_REQUIRED")),
        ("- { name: S, activity: Act, when: '$.Q' }", (8, 40, "UNKNOWN_NAME")),
        ("- { name: S, activity: Act, timeouts: { heartbeat_timeout: x } }", (8, 62, "INVALID_TIMEOUT")),
        ("- { name: S, signal: 'a:b' }", (8, 24, "INVALID_NAME")),
        ("- { name: 'S[1]', activity: Act }", (8, 13, "INVALID_NAME")),
        ("- { name: S, activity: Act, input: '{{item}}' }", (8, 41, "UNKNOWN_NAME")),
        ("- { name: S, activity: Act, max_parallel: 2 }", (8, 31, "STEP_KIND")),
        ("- { name: S, activity: Act, for_each: '[1]', tolerate: 101% }", (8, 58, "INVALID_TOLERANCE")),
    ],
)  # fmt: skip
def test_a_broken_step_is_refused_at_its_place(steps: str, expected: tuple[int, int, str]) -> None:
    assert expected in findings(plan_text(steps))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (1, 1, "NOT_YAML")),
        ("a: [", (2, 1, "NOT_YAML")),
        ("- 1", (1, 1, "WRONG_TYPE")),
        ("name: x\nversion: 1\nactivities: []\nsteps: []\n", (4, 8, "WRONG_TYPE")),
        (HEAD.replace("$.addresses.home", "$.") + "  - {name: S, activity: Act}", (6, 35, "INVALID_YAQL")),
        (HEAD.replace("$.addresses.home", "now()") + "  - {name: S, activity: Act}", (6, 35, "INVALID_YAQL")),
        (HEAD.replace("outputs_spec", "input_spec").replace('"$.addresses.home"', "1") + "  - {name: S, activity: Act}", None),
        ("name: x\nversion: 1\ninput_spec: {type: objekt}\nactivities: []\nsteps: [{name: S, eval: '1'}]", (3, 20, "INVALID_SCHEMA")),
        (HEAD.replace("version: 1.0\nact", "version: 1.0\ndefault_task_start_to_close_timeout: 1h\nact") + "  - {name: S, activity: Act}", (3, 38, "INVALID_TIMEOUT")),
        (HEAD.replace("version: 1.0\nact", "version: 1.0\ndefault_execution_start_to_close_timeout: NONE\nact") + "  - {name: S, activity: Act}", (3, 43, "INVALID_TIMEOUT")),
        (HEAD.replace("    version: 1.0", "    version: 1.0\n    heartbeat_timeout: 90\n    start_to_close_timeout: 30") + "  - {name: S, activity: Act}", (6, 24, "TIMEOUTS_CONTRADICT")),
        (HEAD + "  - {name: S, activity: Act}\nx: &a [1]\n", (9, 1, "UNKNOWN_KEY")),
    ],
)  # fmt: skip
def test_a_broken_plan_is_refused_at_its_place(text: str, expected: tuple[int, int, str] | None) -> None:
    if expected is None:
        parse_plan(text)
    else:
        assert expected in findings(text)


def test_all_findings_come_at_once_in_the_order_of_their_places() -> None:
    places = findings(
        plan_text("- { name: 'a/b', activity: Akt }\n- { name: T, activity: Act, foo: 1, requires: [Q] }")
    )
    assert [code for _, _, code in places] == [
        "INVALID_NAME",
        "UNKNOWN_ACTIVITY",
        "UNKNOWN_KEY",
        "UNKNOWN_STEP",
    ]


def test_a_mistyped_status_is_met_with_the_right_one() -> None:
    with pytest.raises(PlanRefused, match="did you mean 'succeeded'"):
        parse_plan(
            plan_text("- { name: S, activity: Act, requires: [[T, suceeded]] }\n- { name: T, activity: Act }")
        )


def test_a_cycle_is_named_step_by_step() -> None:
    with pytest.raises(PlanRefused, match="A → B → A"):
        parse_plan(
            plan_text(
                "- { name: A, activity: Act, requires: [B] }\n- { name: B, activity: Act, requires: [A] }"
            )
        )


def test_an_alias_bomb_is_refused() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert [code for _, _, code in findings("\n".join(levels))] == ["ALIAS_BOMB"]


def test_a_plan_over_a_mebibyte_is_refused() -> None:
    assert findings("# " + "x" * 1024 * 1024) == [(1, 1, "FILE_TOO_LARGE")]


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanRefused, match=r"nowhere\.yml:1:1: FILE_UNREADABLE"):
        load_plan(tmp_path / "nowhere.yml")
    (tmp_path / "latin.yml").write_bytes(b"name: \xe9")
    with pytest.raises(PlanRefused, match="no UTF-8"):
        load_plan(tmp_path / "latin.yml")


def test_a_broken_plan_does_not_keep_the_others_out(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("name: x")
    (tmp_path / "good.yaml").write_text(plan_text("- { name: S, activity: Act }"))
    refused: list[Exception] = []
    plans = load_plans([tmp_path], on_refused=refused.append)
    assert list(plans) == [("Example", "1.0")]
    assert len(refused) == 1
    with pytest.raises(PlanRefused):
        load_plans([tmp_path])


def test_two_files_with_the_same_plan_are_refused(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(plan_text("- { name: S, activity: Act }"))
    with pytest.raises(PlanRefused, match=r"DUPLICATE_PLAN: Example 1\.0 stands in .*a\.yml already"):
        load_plans([tmp_path])


def test_a_template_with_an_unknown_filter_is_refused() -> None:
    assert findings(plan_text("- { name: S, activity: Act, input: '{{ 1 | nope }}' }")) == [
        (8, 38, "INVALID_TEMPLATE")
    ]


def test_aliases_and_merge_keys_are_those_of_yaml() -> None:
    plan = parse_plan(
        plan_text("""\
            - &first
              name: First
              activity: Act
              retry: &often { max_attempts: 9 }
              input: |
                { "n": 1 }
            - { <<: *first, name: Second, retry: { <<: [{ interval: 1 }, { interval: 2, backoff: 3 }], backoff: 4 } }
            - { name: Third, activity: Act, retry: *often }
            """)
    )
    first, second, third = plan.steps
    assert isinstance(first.work, RunActivity)
    assert isinstance(second.work, RunActivity)
    assert isinstance(third.work, RunActivity)
    assert second.work.input is not None
    assert second.work.input.render({}) == {"n": 1}
    assert (second.work.retry.interval, second.work.retry.backoff) == (1, 4)
    assert first.work.retry.max_attempts == third.work.retry.max_attempts == 9


def test_an_alias_stands_for_its_anchor_as_it_was_before() -> None:
    source = read_source("- &a 1\n- &b [*a]\n- &a 2\n- *b\n- *a\n", "plan.yml")
    assert source.value == [1, [1], 2, [1], 2]


@settings(deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=12,
    )
)
def test_a_plan_s_yaml_means_what_it_means_to_pyyaml(value: Any) -> None:
    text = yaml.safe_dump(value)
    assert read_source(text, "plan.yml").value == yaml.safe_load(text) == value
