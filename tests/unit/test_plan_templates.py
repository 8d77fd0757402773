"""Templates, outputs and input specs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpe.errors import StepFault
from cpe.plan.outputs import OutputExpression, OutputsSpec
from cpe.plan.specs import InputSpec
from cpe.plan.templates import JsonTemplate

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_every_json_value_comes_through_a_template_unchanged(value: Any) -> None:
    assert JsonTemplate("{{__input__}}").render({"__input__": value}) == value
    assert JsonTemplate('{"a": [{{__input__.x}}]}').render({"__input__": {"x": value}}) == {"a": [value]}


def test_names_are_those_the_template_does_not_set() -> None:
    template = JsonTemplate("[{% for x in A.items %}{{x}}{{loop.last}}{% endfor %}{{__input__}}{{range(3)}}]")
    assert template.names == {"A", "__input__"}


def test_keys_named_like_methods_are_keys() -> None:
    assert JsonTemplate("{{__input__.items}}").render({"__input__": {"items": [1]}}) == [1]
    assert JsonTemplate("{{__input__['home-address']}}").render({"__input__": {"home-address": 5}}) == 5


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{__input__.missing}}", "TEMPLATE_MISSING_VALUE"),
        ("{{__input__.a.b.c}}", "TEMPLATE_MISSING_VALUE"),
        ("{{1 / 0}}", "TEMPLATE_FAILED"),
        ("{{__input__.__class__}}", "TEMPLATE_FAILED"),
        ("{{range}}", "TEMPLATE_FAILED"),
        ("{", "TEMPLATE_NOT_JSON"),
        ("NaN", "TEMPLATE_NOT_JSON"),
        ("[" * 100_000, "TEMPLATE_NOT_JSON"),
        ("Input passed to MyAct1", "TEMPLATE_NOT_JSON"),
    ],
)
def test_what_cannot_be_rendered_has_a_code(text: str, code: str) -> None:
    with pytest.raises(StepFault) as fault:
        JsonTemplate(text).render({"__input__": {"a": {}}})
    assert fault.value.code == code


def test_outputs_are_found_by_yaql() -> None:
    result = {"user": "John", "addresses": {"home": {"street": "Main"}}, "sizes": [3, 1, 2]}
    spec = OutputsSpec(
        {
            "name": OutputExpression("$.user"),
            "home-address": OutputExpression("$.addresses.home"),
            "large": OutputExpression("$.sizes.where($ > 1).orderBy($)"),
            "all": OutputExpression("$"),
        }
    )
    outputs = spec.evaluate(result)
    assert outputs == {
        "name": "John",
        "home-address": {"street": "Main"},
        "large": [2, 3],
        "all": result,
    }
    json.dumps(outputs)


@pytest.mark.parametrize(
    "expression", ["$.nope", "$.sizes.x", "$.sizes[9]", "1 / 0", "range(0, 1000000000).toList()"]
)
def test_an_output_that_is_not_there_names_itself(expression: str) -> None:
    with pytest.raises(StepFault, match="output 'it' of the activity's result") as fault:
        OutputsSpec({"it": OutputExpression(expression)}).evaluate({"sizes": [1]})
    assert fault.value.code == "OUTPUT_MISSING"


@given(st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.sampled_from("abc"), st.integers())))
def test_the_short_way_for_paths_finds_what_yaql_finds(result: dict[str, Any]) -> None:
    for path in ("$.a", "$.a.b", "$.c.c"):
        short = OutputExpression(path)
        long = OutputExpression(f"({path})")
        try:
            expected = long.evaluate(result)
        except StepFault:
            with pytest.raises(StepFault):
                short.evaluate(result)
        else:
            assert short.evaluate(result) == expected


def test_expressions_that_change_with_time_are_refused() -> None:
    for text in ("now()", "[$.a, random()]", "$.where(now() > 1)"):
        with pytest.raises(ValueError, match="same way every time"):
            OutputExpression(text)


def test_an_input_spec_is_draft_4() -> None:
    spec = InputSpec({"type": "object", "properties": {"n": {"maximum": 5, "exclusiveMaximum": True}}})
    spec.check({"n": 4}, "the input")
    with pytest.raises(StepFault, match="the input does not satisfy its input_spec: n: 5") as fault:
        spec.check({"n": 5}, "the input")
    assert fault.value.code == "INPUT_INVALID"


def test_an_input_spec_may_refer_to_itself_only() -> None:
    schema = {"definitions": {"n": {"type": "integer"}}, "properties": {"n": {"$ref": "#/definitions/n"}}}
    with pytest.raises(StepFault, match="n: 'x' is not of type 'integer'"):
        InputSpec(schema).check({"n": "x"}, "the input")
    for reference in ("http://127.0.0.1:9/schema.json", "other.json", "#/definitions/m"):
        with pytest.raises(ValueError, match=re.escape(reference)):
            InputSpec({"properties": {"n": {"$ref": reference}}})
