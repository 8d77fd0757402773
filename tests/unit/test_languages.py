"""Codes of languages."""

from __future__ import annotations

import pytest

from cpe.languages import language_tag, three_letters


@pytest.mark.parametrize(
    ("code", "tag"),
    [("eng", "en"), ("fra", "fr"), ("fre", "fr"), ("zho", "zh"), ("chi", "zh"), ("slo", "sk"), ("slk", "sk")],
)
def test_the_shortest_code_is_the_tag(code: str, tag: str) -> None:
    assert language_tag(code) == tag


@pytest.mark.parametrize("code", ["fil", "und", "mul", "zxx", "haw", "qaa"])
def test_a_language_without_two_letters_keeps_its_three(code: str) -> None:
    assert language_tag(code) == code


@pytest.mark.parametrize("two", ["en", "de", "fr", "el", "zu", "aa"])
def test_there_and_back(two: str) -> None:
    three = three_letters(two)
    assert three is not None
    assert language_tag(three) == two


@pytest.mark.parametrize("word", ["", "xx", "EN", "eng", "en-GB"])
def test_what_is_no_language(word: str) -> None:
    assert three_letters(word) is None
