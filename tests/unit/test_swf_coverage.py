"""Everything in AWS's SWF model has a test, and the documentation says which."""

from __future__ import annotations

from tests.swf_coverage import DOCUMENT, impossible, model, proofs, render, sections

ENTRIES = [entry for section in sections(model()) for entry in section.entries]


def test_every_entry_of_the_model_has_a_test_that_proves_it() -> None:
    found = proofs()
    assert [entry for entry in ENTRIES if entry not in found and impossible(entry) is None] == []


def test_nothing_is_proved_that_is_not_in_the_model() -> None:
    assert set(proofs()) - set(ENTRIES) == set()


def test_nothing_is_both_proved_and_called_impossible() -> None:
    assert [entry for entry in proofs() if impossible(entry) is not None] == []


def test_the_page_is_what_the_model_and_the_tests_say() -> None:
    assert DOCUMENT.read_text() == render(proofs()), "run: python -m tests.swf_coverage"
