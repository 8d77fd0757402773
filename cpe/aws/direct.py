"""Calls that are made once a job, or for ten, signed and sent without the rest of botocore.

botocore checks each call against its model, raises a dozen events around it, works out the endpoint and the
user agent anew, and reads the answer by the model: most of what a small call costs its caller
(docs/benchmarks.md, "Commands"). So the input poller makes its calls for jobs in this way. The signature is
botocore's own still, and so is everything that is not the usual answer: botocore asks again, and knows
redirects, throttling and clocks that are wrong.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import BotoCoreError

from cpe.aws.connections import Unreachable

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.credentials import Credentials
    from types_boto3_s3 import S3Client

    from cpe.activity import Logger
    from cpe.aws.connections import Connections, Response

_SIGNERS: Mapping[str, type[SigV4Auth]] = {"s3": S3SigV4Auth}

_USUAL = frozenset(
    {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}
)
"""What a service answers to a request that it understood. 400 is what SWF and SQS say no with, 409 what S3
says to one of two who write at once."""

_REST = 300.0
"""Seconds for which a service is not asked in this way after it answered as if it did not know us: each call
would cost its caller two requests."""

_REST_UNREACHABLE = 60.0
"""The same after it could not be reached: each call would wait in vain before botocore does. Shorter, since
that passes."""

_KEY = "key"


class Direct:
    """Sends requests to one service, once each. Safe to use from several threads.

    Args:
        service: As signatures name it: ``"s3"``, ``"sqs"``, ``"swf"``.
        region: The region that they are signed for.
        credentials: Sign them; they are renewed as botocore's clients renew theirs.
        connections: Carry them.
        agent: What is sent as the user agent.
        monotonic: A clock that never goes back, in seconds.
        log: Gets ``quick_calls_paused``.
    """

    def __init__(
        self,
        service: str,
        *,
        region: str,
        credentials: Credentials,
        connections: Connections,
        agent: str,
        monotonic: Callable[[], float],
        log: Logger,
    ) -> None:
        self._service = service
        self._region = region
        self._credentials = credentials
        self._connections = connections
        self._agent = agent
        self._monotonic = monotonic
        self._log = log
        self._rests_until = float("-inf")

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Response | None:
        """Send a request and read the answer to its end.

        None: there was none, or none that a caller can go by; the request may have arrived all the same.

        Args:
            method: ``"PUT"``, ``"POST"``.
            url: Where to, quoted.
            headers: Those of the call; what signs and frames it is added.
            body: What is sent.
        """
        if self._monotonic() < self._rests_until:
            return None
        request = AWSRequest(method, url, {**headers, "User-Agent": self._agent}, body)
        try:
            frozen = self._credentials.get_frozen_credentials()
            signer = _SIGNERS.get(self._service, SigV4Auth)
            signer(frozen, self._service, self._region).add_auth(request)
        except BotoCoreError:  # credentials that cannot be renewed
            return None
        try:
            answer = self._connections.send(method, url, dict(request.headers.items()), body)
        except Unreachable as error:
            self._pause(_REST_UNREACHABLE, error=type(error.__cause__).__name__)
            return None
        if answer is None or answer.status in _USUAL:
            return answer
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            self._pause(_REST, status=int(answer.status))
        return None

    def _pause(self, seconds: float, **why: Any) -> None:
        self._rests_until = self._monotonic() + seconds
        self._log.warning("quick_calls_paused", service=self._service, seconds=seconds, **why)


class DirectJson:
    """The calls of a service that speaks AWS's JSON protocol, as SWF and SQS do, by :class:`Direct`.

    Args:
        direct: Sends them.
        client: Knows the service's endpoint and model. It sends nothing.
    """

    def __init__(self, direct: Direct, client: BaseClient) -> None:
        self._direct = direct
        self._url = client.meta.endpoint_url.rstrip("/") + "/"
        metadata = client.meta.service_model.metadata
        self._target = metadata["targetPrefix"]
        self._type = f"application/x-amz-json-{metadata['jsonVersion']}"

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        """Call an operation; None where botocore must.

        Args:
            operation: As AWS names it, such as ``"StartWorkflowExecution"``.
            arguments: As the service's API reference names them, and botocore after it.
        """
        headers = {"Content-Type": self._type, "X-Amz-Target": f"{self._target}.{operation}"}
        answer = self._direct.send("POST", self._url, headers, json.dumps(arguments).encode())
        if answer is None or answer.status != HTTPStatus.OK:
            return None
        try:
            return json.loads(answer.content)
        except ValueError:  # it broke off
            return None


class DirectS3:
    """S3's conditional write of an empty object, by :class:`Direct`.

    Args:
        direct: Sends it.
        client: Knows where a bucket is. It is asked for requests only, and sends none from now on.
    """

    def __init__(self, direct: Direct, client: S3Client) -> None:
        self._direct = direct
        self._client = client
        self._composed: list[str] = []
        self._folders: dict[str, str] = {}
        self._lock = threading.Lock()
        keep_back: Callable[..., Any] = self._keep_back  # its answer is taken for the service's
        client.meta.events.register("before-call.s3.PutObject", keep_back)

    def create(self, bucket: str, key: str) -> bool | None:
        """Write an empty object where there is none.

        Returns:
            False where there is one; None where botocore must find out.
        """
        url = self.folder(bucket) + quote(key, safe="/~")
        answer = self._direct.send("PUT", url, {"If-None-Match": "*"})
        match None if answer is None else answer.status:
            case HTTPStatus.OK:
                return True
            case HTTPStatus.PRECONDITION_FAILED:
                return False
            case _:
                return None

    def folder(self, bucket: str) -> str:
        """Tell the URL that a bucket's keys follow: botocore makes it of region, endpoint and bucket.

        Example:
            >>> AwsSession().direct_s3().folder("my-bucket")  # doctest: +SKIP
            'https://my-bucket.s3.eu-west-1.amazonaws.com/'
        """
        with self._lock:
            if bucket not in self._folders:
                self._client.put_object(Bucket=bucket, Key=_KEY)
                self._folders[bucket] = self._composed.pop().removesuffix(_KEY)
            return self._folders[bucket]

    def _keep_back(self, params: Mapping[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        """Take a request down instead of sending it."""
        self._composed.append(params["url"])
        return AWSResponse(params["url"], HTTPStatus.OK, HTTPHeaders(), None), {}
