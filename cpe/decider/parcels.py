"""Texts that SWF carries, itself or by reference."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cpe.errors import StepFault
from cpe.protocol.references import (
    MAX_PAYLOAD,
    MAX_SWF_DATA,
    PayloadPlace,
    Reference,
    needs_reference,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A text as SWF carries it, and the payload that it stands for if it is a reference."""

    text: str
    payload: tuple[Reference, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packer:
    """Packs texts for one client's job. `place` is where large ones go, None for nowhere."""

    place: PayloadPlace | None
    client: str | None

    def pack(self, text: str) -> Parcel | None:
        """Pack a text; None if it is too long and there is no place for it."""
        if not needs_reference(text):
            return Parcel(text=text)
        if self.place is None:
            return None
        reference = self.place.refer(text, client=self.client)
        if reference.size > MAX_PAYLOAD:
            return None
        return Parcel(text=reference.text(), payload=(reference, text))

    def pack_value(self, value: Any, what: str, *, code: str) -> Parcel:
        """Pack a value as JSON.

        Raises:
            StepFault: With `code`, if it is too long and there is no place for it.
        """
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        parcel = self.pack(text)
        if parcel is None:
            carrier = (
                f"SWF takes {MAX_SWF_DATA:,}, and this stack has no place for larger payloads"
                if self.place is None
                else f"a payload has at most {MAX_PAYLOAD:,} bytes"
            )
            raise StepFault(f"{what} has {len(text):,} characters; {carrier}", code=code)
        return parcel
