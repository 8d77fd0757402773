"""The check of a configuration's shape reads its schema as JSON Schema means it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.validators import extend

from cpe.config.shape import config_schema, find_misfits

ANNOTATIONS = {"$schema", "title", "description", "errorMessage", "$defs"}
KEYWORDS = {
    "$ref",
    "type",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
}


def schemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema and all within it."""
    yield schema
    for key in ("properties", "$defs"):
        for inner in schema.get(key, {}).values():
            yield from schemas(inner)
    if "items" in schema:
        yield from schemas(schema["items"])


def test_the_check_of_the_shape_knows_every_keyword_of_the_schema() -> None:
    for schema in schemas(config_schema()):
        assert schema.keys() <= KEYWORDS | ANNOTATIONS
        assert "$ref" in schema or "type" in schema
        assert schema.get("type") != "array" or "items" in schema
        assert schema.get("additionalProperties", True) in (True, False)


STRICT: Any = extend(  # type: ignore[no-untyped-call] # its stub has no types
    jsonschema.Draft202012Validator,
    # 5.0 is no whole number in a configuration: SWF would be told "5.0" seconds.
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)
LEAVES: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 0, -1, 60, 5.0, 10**9, "", "NONE", "60", "text", "a:b", "m:C", "x" * 65, "x" * 1100),
        *("my-bucket", "Bucket", "payloads/", "https://q/1/in", "https://q/1/in\n", "http:/q"),
    ]
)
KEYS = st.sampled_from(
    sorted({"foo"}.union(*(schema.get("properties", {}) for schema in schemas(config_schema()))))
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=10,
)
QUEUE = st.just("https://q/1/in") | LEAVES
CLIENT = st.fixed_dictionaries(
    {
        "name": st.just("A") | LEAVES,
        "queues": st.fixed_dictionaries({"input": QUEUE, "output": QUEUE}) | VALUES,
    },
    optional={"foo": LEAVES},
)
ACTIVITY = st.fixed_dictionaries(
    {"name": LEAVES, "version": LEAVES},
    optional={"class": LEAVES, "defaultTaskHeartbeatTimeout": LEAVES, "settings": VALUES, "file": LEAVES},
)
TREES = VALUES | st.fixed_dictionaries(
    {"clients": st.lists(CLIENT, max_size=2), "activities": st.lists(ACTIVITY, max_size=2)},
    optional={"payloads": VALUES, "domain": LEAVES, "scratch": LEAVES, "output_queue": QUEUE, "foo": LEAVES},
)


@settings(deadline=None, max_examples=300)
@given(TREES)
def test_the_check_of_the_shape_agrees_with_a_json_schema_library(tree: Any) -> None:
    expected = {
        (tuple(error.absolute_path), error.validator) for error in STRICT(config_schema()).iter_errors(tree)
    }
    found = {(misfit.path, misfit.keyword) for misfit in find_misfits(tree)}
    # Of two keywords that refuse one text, one is told.
    assert found <= expected
    assert {path for path, _ in found} == {path for path, _ in expected}
