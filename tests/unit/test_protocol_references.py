"""References stand in for payloads that are too large."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpe.errors import ProtocolError
from cpe.protocol.references import PayloadPlace, Reference

PLACE = PayloadPlace(bucket="payload-bucket")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_reference_comes_back_as_it_was_written(payload: str) -> None:
    reference = PLACE.refer(payload, client="ClientA")
    assert Reference.parse(reference.text()) == reference
    assert reference.size == len(payload.encode())
    PLACE.check(reference, client="ClientA")


def test_the_same_payload_has_the_same_reference() -> None:
    assert PLACE.refer("x", client="A") == PLACE.refer("x", client="A")
    assert PLACE.refer("x", client="A") != PLACE.refer("x", client="B")


@pytest.mark.parametrize(
    "value",
    [
        {"$ref": "s3://bucket/key", "size": 1},
        {"$ref": "s3://bucket/key", "size": 1, "sha256": "0" * 64, "more": 1},
        {"$ref": "https://bucket/key", "size": 1, "sha256": "0" * 64},
        {"$ref": "s3://bucket/key", "size": -1, "sha256": "0" * 64},
        {"$ref": "s3://bucket/key", "size": True, "sha256": "0" * 64},
        {"$ref": "s3://bucket/key", "size": 1, "sha256": "0" * 63},
        ["$ref"],
    ],
)
def test_what_only_looks_like_a_reference_is_none(value: object) -> None:
    assert Reference.parse(json.dumps(value)) is None


@pytest.mark.parametrize("client", ["ClientB", None])
def test_a_reference_to_another_clients_payload_is_refused(client: str | None) -> None:
    with pytest.raises(ProtocolError) as caught:
        PLACE.check(PLACE.refer("x", client="ClientA"), client=client)
    assert caught.value.code == "REFERENCE_REFUSED"


def test_a_reference_to_another_bucket_is_refused() -> None:
    elsewhere = PayloadPlace(bucket="other-bucket").refer("x", client="ClientA")
    with pytest.raises(ProtocolError):
        PLACE.check(elsewhere, client="ClientA")
