"""Downloads from web addresses that strangers name.

Only public addresses are reached. A host name is resolved once, every address it has is checked, and the
connection goes to the checked address, so a name that changes between check and use changes nothing. Each
redirect starts over.
"""

from __future__ import annotations

import errno
import ipaddress
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, IncompleteRead, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as TimeoutHTTPError

from activities.sandbox.quota import check_room
from activities.transfer.web_line import HeldPool, HeldTLSPool, Line
from activities.transfer.web_names import LOOKUP_SECONDS, Resolve, look_up, resolve
from cpe.activity import Cancellation
from cpe.errors import ActivityError, InvalidInput

MAX_REDIRECTS = 5
MAX_URL_LENGTH = 8192

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 30.0
_CHUNK = 1024 * 1024
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_OK = 200
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS})

# These carry an IPv4 address within, which a gateway would reach for us.
_TRANSLATED = tuple(
    ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebLimits:
    """Bounds of one download.

    Attributes:
        max_bytes: The largest file.
        max_seconds: How long it may take in all.
        lookup_seconds: How long the look-up of a host's name may take.
        answer_seconds: How long a server may take for the head of its answer, from the connection on.
        max_scratch_bytes: What the file's directory may hold with it; None for any.
        allow_private: Whether private networks may be reached.
    """

    max_bytes: int
    max_seconds: float
    lookup_seconds: float = LOOKUP_SECONDS
    answer_seconds: float = 60.0
    max_scratch_bytes: int | None = None
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A checked web address: where to connect and what to ask for."""

    scheme: str
    host: str
    port: int
    ip: str
    target: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def is_public(ip: str) -> bool:
    """Tell whether an IP address belongs to the public internet.

    Example:
        >>> is_public("169.254.169.254"), is_public("::ffff:10.0.0.1"), is_public("93.184.215.14")
        (False, False, True)
    """
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif any(address in network for network in _TRANSLATED) or int(address) >> 32 == 0:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def check_url(url: str, *, allow_private: bool, resolver: Resolve = resolve) -> Address:
    """Check a web address and resolve it.

    Raises:
        InvalidInput: It is no web address (``URL_INVALID``) or leads to a network that is closed to jobs
            (``URL_FORBIDDEN``).
        ActivityError: Its host cannot be resolved, ``HOST_NOT_FOUND``, retryable.
    """
    parts, host, port = _split(url)
    try:
        ips = resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise ActivityError(
            f"The host {host!r} of the input's address cannot be resolved.",
            code="HOST_NOT_FOUND",
            retryable=True,
        ) from error
    if not ips or not (allow_private or all(is_public(ip) for ip in ips)):
        raise InvalidInput(
            f"The host {host!r} of the input's address is in a private, local or reserved network. Use a "
            "public address, or have the worker's operator set allow_private_networks.",
            code="URL_FORBIDDEN",
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(scheme=parts.scheme, host=host, port=port, ip=ips[0], target=target)


def download(url: str, path: Path, *, limits: WebLimits, cancellation: Cancellation) -> None:
    """Write what a web address holds to `path`, or raise and leave nothing there.

    Raises:
        InvalidInput: See :func:`check_url`; or it is too large (``INPUT_TOO_LARGE``).
        ActivityError: The server refuses (``HTTP_ERROR``), breaks off (``DOWNLOAD_TRUNCATED``), is not
            reached (``DOWNLOAD_FAILED``), or is too slow (``DOWNLOAD_TIMEOUT``); or the cancellation's
            reason; or there is no room for it (``DISK_FULL``, ``DISK_QUOTA``).
        OSError: The disk does not take it.
    """
    line = Line()
    partial = path.with_name(f"{path.name}.part")
    try:
        with (
            cancellation.calling(line.cut),
            line.within(limits.max_seconds, f"The input did not arrive within {limits.max_seconds:g} s."),
            _open(url, limits=limits, line=line, cancellation=cancellation) as response,
        ):
            _receive(response, partial, limits=limits, line=line, cancellation=cancellation)
        partial.rename(path)
    except (HTTPError, OSError, CancelledError) as error:
        cancellation.check()
        line.check()
        if isinstance(error, OSError) and error.errno in _DISK:
            raise
        raise _broken(error) from error
    finally:
        partial.unlink(missing_ok=True)


def _receive(
    response: urllib3.BaseHTTPResponse,
    path: Path,
    *,
    limits: WebLimits,
    line: Line,
    cancellation: Cancellation,
) -> None:
    announced = _announced(response)
    if announced <= limits.max_bytes:
        check_room(path.parent, announced, limits.max_scratch_bytes)
    received = 0
    with path.open("xb") as file:
        while chunk := response.read1(_CHUNK, decode_content=False):
            cancellation.check()
            received += len(chunk)
            if max(received, announced) > limits.max_bytes:
                raise InvalidInput(
                    f"The input is larger than the {limits.max_bytes} bytes that are allowed.",
                    code="INPUT_TOO_LARGE",
                )
            line.check()
            file.write(chunk)
    cancellation.check()
    line.check()
    if announced and received != announced:
        raise ActivityError(
            f"The connection broke off after {received} of {announced} bytes of the input.",
            code="DOWNLOAD_TRUNCATED",
            retryable=True,
        )


def _announced(response: urllib3.BaseHTTPResponse) -> int:
    """Return how long the server says the file is; 0 where it does not say."""
    # A proxy may repeat the header; urllib3 has refused lengths that differ.
    text = response.headers.get("Content-Length", "").partition(",")[0].strip()
    return int(text) if text.isascii() and text.isdecimal() else 0


@contextmanager
def _open(
    url: str, *, limits: WebLimits, line: Line, cancellation: Cancellation
) -> Iterator[urllib3.BaseHTTPResponse]:
    """Follow redirects to the response that carries the file."""
    resolver = partial(look_up, line=line, seconds=limits.lookup_seconds)
    late = f"The input's server did not answer within {limits.answer_seconds:g} s."
    for _ in range(MAX_REDIRECTS + 1):
        address = check_url(url, allow_private=limits.allow_private, resolver=resolver)
        with _pool(address, line) as pool:
            with line.within(limits.answer_seconds, late):
                response = pool.urlopen(
                    "GET",
                    address.target,
                    headers={"Host": address.host_header, "Accept-Encoding": "identity", "User-Agent": "cpe"},
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
                )
            try:
                # Where headers break off they look as if that were all.
                cancellation.check()
                line.check()
                if response.status == _OK:
                    yield response
                    return
                if response.status not in _REDIRECTS:
                    raise ActivityError(
                        f"The server {address.host} answered the request for the input with status "
                        f"{response.status}.",
                        code="HTTP_ERROR",
                        retryable=response.status in _PASSING,
                    )
                url = urljoin(url, response.headers.get("Location", ""))
            finally:
                response.close()
    raise InvalidInput(f"The input's address redirects more than {MAX_REDIRECTS} times.", code="URL_INVALID")


def _pool(address: Address, line: Line) -> urllib3.HTTPConnectionPool:
    """Connect to the checked address; for TLS, the certificate must still be the host's."""
    if address.scheme == "http":
        return HeldPool(address.ip, address.port, maxsize=1, line=line)
    return HeldTLSPool(
        address.ip,
        address.port,
        maxsize=1,
        line=line,
        server_hostname=address.host,
        assert_hostname=address.host,
    )


def _split(url: str) -> tuple[SplitResult, str, int]:
    """Take a web address apart, or say what is wrong with it without repeating it: it may be signed."""
    plain = len(url) <= MAX_URL_LENGTH and url.isascii() and url.isprintable() and " " not in url
    try:
        parts = urlsplit(url if plain else "")
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in _PORTS or not host or parts.username is not None or parts.password is not None:
        raise InvalidInput(
            "The input's address must be http:// or https:// with a host and no user name or password, in "
            f"ASCII, of at most {MAX_URL_LENGTH} characters.",
            code="URL_INVALID",
        )
    return parts, host, port or _PORTS[parts.scheme]


def _broken(error: Exception) -> ActivityError:
    if isinstance(error, IncompleteRead | ProtocolError):
        return ActivityError(
            "The connection broke off before the whole input had arrived.",
            code="DOWNLOAD_TRUNCATED",
            retryable=True,
        )
    # A refused connection is one of urllib3's timeouts, but none of ours.
    if isinstance(error, TimeoutError | TimeoutHTTPError) and not isinstance(error, NewConnectionError):
        return ActivityError("The input's server does not answer.", code="DOWNLOAD_TIMEOUT", retryable=True)
    return ActivityError(
        f"The input's server cannot be reached ({type(error).__name__}).",
        code="DOWNLOAD_FAILED",
        retryable=True,
    )
