"""Calls that are made once a job, signed and sent without the rest of botocore.

botocore checks each call against its model, raises a dozen events around it, works out the endpoint and the
user agent anew, and reads the answer by the model: half of what a small call costs its caller, and more
(docs/benchmarks.md, "Commands"). So the input poller makes its two calls for each job in this way.
Signature, connections, TLS and proxies are botocore's own still. Whatever is not the usual answer is left to
botocore, which asks again: it knows redirects, throttling and clocks that are wrong.
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

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.httpsession import URLLib3Session
    from types_boto3_s3 import S3Client

_SIGNERS: Mapping[str, type[SigV4Auth]] = {"s3": S3SigV4Auth, "swf": SigV4Auth}

_USUAL = frozenset({HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.PRECONDITION_FAILED})
"""What a service answers to a request that it understood; 400 is also what SWF says no with."""

_KEY = "key"


class Direct:
    """Sends requests to one service, once each. Safe to use from several threads.

    A service that answers as if it were another one, or did not know us, is not asked in this way again: each
    call would cost its caller two requests.

    Args:
        service: ``"s3"`` or ``"swf"``: how requests are signed.
        region: The region that they are signed for.
        credentials: Sign them; they are renewed as botocore's clients renew theirs.
        http: The connections.
        agent: What is sent as the user agent.
    """

    def __init__(
        self, service: str, *, region: str, credentials: Credentials, http: URLLib3Session, agent: str
    ) -> None:
        self._service = service
        self._region = region
        self._credentials = credentials
        self._http = http
        self._agent = agent
        self._is_usable = True

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> AWSResponse | None:
        """Send a request and read the answer to its end.

        None: there was none, or none that a caller can go by; the request may have arrived all the same.

        Args:
            method: ``"PUT"``, ``"POST"``.
            url: Where to, quoted.
            headers: Those of the call; what signs and frames it is added.
            body: What is sent.
        """
        if not self._is_usable:
            return None
        request = AWSRequest(method, url, {**headers, "User-Agent": self._agent}, body)
        try:
            frozen = self._credentials.get_frozen_credentials()
            _SIGNERS[self._service](frozen, self._service, self._region).add_auth(request)
            answer = self._http.send(request.prepare())
        except BotoCoreError:
            return None
        if answer.status_code in _USUAL:
            return answer
        if answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            self._is_usable = False
        return None


class DirectSwf:
    """SWF's calls, by :class:`Direct`.

    Args:
        direct: Sends them.
        endpoint: SWF's URL.
    """

    def __init__(self, direct: Direct, endpoint: str) -> None:
        self._direct = direct
        self._url = endpoint.rstrip("/") + "/"

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        """Call an operation; None where botocore must.

        Args:
            operation: As SWF names it, such as ``"StartWorkflowExecution"``.
            arguments: As SWF's API reference names them, and botocore after it.
        """
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"SimpleWorkflowService.{operation}",
        }
        answer = self._direct.send("POST", self._url, headers, json.dumps(arguments).encode())
        if answer is None or answer.status_code != HTTPStatus.OK:
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
        if answer is None or answer.status_code == HTTPStatus.BAD_REQUEST:
            return None
        return bool(answer.status_code == HTTPStatus.OK)

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
