"""The input of both activities: one asset in, any number of outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from activities.media.fields import Fields, shown
from activities.media.locations import Location, parse_location
from cpe.errors import InvalidInput


class AssetType(StrEnum):
    """What an asset is, or what is to be made of it."""

    VIDEO = "VIDEO"
    AUDIO = "AUDIO"
    IMAGE = "IMAGE"
    DOC = "DOC"
    THUMB = "THUMB"
    PLAYLIST = "PLAYLIST"


CONVERSIONS: Mapping[AssetType, frozenset[AssetType]] = {
    AssetType.VIDEO: frozenset({AssetType.VIDEO, AssetType.THUMB, AssetType.AUDIO, AssetType.PLAYLIST}),
    AssetType.AUDIO: frozenset({AssetType.AUDIO}),
    AssetType.IMAGE: frozenset({AssetType.IMAGE}),
    AssetType.DOC: frozenset({AssetType.DOC, AssetType.IMAGE}),
}
"""What can be made of what."""

_INPUT_KEYS = frozenset({"type", "bucket", "file", "path", "http"})


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAsset:
    """The asset to work on: an object in a bucket, or a web address as the job gives it, still unchecked."""

    type: AssetType
    source: Location | str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInput:
    """What both activities read from their task.

    Attributes:
        asset: The input asset.
        document: Its object as it came, for results.
        outputs: The output assets: where each stands in the input, and the object.
    """

    asset: InputAsset
    document: Mapping[str, Any]
    outputs: tuple[tuple[str, Mapping[str, Any]], ...]


def parse_job(value: object) -> JobInput:
    """Read a task's input and check that its conversions are possible.

    Raises:
        InvalidInput: ``CONVERSION_TYPE_ERROR`` for what does not go, ``INPUT_INVALID`` for the rest.
    """
    fields = Fields(value, "input")
    asset_fields = fields.child("input_asset")
    if asset_fields is None:
        raise InvalidInput("input.input_asset is missing. It names the asset to work on.")
    asset = _parse_asset(asset_fields)
    outputs = _outputs(fields)
    for where, document in outputs:
        _check_conversion(asset.type, _asset_type(Fields(document, where), OUTPUT_TYPES), where)
    return JobInput(asset=asset, document=fields.raw("input_asset"), outputs=outputs)


INPUT_TYPES = frozenset(CONVERSIONS)
OUTPUT_TYPES = frozenset(AssetType)


def _parse_asset(fields: Fields) -> InputAsset:
    fields.refuse_others(_INPUT_KEYS)
    kind = _asset_type(fields, INPUT_TYPES)
    if "http" not in fields:
        return InputAsset(type=kind, source=parse_location(fields))
    if "bucket" in fields or "file" in fields:
        raise InvalidInput(f"{fields.where} has both http and bucket or file. Give one source.")
    return InputAsset(type=kind, source=fields.text("http"))


def _asset_type(fields: Fields, known: frozenset[AssetType]) -> AssetType:
    text = fields.text("type").upper()
    if text not in known:
        raise InvalidInput(
            f"{fields.path('type')} must be one of {', '.join(sorted(known))}, "
            f"not {shown(fields.raw('type'))}."
        )
    return AssetType(text)


def _outputs(fields: Fields) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    single, many = fields.raw("output_asset"), fields.raw("output_assets")
    found: list[tuple[str, Any]] = [] if single is None else [(fields.path("output_asset"), single)]
    if many is not None:
        if not isinstance(many, Sequence) or isinstance(many, str):
            raise InvalidInput(f"{fields.path('output_assets')} must be a list, not {shown(many)}.")
        found += [(f"{fields.path('output_assets')}[{index}]", item) for index, item in enumerate(many)]
    for where, document in found:
        Fields(document, where)
    return tuple(found)


def _check_conversion(source: AssetType, wanted: AssetType, where: str) -> None:
    if wanted not in CONVERSIONS[source]:
        allowed = ", ".join(sorted(CONVERSIONS[source]))
        raise InvalidInput(
            f"{where}.type: {source} is not made into {wanted}, but into {allowed}.",
            code="CONVERSION_TYPE_ERROR",
        )
