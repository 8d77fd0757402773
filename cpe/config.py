"""Settings: who the clients are and what a worker can run. The only reader of ``os.environ`` in CPE.

They come from one file, JSON in the original's layout or the same tree in YAML, and from these variables:

================= ==================================================================================
``CPE_CONFIG``    the file, when no flag names one
``CPE_SCRATCH``   the scratch root; goes before the file's ``scratch``
``CPE_PAYLOADS``  where large payloads lie, as ``s3://bucket/prefix``; goes before the file's ``payloads``
``INPUT_QUEUE``   URL of the one client's input queue, for an input poller that is given the client's name;
                  needs ``OUTPUT_QUEUE``
``OUTPUT_QUEUE``  URL of that client's output queue; alone it takes the events of every client that the
                  file does not name
================= ==================================================================================

boto3 reads its own ``AWS_*`` variables.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from cpe.errors import ConfigError
from cpe.protocol.references import PayloadPlace

_MAX_FILE = 1024 * 1024
_TIMEOUTS = (
    "defaultTaskHeartbeatTimeout",
    "defaultTaskStartToCloseTimeout",
    "defaultTaskScheduleToStartTimeout",
    "defaultTaskScheduleToCloseTimeout",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client and the URLs of its two queues."""

    name: str
    input_queue: str
    output_queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySettings:
    """An activity that a worker can run.

    Attributes:
        name, version: The SWF activity type.
        description: Shown by SWF.
        default_timeouts: What the type is registered with, under SWF's names, as SWF durations.
        class_name: ``module:Class``, or the bare name of a class in `file`.
        file: The Python file, absolute; None for an importable module.
        settings: Handed to the activity.
    """

    name: str
    version: str
    class_name: str
    description: str = ""
    default_timeouts: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a process.

    Attributes:
        clients: Known clients, by unique name.
        activities: Known activities, by unique name and version.
        domain: The stack's one SWF domain, if it is bound to one.
        scratch: Root of the workers' scratch directories; None for the default.
        output_queue: Where events of clients go that are not in `clients`; None drops them.
        payloads: Where payloads lie that are too large for SWF and SQS; None if they have no place.
        source: The file that the settings came from.
    """

    clients: tuple[Client, ...] = ()
    activities: tuple[ActivitySettings, ...] = ()
    domain: str | None = None
    scratch: Path | None = None
    output_queue: str | None = None
    payloads: PayloadPlace | None = None
    source: Path | None = None

    def output_queue_of(self, client: str | None) -> str | None:
        """Tell where a client's events go; None if nobody wants them."""
        for known in self.clients:
            if known.name == client:
                return known.output_queue
        return self.output_queue

    def activity(self, name: str, version: str) -> ActivitySettings:
        """Find an activity.

        Raises:
            ConfigError: It is not configured.
        """
        for known in self.activities:
            if (known.name, known.version) == (name, version):
                return known
        place = self.source or "no configuration file was given: use --config or CPE_CONFIG"
        names = ", ".join(f"{known.name} {known.version}" for known in self.activities) or "none"
        raise ConfigError(
            f"activity {name} {version} is not configured ({place}); configured are: {names}",
            code="ACTIVITY_NOT_CONFIGURED",
        )

    def scratch_root(self) -> Path:
        """Tell where scratch directories go; by default a folder of the user's own in the temporary one."""
        return self.scratch or Path(tempfile.gettempdir()) / f"cpe-{os.getuid()}"


def load_settings(
    path: Path | None,
    *,
    client_name: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings.

    Args:
        path: The file; None for the one that ``CPE_CONFIG`` names, if any.
        client_name: The name of the client whose queues ``INPUT_QUEUE`` and ``OUTPUT_QUEUE`` are.
        environ: The environment; the process's own by default.

    Raises:
        ConfigError: The file cannot be read or is refused (all findings, a line each), or the
            variables contradict each other.

    Example:
        >>> environ = {"INPUT_QUEUE": "https://q/1/in", "OUTPUT_QUEUE": "https://q/1/out"}
        >>> load_settings(None, client_name="ClientA", environ=environ).clients[0].output_queue
        'https://q/1/out'
    """
    environ = os.environ if environ is None else environ
    if path is None and environ.get("CPE_CONFIG"):
        path = Path(environ["CPE_CONFIG"])
    tree = {} if path is None else _read(path)
    folder = Path.cwd() if path is None else path.resolve().parent
    scratch = environ.get("CPE_SCRATCH") or (str(folder / tree["scratch"]) if "scratch" in tree else None)
    clients = tuple(
        Client(
            name=client["name"],
            input_queue=client["queues"]["input"],
            output_queue=client["queues"]["output"],
        )
        for client in tree.get("clients", [])
    )
    return Settings(
        clients=_with_environment(clients, client_name, environ),
        activities=tuple(_activity(entry, folder) for entry in tree.get("activities", [])),
        domain=tree.get("domain"),
        scratch=Path(scratch) if scratch else None,
        output_queue=environ.get("OUTPUT_QUEUE") or None,
        payloads=_payloads(environ.get("CPE_PAYLOADS"), tree.get("payloads")),
        source=path,
    )


def payload_place(url: str, *, source: str) -> PayloadPlace:
    """Read where large payloads lie, as ``s3://bucket/prefix``.

    Args:
        url: Bucket and prefix; ``payloads/`` when it names no prefix.
        source: Who says so, for the message.

    Raises:
        ConfigError: ``PAYLOADS_INVALID``.

    Example:
        >>> payload_place("s3://my-payloads", source="CPE_PAYLOADS").url
        's3://my-payloads/payloads/'
    """
    place = PayloadPlace.parse(url)
    if place is None:
        raise ConfigError(
            f"{source} is {url!r}; it must be a bucket and a prefix, such as s3://my-payloads/payloads/",
            code="PAYLOADS_INVALID",
        )
    return place


def _payloads(url: str | None, entry: Mapping[str, str] | None) -> PayloadPlace | None:
    """Read where payloads lie; the variable's URL goes before the file's entry."""
    if url:
        return payload_place(url, source="CPE_PAYLOADS")
    if entry is None:
        return None
    return payload_place(f"s3://{entry['bucket']}/{entry.get('prefix', '')}", source="payloads")


def _with_environment(
    clients: tuple[Client, ...], name: str | None, environ: Mapping[str, str]
) -> tuple[Client, ...]:
    """Put the client of INPUT_QUEUE and OUTPUT_QUEUE in place of all others."""
    input_queue, output_queue = environ.get("INPUT_QUEUE"), environ.get("OUTPUT_QUEUE")
    if not input_queue or name is None:
        return clients
    if not output_queue:
        raise ConfigError("INPUT_QUEUE is set without OUTPUT_QUEUE; set both", code="OUTPUT_QUEUE_MISSING")
    tree = {"clients": [{"name": name, "queues": {"input": input_queue, "output": output_queue}}]}
    _check(tree, "INPUT_QUEUE, OUTPUT_QUEUE and the client's name")
    return (Client(name=name, input_queue=input_queue, output_queue=output_queue),)


def _activity(entry: Mapping[str, Any], folder: Path) -> ActivitySettings:
    return ActivitySettings(
        name=entry["name"],
        version=entry["version"],
        class_name=entry["class"],
        description=entry.get("description", ""),
        default_timeouts={name: str(entry[name]) for name in _TIMEOUTS if name in entry},
        file=folder / entry["file"] if "file" in entry else None,
        settings=entry.get("settings", {}),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        size = path.stat().st_size
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(
            f"configuration {path} cannot be read: {reason}", code="CONFIG_NOT_READABLE"
        ) from error
    if size > _MAX_FILE:
        raise ConfigError(f"configuration {path} has {size} bytes; at most {_MAX_FILE} are taken")
    tree = _parse_json(text, path) if path.suffix == ".json" else _parse_yaml(text, path)
    _check({} if tree is None else tree, str(path))
    return tree or {}


def _parse_json(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        hint = " (JSON takes no comma before a closing bracket)" if _trailing_comma(text, error.pos) else ""
        raise ConfigError(f"{path}:{error.lineno}:{error.colno}: {error.msg}{hint}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deep") from error


def _trailing_comma(text: str, position: int) -> bool:
    # Python 3.13 points at the comma, older ones at the bracket after it.
    before, after = text[: position + 1].rstrip(), text[position:].lstrip(", \t\r\n")
    return after[:1] in ("]", "}") and before.rstrip("]} \t\r\n").endswith(",")


def _parse_yaml(text: str, path: Path) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ConfigError(f"{place}: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from error


def _check(tree: Any, place: str) -> None:
    """Raise with every finding, a line each."""
    findings = [
        f"{place}: {_json_path(error.absolute_path)}: {error.message[:300]}"
        for error in sorted(
            _validator().iter_errors(tree), key=lambda error: list(map(str, error.absolute_path))
        )
    ]
    if not findings:
        findings = [f"{place}: {finding}" for finding in _twins(tree)]
    if findings:
        raise ConfigError("\n".join(findings))


def _twins(tree: Mapping[str, Any]) -> Iterator[str]:
    clients = tree.get("clients", [])
    yield from _repeated("clients[{}].name", [client["name"] for client in clients])
    # A client is known by its queue: two cannot share one.
    yield from _repeated("clients[{}].queues.input", [client["queues"]["input"] for client in clients])
    activities = [f"{entry['name']} {entry['version']}" for entry in tree.get("activities", [])]
    yield from _repeated("activities[{}]", activities)


def _repeated(where: str, names: Sequence[str]) -> Iterator[str]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{where.format(index)}: {name!r} stands twice"


def _json_path(path: Iterable[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "top level"


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(files("cpe").joinpath("config.schema.json").read_text("utf-8")))
