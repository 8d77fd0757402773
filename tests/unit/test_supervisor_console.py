"""How the output of many programs reads."""

from __future__ import annotations

import json

from cpe.stack.console import Console


def shown(name: str, line: str, *, color: bool = False, as_json: bool = False) -> list[str]:
    lines: list[str] = []
    Console(lines.append, ["up", "inputpoller", "decider"], color=color, as_json=as_json).line(name, line)
    return lines


RECORD = {
    "timestamp": "2026-01-31T12:34:56.789Z",
    "level": "info",
    "event": "execution_started",
    "daemon": "inputpoller",
    "job_id": "j 1",
    "input": {"a": [1]},
}


def test_a_record_stands_in_columns() -> None:
    assert shown("decider", json.dumps(RECORD)) == [
        'decider      12:34:56  execution_started  job_id=j 1  input={"a": [1]}'
    ]


def test_warnings_and_errors_say_so() -> None:
    assert shown("decider", json.dumps({**RECORD, "level": "error", "input": None})) == [
        "decider      12:34:56  error  execution_started  job_id=j 1  input=null"
    ]


def test_a_traceback_stands_below_its_record() -> None:
    assert shown("up", json.dumps({"event": "failed", "exception": "Traceback …\n  File x"})) == [
        "up           failed",
        "up             Traceback …",
        "up               File x",
    ]


def test_what_is_no_record_is_shown_as_it_is() -> None:
    for line in ("Traceback (most recent call last):", "{not json", "[1]", '{"no": "event"}'):
        assert shown("up", line) == [f"up           {line}"]


def test_long_values_are_cut() -> None:
    (line,) = shown("up", json.dumps({"event": "e", "input": "x" * 5000}))
    assert len(line) < 250
    assert line.endswith("…")


def test_colours_are_for_terminals() -> None:
    (line,) = shown("up", json.dumps({"event": "e", "level": "error"}), color=True)
    assert "\x1b[31merror\x1b[0m" in line
    assert "\x1b" not in shown("up", json.dumps({"event": "e", "level": "error"}))[0]


def test_json_passes_through_and_everything_else_becomes_json() -> None:
    line = json.dumps(RECORD)
    assert shown("decider", line, as_json=True) == [line]
    (other,) = shown("decider", "Traceback", as_json=True)
    assert json.loads(other) == {"daemon": "decider", "event": "output", "line": "Traceback"}
