"""The output of many programs as one stream: for people in columns, for programs as JSON lines."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

_COLORS = (36, 33, 35, 32, 34, 96, 93, 95)
_LEVELS = {"debug": 2, "warning": 33, "error": 31, "critical": 31}
# Standing in columns of their own, or known from the prefix.
_SHOWN = ("timestamp", "level", "event", "daemon", "exception")


class Console:
    """Writes one line per log line, with the name of its program in front.

    Args:
        write: Gets each finished line, without its line feed.
        names: The programs' names, for the column's width and their colours.
        color: Whether to colour the names and levels.
        as_json: Pass JSON lines on as they are, and make JSON of the others.

    Example:
        >>> console = Console(print, ["worker"], color=False)
        >>> console.line("worker", '{"event": "task_started", "level": "info", "activity": "ValidateAsset"}')
        worker  task_started  activity=ValidateAsset
    """

    def __init__(
        self, write: Callable[[str], None], names: list[str], *, color: bool, as_json: bool = False
    ) -> None:
        self._write = write
        self._width = max(map(len, names), default=0)
        self._colors = {name: _COLORS[index % len(_COLORS)] for index, name in enumerate(names)}
        self._color = color
        self._as_json = as_json
        self._turn = threading.Lock()

    def line(self, name: str, line: str) -> None:
        """Show a line that a program wrote: a log record, or something else such as a traceback.

        Any thread may call this.
        """
        record = _record(line)
        with self._turn:
            if self._as_json:
                self._write(line if record else json.dumps({"daemon": name, "event": "output", "line": line}))
            elif record is None:
                self._put(name, line)
            else:
                self._put(name, self._laid_out(record))
                for more in str(record.get("exception", "")).splitlines():
                    self._put(name, f"  {more}")

    def event(self, name: str, event: str, note: str, *, level: str = "warning") -> None:
        """Show what happened to a program."""
        self.line(name, json.dumps({"daemon": name, "event": event, "level": level, "note": note}))

    def _put(self, name: str, text: str) -> None:
        self._write(f"{self._painted(name.ljust(self._width), self._colors.get(name))}  {text}".rstrip())

    def _laid_out(self, record: Mapping[str, Any]) -> str:
        level = record.get("level", "info")
        words = [_time(record), self._painted(str(record["event"]), _LEVELS.get(level))]
        if level in {"warning", "error", "critical"}:
            words.insert(1, self._painted(level, _LEVELS[level]))
        words += [f"{key}={_short(value)}" for key, value in record.items() if key not in _SHOWN]
        return "  ".join(word for word in words if word)

    def _painted(self, text: str, color: int | None) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._color and color else text


def _record(line: str) -> Mapping[str, Any] | None:
    """Read a log record; None if the line is something else."""
    try:
        record = json.loads(line) if line.startswith("{") else None
    except ValueError:
        return None
    return record if isinstance(record, dict) and "event" in record else None


def _time(record: Mapping[str, Any]) -> str:
    """Tell the time of day: of 2026-01-31T12:34:56.789Z what stands between T and the fraction."""
    return str(record.get("timestamp", "")).partition("T")[2][:8]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


# Characters of one value: a record of a job's whole input would fill the screen.
_MOST = 200
