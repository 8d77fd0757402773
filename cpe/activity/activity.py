"""One kind of work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from cpe.activity.context import ActivityContext, JsonValue
from cpe.errors import CpeError


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
