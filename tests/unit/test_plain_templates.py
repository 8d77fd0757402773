"""Templates of text and paths come out as Jinja's own, faults included; the others are Jinja's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
import jinja2.meta
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.errors import StepFault
from cpe.plan.environment import JSON_VALUES, TEXT_VALUES, Environment
from cpe.plan.plain import PlainTemplate
from cpe.plan.templates import JsonTemplate, TextTemplate

KEYS = st.sampled_from(["a", "b", "items", "get", "home-address", "__class__", "0", "format", "ä", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | KEYS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["A", "Step1", "__input__", "item", "index", "_", "l_0_A", "context", "environment"])
SPECIAL_NAMES = st.sampled_from(
    [
        "true",
        "false",
        "none",
        "True",
        "False",
        "None",
        "not",
        "and",
        "or",
        "in",
        "is",
        "if",
        "else",
        "elif",
        "for",
        "self",
        "super",
        "loop",
        "caller",
        "range",
        "dict",
        "namespace",
        "cycler",
        "joiner",
        "lipsum",
        "block",
        "import",
        "set",
        "missing",
        "undefined",
        "ä",
    ]
)
CONTEXTS = st.dictionaries(NAMES, VALUES)

ATTRIBUTES = st.sampled_from([".a", ".b", ".items", ".get", ".__class__", ".0", ".if", ". a", ".format"])
ITEMS = st.sampled_from(
    ["['a']", '["home-address"]', "[0]", "[ 1 ]", "[-1]", "[007]", "['a\\'b']", "['']", "['}}']", "['ä']", "[A]"]
)  # fmt: skip
PATHS = st.builds(
    lambda name, keys: name + "".join(keys), NAMES | SPECIAL_NAMES, st.lists(ATTRIBUTES | ITEMS, max_size=3)
)
BLANKS = st.sampled_from(["", " ", "  ", "\n", "\t", "\u00a0", "-", "+"])
PRINTED = st.builds(lambda left, path, right: "{{" + left + path + right + "}}", BLANKS, PATHS, BLANKS)
TEXTS = st.text(alphabet="{}%# ab\"'\\[]\n\r", max_size=6)
LOGIC = st.sampled_from(
    [
        "{{ A.a | default(1) }}",
        "{{ A | nope }}",
        "{{ A is nope }}",
        "{{ A.a if A else B }}",
        "{% for x in A %}{{ x }}{{ loop.index }}{% endfor %}",
        "{% for A in A %}{{ A }}{% endfor %}{{ A }}",
        "{% if A %}",
        "{% endif %}",
        "{% set A = 1 %}",
        "{# a comment #}",
        "{% raw %}{{ A }}{% endraw %}",
        "{{ A + 1 }}",
        "{{ A.a.b() }}",
        "{{ 'x' ~ A }}",
        "{{ 1 / 0 }}",
        "{{ [A, {'a': A}] }}",
    ]
)
PATH_TEMPLATES = st.lists(TEXTS | PRINTED, max_size=4).map("".join)
TEMPLATES = st.lists(TEXTS | PRINTED | LOGIC, max_size=5).map("".join)


def by_jinja(environment: Environment, text: str, context: Mapping[str, Any]) -> object:
    """What Jinja alone makes of a template: text, or how it fails."""
    try:
        syntax = environment.parse(text)
        jinja2.meta.find_undeclared_variables(syntax)
        template = environment.from_string(syntax)
    except jinja2.TemplateSyntaxError as error:
        return "refused", error.message, error.lineno
    try:
        return template.render(context)
    except jinja2.UndefinedError as error:
        return "TEMPLATE_MISSING_VALUE", f"the template uses a value that is missing: {error}"
    except StepFault as fault:
        return fault.code, str(fault)
    except Exception as error:
        return "TEMPLATE_FAILED", f"the template failed: {type(error).__name__}: {error}"


def by_cpe(text: str, context: Mapping[str, Any]) -> object:
    try:
        return TextTemplate(text).render(context)
    except jinja2.TemplateSyntaxError as error:
        return "refused", error.message, error.lineno
    except StepFault as fault:
        return fault.code, str(fault)


@settings(deadline=None, max_examples=300)
@given(TEMPLATES, CONTEXTS)
def test_every_text_template_comes_out_as_jinjas(text: str, context: dict[str, Any]) -> None:
    assert by_cpe(text, context) == by_jinja(TEXT_VALUES, text, context)


@settings(deadline=None, max_examples=300)
@given(PATH_TEMPLATES, CONTEXTS)
def test_a_plain_template_renders_json_as_jinja_does(text: str, context: dict[str, Any]) -> None:
    plain = PlainTemplate.parse(text)
    if plain is None:
        return
    try:
        rendered: object = plain.render(JSON_VALUES, context)
    except jinja2.UndefinedError as error:
        rendered = "TEMPLATE_MISSING_VALUE", f"the template uses a value that is missing: {error}"
    except StepFault as fault:
        rendered = fault.code, str(fault)
    except Exception as error:
        rendered = "TEMPLATE_FAILED", f"the template failed: {type(error).__name__}: {error}"
    assert rendered == by_jinja(JSON_VALUES, text, context)


@settings(deadline=None, max_examples=150)
@given(TEMPLATES)
def test_the_names_of_a_template_are_those_that_jinja_finds(text: str) -> None:
    try:
        syntax = JSON_VALUES.parse(text)
        expected = jinja2.meta.find_undeclared_variables(syntax) - JSON_VALUES.globals.keys()
    except jinja2.TemplateSyntaxError:
        with pytest.raises(jinja2.TemplateSyntaxError):
            JsonTemplate(text)
    else:
        assert JsonTemplate(text).names == expected


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        ("", True),
        ("text { of } % # }}", True),
        ("{{ A }}", True),
        ("{{A.b['home-address'][0]}} and {{__input__}}\n", True),
        ("{{ A | upper }}", False),
        ("{{ range }}", False),
        ("{{ true }}", False),
        ("{{- A }}", False),
        ("{{ A.b() }}", False),
        ("{# A #}", False),
        ("{% if A %}1{% endif %}", False),
    ],
)
def test_only_text_and_paths_are_plain(text: str, is_plain: bool) -> None:
    assert (PlainTemplate.parse(text) is not None) is is_plain


@pytest.mark.parametrize(
    "text",
    ["{{ 10 ** 100000000 }}", "{{ 'a' * 1000000000 }}", "{{ [1] * 9999999 }}"],
)
def test_what_would_fill_the_memory_is_not_computed(text: str) -> None:
    with pytest.raises(StepFault, match="too large") as fault:
        JsonTemplate(text).render({})
    assert fault.value.code == "TEMPLATE_FAILED"


@pytest.mark.parametrize(
    "text",
    [
        "{{" + "(" * 500 + "1" + ")" * 500 + "}}",
        "{% for a in b %}" * 25 + "{% endfor %}" * 25,
        "{{ 1" + "0" * 5000 + " }}",
        "{{ a | upper }}" * 10_000,
    ],
)
def test_a_template_that_cannot_be_compiled_is_refused(text: str) -> None:
    with pytest.raises(jinja2.TemplateSyntaxError):
        JsonTemplate(text)
