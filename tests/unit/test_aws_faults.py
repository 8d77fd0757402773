"""What botocore raises, in CPE's errors."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ProfileNotFound,
    ReadTimeoutError,
)

from cpe.aws.faults import told
from cpe.aws.session import AwsSession
from cpe.errors import AwsError, ConfigError, CpeError


def fault(error: Exception) -> CpeError:
    with pytest.raises(CpeError) as caught, told("queue https://q"):
        raise error
    return caught.value


def service(code: str, status: int = 400) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "DoIt")


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (service("ThrottlingException"), "THROTTLED", True),
        (service("LimitExceededFault"), "LIMIT_EXCEEDED", True),
        (service("Whatever", 503), "SERVICE_UNAVAILABLE", True),
        (service("UnknownResourceFault"), "UNKNOWN_RESOURCE", False),
        (service("AWS.SimpleQueueService.NonExistentQueue"), "QUEUE_NOT_FOUND", False),
        (service("OperationNotPermittedFault"), "ACCESS_DENIED", False),
        (service("BucketAlreadyExists", 409), "BUCKET_TAKEN", False),
        (service("ValidationException"), "AWS_REFUSED", False),
        (EndpointConnectionError(endpoint_url="http://x"), "ENDPOINT_UNREACHABLE", True),
        (ConnectTimeoutError(endpoint_url="http://x"), "ENDPOINT_UNREACHABLE", True),
        (ReadTimeoutError(endpoint_url="http://x"), "ENDPOINT_UNREACHABLE", True),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), "ENDPOINT_UNREACHABLE", True),
        (
            CredentialRetrievalError(provider="iam-role", error_msg="slow"),
            "AWS_CREDENTIALS_UNAVAILABLE",
            True,
        ),
        (ParamValidationError(report="no"), "INVALID_REQUEST", False),
    ],
)
def test_faults(error: Exception, code: str, retryable: bool) -> None:
    found = fault(error)
    assert isinstance(found, AwsError)
    assert (found.code, found.retryable) == (code, retryable)
    assert str(found).startswith("queue https://q: ")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoCredentialsError(), "AWS_CREDENTIALS_MISSING"),
        (NoRegionError(), "AWS_REGION_MISSING"),
        (ProfileNotFound(profile="p"), "AWS_PROFILE_NOT_FOUND"),
        (service("ExpiredTokenException"), "AWS_CREDENTIALS_REFUSED"),
        (service("SignatureDoesNotMatch", 403), "AWS_CREDENTIALS_REFUSED"),
    ],
)
def test_what_only_an_operator_can_mend(error: Exception, code: str) -> None:
    found = fault(error)
    assert isinstance(found, ConfigError)
    assert found.code == code


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "AWS_CREDENTIALS_MISSING"),
        (["AWS_SECRET_ACCESS_KEY"], "AWS_CREDENTIALS_MISSING"),
        (["AWS_DEFAULT_REGION"], "AWS_REGION_MISSING"),
    ],
)
def test_a_session_needs_credentials_and_a_region(
    names: list[str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in names:
        monkeypatch.delenv(name)
    with pytest.raises(ConfigError) as caught:
        AwsSession()
    assert caught.value.code == code


def test_polls_outwait_swf() -> None:
    session = AwsSession()
    polls: Any = session.swf_polls().meta.config
    calls: Any = session.swf().meta.config
    assert polls.read_timeout >= 70
    assert calls.read_timeout < 30


def test_the_password_of_an_endpoint_is_not_told() -> None:
    error = fault(EndpointConnectionError(endpoint_url="http://me:secret@localhost:1/"))
    assert "secret" not in str(error)
    assert "http://***@localhost:1/" in str(error)
