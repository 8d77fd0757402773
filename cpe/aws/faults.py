"""What botocore raises, told in CPE's own errors. Nothing else reads botocore's error codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from cpe.errors import AwsError, ConfigError, CpeError

_PASSING = {
    "ConditionalRequestConflict": "CONFLICT",
    "LimitExceededFault": "LIMIT_EXCEEDED",
    "OverLimit": "THROTTLED",
    "RequestLimitExceeded": "THROTTLED",
    "RequestThrottled": "THROTTLED",
    "SlowDown": "THROTTLED",
    "Throttling": "THROTTLED",
    "ThrottlingException": "THROTTLED",
    "TooManyRequestsException": "THROTTLED",
    "InternalFailure": "SERVICE_UNAVAILABLE",
    "RequestTimeout": "SERVICE_UNAVAILABLE",
    "ServiceUnavailable": "SERVICE_UNAVAILABLE",
}
_FINAL = {
    "403": "ACCESS_DENIED",
    "404": "NOT_FOUND",
    "416": "INVALID_RANGE",
    "AWS.SimpleQueueService.NonExistentQueue": "QUEUE_NOT_FOUND",
    "AccessDenied": "ACCESS_DENIED",
    "AccessDeniedException": "ACCESS_DENIED",
    "AllAccessDisabled": "ACCESS_DENIED",
    "BucketAlreadyExists": "BUCKET_TAKEN",
    "DefaultUndefinedFault": "DEFAULT_UNDEFINED",
    "DomainAlreadyExistsFault": "ALREADY_EXISTS",
    "DomainDeprecatedFault": "DOMAIN_DEPRECATED",
    "InvalidBucketName": "BUCKET_NOT_FOUND",
    "InvalidRange": "INVALID_RANGE",
    "NoSuchBucket": "BUCKET_NOT_FOUND",
    "NoSuchKey": "NOT_FOUND",
    "OperationNotPermittedFault": "ACCESS_DENIED",
    "PreconditionFailed": "PRECONDITION_FAILED",
    "QueueDoesNotExist": "QUEUE_NOT_FOUND",
    "TypeAlreadyExistsFault": "ALREADY_EXISTS",
    "TypeDeprecatedFault": "TYPE_DEPRECATED",
    "UnknownResourceFault": "UNKNOWN_RESOURCE",
    "WorkflowExecutionAlreadyStartedFault": "ALREADY_STARTED",
}
_CREDENTIALS_REFUSED = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_SERVER_FAULT = 500
_USER = re.compile(r"//[^/@\s]+@")

NO_CREDENTIALS = (
    "no AWS credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
    "or run where a role is attached (for the local AWS: `cpe env`)"
)
NO_REGION = (
    "no AWS region set; set AWS_DEFAULT_REGION (for example us-east-1) or a region in your AWS profile"
)


@contextmanager
def told(subject: str) -> Iterator[None]:
    """Turn what botocore raises in the block into CPE's errors.

    Args:
        subject: What the block does, for the message: ``"SWF domain 'media'"``, ``"queue https://…"``.

    Raises:
        AwsError: AWS refused, or cannot be reached; `retryable` says which of both it is.
        ConfigError: Credentials, profile or region are missing or refused: the process cannot go on.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise _translate(error, subject) from error


def _translate(error: ClientError | BotoCoreError, subject: str) -> CpeError:
    if isinstance(error, ClientError):
        return _from_service(error, subject)
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return ConfigError(NO_CREDENTIALS, code="AWS_CREDENTIALS_MISSING")
    if isinstance(error, NoRegionError):
        return ConfigError(NO_REGION, code="AWS_REGION_MISSING")
    if isinstance(error, ProfileNotFound):
        return ConfigError(f"{error}; correct AWS_PROFILE", code="AWS_PROFILE_NOT_FOUND")
    return _from_client_side(error, f"{subject}: {_one_line(error)}")


def _from_client_side(error: BotoCoreError, text: str) -> AwsError:
    if isinstance(error, CredentialRetrievalError):
        return AwsError(text, code="AWS_CREDENTIALS_UNAVAILABLE", retryable=True)
    if isinstance(error, BotoConnectionError | HTTPClientError | IncompleteReadError):
        return AwsError(
            f"{text}; AWS cannot be reached, check the network and AWS_ENDPOINT_URL",
            code="ENDPOINT_UNREACHABLE",
            retryable=True,
        )
    return AwsError(text, code="INVALID_REQUEST" if isinstance(error, ParamValidationError) else None)


def _from_service(error: ClientError, subject: str) -> CpeError:
    fault: Any = error.response.get("Error", {})
    name = str(fault.get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    text = f"{subject}: {fault.get('Message') or name} ({error.operation_name})"
    if name in _CREDENTIALS_REFUSED:
        return ConfigError(
            f"{text}; AWS refuses these credentials, renew them and start again",
            code="AWS_CREDENTIALS_REFUSED",
        )
    if name in _FINAL:
        return AwsError(text + _way_out(_FINAL[name]), code=_FINAL[name])
    if name in _PASSING:
        return AwsError(text, code=_PASSING[name], retryable=True)
    if status >= _SERVER_FAULT:
        return AwsError(text, code="SERVICE_UNAVAILABLE", retryable=True)
    return AwsError(text, code="AWS_REFUSED")


def _way_out(code: str) -> str:
    if code == "QUEUE_NOT_FOUND":
        return "; create the queue, or correct its URL and the region"
    if code == "BUCKET_TAKEN":
        return "; bucket names are unique in the world, choose another"
    if code == "ACCESS_DENIED":
        return "; docs/operations.md lists the permissions that are needed"
    return ""


def _one_line(error: Exception) -> str:
    """What botocore says, without the user and password that an endpoint's URL may hold."""
    return _USER.sub("//***@", " ".join(str(error).split()))
