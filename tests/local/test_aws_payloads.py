"""Large payloads on a local S3."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpe.aws.payloads import Payloads
from cpe.errors import AwsError, CpeError, PayloadError
from cpe.local.server import LocalAws
from cpe.protocol.references import MAX_PAYLOAD, MAX_SWF_DATA, PayloadPlace, Reference

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PLACE = PayloadPlace(bucket="cpe-payloads")
LARGE = json.dumps(["ü" * MAX_SWF_DATA], ensure_ascii=False)


@pytest.fixture
def s3(local_aws: LocalAws) -> S3Client:
    client: S3Client = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))
    client.create_bucket(Bucket=PLACE.bucket)
    return client


@pytest.fixture
def payloads(s3: S3Client) -> Payloads:
    return Payloads(s3, PLACE)


def stored(s3: S3Client) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=PLACE.bucket).get("Contents", [])]


def refusal(call: Callable[[], object]) -> CpeError:
    with pytest.raises(CpeError) as caught:
        call()
    return caught.value


def test_a_large_text_lies_in_its_clients_folder(s3: S3Client, payloads: Payloads) -> None:
    packed = payloads.pack(LARGE, client="ClientA")
    reference = Reference.parse(packed)
    assert reference is not None
    assert reference.size == len(LARGE.encode())
    assert stored(s3) == [f"payloads/ClientA/{reference.sha256}"]
    kept = s3.get_object(Bucket=PLACE.bucket, Key=reference.key)
    assert (kept["ContentType"], kept["Body"].read().decode()) == ("application/json", LARGE)
    assert payloads.pack(LARGE, client="ClientA") == packed
    assert Payloads(s3, PLACE).resolve(packed, client="ClientA") == LARGE


def test_what_swf_carries_is_not_stored(s3: S3Client, payloads: Payloads) -> None:
    text = "x" * MAX_SWF_DATA
    assert payloads.resolve(payloads.pack(text, client="ClientA"), client="ClientA") == text
    assert stored(s3) == []


def test_without_a_place_a_text_stays_as_it_is(s3: S3Client, payloads: Payloads) -> None:
    packed = payloads.pack(LARGE, client="ClientA")
    lost = Payloads(s3, None)
    assert lost.pack(LARGE, client="ClientA") == LARGE
    assert lost.resolve(LARGE, client="ClientA") == LARGE
    error = refusal(lambda: lost.resolve(packed, client="ClientA"))
    assert error.code == "REFERENCE_REFUSED"
    assert "CPE_PAYLOADS" in str(error)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    copies=st.sampled_from([1, 1500]),
    wrap=st.sampled_from([str, lambda text: PLACE.refer(text, client="ClientA").text()]),
    client=st.sampled_from(["ClientA", "_", None]),
)
def test_what_is_packed_comes_back(
    s3: S3Client, text: str, copies: int, wrap: Callable[[str], str], client: str | None
) -> None:
    # Data that look like a reference come back as the data they are.
    payload = wrap(text * copies)
    packed = Payloads(s3, PLACE).pack(payload, client=client)
    assert len(packed) <= MAX_SWF_DATA
    assert Payloads(s3, PLACE).resolve(packed, client=client) == payload


@pytest.mark.parametrize("client", ["ClientB", "_", None])
def test_another_clients_payload_is_not_read(payloads: Payloads, client: str | None) -> None:
    # Not even where it would come from memory.
    packed = payloads.pack(LARGE, client="ClientA")
    assert payloads.resolve(packed, client="ClientA") == LARGE
    assert refusal(lambda: payloads.resolve(packed, client=client)).code == "REFERENCE_REFUSED"


def test_a_digest_that_somebody_knows_gives_them_nothing(payloads: Payloads) -> None:
    assert payloads.resolve(payloads.pack(LARGE, client="ClientA"), client="ClientA") == LARGE
    forged = PLACE.refer(LARGE, client="ClientB").text()
    assert refusal(lambda: payloads.resolve(forged, client="ClientB")).code == "PAYLOAD_MISSING"


def test_another_bucket_is_not_read(payloads: Payloads) -> None:
    elsewhere = PayloadPlace(bucket="other-bucket").refer(LARGE, client="ClientA").text()
    assert refusal(lambda: payloads.resolve(elsewhere, client="ClientA")).code == "REFERENCE_REFUSED"


@pytest.mark.parametrize("body", [LARGE[:-1], LARGE.replace("ü", "ä"), ""], ids=["shorter", "other", "empty"])
def test_a_payload_that_changed_is_corrupt(s3: S3Client, body: str) -> None:
    packed = Payloads(s3, PLACE).pack(LARGE, client="ClientA")
    (key,) = stored(s3)
    s3.put_object(Bucket=PLACE.bucket, Key=key, Body=body.encode())
    error = refusal(lambda: Payloads(s3, PLACE).resolve(packed, client="ClientA"))
    assert (error.code, error.retryable) == ("PAYLOAD_CORRUPT", False)
    assert isinstance(error, PayloadError)
    assert "ü" not in str(error)


def test_a_payload_that_is_no_text_is_corrupt(s3: S3Client) -> None:
    digest = hashlib.sha256(b"\xff").hexdigest()
    reference = Reference(bucket=PLACE.bucket, key=f"payloads/ClientA/{digest}", size=1, sha256=digest)
    s3.put_object(Bucket=PLACE.bucket, Key=reference.key, Body=b"\xff")
    error = refusal(lambda: Payloads(s3, PLACE).fetch(reference, client="ClientA"))
    assert (error.code, "no UTF-8" in str(error)) == ("PAYLOAD_CORRUPT", True)


def test_a_payload_that_is_gone_is_missing(s3: S3Client) -> None:
    error = refusal(lambda: Payloads(s3, PLACE).fetch(PLACE.refer(LARGE, client="ClientA"), client="ClientA"))
    assert (error.code, error.retryable) == ("PAYLOAD_MISSING", False)


def test_a_bucket_that_is_gone_is_named(s3: S3Client, payloads: Payloads) -> None:
    s3.delete_bucket(Bucket=PLACE.bucket)
    for call in (
        lambda: payloads.pack(LARGE, client="ClientA"),
        lambda: payloads.fetch(PLACE.refer(LARGE, client="ClientA"), client="ClientA"),
    ):
        error = refusal(call)
        assert (error.code, error.retryable) == ("BUCKET_NOT_FOUND", False)
        assert "s3://cpe-payloads/payloads/ClientA/" in str(error)


def test_more_than_a_payload_may_have_is_refused(payloads: Payloads) -> None:
    error = refusal(lambda: payloads.pack("x" * (MAX_PAYLOAD + 1), client="ClientA"))
    assert error.code == "PAYLOAD_TOO_LARGE"


def test_s3_may_be_away_for_a_moment(
    s3: S3Client, payloads: Payloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    away = Payloads(boto3.client("s3", config=Config(retries={"total_max_attempts": 1})), PLACE)
    packed = payloads.pack(LARGE, client="ClientA")
    for call in (lambda: away.pack(LARGE, client="ClientA"), lambda: away.resolve(packed, client="ClientA")):
        error = refusal(call)
        assert isinstance(error, AwsError)
        assert error.retryable


def test_recent_payloads_are_not_fetched_twice_within_bounds(s3: S3Client) -> None:
    texts = [str(number) * 40_000 for number in range(3)]
    references = [PLACE.refer(text, client="ClientA") for text in texts]
    payloads = Payloads(s3, PLACE, cached=80_000)
    for reference, text in zip(references, texts, strict=True):
        payloads.store(reference, text)
        assert payloads.fetch(reference, client="ClientA") == text
    for reference in references:
        s3.delete_object(Bucket=PLACE.bucket, Key=reference.key)
    assert [payloads.fetch(reference, client="ClientA") for reference in references[1:]] == texts[1:]
    assert refusal(lambda: payloads.fetch(references[0], client="ClientA")).code == "PAYLOAD_MISSING"
    # Another size is another payload.
    lie = replace(references[1], size=39_999)
    assert refusal(lambda: payloads.fetch(lie, client="ClientA")).code == "PAYLOAD_MISSING"
