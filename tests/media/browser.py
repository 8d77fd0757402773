"""A headless Chromium that plays ladders from a server on this machine, and tells what happened."""

from __future__ import annotations

import json
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

PLAYERS = Path(__file__).parent / "players"

_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio"),
    *("--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"),
    # Not in front of anybody: else timers and playback are slowed down.
    *("--disable-background-timer-throttling", "--disable-renderer-backgrounding"),
)
_INSTALL_SECONDS = 90
_TYPES = {".html": "text/html", ".js": "text/javascript"}

Objects = Mapping[str, tuple[bytes, str]]
"""What the server has beside the players: by path, the content and its type."""


class NoPlayer(RuntimeError):
    """This machine lacks the browser, or cannot get the players."""


def find_browser() -> str:
    """Return the browser's program.

    Raises:
        NoPlayer: There is none.
    """
    for name in _BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return path
    raise NoPlayer(f"no browser is installed: none of {', '.join(_BROWSERS)}")


def install_players() -> Path:
    """Return the folder of hls.js and dash.js, as the lock file beside this one names them.

    Raises:
        NoPlayer: They are not there, and npm cannot bring them.
    """
    folder = PLAYERS / "node_modules"
    if (folder / ".package-lock.json").is_file():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise NoPlayer("npm is not installed, which brings hls.js and dash.js")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    try:
        subprocess.run(command, cwd=PLAYERS, check=True, capture_output=True, timeout=_INSTALL_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        raise NoPlayer(f"npm does not bring hls.js and dash.js: {error}") from error
    return folder


def play(plans: Sequence[Mapping[str, Any]], objects: Objects, profile: Path, *, seconds: float) -> Played:
    """Play ladders, one after the other; see player.js for what a plan may say.

    Args:
        plans: What to play, and how.
        objects: What lies on the server.
        profile: An empty folder for the browser.
        seconds: How long all of it may take.

    Raises:
        NoPlayer: There is no browser, or no players.
        queue.Empty: It took longer.
    """
    browser, players = find_browser(), install_players()
    with _serving(plans, objects, players) as server:
        command = [browser, *_FLAGS, f"--user-data-dir={profile}", f"http://127.0.0.1:{server.server_port}/"]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            reports = server.reports.get(timeout=seconds)
        finally:
            _end(process)
    return Played({report["name"]: report for report in reports}, server.asked)


class Played:
    """What happened.

    Args:
        reports: What the page says of each plan, by its name.
        asked: All paths that were asked for, with the status of the answer.
    """

    def __init__(self, reports: Mapping[str, Mapping[str, Any]], asked: Sequence[tuple[str, int]]) -> None:
        self.reports = reports
        self.asked = asked


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, plans: Sequence[Mapping[str, Any]], objects: Objects, players: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plans = json.dumps(list(plans)).encode()
        self.objects = objects
        self.players = players
        self.reports: queue.Queue[list[dict[str, Any]]] = queue.Queue()
        self.asked: list[tuple[str, int]] = []

    def find(self, path: str) -> tuple[bytes, str] | None:
        """Return what lies at a path, and its type."""
        if path == "/plans":
            return self.plans, "application/json"
        if path in self.objects:
            return self.objects[path]
        file = PLAYERS / "player.html" if path == "/" else PLAYERS / path.removeprefix("/")
        if path.startswith("/players/"):
            file = self.players / path.removeprefix("/players/")
        return (file.read_bytes(), _TYPES[file.suffix]) if file.is_file() else None


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        found = self.server.find(path)
        self._answer(404 if found is None else 200, *(found or (b"", "text/plain")))
        self.server.asked.append((path, 404 if found is None else 200))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(204, b"", "text/plain")
        self.server.reports.put(json.loads(body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""

    def _answer(self, status: int, content: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def _serving(plans: Sequence[Mapping[str, Any]], objects: Objects, players: Path) -> Iterator[_Server]:
    with _Server(plans, objects, players) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the browser and the processes that it started; they are a group of their own."""
    import os

    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=60)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
