"""Downloads, from a real server on this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from activities.transfer.web import WebLimits, check_url, download, is_public
from cpe.activity import Cancellation
from cpe.errors import ActivityCancelled, ActivityError, InvalidInput

_BODY = b"0123456789" * 1000

_DRIPS = {
    "status": (b"HTTP/1.1 200 O", b"K"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
    "headers": (b"HTTP/1.1 404 Not Found\r\n", b"X-More: a\r\n"),
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: file\r\nX-Long: ", b"a"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"a"),
    "endless": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"a"),
    "chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailer": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: ", b"a"),
}
"""What a server sends at once, and then a drop of for ever."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hang = threading.Event()

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        match path:
            case "/file":
                self._answer(200, _BODY)
            case "/truncated":
                self._answer(200, _BODY[:500], length=len(_BODY))
            case "/loop":
                self._answer(302, b"", location="/loop")
            case "/hop":
                self._answer(302, b"", location="file")
            case "/away":
                self._answer(302, b"", location=query)
            case "/chunked":
                self._chunked(end=True)
            case "/broken-chunks":
                self._chunked(end=False)
            case "/length":
                self.send_response(200)
                self.send_header("Content-Length", "3, 3" if query == "twice" else query)
                self.end_headers()
                self.wfile.write(b"abc")
                self.close_connection = True
            case "/hang":
                self._answer(200, _BODY[:500], length=len(_BODY), wait=True)
            case "/drip":
                self._drip(*_DRIPS[query])
            case _:
                self._answer(int(path[1:]), b"sorry")

    def _answer(
        self, status: int, body: bytes, *, length: int | None = None, location: str = "", wait: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if wait:
            self.hang.wait(100)
        self.close_connection = True

    def _chunked(self, *, end: bool) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"3\r\nabc\r\n" + (b"0\r\n\r\n" if end else b""))
        self.close_connection = True

    def _drip(self, head: bytes, drop: bytes) -> None:
        """Send a drop at a time until nobody listens any more."""
        try:
            self.wfile.write(head)
            while not self.hang.wait(0.02):
                self.wfile.write(drop)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        _Handler.hang.set()
        server.shutdown()
        thread.join()


def _download(url: str, path: Path, *, allow_private: bool = True, max_bytes: int = 10**6) -> None:
    limits = WebLimits(max_bytes=max_bytes, max_seconds=20, allow_private=allow_private)
    download(url, path, limits=limits, cancellation=Cancellation())


@pytest.mark.parametrize("path", ["/file", "/hop", "/away?/file"])
def test_a_file_arrives_whole(server: str, tmp_path: Path, path: str) -> None:
    _download(server + path, tmp_path / "input")
    assert (tmp_path / "input").read_bytes() == _BODY


def test_a_file_of_unknown_length(server: str, tmp_path: Path) -> None:
    _download(f"{server}/chunked", tmp_path / "input")
    assert (tmp_path / "input").read_bytes() == b"abc"


@pytest.mark.parametrize(
    ("path", "code", "retryable"),
    [
        ("/404", "HTTP_ERROR", False),
        ("/403", "HTTP_ERROR", False),
        ("/503", "HTTP_ERROR", True),
        ("/truncated", "DOWNLOAD_TRUNCATED", True),
        ("/broken-chunks", "DOWNLOAD_TRUNCATED", True),
        ("/loop", "URL_INVALID", False),
        ("/away?file:///etc/passwd", "URL_INVALID", False),
        ("/away?ftp://example.org/x", "URL_INVALID", False),
        ("/away?http://user:hunter2@127.0.0.1/", "URL_INVALID", False),
    ],
)
def test_what_goes_wrong_leaves_nothing(
    server: str, tmp_path: Path, path: str, code: str, retryable: bool
) -> None:
    with pytest.raises(ActivityError) as caught:
        _download(server + path, tmp_path / "input")
    assert (caught.value.code, caught.value.retryable) == (code, retryable)
    assert "hunter2" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_odd_lengths(server: str, tmp_path: Path) -> None:
    for number, length in enumerate(("twice", "many", "-3", "")):
        _download(f"{server}/length?{length}", tmp_path / f"input-{number}")
        assert (tmp_path / f"input-{number}").read_bytes() == b"abc"


def test_what_will_not_fit_is_not_begun(server: str, tmp_path: Path) -> None:
    limits = WebLimits(max_bytes=10**6, max_seconds=20, max_scratch_bytes=5000, allow_private=True)
    with pytest.raises(ActivityError) as caught:
        download(f"{server}/file", tmp_path / "input", limits=limits, cancellation=Cancellation())
    assert caught.value.code == "DISK_QUOTA"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["/file", "/chunked"])
def test_what_is_too_large_is_refused(server: str, tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _download(server + path, tmp_path / "input", max_bytes=2)
    assert caught.value.code == "INPUT_TOO_LARGE"
    assert not list(tmp_path.iterdir())


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ActivityError) as caught:
        _download("http://127.0.0.1:9/x?X-Amz-Signature=secret", tmp_path / "input")
    assert (caught.value.code, caught.value.retryable) == ("DOWNLOAD_FAILED", True)
    assert "secret" not in str(caught.value)


def test_a_cancellation_breaks_a_download_off(server: str, tmp_path: Path) -> None:
    cancellation = Cancellation()
    limits = WebLimits(max_bytes=10**6, max_seconds=100, allow_private=True)
    failures: list[ActivityCancelled] = []

    def run() -> None:
        try:
            download(f"{server}/hang", tmp_path / "input", limits=limits, cancellation=cancellation)
        except ActivityCancelled as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive() and not (tmp_path / "input.part").exists():
        thread.join(0.01)
    cancellation.request()
    thread.join(60)
    assert len(failures) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("drip", _DRIPS)
def test_a_server_that_drips_is_cut_off(server: str, tmp_path: Path, drip: str) -> None:
    limits = WebLimits(max_bytes=10**6, max_seconds=0.4, allow_private=True)
    begin = time.monotonic()
    with pytest.raises(ActivityError, match=r"did not arrive within 0\.4 s") as caught:
        download(f"{server}/drip?{drip}", tmp_path / "input", limits=limits, cancellation=Cancellation())
    assert time.monotonic() - begin < 10, "and not for ever"
    assert (caught.value.code, caught.value.retryable) == ("DOWNLOAD_TIMEOUT", True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("drip", ["status", "header", "headers", "redirect"])
def test_the_head_of_an_answer_has_a_time_of_its_own(server: str, tmp_path: Path, drip: str) -> None:
    limits = WebLimits(max_bytes=10**6, max_seconds=3600, answer_seconds=0.3, allow_private=True)
    with pytest.raises(ActivityError, match=r"did not answer within 0\.3 s") as caught:
        download(f"{server}/drip?{drip}", tmp_path / "input", limits=limits, cancellation=Cancellation())
    assert (caught.value.code, caught.value.retryable) == ("DOWNLOAD_TIMEOUT", True)


def test_a_body_may_take_longer_than_its_head(server: str, tmp_path: Path) -> None:
    limits = WebLimits(max_bytes=10**6, max_seconds=1.5, answer_seconds=0.3, allow_private=True)
    with pytest.raises(ActivityError, match=r"did not arrive within 1\.5 s"):
        download(f"{server}/drip?body", tmp_path / "input", limits=limits, cancellation=Cancellation())


def test_a_handshake_that_drips_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.transfer.web._CONNECT_SECONDS", 0.4)
    over = threading.Event()

    def drip(listener: socket.socket) -> None:
        connected, _ = listener.accept()
        with connected, suppress(OSError):
            # A record of TLS of 16 KiB, which never comes to its end.
            connected.sendall(b"\x16\x03\x03\x40\x00")
            while not over.wait(0.02):
                connected.sendall(b"\x00")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        try:
            with pytest.raises(ActivityError) as caught:
                _download(f"https://127.0.0.1:{listener.getsockname()[1]}/x", tmp_path / "input")
        finally:
            over.set()
            thread.join(60)
    assert caught.value.retryable


def test_a_cancellation_breaks_off_an_answer_that_drips(server: str, tmp_path: Path) -> None:
    cancellation = Cancellation()
    limits = WebLimits(max_bytes=10**6, max_seconds=3600, allow_private=True)
    timer = threading.Timer(0.3, cancellation.request)
    timer.start()
    with pytest.raises(ActivityCancelled):
        download(f"{server}/drip?header", tmp_path / "input", limits=limits, cancellation=cancellation)
    timer.join(60)


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A resolver of the system that answers only when it is let."""
    heard = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        heard.wait(100)
        raise OSError("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield heard
    heard.set()


def test_a_name_that_is_not_looked_up_in_time_is_given_up(silence: threading.Event, tmp_path: Path) -> None:
    limits = WebLimits(max_bytes=10**6, max_seconds=3600, lookup_seconds=0.2, allow_private=True)
    with pytest.raises(ActivityError) as caught:
        download("http://slow.example/x", tmp_path / "x", limits=limits, cancellation=Cancellation())
    assert (caught.value.code, caught.value.retryable) == ("HOST_NOT_FOUND", True)


def test_looking_up_a_name_counts_to_the_time_of_a_download(silence: threading.Event, tmp_path: Path) -> None:
    limits = WebLimits(max_bytes=10**6, max_seconds=0.2, allow_private=True)
    with pytest.raises(ActivityError, match=r"did not arrive within 0\.2 s") as caught:
        download("http://slow.example/x", tmp_path / "x", limits=limits, cancellation=Cancellation())
    assert (caught.value.code, caught.value.retryable) == ("DOWNLOAD_TIMEOUT", True)


def test_a_cancellation_waits_for_no_name(silence: threading.Event, tmp_path: Path) -> None:
    cancellation = Cancellation()
    limits = WebLimits(max_bytes=10**6, max_seconds=3600, allow_private=True)
    timer = threading.Timer(0.2, cancellation.request)
    timer.start()
    with pytest.raises(ActivityCancelled):
        download("http://slow.example/x", tmp_path / "x", limits=limits, cancellation=cancellation)
    timer.join(60)


def test_names_that_hang_are_only_so_many(silence: threading.Event, tmp_path: Path) -> None:
    before = threading.active_count()
    limits = WebLimits(max_bytes=10**6, max_seconds=3600, lookup_seconds=0.001, allow_private=True)
    for _ in range(200):
        with pytest.raises(ActivityError) as caught:
            download("http://slow.example/x", tmp_path / "x", limits=limits, cancellation=Cancellation())
        assert caught.value.code == "HOST_NOT_FOUND"
    lookups = [thread for thread in threading.enumerate() if thread.name == "lookup"]
    assert len(lookups) == 128
    silence.set()
    for thread in lookups:
        thread.join(60)
    assert threading.active_count() <= before


_LEFT_BEHIND = """
import socket, threading, time
from pathlib import Path
from activities.transfer.web import WebLimits, download
from cpe.activity import Cancellation

socket.getaddrinfo = lambda *_, **__: time.sleep(600)
limits = WebLimits(max_bytes=1, max_seconds=3600, lookup_seconds=0.1, allow_private=True)
try:
    download("http://slow.example/x", Path("x"), limits=limits, cancellation=Cancellation())
except Exception as error:
    print(error.code)
"""


def test_a_name_that_hangs_holds_up_no_exit(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LEFT_BEHIND], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "HOST_NOT_FOUND\n"


def test_this_machine_is_closed_to_jobs(server: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        _download(f"{server}/file", tmp_path / "input", allow_private=False)
    assert caught.value.code == "URL_FORBIDDEN"


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:1::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_addresses_that_are_not_public(ip: str) -> None:
    assert not is_public(ip)
    with pytest.raises(InvalidInput):
        check_url("http://example.org/x", allow_private=False, resolver=lambda _, __: ["93.184.215.14", ip])


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "127.1", "0", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "017700000001"),
        *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "127.0.0.1."),
        *(
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[64:ff9b::a9fe:a9fe]",
            "[fd00:ec2::254]",
        ),
    ],
)
def test_ways_to_write_this_machine(host: str) -> None:
    with pytest.raises(ActivityError) as caught:
        check_url(f"http://{host}/latest/meta-data/", allow_private=False)
    # What a system does not take for a number it takes for a name.
    assert caught.value.code in {"URL_FORBIDDEN", "HOST_NOT_FOUND"}


def test_a_name_is_resolved_once() -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    address = check_url("http://rebinds.example/", allow_private=False, resolver=lambda _, __: next(answers))
    assert address.ip == "93.184.215.14"
    with pytest.raises(InvalidInput):
        check_url("http://rebinds.example/", allow_private=False, resolver=lambda _, __: next(answers))


@pytest.mark.parametrize("ip", ["93.184.215.14", "2606:2800:220:1::1", "::ffff:93.184.215.14"])
def test_addresses_that_are_public(ip: str) -> None:
    assert is_public(ip)
    address = check_url("https://Example.org/a%20b?c=d#e", allow_private=False, resolver=lambda _, __: [ip])
    assert (address.ip, address.host, address.port, address.target) == (ip, "example.org", 443, "/a%20b?c=d")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "gopher://x/",
        "http://",
        "http:///x",
        "http://user@host/",
        "http://user:pw@host/",
        "http://host:99999/",
        "http://ho st/",
        "http://host/\r\nX: y",
        "http://höst/",
        "http://[::1/",
        "//host/x",
        "concat:a|b",
        "http://host/" + "x" * 9000,
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_url(url, allow_private=True, resolver=lambda _, __: ["93.184.215.14"])
    assert caught.value.code == "URL_INVALID"


def test_a_host_that_does_not_exist() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(ActivityError) as caught:
        check_url("http://none.example/", allow_private=True, resolver=nowhere)
    assert (caught.value.code, caught.value.retryable) == ("HOST_NOT_FOUND", True)


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("http://host/", "host"),
        ("http://host:8080/", "host:8080"),
        ("https://host:443/", "host"),
        ("http://[2606:2800::1]:81/", "[2606:2800::1]:81"),
    ],
)
def test_the_host_is_asked_by_its_name(url: str, header: str) -> None:
    assert check_url(url, allow_private=True, resolver=lambda _, __: ["1.1.1.1"]).host_header == header
