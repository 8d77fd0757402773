"""A place to run an activity without SWF, S3 or a worker: what authors of activities test with.

::

    from cpe.testing import ActivityEnvironment

    def test_counts_words(tmp_path):
        environment = ActivityEnvironment(tmp_path)
        environment.storage.put("texts", "text.txt", b"one two three")
        result = environment.run(CountWords(), {"input_asset": {"bucket": "texts", "file": "text.txt"}})
        assert result == {"words": 3}
        assert environment.event_types == ["PREPARING"]
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cpe.activity import (
    Activity,
    ActivityContext,
    Cancellation,
    HeartbeatDetails,
    JsonValue,
    ObjectInfo,
    TaskInfo,
    UploadOptions,
)
from cpe.errors import ActivityError


class FolderStorage:
    """Buckets as folders, keys as files: :class:`~cpe.activity.Storage` for tests.

    Args:
        root: A folder; each folder in it is a bucket.

    Attributes:
        options: How each object was uploaded, by bucket and key.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.options: dict[tuple[str, str], UploadOptions] = {}
        root.mkdir(parents=True, exist_ok=True)

    def make_bucket(self, bucket: str) -> None:
        """Make an empty bucket, or leave the one that is there."""
        (self._root / bucket).mkdir(exist_ok=True)

    def put(self, bucket: str, key: str, content: bytes | Path) -> None:
        """Store bytes, or a copy of a file; makes the bucket when there is none."""
        self.make_bucket(bucket)
        path = self._path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content)
        self.options.pop((bucket, key.lstrip("/")), None)

    def get(self, bucket: str, key: str) -> bytes:
        """Return an object whole."""
        return self._object(bucket, key).read_bytes()

    def keys(self, bucket: str) -> list[str]:
        """Return all keys of a bucket, in order."""
        self.check_bucket(bucket)
        folder = self._root / bucket
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def head(self, bucket: str, key: str) -> ObjectInfo:
        options = self.options.get((bucket, key.lstrip("/")), UploadOptions())
        known = self._object(bucket, key).stat()
        return ObjectInfo(
            size=known.st_size,
            content_type=options.content_type,
            metadata={name.lower(): text for name, text in options.metadata.items()},
            etag=f"{known.st_mtime_ns}-{known.st_size}",
        )

    def read(self, bucket: str, key: str, *, start: int = 0, length: int) -> bytes:
        with self._object(bucket, key).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def download(self, bucket: str, key: str, path: Path) -> None:
        shutil.copyfile(self._object(bucket, key), path)

    def upload(self, path: Path, bucket: str, key: str, options: UploadOptions) -> None:
        self.check_bucket(bucket)
        if options.replaces is not None:
            taken = self.head(bucket, key).etag != options.replaces
        else:
            taken = options.if_absent and self._path(bucket, key).is_file()
        if taken:
            raise ActivityError(
                f"There is an object {key!r} in bucket {bucket!r} already.", code="OBJECT_EXISTS"
            )
        self.put(bucket, key, path)
        self.options[bucket, key.lstrip("/")] = options

    def delete(self, bucket: str, key: str) -> None:
        self.check_bucket(bucket)
        self._path(bucket, key).unlink(missing_ok=True)

    def check_bucket(self, bucket: str) -> None:
        if not (self._root / bucket).is_dir():
            raise ActivityError(f"The bucket {bucket!r} does not exist.", code="BUCKET_NOT_FOUND")

    def _object(self, bucket: str, key: str) -> Path:
        self.check_bucket(bucket)
        path = self._path(bucket, key)
        if not path.is_file():
            raise ActivityError(f"There is no object {key!r} in bucket {bucket!r}.", code="OBJECT_NOT_FOUND")
        return path

    def _path(self, bucket: str, key: str) -> Path:
        folder = (self._root / bucket).resolve()
        path = (folder / key.lstrip("/")).resolve()
        if not path.is_relative_to(folder):
            raise ValueError(f"the key {key!r} leaves its bucket")
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEvent:
    """An event that an activity reported: PREPARING, PROGRESS with its `result`, or FINISHING."""

    type: str
    result: Mapping[str, JsonValue] | None = None


class RecordingReporter:
    """Keeps events in a list; as the worker does, it takes JSON only."""

    def __init__(self) -> None:
        self.events: list[ActivityEvent] = []

    def preparing(self) -> None:
        self.events.append(ActivityEvent(type="PREPARING"))

    def progress(self, result: Mapping[str, JsonValue]) -> None:
        self.events.append(ActivityEvent(type="PROGRESS", result=json.loads(json.dumps(result))))

    def finishing(self) -> None:
        self.events.append(ActivityEvent(type="FINISHING"))


@dataclass(slots=True)
class RecordingLogger:
    """Keeps what was logged: level, event name and fields."""

    records: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def debug(self, event: str, **fields: Any) -> None:
        self.records.append(("debug", event, fields))

    def info(self, event: str, **fields: Any) -> None:
        self.records.append(("info", event, fields))

    def warning(self, event: str, **fields: Any) -> None:
        self.records.append(("warning", event, fields))

    def error(self, event: str, **fields: Any) -> None:
        self.records.append(("error", event, fields))


class ActivityEnvironment:
    """Runs activities in a folder, as the worker would in a task.

    Args:
        root: An empty folder, such as pytest's ``tmp_path``.
        settings: The activity's `settings`, as in the worker's configuration.

    Attributes:
        storage: The buckets; put inputs there, find outputs there.
        cancellation: Request it, from another thread, to see how the activity stops.
        log: What was logged.
    """

    def __init__(self, root: Path, *, settings: Mapping[str, Any] | None = None) -> None:
        self.storage = FolderStorage(root / "buckets")
        self.settings: Mapping[str, Any] = dict(settings or {})
        self.cancellation = Cancellation()
        self.log = RecordingLogger()
        self.scratch = root / "scratch"
        self._reporter = RecordingReporter()
        self._heartbeats = HeartbeatDetails()

    @property
    def events(self) -> list[ActivityEvent]:
        """What was reported so far, in order."""
        return self._reporter.events

    @property
    def event_types(self) -> list[str]:
        """The events' types, in order."""
        return [event.type for event in self.events]

    @property
    def heartbeat(self) -> Any:
        """What the activity told by its last heartbeat, as the next attempt reads it; None if nothing."""
        return None if self._heartbeats.text is None else json.loads(self._heartbeats.text)

    def context(self, value: JsonValue, *, last_heartbeat: JsonValue = None) -> ActivityContext:
        """Build the context of one task whose input is `value`; its scratch directory is new and empty."""
        self.scratch.mkdir(parents=True)
        task = TaskInfo(
            activity_id="Step",
            activity_name="Activity",
            activity_version="v2",
            workflow_id="workflow",
            run_id="run",
            started_event_id=6,
        )
        return ActivityContext(
            task=task,
            input=json.loads(json.dumps(value)),
            scratch=self.scratch,
            storage=self.storage,
            settings=self.settings,
            cancellation=self.cancellation,
            log=self.log,
            reporter=self._reporter,
            last_heartbeat=json.loads(json.dumps(last_heartbeat)),
            heartbeats=self._heartbeats,
        )

    def run(self, activity: Activity, value: JsonValue, *, last_heartbeat: JsonValue = None) -> Any:
        """Run the activity on an input and return its result as a client would read it.

        The scratch directory is gone afterwards, whatever happened.

        Args:
            activity: What is run.
            value: Its input.
            last_heartbeat: What the attempt before told, if this one follows on one that timed out.

        Raises:
            ActivityError: What the activity raised.
            TypeError: The result is no JSON.
        """
        context = self.context(value, last_heartbeat=last_heartbeat)
        try:
            activity.check_worker(self.settings)
            return json.loads(json.dumps(activity.run(context), allow_nan=False))
        finally:
            shutil.rmtree(self.scratch)
