"""Activities that tests run in real workers. What they do is said by the task's input."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import ConfigError, InvalidInput

STARTED = threading.Semaphore(0)
"""Released by each task that runs and waits."""
RELEASE = threading.Event()
"""Lets waiting tasks end."""


class Work(Activity):
    """Does what `input["do"]` says."""

    def check_worker(self, settings: Mapping[str, Any]) -> None:
        if settings.get("broken"):
            raise ConfigError("no tool here; install it", code="TOOL_MISSING")

    def run(self, context: ActivityContext) -> JsonValue:
        (context.scratch / "part").write_bytes(b"x")
        match context.input.get("do"):
            case None:
                return {"input": context.input}
            case "report":
                context.preparing()
                context.progress({"progress": 50.0})
                context.progress({"progress": 100.0})
                context.finishing()
                return {"done": True, "settings": dict(context.settings)}
            case "grow":
                return {"text": "ü" * context.input["by"]}
            case "echo":
                return {"text": context.input["text"] * 4}
            case "measure":
                return {"characters": len(context.input["text"])}
            case "refuse":
                raise InvalidInput("no such preset", code="UNKNOWN_PRESET")
            case "crash":
                raise RuntimeError("password=hunter2")
            case "exit":
                raise SystemExit(3)
            case "wait":
                STARTED.release()
                while not RELEASE.wait(0.01):
                    context.check()
                return "waited"
        raise InvalidInput("do what?")
