"""Questions about the stack's parts in AWS that change nothing there, for those who look for faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cpe.aws.faults import NO_CREDENTIALS, NO_REGION, told
from cpe.aws.session import AwsSession
from cpe.errors import AwsError, ConfigError, CpeError
from cpe.protocol.references import PayloadPlace

_PROBE_KEY = "doctor"
_PROBE = b"{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Which credentials boto3 found, and where: ``env``, ``shared-credentials-file``, ``iam-role``…"""

    method: str
    access_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The region; whether boto3 knows it to have SWF."""

    name: str
    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a service answered: from where, what its clock said, and why it refused, if not for permissions."""

    endpoint: str
    date: datetime | None
    refusal: CpeError | None = None


def find_credentials() -> Credentials:
    """Find credentials as boto3 does.

    Raises:
        ConfigError: ``AWS_CREDENTIALS_MISSING``, ``AWS_PROFILE_NOT_FOUND``.
    """
    with told("AWS"):
        found = boto3.Session().get_credentials()
        if found is None:
            raise ConfigError(NO_CREDENTIALS, code="AWS_CREDENTIALS_MISSING")
        return Credentials(method=found.method, access_key=found.get_frozen_credentials().access_key)


def find_region() -> Region:
    """Find the region as boto3 does.

    Raises:
        ConfigError: ``AWS_REGION_MISSING``, ``AWS_PROFILE_NOT_FOUND``.
    """
    with told("AWS"):
        session = boto3.Session()
        name = session.region_name
        if name is None:
            raise ConfigError(NO_REGION, code="AWS_REGION_MISSING")
        known = (
            region
            for partition in session.get_available_partitions()
            for region in session.get_available_regions("swf", partition_name=partition)
        )
        return Region(name=name, is_known=name in known)


class Probe:
    """Asks AWS. Every method raises AwsError or ConfigError with the service's code.

    Args:
        session: Quick: somebody waits.
    """

    def __init__(self, session: AwsSession) -> None:
        self._swf, self._sqs, self._s3 = session.swf(), session.sqs(), session.s3()

    def reach(self, service: str) -> Answer:
        """Ask ``"swf"``, ``"sqs"`` or ``"s3"`` something; a refusal is an answer too.

        Raises:
            AwsError: ``ENDPOINT_UNREACHABLE``; ``NOT_AWS`` when something else answers there.
        """
        asked: dict[str, tuple[Any, Callable[[], Any]]] = {
            "swf": (
                self._swf,
                lambda: self._swf.list_domains(registrationStatus="REGISTERED", maximumPageSize=1),
            ),
            "sqs": (self._sqs, lambda: self._sqs.list_queues(MaxResults=1)),
            "s3": (self._s3, self._s3.list_buckets),
        }
        client, ask = asked[service]
        endpoint = str(client.meta.endpoint_url)
        subject = f"{service.upper()} at {endpoint}"
        response: Mapping[str, Any]
        refusal: CpeError | None = None
        try:
            with told(subject):
                response = ask()
        except CpeError as error:
            if error.code == "ENDPOINT_UNREACHABLE":
                raise
            response = getattr(error.__cause__, "response", {})
            # The daemons need no permission to list: whoever is denied that is known.
            refusal = None if error.code == "ACCESS_DENIED" else error
        metadata = response.get("ResponseMetadata", {})
        # Whatever AWS answers carries the id of the request.
        if "RequestId" not in metadata:
            raise AwsError(f"{subject}: what answers there is no AWS", code="NOT_AWS")
        return Answer(endpoint=endpoint, date=_date(metadata), refusal=refusal)

    def queue(self, url: str) -> Mapping[str, str]:
        """Tell a queue's attributes, under SQS's names."""
        with told(f"queue {url}"):
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return {str(name): value for name, value in answer.get("Attributes", {}).items()}

    def queue_of(self, arn: str) -> Mapping[str, str]:
        """Tell the attributes of the queue with an ARN."""
        name, account = arn.split(":")[5], arn.split(":")[4]
        with told(f"queue {arn}"):
            url = self._sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        return self.queue(url)

    def may_read(self, url: str) -> None:
        """Raise unless messages may be received and deleted. None is: the requests cannot be carried out."""
        _ask_in_vain(f"queue {url}", lambda: self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=0))
        _ask_in_vain(f"queue {url}", lambda: self._sqs.delete_message_batch(QueueUrl=url, Entries=[]))

    def may_send(self, url: str) -> None:
        """Raise unless messages may be sent. None is: the request cannot be carried out."""
        _ask_in_vain(f"queue {url}", lambda: self._sqs.send_message_batch(QueueUrl=url, Entries=[]))

    def retention_days(self, domain: str) -> int | None:
        """Tell for how many days a domain keeps closed executions; None if for ever (``NONE``).

        Raises:
            AwsError: ``UNKNOWN_RESOURCE``.
            ConfigError: ``DOMAIN_DEPRECATED``.
        """
        with told(f"SWF domain {domain!r}"):
            answer = self._swf.describe_domain(name=domain)
        if answer["domainInfo"]["status"] != "REGISTERED":
            raise ConfigError(f"SWF domain {domain!r} is deprecated", code="DOMAIN_DEPRECATED")
        days = answer["configuration"]["workflowExecutionRetentionPeriodInDays"]
        return None if days == "NONE" else int(days)

    def has_workflow_type(self, domain: str, name: str, version: str) -> bool:
        """Tell whether a workflow type is registered and not deprecated."""
        wanted: Any = {"name": name, "version": version}
        return _is_registered(
            f"workflow type {name} {version}",
            lambda: self._swf.describe_workflow_type(domain=domain, workflowType=wanted),
        )

    def has_activity_type(self, domain: str, name: str, version: str) -> bool:
        """Tell whether an activity type is registered and not deprecated."""
        wanted: Any = {"name": name, "version": version}
        return _is_registered(
            f"activity type {name} {version}",
            lambda: self._swf.describe_activity_type(domain=domain, activityType=wanted),
        )

    def write_payload(self, place: PayloadPlace) -> None:
        """Write a few bytes where large payloads lie, read them and remove them."""
        key = f"{place.prefix}{_PROBE_KEY}"
        with told(f"bucket {place.bucket!r}"):
            self._s3.put_object(Bucket=place.bucket, Key=key, Body=_PROBE)
            self._s3.get_object(Bucket=place.bucket, Key=key)["Body"].close()
            # Daemons need not be allowed to delete. What stays has two bytes, and expires.
            with suppress(ClientError):
                self._s3.delete_object(Bucket=place.bucket, Key=key)


def _is_registered(subject: str, describe: Callable[[], Mapping[str, Any]]) -> bool:
    try:
        with told(subject):
            return bool(describe()["typeInfo"]["status"] == "REGISTERED")
    except AwsError as error:
        if error.code == "UNKNOWN_RESOURCE":
            return False
        raise


def _ask_in_vain(subject: str, ask: Callable[[], object]) -> None:
    """Make a request that must be refused as invalid, by whoever may make it."""
    try:
        with told(subject):
            ask()
    except AwsError as error:
        if error.code == "AWS_REFUSED" and not isinstance(error.__cause__, BotoCoreError):
            return
        raise


def _date(metadata: Mapping[str, Any]) -> datetime | None:
    try:
        return parsedate_to_datetime(metadata.get("HTTPHeaders", {}).get("date", ""))
    except ValueError:
        return None
