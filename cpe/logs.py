"""Structured logs: one event a line, each with a stable name.

``docs/operations.md`` lists the names. Lines are JSON; on a terminal they are laid out for people. Logs of
libraries pass through the same renderer, from warnings upwards. boto3's debug log stays off even with
``--debug``: it holds signatures and bodies.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from cpe.errors import ConfigError

_LIBRARIES = ("boto3", "botocore", "s3transfer", "urllib3")
_SECRET_NAMES = ("authorization", "credential", "password", "secret", "signature", "token")
_MASK = "***"


def configure_logging(
    daemon: str,
    *,
    debug: bool = False,
    directory: Path | None = None,
    file: Path | None = None,
    fields: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
) -> None:
    """Decide where the process's logs go.

    Args:
        daemon: Bound to every line as ``daemon``; names the file in `directory`.
        debug: Whether CPE's debug events are logged.
        directory: Write to ``<daemon>.log`` in this folder, made if missing.
        fields: Bound to every line too.
        file: Write to this file. Files may be moved away at any time (logrotate).
        stream: Where to without either; standard output by default.

    Raises:
        ConfigError: The file cannot be written.
    """
    if file is None and directory is not None:
        file = directory / f"{daemon}.log"
    stream = stream or sys.stdout
    handler = logging.StreamHandler(stream) if file is None else _file_handler(file)
    shared = _processors({"daemon": daemon, **(fields or {})})
    renderer: list[Processor] = (
        # Plain tracebacks: others show local variables, and with them the job's data.
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if file is None and stream.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if debug else logging.INFO, force=True)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get_logger(**fields: Any) -> FilteringBoundLogger:
    """Make a logger with `fields` on every line. The first argument of its methods is the event's name."""
    return cast("FilteringBoundLogger", structlog.get_logger("cpe", **fields))


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask values whose names say that they are secret.

    Example:
        >>> mask_secrets(None, "info", {"event": "e", "task_token": "abc"})["task_token"]
        '***'
    """
    for name in event:
        if any(secret in name.lower() for secret in _SECRET_NAMES):
            event[name] = _MASK
    return event


def _processors(fields: Mapping[str, str]) -> list[Processor]:
    def add_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**fields, **event}

    return [
        structlog.contextvars.merge_contextvars,
        add_fields,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]


def _file_handler(file: Path) -> logging.Handler:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return logging.handlers.WatchedFileHandler(file, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"log file {file} cannot be written: {error.strerror}; choose another with --log or --log-file",
            code="LOG_NOT_WRITABLE",
        ) from error
