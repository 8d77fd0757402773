"""Uploads finished outputs and describes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from activities.media.locations import Target
from cpe.activity import ActivityContext, JsonValue
from cpe.errors import ActivityError

MAX_RESULT = 16 * 1024 * 1024
"""Bytes of JSON that a worker can keep for the result of an activity."""

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
    """

    path: Path
    target: Target
    key: str
    content_type: str
    facts: Mapping[str, JsonValue]


def describe(products: Sequence[Product]) -> list[dict[str, Any]]:
    """Return what the activity's result says of each product, in order.

    Raises:
        ActivityError: It is too long for a result, ``RESULT_TOO_LARGE``.
    """
    described = [_describe(product) for product in products]
    size = len(json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_RESULT - _TIMING_ROOM:
        raise ActivityError(
            f"What there is to say of {len(products)} outputs takes {size} bytes; a result has at most "
            f"{MAX_RESULT}. Ask for fewer outputs in one job.",
            code="RESULT_TOO_LARGE",
        )
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
