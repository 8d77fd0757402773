"""The schema of plans: what editors show, and that the check of the shape reads it as JSON Schema means it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.validators import extend

from cpe.plan.model import REQUIRED_STATUSES, ChildPolicy
from cpe.plan.shape import check_shape, plan_schema
from cpe.plan.yaml_text import read_source

ROOT = Path(__file__).parents[2]
SCHEMA_FILE = ROOT / "cpe" / "plan" / "schema.json"
PLANS = [*sorted((ROOT / "plans").glob("*.yml")), *sorted((ROOT / "tests" / "plans").glob("*.yml"))]

ANNOTATIONS = {"$schema", "title", "description", "examples", "$defs"}
KEYWORDS = {
    "$ref",
    "anyOf",
    "type",
    "enum",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
}


def schemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema and all within it."""
    yield schema
    for key in ("properties", "$defs"):
        for inner in schema.get(key, {}).values():
            yield from schemas(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            yield from schemas(schema[key])
    for inner in schema.get("anyOf", ()):
        yield from schemas(inner)


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_a_shipped_plan_tells_an_editor_where_its_schema_is(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named
    assert (path.parent / named[1]).resolve() == SCHEMA_FILE


def test_an_editor_can_say_what_every_key_is_for() -> None:
    root = plan_schema()
    for schema in schemas(root):
        for key, inner in schema.get("properties", {}).items():
            target = root["$defs"].get(inner.get("$ref", "").rpartition("/")[2], {})
            assert inner.get("description") or target.get("description"), key


def test_an_editor_proposes_the_statuses_and_the_policies() -> None:
    root = plan_schema()
    assert root["$defs"]["status"]["examples"] == list(REQUIRED_STATUSES)
    child = root["$defs"]["step"]["properties"]["workflow"]["properties"]
    assert child["child_policy"]["enum"] == list(ChildPolicy)


def test_the_check_of_the_shape_knows_every_keyword_of_the_schema() -> None:
    for schema in schemas(plan_schema()):
        assert schema.keys() <= KEYWORDS | ANNOTATIONS


STRICT: Any = extend(  # type: ignore[no-untyped-call] # its stub has no types
    jsonschema.Draft202012Validator,
    # 5.0 is no whole number in a plan.
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)
KNOWN_KEYS = sorted(
    {"foo", "Act"}.union(*(schema.get("properties", {}) for schema in schemas(plan_schema())))
)
LEAVES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, 1, -1, 5.0, 0.5, 60, 10**9, "", "text", "TERMINATE", "succeeded", [], {}]
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KNOWN_KEYS), inner, max_size=6)
    ),
    max_leaves=12,
)
STEPS = st.lists(st.dictionaries(st.sampled_from(KNOWN_KEYS), VALUES, max_size=5), max_size=3)
PLAN_VALUES = VALUES | st.fixed_dictionaries(
    {"name": st.just("x"), "version": LEAVES, "activities": STEPS, "steps": STEPS},
    optional={"retry": VALUES, "tags": VALUES, "continue_after": LEAVES, "foo": LEAVES},
)


@settings(deadline=None, max_examples=300)
@given(PLAN_VALUES)
def test_the_check_of_the_shape_agrees_with_a_json_schema_library(value: Any) -> None:
    source = read_source(json.dumps(value), "plan.yml")
    assert source.value == value
    places = {tuple(error.absolute_path) for error in STRICT(plan_schema()).iter_errors(value)}
    found = list(check_shape(source))
    assert bool(found) == bool(places)
    marks = {(source.places[path].line + 1, source.places[path].column + 1) for path in places}
    of_values = {(one.line, one.column) for one in found if one.code != "UNKNOWN_KEY"}
    assert of_values <= marks
