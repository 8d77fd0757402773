"""Large texts in a simulation: kept here, as a stack keeps them in S3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from cpe.errors import ConfigError
from cpe.protocol.references import MAX_SWF_DATA, PayloadPlace, Reference, needs_reference
from cpe.simulation.behaviour import Fail, Succeed

PLACE = PayloadPlace(bucket="simulation")

_MAY_LIE_ELSEWHERE: Mapping[str, str] = {
    "WorkflowExecutionStarted": "input",
    "WorkflowExecutionSignaled": "input",
    "ActivityTaskCompleted": "result",
    "ChildWorkflowExecutionCompleted": "result",
}
"""The events that decide something by texts that may be references, and where these stand."""


class Payloads:
    """Keeps payloads of one client.

    Args:
        place: Where references say that they lie; None if the stack has no place for large texts.
        client: Whose job they belong to.
    """

    def __init__(self, place: PayloadPlace | None, *, client: str) -> None:
        self.place = place
        self._client = client
        self._kept: dict[Reference, str] = {}

    def pack(self, text: str) -> str:
        """Give what travels through SWF: the text, or a reference if it is too long and there is a place."""
        if self.place is None or not needs_reference(text):
            return text
        reference = self.place.refer(text, client=self._client)
        self._kept[reference] = text
        return reference.text()

    def pack_given(self, text: str, what: str) -> str:
        """Pack what comes from outside.

        Raises:
            ConfigError: ``INPUT_TOO_LARGE``: it is too long, and there is no place.
        """
        packed = self.pack(text)
        if len(packed) > MAX_SWF_DATA:
            message = f"{what} has {len(packed)} characters; SWF takes at most {MAX_SWF_DATA}"
            raise ConfigError(message, code="INPUT_TOO_LARGE")
        return packed

    def pack_result(self, result: Succeed) -> Succeed | Fail:
        """Pack what a worker gives; one that is too long is a failure if there is no place."""
        packed = self.pack(result.text)
        if len(packed) <= MAX_SWF_DATA:
            return replace(result, text=packed)
        details = f"the result has {len(packed)} characters; SWF takes at most {MAX_SWF_DATA}"
        return Fail(code="RESULT_TOO_LARGE", details=details, after=result.after)

    def store(self, payloads: Mapping[Reference, str]) -> None:
        """Keep what a decider refers to."""
        self._kept.update(payloads)

    def resolve(self, text: str) -> str:
        """Give the payload of a text that is a reference, and any other text as it is."""
        reference = Reference.parse(text)
        return text if reference is None else self._kept.get(reference, text)

    def in_place(self, events: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Put payloads in the place of their references in a history, as deciders do before they decide."""
        for event in events:
            kind = event["eventType"]
            name = _MAY_LIE_ELSEWHERE.get(kind)
            key = f"{kind[0].lower()}{kind[1:]}EventAttributes"
            if name is None or Reference.parse(event[key].get(name)) is None:
                yield event
            else:
                yield {**event, key: {**event[key], name: self.resolve(event[key][name])}}
