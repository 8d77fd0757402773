"""The clients of one process: one session, timeouts and retries set on purpose.

They are botocore's. boto3's are the same, with methods for files that nobody here uses; to import it costs
every command some hundredths of a second.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from cpe import __version__
from cpe.aws.connections import Connections
from cpe.aws.direct import Direct, DirectJson, DirectS3
from cpe.aws.faults import NO_CREDENTIALS, NO_REGION, told
from cpe.errors import ConfigError

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient
    from types_boto3_swf import SWFClient

    from cpe.activity import Logger

USER_AGENT = f"cpe/{__version__}"
"""What every call says of its caller, beside what botocore says; CloudTrail shows it."""

_REQUESTS_BUNDLE = "requests_ca_bundle"
_VARIABLES = {_REQUESTS_BUNDLE: (None, "REQUESTS_CA_BUNDLE", None, None)}
"""What botocore reads from the environment without a name of its own: key in its file, variable, default,
conversion."""

_ATTEMPTS = 4
_CONNECT_TIMEOUT = 5.0
# SWF holds a poll for 60 s and answers later when it is busy; a client that hangs up before may lose a task.
_POLL_READ_TIMEOUT = 75.0
# SQS holds a poll for at most 20 s.
_QUEUE_READ_TIMEOUT = 30.0
_CALL_READ_TIMEOUT = 15.0
_TRANSFER_READ_TIMEOUT = 60.0

_QUICK_ATTEMPTS = 2
_QUICK_CONNECT_TIMEOUT = 2.0
_QUICK_READ_TIMEOUT = 5.0


class AwsSession:
    """Makes clients that know how long their service may take.

    Credentials, region, profile and endpoints are boto3's own: ``AWS_*`` variables, profiles, roles.
    Make all clients before threads start: making one is not thread-safe, using it is.

    Args:
        connections: How many calls the process makes at once through one client.
        quick: Give up within seconds, for a command that somebody waits for; not for polls and transfers.

    Raises:
        ConfigError: No credentials, no region, or a profile that does not exist.
    """

    def __init__(self, *, connections: int = 10, quick: bool = False) -> None:
        with told("AWS"):
            self._session = botocore.session.get_session(_VARIABLES)
            if self._session.get_config_variable("region") is None:
                raise ConfigError(NO_REGION, code="AWS_REGION_MISSING")
            credentials = self._session.get_credentials()
            if credentials is None:
                raise ConfigError(NO_CREDENTIALS, code="AWS_CREDENTIALS_MISSING")
            self._credentials = credentials
        self._connections = max(connections, 10)
        self._quick = quick

    def swf_polls(self) -> SWFClient:
        """A client for SWF's two polls, which wait a minute for an answer."""
        client: SWFClient = self._client("swf", _POLL_READ_TIMEOUT)
        return client

    def swf(self) -> SWFClient:
        """A client for everything else of SWF."""
        client: SWFClient = self._client("swf", _CALL_READ_TIMEOUT)
        return client

    def sqs(self) -> SQSClient:
        """A client for queues, polls included."""
        client: SQSClient = self._client("sqs", _QUEUE_READ_TIMEOUT)
        return client

    def s3(self) -> S3Client:
        """A client for objects."""
        client: S3Client = self._client("s3", _TRANSFER_READ_TIMEOUT)
        return client

    def direct_swf(self, log: Logger) -> DirectJson | None:
        """SWF's quick way; None where a proxy stands between.

        Raises:
            ConfigError: ``CA_BUNDLE_INVALID``; the same of the other two.
        """
        return self._direct_json("swf", self.swf(), _CALL_READ_TIMEOUT, log)

    def direct_sqs(self, log: Logger) -> DirectJson | None:
        """SQS's quick way, polls included; None where a proxy stands between."""
        return self._direct_json("sqs", self.sqs(), _QUEUE_READ_TIMEOUT, log)

    def direct_s3(self, log: Logger) -> DirectS3 | None:
        """S3's quick way; None where a proxy stands between."""
        client = self.s3()
        direct = self._direct("s3", client, _CALL_READ_TIMEOUT, log)
        return DirectS3(direct, client) if direct is not None else None

    def _direct_json(
        self, service: str, client: BaseClient, read_timeout: float, log: Logger
    ) -> DirectJson | None:
        direct = self._direct(service, client, read_timeout, log)
        return DirectJson(direct, client) if direct is not None else None

    def _direct(self, service: str, client: BaseClient, read_timeout: float, log: Logger) -> Direct | None:
        if get_environ_proxies(client.meta.endpoint_url):
            return None
        return Direct(
            service,
            region=client.meta.region_name,
            credentials=self._credentials,
            connections=Connections(
                self._trust(),
                connect_timeout=_CONNECT_TIMEOUT,
                read_timeout=read_timeout,
            ),
            agent=f"{self._session.user_agent()} {USER_AGENT}",
            monotonic=time.monotonic,
            log=log,
        )

    def _trust(self) -> ssl.SSLContext:
        """Trust whom botocore's clients trust, which its `EndpointCreator` settles in this order."""
        bundle = self._session.get_config_variable("ca_bundle")
        if bundle is None:
            bundle = self._session.get_config_variable(_REQUESTS_BUNDLE)
        trusted = get_cert_path(True if bundle is None else bundle)
        try:
            return ssl.create_default_context(cafile=trusted)
        except OSError as error:
            raise ConfigError(
                f"the certificates in {trusted} cannot be read ({error}); correct AWS_CA_BUNDLE, ca_bundle of"
                " your AWS profile, or REQUESTS_CA_BUNDLE",
                code="CA_BUNDLE_INVALID",
            ) from error

    def _client(self, service: str, read_timeout: float) -> Any:
        config = Config(
            connect_timeout=_QUICK_CONNECT_TIMEOUT if self._quick else _CONNECT_TIMEOUT,
            read_timeout=_QUICK_READ_TIMEOUT if self._quick else read_timeout,
            max_pool_connections=self._connections,
            retries={"mode": "standard", "total_max_attempts": _QUICK_ATTEMPTS if self._quick else _ATTEMPTS},
            tcp_keepalive=True,
            user_agent_extra=USER_AGENT,
        )
        with _endpoint():
            return self._session.create_client(service, config=config)


@contextmanager
def _endpoint() -> Iterator[None]:
    """Tell of an endpoint that is no URL; botocore has no error of its own for it."""
    try:
        with told("AWS"):
            yield
    except ValueError as error:
        raise ConfigError(
            f"{error}; AWS_ENDPOINT_URL (or that of one service) must be a URL, such as http://localhost:4566",
            code="ENDPOINT_INVALID",
        ) from error
