"""Uploads finished outputs and describes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from activities.media.locations import Location, Target
from cpe.activity import ActivityContext, JsonValue
from cpe.errors import ActivityError

MAX_RESULT = 32_768
"""SWF's limit for the result of an activity, in characters of JSON."""

_TIMING_ROOM = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A finished file and where it goes.

    Attributes:
        path: The file.
        target: Where it goes and how it is stored.
        key: Its key; the target's own, or a numbered one of a series.
        content_type: Its MIME type, unless the target says otherwise.
        facts: What the result tells of it: duration in s, width and height in pixels, codecs.
        series: The pattern of the keys when it is one of a series.
    """

    path: Path
    target: Target
    key: str
    content_type: str
    facts: Mapping[str, JsonValue]
    series: str | None = None


def describe(products: Sequence[Product]) -> list[dict[str, Any]]:
    """Return what the activity's result says of each product, in order.

    A series too long for SWF's limit is described by one entry: the pattern of its keys, how many, and the
    sum of their sizes.

    Raises:
        ActivityError: It is too long all the same, ``RESULT_TOO_LARGE``.
    """
    described = [_describe(product) for product in products]
    if not _fits(described):
        described = _collapse(products, described)
    check_result(described, room=_TIMING_ROOM)
    return described


def publish(context: ActivityContext, products: Sequence[Product]) -> None:
    """Upload the products; a cancellation stops before the next one."""
    for product in products:
        context.check()
        options = product.target.options
        context.storage.upload(
            product.path,
            product.target.location.bucket,
            product.key,
            replace(options, content_type=options.content_type or product.content_type),
        )


def check_result(result: object, *, room: int = 0) -> None:
    """Raise when a result is too long for SWF, code ``RESULT_TOO_LARGE``."""
    if not _fits(result, room=room):
        raise ActivityError(
            f"The activity's result has more than the {MAX_RESULT} characters that SWF carries. Ask for "
            "fewer outputs in one job.",
            code="RESULT_TOO_LARGE",
        )


def _fits(result: object, *, room: int = _TIMING_ROOM) -> bool:
    return len(json.dumps(result)) <= MAX_RESULT - room


def _describe(product: Product) -> dict[str, Any]:
    with product.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "bucket": product.target.location.bucket,
        "key": product.key,
        "size": product.path.stat().st_size,
        "sha256": digest,
        "content_type": product.target.options.content_type or product.content_type,
        **product.facts,
    }


def _collapse(products: Sequence[Product], described: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    collapsed: dict[tuple[Location, str | None], dict[str, Any]] = {}
    for product, entry in zip(products, described, strict=True):
        whole = collapsed.get((product.target.location, product.series))
        if whole is None:
            whole = dict(entry)
            collapsed[product.target.location, product.series] = whole
            if product.series is not None:
                del whole["sha256"]
                whole |= {"key": product.series, "count": 1}
        else:
            whole["count"] += 1
            whole["size"] += entry["size"]
    return list(collapsed.values())
