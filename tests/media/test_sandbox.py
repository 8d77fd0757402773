"""What programs that look at strangers' media can reach: programs that try, in the sandbox."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from activities.ffmpeg.tools import Tools
from activities.sandbox import ffmpeg, landlock, seccomp
from activities.sandbox.limits import Limits
from activities.sandbox.quota import check_room, used
from cpe.activity import Cancellation
from cpe.errors import ActivityError

_PYTHON = (Path(sys.prefix), Path(sys.base_prefix))
_MIB = 1024 * 1024

needs_landlock = pytest.mark.skipif(
    not landlock.version() and not os.environ.get("CI"), reason="this kernel has no Landlock"
)
needs_seccomp = pytest.mark.skipif(
    not seccomp.available() and not os.environ.get("CI"), reason="this kernel has no seccomp filters"
)


def _try(code: str, folder: Path, *, limits: Limits | None = None, seconds: float = 20) -> str:
    """Run Python in the sandbox; `refused(f)` names the error that a function raises."""
    head = (
        "import ctypes, os, resource, signal, socket, sys\n"
        "def refused(function, *arguments):\n"
        "    try:\n"
        "        function(*arguments)\n"
        "    except OSError as error:\n"
        "        return type(error).__name__\n"
        "    return 'done'\n"
    )
    return ffmpeg.run(
        Path(sys.executable),
        ("-I", "-S", "-c", head + code),
        directory=folder,
        cancellation=Cancellation(),
        time_limit=seconds,
        limits=limits or Limits(readable=_PYTHON),
    ).strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The directory of a task, with another's beside it."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret").write_text("of another job")
    (tmp_path / "task").mkdir()
    return tmp_path / "task"


@needs_seccomp
@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"])
def test_no_socket_can_be_made(folder: Path, family: str) -> None:
    assert _try(f"print(refused(socket.socket, socket.{family}))", folder) == "PermissionError"
    assert _try("print(refused(socket.socketpair))", folder) == "PermissionError"


@needs_seccomp
def test_a_program_may_talk_to_its_own_parts(folder: Path) -> None:
    limits = Limits(readable=_PYTHON, local_sockets=True)
    code = (
        "one, other = socket.socketpair(); one.send(b'hello'); print(other.recv(9))\n"
        "server = socket.socket(socket.AF_UNIX); server.bind('door'); server.listen()\n"
        "socket.socket(socket.AF_UNIX).connect('door')\n"
        "print([refused(socket.socket, family) for family in (socket.AF_INET, socket.AF_INET6)])"
    )
    assert _try(code, folder, limits=limits).splitlines() == ["b'hello'", f"{['PermissionError'] * 2}"]


@needs_seccomp
def test_the_filter_refuses_what_it_names_and_nothing_else(folder: Path) -> None:
    column = seccomp._ARCHITECTURES[os.uname().machine][1]
    numbers = {name: calls[column] for name, calls in {**seccomp._CALLS, "socket": seccomp._SOCKET}.items()}
    code = (
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "def call(number):\n"
        "    ctypes.set_errno(0)\n"
        "    return libc.syscall(ctypes.c_long(number), -1, -1, -1, -1, -1, -1), ctypes.get_errno()\n"
        f"print([name for name, number in {numbers!r}.items() if call(number) != (-1, 1)])\n"
        "print(call(0x40000000 + 39) in ((-1, 1), (-1, 38)), os.getpid() > 0)"
    )
    assert _try(code, folder).splitlines() == ["[]", "True True"]


@needs_landlock
def test_only_its_own_directory_and_programs_can_be_read(folder: Path, tmp_path: Path) -> None:
    (folder / "input").write_text("media")
    (folder / "link").symlink_to(tmp_path / "other" / "secret")
    paths = ["/etc/passwd", "/proc/1/environ", f"/proc/{os.getpid()}/environ", "/proc/self/environ", "link"]
    paths += [str(Path.home()), str(tmp_path / "other" / "secret"), "../other/secret", str(tmp_path), "/tmp"]
    code = f"print([refused(os.open, path, os.O_RDONLY) for path in {paths!r}], open('input').read())"
    assert _try(code, folder) == f"{['PermissionError'] * len(paths)} media"


@needs_landlock
def test_only_its_own_directory_can_be_written(folder: Path, tmp_path: Path) -> None:
    (folder / "input").write_text("media")
    code = (
        f"print(refused(open, {str(tmp_path / 'new')!r}, 'w'), refused(os.mkdir, {str(tmp_path / 'new')!r}),"
        f" refused(os.unlink, {str(tmp_path / 'other' / 'secret')!r}), refused(os.truncate, '../other/secret', 0),"
        f" refused(os.link, 'input', '../other/input'), refused(os.rename, 'input', '../other/input'))\n"
        "os.makedirs('a/b'); open('a/b/c', 'w').write('x'); os.rename('a/b/c', 'd'); os.unlink('d')\n"
        "os.rmdir('a/b'); print(os.stat('a').st_mode & 0o777 == 0o700, open(os.devnull, 'w').write('x'))"
    )
    refusals, rest = _try(code, folder).splitlines()
    assert set(refusals.split()) <= {"PermissionError", "OSError"}
    assert rest == "True 1"
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["other", "secret", "task", "a", "input"]


@needs_landlock
@pytest.mark.skipif(0 < landlock.version() < 6, reason="the kernel's Landlock knows no signals")
def test_the_worker_cannot_be_killed(folder: Path) -> None:
    assert _try(f"print(refused(os.kill, {os.getpid()}, signal.SIGTERM))", folder) == "PermissionError"
    assert _try("print(refused(os.kill, os.getpid(), 0))", folder) == "done"


def test_limits_reach_the_program(folder: Path) -> None:
    limits = Limits(memory=512 * _MIB, scratch=7 * _MIB, readable=_PYTHON)
    names = ("RLIMIT_CORE", "RLIMIT_NOFILE", "RLIMIT_DATA", "RLIMIT_FSIZE")
    code = f"print(*(resource.getrlimit(getattr(resource, name)) for name in {names!r}))"
    wanted = ((0, 0), (1024, 1024), (512 * _MIB,) * 2, (7 * _MIB,) * 2)
    assert _try(code, folder, limits=limits) == " ".join(map(str, wanted))
    seconds = _try("print(resource.getrlimit(resource.RLIMIT_CPU)[0])", folder, seconds=30)
    assert int(seconds) == 30 * (os.cpu_count() or 1) + 60


@pytest.mark.skipif(sys.platform != "linux", reason="a file of Linux's")
def test_no_privileges_can_be_gained_and_the_worker_is_not_the_first_to_go(folder: Path) -> None:
    read = Limits(readable=(*_PYTHON, Path("/proc")))
    code = (
        "status = dict(line.split(':\\t', 1) for line in open('/proc/self/status').read().splitlines() if ':\\t' in line)\n"
        "print(status['NoNewPrivs'], status['Seccomp'], open('/proc/self/oom_score_adj').read())"
    )
    assert _try(code, folder, limits=read).split() == ["1", "2", "500"]


def test_memory_is_limited(folder: Path) -> None:
    limits = Limits(memory=128 * _MIB, readable=_PYTHON)
    code = (
        "try:\n    bytearray(200_000_000)\nexcept MemoryError:\n    print('refused')\nbytearray(20_000_000)"
    )
    assert _try(code, folder, limits=limits) == "refused"


def test_ffmpeg_tells_that_it_wants_more_memory(tools: Tools, tmp_path: Path) -> None:
    large = (
        *("-v", "error", "-f", "lavfi", "-i", "color=size=4000x4000:duration=0.04"),
        *("-vf", "scale=6000:6000,format=rgb48", "-f", "null", "-"),
    )
    with pytest.raises(ffmpeg.FFmpegError, match="max_memory_bytes") as caught:
        _ffmpeg(tools, tmp_path, *large, limits=Limits(memory=150 * _MIB))
    assert (caught.value.code, caught.value.retryable) == ("FFMPEG_OUT_OF_MEMORY", False)
    _ffmpeg(tools, tmp_path, *large, limits=Limits(memory=2048 * _MIB))


def test_a_file_that_grows_too_large_is_an_error(tools: Tools, tmp_path: Path) -> None:
    noise = (
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=duration=2",
        "-c:v",
        "rawvideo",
        "-f",
        "avi",
        "out",
    )
    with pytest.raises(ActivityError, match="max_scratch_bytes") as caught:
        _ffmpeg(tools, tmp_path, *noise, limits=Limits(scratch=2 * _MIB))
    assert (caught.value.code, caught.value.retryable) == ("DISK_QUOTA", False)
    assert (tmp_path / "out").stat().st_size <= 2 * _MIB


def test_many_files_count_together(tools: Tools, tmp_path: Path) -> None:
    many = ("-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=rate=50", "-f", "image2", "%d.bmp")
    with pytest.raises(ActivityError) as caught:
        _ffmpeg(tools, tmp_path, *many, limits=Limits(scratch=4 * _MIB))
    assert caught.value.code == "DISK_QUOTA"


def test_a_file_that_will_not_fit_is_not_begun(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(bytes(_MIB))
    (tmp_path / "link").symlink_to(sys.executable)
    assert _MIB <= used(tmp_path) < 2 * _MIB
    check_room(tmp_path, _MIB, quota=4 * _MIB)
    for size, quota, code in ((3 * _MIB, 3 * _MIB, "DISK_QUOTA"), (10**18, None, "DISK_FULL")):
        with pytest.raises(ActivityError) as caught:
            check_room(tmp_path, size, quota=quota)
        assert caught.value.code == code


@needs_landlock
@needs_seccomp
def test_ffmpeg_itself_cannot_reach_what_it_is_told_to(tools: Tools, tmp_path: Path) -> None:
    """Even with every format and protocol allowed, as a hole in FFmpeg would be."""
    (tmp_path / "task").mkdir()
    (tmp_path / "canary").write_text("#EXTM3U\nSECRET\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        for source in (
            f"http://127.0.0.1:{server.getsockname()[1]}/x",
            str(tmp_path / "canary"),
            "/etc/passwd",
        ):
            with pytest.raises(
                ffmpeg.FFmpegError, match=r"Permission denied|not permitted|Input/output error"
            ):
                _ffmpeg(
                    tools,
                    tmp_path / "task",
                    "-v",
                    "error",
                    "-f",
                    "data",
                    "-i",
                    source,
                    "-map",
                    "0",
                    "-f",
                    "null",
                    "-",
                )
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_parent_that_is_gone_starts_nothing(tmp_path: Path) -> None:
    child = [
        sys.executable,
        "-I",
        "-S",
        str(ffmpeg._CHILD),
        "1" if os.getpid() != 1 else "2",
        "seconds=9",
        "--",
    ]
    done = subprocess.run([*child, "/bin/sh", "-c", f"touch {tmp_path}/ran"], check=False, timeout=100)
    assert done.returncode == 126
    assert not list(tmp_path.iterdir())


def test_a_pipe_that_nobody_reads_ends_the_program(tmp_path: Path) -> None:
    code = "print(signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN)"
    assert _try(code, tmp_path) == "True", "too large a file is an error and no signal"
    script = tmp_path / "program"
    script.write_text("#!/bin/sh\nkill -PIPE $$\necho survived\n")
    script.chmod(0o755)
    with pytest.raises(ffmpeg.FFmpegError) as caught:
        ffmpeg.run(script, (), directory=tmp_path, cancellation=Cancellation(), time_limit=20)
    assert caught.value.status == -signal.SIGPIPE


def _ffmpeg(tools: Tools, folder: Path, *arguments: str, limits: Limits | None = None) -> None:
    ffmpeg.run(
        tools.ffmpeg,
        ("-nostdin", *arguments),
        directory=folder,
        cancellation=Cancellation(),
        time_limit=30,
        limits=limits,
    )


def test_what_becomes_the_program_imports_only_what_starts_fast() -> None:
    child = str(Path(ffmpeg.__file__).parents[2])
    code = f"import sys; sys.path.append({child!r}); import activities.sandbox.child; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True, timeout=20
    )
    slow = {"collections", "contextlib", "enum", "platform", "re", "signal", "typing"}
    assert slow.isdisjoint(done.stdout.split())
