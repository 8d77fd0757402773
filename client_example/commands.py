"""What the commands of the commander do."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from client_example.command_line import CommandLine, UsageError
from client_example.database import has_poller
from client_example.display import reason_words, time_words
from client_example.objects import Objects
from cpe.client import ActivityReport, Client, JobSummary, SqliteStore, Tracker
from cpe.errors import ConfigError
from cpe.protocol.body import parse_body
from cpe.protocol.requests import MAX_LIMIT

_DAY = 86_400.0
_SAMPLES = Path(__file__).parent / "input_samples"


class Commands:
    """Carries commands out, a method each; what one yields is shown, a line each.

    Answers come over the output queue. While a poller runs, that one reads it, and the answers are in the
    database that both share; otherwise the queue is read here.

    Args:
        config: The client's clientConfig.json.
        database: Where jobs are kept.
        store: The same, open.
        line: Tells about commands.
    """

    def __init__(self, config: Path, database: Path, store: SqliteStore, line: CommandLine) -> None:
        self._config = config
        self._database = database
        self._tracker = Tracker(store)
        self._line = line
        self._clients: dict[bool, Client] = {}
        self.name = self._client().name

    def run(self, command: argparse.Namespace) -> Iterator[str]:
        """Carry a command out.

        Raises:
            CpeError: It cannot be done, was refused, or was not answered.
        """
        method: Callable[[argparse.Namespace], Iterator[str]] = getattr(self, f"_{command.command}")
        return method(command)

    def _start_job(self, asked: argparse.Namespace) -> Iterator[str]:
        job = parse_body(_read(asked.file.expanduser()))
        job_id = self._client().start_job(job, asked.job_id, wait=asked.wait, timeout=asked.timeout)
        yield f"START_JOB {'accepted' if asked.wait else 'sent'}, jobId {job_id}"

    def _cancel_job(self, asked: argparse.Namespace) -> Iterator[str]:
        self._client().cancel_job(asked.job_id, run_id=asked.run, wait=asked.wait, timeout=asked.timeout)
        yield _done("CANCEL_JOB", asked)

    def _cancel_activity(self, asked: argparse.Namespace) -> Iterator[str]:
        client = self._client()
        client.cancel_activity(asked.job_id, asked.activity_id, wait=asked.wait, timeout=asked.timeout)
        yield _done("CANCEL_ACTIVITY", asked)

    def _signal_job(self, asked: argparse.Namespace) -> Iterator[str]:
        value = None if asked.input is None else _value(asked.input)
        self._client().signal(asked.job_id, asked.signal, value, wait=asked.wait, timeout=asked.timeout)
        yield _done("SIGNAL_JOB", asked)

    def _retry_job(self, asked: argparse.Namespace) -> Iterator[str]:
        run_id = self._client().retry(asked.job_id, asked.steps, wait=asked.wait, timeout=asked.timeout)
        yield _done("RETRY_JOB", asked) + (f", runId {run_id}" if run_id else "")

    def _get_job_status(self, asked: argparse.Namespace) -> Iterator[str]:
        report = self._client().status(asked.job_id, timeout=asked.timeout)
        if asked.json:
            yield _json(asdict(report))
            return
        yield f"{_job_line(report)}  {reason_words(report.reason, report.details)}".rstrip()
        yield from (f"  {_activity_line(activity)}" for activity in report.activities)

    def _get_job_list(self, asked: argparse.Namespace) -> Iterator[str]:
        since = None if asked.days is None else time.time() - asked.days * _DAY
        jobs = self._client().list(
            asked.status, since=since, limit=min(asked.most, MAX_LIMIT), timeout=asked.timeout
        )
        for job in islice(jobs, asked.most):
            yield _json(asdict(job)) if asked.json else _job_line(job)

    def _get_activity_status(self, asked: argparse.Namespace) -> Iterator[str]:
        activity = self._client().activity(asked.job_id, asked.activity_id, timeout=asked.timeout)
        if asked.json:
            yield _json(asdict(activity))
            return
        yield _activity_line(activity)
        if activity.result is not None:
            yield _json(activity.result)

    def _get_activity_list(self, asked: argparse.Namespace) -> Iterator[str]:
        for activity in self._client().activities(asked.job_id, timeout=asked.timeout):
            yield _json(asdict(activity)) if asked.json else _activity_line(activity)

    def _upload(self, asked: argparse.Namespace) -> Iterator[str]:
        bucket, key = _object_name(asked.target)
        Objects().upload(asked.file.expanduser(), bucket, key)
        yield f"uploaded to s3://{bucket}/{key}"

    def _download(self, asked: argparse.Namespace) -> Iterator[str]:
        bucket, key = _object_name(asked.source)
        Objects().download(bucket, key, asked.file.expanduser())
        yield f"downloaded to {asked.file}"

    def _samples(self, _asked: argparse.Namespace) -> Iterator[str]:
        for file in sorted(_SAMPLES.glob("*.json")):
            yield f"  {file}  {parse_body(_read(file))['workflow']['name']}"

    def _help(self, asked: argparse.Namespace) -> Iterator[str]:
        yield self._line.help(asked.about)

    def _client(self) -> Client:
        reads = not has_poller(self._database)
        if reads not in self._clients:
            self._clients[reads] = Client.from_config(self._config, tracker=self._tracker, reads=reads)
        return self._clients[reads]


def _done(command: str, asked: argparse.Namespace) -> str:
    return f"{command} {'accepted' if asked.wait else 'sent'}, jobId {asked.job_id}"


def _job_line(job: JobSummary) -> str:
    workflow = f"{job.workflow_name} {job.workflow_version}"
    return f"{job.job_id}  {workflow}  {job.status.value}  {time_words(job.started)}"


def _activity_line(activity: ActivityReport) -> str:
    words: Sequence[str] = (
        activity.activity_id,
        f"{activity.name} {activity.version}",
        activity.status.value,
        f"attempt {activity.attempt}" if activity.attempt > 1 else "",
        reason_words(activity.reason or activity.timeout_type, activity.details),
    )
    return "  ".join(word for word in words if word)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _value(text: str) -> Any:
    try:
        return json.loads(_read(Path(text[1:]).expanduser()) if text.startswith("@") else text)
    except ValueError as error:
        raise UsageError(f"INPUT is not JSON: {error}; a text needs quotes: '\"yes\"'") from error


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
