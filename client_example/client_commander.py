#!/usr/bin/env python3
"""Sends commands to the stack, by hand or from a script.

One command as arguments::

    client_commander.py -c clientConfig.json get_job_list --status FAILED

Without one, it is interactive on a terminal, with history and completion of file names; otherwise it reads
commands from standard input, a line each. It ends with 1 when one of them failed::

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
from contextlib import closing
from pathlib import Path

from client_example.command_line import CommandLine, HelpShown, UsageError
from client_example.commands import Commands
from client_example.database import database_file, database_option, open_store
from client_example.options import EXIT_FAILURE, EXIT_USAGE, client_options, use_aws_options
from cpe.errors import CpeError

_HISTORY = Path("~/.cpe_commander_history")
_HISTORY_LINES = 1000
_INTERRUPTED = 130


class Commander(cmd.Cmd):
    """The shell: reads lines, shows answers, and goes on whatever happens.

    Args:
        commands: Carries commands out.
        line: Reads them.
        interactive: Whether a person types; then there is a prompt.
    """

    def __init__(self, commands: Commands, line: CommandLine, *, interactive: bool) -> None:
        super().__init__()
        self.failed = False
        self.use_rawinput = interactive
        self.prompt = f"{commands.name}> " if interactive else ""
        self.intro = "start_job FILE sends a job; help shows all commands." if interactive else None
        self._commands = commands
        self._line = line

    def onecmd(self, line: str) -> bool:
        """Carry a line out; what goes wrong is told in one line. Tells whether to leave."""
        if line == "EOF":  # what cmd makes of the end of input
            if self.use_rawinput:
                print()
            return True
        try:
            return self.carry_out(shlex.split(line))
        except ValueError as error:
            self._complain(f"{error}; quotes come in pairs")
        return False

    def carry_out(self, words: Sequence[str]) -> bool:
        """Carry a command out; tells whether it was the wish to leave."""
        if not words:
            return False
        with contextlib.suppress(HelpShown):
            try:
                command = self._line.parse(words)
                if command.command == "quit":
                    return True
                for text in self._commands.run(command):
                    print(text, flush=True)
            except CpeError as error:
                code = "" if isinstance(error, UsageError) else f" ({error.code})"
                self._complain(f"{error}{code}")
        return False

    def completenames(self, text: str, *_ignored: object) -> list[str]:
        return [f"{name} " for name in self._line.names if name.startswith(text)]

    def completedefault(self, *ignored: object) -> list[str]:
        return _file_names(str(ignored[0]))

    def _complain(self, text: str) -> None:
        self.failed = True
        print(f"error: {' '.join(text.split())}", file=sys.stderr, flush=True)


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


def _log_requests() -> None:
    """Log each request to AWS as it is made, before it is signed: signatures are nobody's affair."""
    log = logging.getLogger("botocore.endpoint")
    log.setLevel(logging.DEBUG)
    log.addFilter(lambda record: record.levelno > logging.DEBUG or record.msg.startswith("Making request"))


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


def _parser(line: CommandLine) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="client_commander.py",
        description="Send commands to the stack.",
        epilog=f"commands:\n{line.help()}\n\nCOMMAND --help tells all of one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    client_options(parser)
    database_option(parser)
    parser.add_argument("-d", "--debug", action="store_true", help="log what is sent to AWS")
    parser.add_argument(
        "words",
        nargs=argparse.REMAINDER,
        metavar="COMMAND …",
        help="one command; without it, lines of standard input are commands",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the commander; returns the exit code."""
    line = CommandLine()
    options = _parser(line).parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s")
    if options.debug:
        _log_requests()
    use_aws_options(options)
    interactive = sys.stdin.isatty() and not options.words
    database = database_file(options)
    with contextlib.ExitStack() as stack:
        try:
            if options.words:
                line.parse(options.words)
            store = stack.enter_context(closing(open_store(database)))
            shell = Commander(Commands(options.config, database, store, line), line, interactive=interactive)
        except HelpShown:
            return os.EX_OK
        except CpeError as error:
            print(f"client_commander.py: {error}", file=sys.stderr)
            return EXIT_USAGE
        if interactive:
            _use_history()
        try:
            if options.words:
                shell.carry_out(options.words)
            else:
                _run(shell)
        except KeyboardInterrupt:
            return _INTERRUPTED
        return EXIT_FAILURE if shell.failed and not interactive else os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
