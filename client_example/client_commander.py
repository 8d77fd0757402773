#!/usr/bin/env python3
"""Sends commands to the stack, by hand or from a script.

Interactive on a terminal, with history and completion of file names; otherwise it reads commands from
standard input, a line each, and ends with 1 when one of them failed::

    echo "start_job client_example/input_samples/video.json" | client_commander.py -c clientConfig.json
"""

from __future__ import annotations

import argparse
import atexit
import cmd
import contextlib
import logging
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from client_example.objects import Objects
from client_example.options import EXIT_FAILURE, EXIT_USAGE, client_options, use_aws_options
from cpe.client import Client
from cpe.errors import ConfigError, CpeError
from cpe.protocol.body import parse_body

_HISTORY = Path("~/.cpe_commander_history")
_HISTORY_LINES = 1000


class UsageError(CpeError):
    """A command line of the shell that is none."""

    default_code = "USAGE"


class Commander(cmd.Cmd):
    """The shell: a method per command, a line per answer.

    Args:
        client: Sends the commands.
        interactive: Whether a person types; then there is a prompt.
    """

    def __init__(self, client: Client, *, interactive: bool) -> None:
        super().__init__()
        self.failed = False
        self.use_rawinput = interactive
        self.prompt = f"{client.name}> " if interactive else ""
        self.intro = "start_job FILE sends a job; help shows all commands." if interactive else None
        self._client = client

    def do_start_job(self, line: str) -> None:
        """start_job FILE [JOB_ID] - ask for the job that the JSON file describes."""
        file, *rest = _arguments(line, "start_job FILE [JOB_ID]", least=1, most=2)
        job = parse_body(_read(Path(file).expanduser()))
        self._say(f"START_JOB sent, jobId {self._client.start_job(job, *rest)}")

    def do_upload(self, line: str) -> None:
        """upload FILE BUCKET/KEY - store a file in S3, where jobs find it."""
        file, target = _arguments(line, "upload FILE BUCKET/KEY", least=2, most=2)
        bucket, key = _object_name(target)
        Objects().upload(Path(file).expanduser(), bucket, key)
        self._say(f"uploaded to s3://{bucket}/{key}")

    def do_download(self, line: str) -> None:
        """download BUCKET/KEY FILE - fetch what a job made."""
        source, file = _arguments(line, "download BUCKET/KEY FILE", least=2, most=2)
        bucket, key = _object_name(source)
        Objects().download(bucket, key, Path(file).expanduser())
        self._say(f"downloaded to {file}")

    def do_quit(self, _line: str) -> bool:
        """quit - leave; Ctrl-D does the same."""
        return True

    def do_EOF(self, _line: str) -> bool:  # noqa: N802 - the name that cmd gives the end of input
        """Leave."""
        if self.use_rawinput:
            self._say("")
        return True

    def do_help(self, _arg: str) -> None:
        """help - show all commands."""
        for command in (self.do_start_job, self.do_upload, self.do_download, self.do_help, self.do_quit):
            self._say(f"  {command.__doc__}")

    def onecmd(self, line: str) -> bool:
        """Carry a line out; what goes wrong is told in one line and the shell goes on."""
        try:
            return bool(super().onecmd(line))
        except CpeError as error:
            self._complain(f"{error} ({error.code})")
        return False

    def emptyline(self) -> bool:
        """Do nothing; `cmd` would repeat the last command."""
        return False

    def default(self, line: str) -> None:
        self._complain(f"{line.split(maxsplit=1)[0]!a} is no command; help shows all")

    def completenames(self, text: str, *ignored: object) -> list[str]:
        return [f"{name} " for name in super().completenames(text, *ignored) if name != "EOF"]

    def complete_start_job(self, text: str, *_: object) -> list[str]:
        return _file_names(text)

    complete_upload = complete_download = complete_start_job

    def _say(self, text: str) -> None:
        print(text, flush=True)

    def _complain(self, text: str) -> None:
        self.failed = True
        print(f"error: {text}", file=sys.stderr, flush=True)


def _arguments(line: str, usage: str, *, least: int, most: int) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{error}; usage: {usage}") from error
    if not least <= len(words) <= most:
        raise UsageError(f"usage: {usage}")
    return words


def _object_name(text: str) -> tuple[str, str]:
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise UsageError(f"{text!a} must be BUCKET/KEY, such as cpe-input/input/video1.mp4")
    return bucket, key


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}", code="FILE_UNUSABLE") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not UTF-8 text", code="FILE_UNUSABLE") from error


def _file_names(text: str) -> list[str]:
    """Files and folders that begin with the text; folders end with a slash, files with a space."""
    path = Path(text).expanduser()
    folder, start = (path, "") if not text or text.endswith("/") else (path.parent, path.name)
    try:
        found = [entry for entry in folder.iterdir() if entry.name.startswith(start)]
    except OSError:
        return []
    shown = [entry for entry in found if start.startswith(".") or not entry.name.startswith(".")]
    return sorted(f"{entry}/" if entry.is_dir() else f"{entry} " for entry in shown)


def _use_history() -> None:
    """Keep what was typed across sessions, where Python has readline."""
    with contextlib.suppress(ImportError):
        import readline

        history = _HISTORY.expanduser()
        with contextlib.suppress(OSError):
            readline.read_history_file(history)
        readline.set_history_length(_HISTORY_LINES)
        readline.set_completer_delims(" \t\n")
        atexit.register(_quietly(lambda: readline.write_history_file(history)))


def _quietly(write: Callable[[], None]) -> Callable[[], None]:
    def attempt() -> None:
        with contextlib.suppress(OSError):
            write()

    return attempt


def _run(shell: Commander) -> None:
    while True:
        try:
            return shell.cmdloop()
        except KeyboardInterrupt:
            # Ctrl-C leaves the line, as in other shells; Ctrl-D or quit leave.
            shell.intro = None
            print()
            if not shell.use_rawinput:
                raise


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the commander; returns the exit code."""
    parser = argparse.ArgumentParser(prog="client_commander.py", description="Send commands to the stack.")
    client_options(parser)
    parser.add_argument("-d", "--debug", action="store_true", help="log what is sent to AWS")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.WARNING)
    use_aws_options(options)
    interactive = sys.stdin.isatty()
    try:
        shell = Commander(Client.from_config(options.config), interactive=interactive)
    except CpeError as error:
        print(f"client_commander.py: {error}", file=sys.stderr)
        return EXIT_USAGE
    if interactive:
        _use_history()
    try:
        _run(shell)
    except KeyboardInterrupt:
        return 130
    return EXIT_FAILURE if shell.failed and not interactive else os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
