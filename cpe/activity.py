"""What authors of activities program against.

An activity is a class with one method. The worker makes one instance when it starts and calls
:meth:`Activity.run` for each task, from several threads when its concurrency is above one::

    from cpe.activity import Activity, ActivityContext, JsonValue

    class CountWords(Activity):
        def run(self, context: ActivityContext) -> JsonValue:
            asset = context.input["input_asset"]
            context.preparing()
            text = context.scratch / "text"
            context.storage.download(asset["bucket"], asset["file"], text)
            return {"words": len(text.read_text().split())}

What it returns must be JSON and becomes the activity's result. What it raises fails the activity: an
:class:`~cpe.errors.ActivityError` with its code, anything else as ``ACTIVITY_FAILED``.
"""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from cpe.errors import ActivityCancelled, ActivityError, CpeError

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInfo:
    """Which task this is. `client` and `job_id` are None when the execution is none of CPE's own.

    `attempt` counts the attempts at the activity from 1; None where it cannot be told.
    """

    activity_id: str
    activity_name: str
    activity_version: str
    workflow_id: str
    run_id: str
    started_event_id: int
    client: str | None = None
    job_id: str | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """An object in storage: `size` in bytes, `content_type` as stored."""

    size: int
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions:
    """How an object is stored.

    Attributes:
        content_type: Its MIME type.
        reduced_redundancy: A job's `s3_rrs`.
        encrypt: A job's `s3_encrypt`: encryption with S3's own key, unless `kms_key_id` is given.
        metadata: User-defined metadata.
        kms_key_id: The key of AWS KMS that it is encrypted with: an id, an alias or an ARN.
        storage_class: S3's name of its storage class; None for the usual one.
        tags: Its tags.
        if_absent: Store it only under a key that nothing has.
    """

    content_type: str | None = None
    reduced_redundancy: bool = False
    encrypt: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    kms_key_id: str | None = None
    storage_class: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    if_absent: bool = False


class Storage(Protocol):
    """Objects in buckets, as activities see them. S3 in production, a folder in tests.

    Every method raises :class:`~cpe.errors.ActivityError` with one of the codes ``BUCKET_NOT_FOUND``,
    ``OBJECT_NOT_FOUND``, ``ACCESS_DENIED`` (final) or ``STORAGE_UNAVAILABLE`` (retryable).
    A leading ``/`` of a key is not part of the key.
    """

    def head(self, bucket: str, key: str) -> ObjectInfo:
        """Tell size and type of an object."""
        ...

    def read(self, bucket: str, key: str, *, start: int = 0, length: int) -> bytes:
        """Read at most `length` bytes from offset `start`; fewer at the object's end."""
        ...

    def download(self, bucket: str, key: str, path: Path) -> None:
        """Write the whole object to `path`, or raise and leave nothing there."""
        ...

    def upload(self, path: Path, bucket: str, key: str, options: UploadOptions) -> None:
        """Store the file whole under `bucket`/`key`, or raise and leave the key as it was.

        Raises:
            ActivityError: Also ``OBJECT_EXISTS``, when it is to be stored only where there is none.
        """
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        ...

    def check_bucket(self, bucket: str) -> None:
        """Raise unless the bucket exists and may be used."""
        ...


class Logger(Protocol):
    """The part of structlog's bound logger that activities use. The first argument is a stable event name."""

    def debug(self, event: str, **fields: Any) -> Any: ...
    def info(self, event: str, **fields: Any) -> Any: ...
    def warning(self, event: str, **fields: Any) -> Any: ...
    def error(self, event: str, **fields: Any) -> Any: ...


class Reporter(Protocol):
    """Where an activity's own events go: the client's output queue, or a list in tests."""

    def preparing(self) -> None: ...
    def progress(self, result: Mapping[str, JsonValue]) -> None: ...
    def finishing(self) -> None: ...


class Cancellation:
    """A request to stop, with its reason; set once, from any thread.

    Example:
        >>> from cpe.errors import LeaseLost
        >>> cancellation = Cancellation()
        >>> cancellation.request(LeaseLost("heartbeat refused"))
        >>> cancellation.requested
        True
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: ActivityError | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        return self._reason is not None

    @property
    def reason(self) -> ActivityError | None:
        """Why: ActivityCancelled, LeaseLost or WorkerStopped; the first reason stays."""
        return self._reason

    def request(self, reason: ActivityError | None = None) -> None:
        """Ask the activity to stop and run what :meth:`calling` registered."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason or ActivityCancelled("the activity was asked to stop")
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    def check(self) -> None:
        """Raise the reason if a stop was requested."""
        if self._reason is not None:
            raise self._reason

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Run `callback` at once when a stop is requested within the block (or was before it).

        It runs in the thread that requests the stop and must be quick and not raise: kill, close, notify.
        """
        with self._lock:
            self._callbacks.append(callback)
            already = self._reason is not None
        try:
            if already:
                callback()
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)


MAX_HEARTBEAT = 2_048
"""Characters that SWF takes with a heartbeat (service model of SWF)."""


class HeartbeatDetails:
    """What heartbeats tell SWF of a task: the newest word of the activity, as JSON text; None before any."""

    def __init__(self) -> None:
        self.text: str | None = None

    def tell(self, details: JsonValue) -> None:
        """Take the newest word.

        Raises:
            ActivityError: ``HEARTBEAT_TOO_LARGE``.
        """
        text = json.dumps(details, allow_nan=False, separators=(",", ":"))
        if len(text) > MAX_HEARTBEAT:
            raise ActivityError(
                f"the details of a heartbeat have {len(text)} characters; SWF takes at most {MAX_HEARTBEAT}. "
                "Put what is larger into a bucket, and tell where it lies",
                code="HEARTBEAT_TOO_LARGE",
            )
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityContext:
    """What one task gives its activity.

    Attributes:
        task: Which task this is.
        input: The task's input, parsed from JSON.
        scratch: A private, empty directory; removed when the task ends.
        storage: Objects in buckets.
        settings: The activity's `settings` in the worker's configuration.
        cancellation: Whether and why to stop.
        log: A logger with the task's ids bound.
        reporter: Where progress goes; call the methods below instead.
        cores: How many processors the task should keep busy; None for all of them. Others may run beside it.
        last_heartbeat: What the attempt before told by :meth:`heartbeat`, if that timed out; None otherwise,
            and where it cannot be told.
        heartbeats: What heartbeats tell; call :meth:`heartbeat` instead.
    """

    task: TaskInfo
    input: Any
    scratch: Path
    storage: Storage
    settings: Mapping[str, Any]
    cancellation: Cancellation
    log: Logger
    reporter: Reporter
    cores: int | None = None
    last_heartbeat: Any = None
    heartbeats: HeartbeatDetails = field(default_factory=HeartbeatDetails)

    @property
    def cancelled(self) -> bool:
        """True once the activity should stop."""
        return self.cancellation.requested

    def check(self) -> None:
        """Raise if the activity should stop; call between long parts of the work."""
        self.cancellation.check()

    def heartbeat(self, details: JsonValue) -> None:
        """Say how far the work is, for the attempt that follows should this one be lost with its worker.

        SWF keeps the newest word. It goes with the next heartbeat, within ten seconds; the client reads it in
        ACTIVITY_TIMEOUT, the next attempt in :attr:`last_heartbeat`.

        Args:
            details: At most 2,048 characters of JSON: where to go on.

        Raises:
            ActivityError: ``HEARTBEAT_TOO_LARGE``; or the activity should stop.
        """
        self.check()
        self.heartbeats.tell(details)

    def preparing(self) -> None:
        """Tell the client that the input is being fetched (ACTIVITY_PREPARING)."""
        self.check()
        self.reporter.preparing()

    def progress(self, result: Mapping[str, JsonValue]) -> None:
        """Tell the client how far the work is (ACTIVITY_PROGRESS).

        Args:
            result: For a transcode `output`, `duration` s, `done` s, `progress` 0-100, `speed`, `fps`,
                `eta` s.
        """
        self.check()
        self.reporter.progress(result)

    def finishing(self) -> None:
        """Tell the client that the outputs are being published (ACTIVITY_FINISHING)."""
        self.check()
        self.reporter.finishing()


class Activity(ABC):
    """One kind of work. Subclasses implement :meth:`run` and must be safe to call from several threads."""

    def check_worker(self, settings: Mapping[str, Any]) -> None:  # noqa: B027 - most activities need nothing
        """Raise :class:`~cpe.errors.ConfigError` if this machine or `settings` lack what the work needs.

        The worker calls it once, before it asks for tasks.
        """

    def shortcomings(self, settings: Mapping[str, Any]) -> Iterable[CpeError]:  # noqa: ARG002 - for subclasses
        """Tell what this machine lacks for some of the work, though not for all of it; nothing by default.

        ``cpe doctor`` shows each with its code; the worker works all the same.
        """
        return ()

    @abstractmethod
    def run(self, context: ActivityContext) -> JsonValue:
        """Do the work of one task and return its result as JSON."""
