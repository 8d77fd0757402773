"""Histories of runs, with payloads in the place of their references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cpe.aws.executions import Executions
from cpe.aws.payloads import Payloads
from cpe.aws.runs import Run
from cpe.decider import Execution, fold_history
from cpe.errors import AwsError, PayloadError
from cpe.jobs.owners import client_of

_CARRIED = ("input", "result")


class Histories:
    """Reads histories; every method raises :class:`~cpe.errors.AwsError`.

    Args:
        swf: SWF.
        payloads: Where large texts lie.
        domain: The SWF domain.
    """

    def __init__(self, *, swf: Executions, payloads: Payloads, domain: str) -> None:
        self._swf = swf
        self._payloads = payloads
        self._domain = domain

    def whole(self, run: Run) -> list[Mapping[str, Any]]:
        """Read a run's whole history, SWF's own dicts, with all payloads."""
        client = client_of(run)
        return [self._resolved(event, client) for event in self._events(run)]

    def ends(self, run: Run) -> list[Mapping[str, Any]]:
        """Read a run's whole history, with the payloads of its first and last event only."""
        client = client_of(run)
        events = self._events(run)
        events[0] = self._resolved(events[0], client)
        events[-1] = self._resolved(events[-1], client)
        return events

    def origin(self, run: Run) -> Execution:
        """Tell how a run was started: the job's own input, and what it does again."""
        first = self._swf.first_event(self._domain, run.workflow_id, run.run_id)
        return folded(run, [self._resolved(first, client_of(run))])

    def _events(self, run: Run) -> list[Mapping[str, Any]]:
        return self._swf.history(self._domain, run.workflow_id, run.run_id)

    def _resolved(self, event: Mapping[str, Any], client: str | None) -> Mapping[str, Any]:
        """Put payloads in the place of an event's references. What cannot be had stays a reference."""
        for name, attributes in event.items():
            if not name.endswith("EventAttributes"):
                continue
            whole = {
                field: self._resolve(attributes[field], client) for field in _CARRIED if field in attributes
            }
            if whole:
                return {**event, name: {**attributes, **whole}}
        return event

    def _resolve(self, text: str, client: str | None) -> str:
        try:
            return self._payloads.resolve(text, client=client)
        except (AwsError, PayloadError) as error:
            if error.retryable:
                raise
            return text


def folded(run: Run, events: Sequence[Mapping[str, Any]]) -> Execution:
    """Fold a run's history."""
    return fold_history(events, workflow_id=run.workflow_id, run_id=run.run_id)
