"""The commands of the commander: their names, arguments and flags, for a line typed and for a shell's own."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from cpe.errors import CpeError
from cpe.protocol import JobFilter
from cpe.protocol.requests import MAX_LIMIT


class UsageError(CpeError):
    """A command line that is none."""

    default_code = "USAGE"


class HelpShown(Exception):
    """Somebody asked for help, and got it."""


class _Parser(argparse.ArgumentParser):
    """A parser that raises where argparse would end the program."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; {' '.join(self.format_usage().split())}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002 - argparse's own
        raise HelpShown


class CommandLine:
    """Reads commands.

    Example:
        >>> CommandLine().parse(["cancel_job", "j1"]).job_id
        'j1'
    """

    def __init__(self) -> None:
        self._parser = _Parser(prog="", add_help=False)
        self._commands = self._parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
        self._parsers: dict[str, argparse.ArgumentParser] = {}
        self._add_jobs()
        self._add_questions()
        self._add_files()
        self._add("samples", "list the sample jobs")
        self._add("help", "show all commands, or one").add_argument("about", metavar="COMMAND", nargs="?")
        self._add("quit", "leave; Ctrl-D does the same")

    @property
    def names(self) -> list[str]:
        """All commands."""
        return list(self._parsers)

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Read a command.

        Raises:
            UsageError: It is none.
            HelpShown: It asked for help.
        """
        if words and words[0] not in self._parsers and not words[0].startswith("-"):
            raise UsageError(f"{words[0]!a} is no command; help shows all")
        return self._parser.parse_args(words)

    def help(self, about: str | None = None) -> str:
        """Tell about one command, or all."""
        if about is not None:
            if about not in self._parsers:
                raise UsageError(f"{about!a} is no command; help shows all")
            return self._parsers[about].format_help().rstrip()
        lines = []
        for parser in self._parsers.values():
            usage = " ".join(parser.format_usage().removeprefix("usage:").replace("[-h]", "").split())
            lines.append(f"  {usage} - {parser.description}")
        return "\n".join(lines)

    def _add(self, name: str, purpose: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = self._commands.add_parser(
            name, prog=name, help=purpose, description=purpose
        )
        self._parsers[name] = parser
        return parser

    def _add_jobs(self) -> None:
        start = self._add("start_job", "ask for the job that the JSON file describes")
        start.add_argument("file", metavar="FILE", type=Path, help="the data of the START_JOB")
        start.add_argument("job_id", metavar="JOB_ID", nargs="?", help="your own id; made up unless given")
        start.add_argument("--wait", action="store_true", help="wait until it runs, or is refused")
        _add_timeout(start)
        cancel = self._add_sent("cancel_job", "ask for a job to stop")
        cancel.add_argument("--run", metavar="RUN_ID", help="only if the job is in this run")
        activity = self._add_sent("cancel_activity", "ask for one activity of a job to stop")
        activity.add_argument("activity_id", metavar="ACTIVITY_ID", help="the step, as the plan names it")
        signal = self._add_sent("signal_job", "signal a job that waits for it")
        signal.add_argument("signal", metavar="SIGNAL", help="its name, as the plan has it")
        signal.add_argument("input", metavar="INPUT", nargs="?", help="JSON, or @FILE with JSON")
        retry = self._add_sent("retry_job", "do a closed job again; what succeeded stays done")
        retry.add_argument(
            "--from",
            dest="steps",
            metavar="STEP",
            action="append",
            default=[],
            help="this step too, and what needs it; may be given again",
        )

    def _add_questions(self) -> None:
        self._add_asked("get_job_status", "ask how a job stands")
        listing = self._add_asked("get_job_list", "list the client's jobs, the newest first", of_job=False)
        listing.add_argument(
            "--status", type=str.upper, choices=list(JobFilter), metavar="STATUS", help=", ".join(JobFilter)
        )
        listing.add_argument("--days", type=_positive, metavar="N", help="how far back (default: 30)")
        listing.add_argument(
            "--most", type=_count, metavar="N", default=MAX_LIMIT, help="default: %(default)s"
        )
        activity = self._add_asked("get_activity_status", "ask how an activity stands, and what it returned")
        activity.add_argument("activity_id", metavar="ACTIVITY_ID", help="the step, as the plan names it")
        self._add_asked("get_activity_list", "ask how the activities of a job stand")

    def _add_files(self) -> None:
        upload = self._add("upload", "store a file in S3, where jobs find it")
        upload.add_argument("file", metavar="FILE", type=Path)
        upload.add_argument("target", metavar="BUCKET/KEY")
        download = self._add("download", "fetch what a job made")
        download.add_argument("source", metavar="BUCKET/KEY")
        download.add_argument("file", metavar="FILE", type=Path)

    def _add_sent(self, name: str, purpose: str) -> argparse.ArgumentParser:
        parser = self._add(name, purpose)
        parser.add_argument("job_id", metavar="JOB_ID", help="the job")
        parser.add_argument(
            "--no-wait",
            dest="wait",
            action="store_false",
            help="return when it is sent; the poller shows the answer",
        )
        _add_timeout(parser)
        return parser

    def _add_asked(self, name: str, purpose: str, *, of_job: bool = True) -> argparse.ArgumentParser:
        parser = self._add(name, purpose)
        if of_job:
            parser.add_argument("job_id", metavar="JOB_ID", help="the job")
        parser.add_argument("--json", action="store_true", help="print JSON")
        _add_timeout(parser)
        return parser


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        type=_positive,
        default=30.0,
        metavar="SECONDS",
        help="for the answer (default: %(default)g)",
    )


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!a} is no number above 0")
    return number


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!a} is no whole number above 0")
    return int(text)
