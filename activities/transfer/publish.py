"""Uploads finished outputs and describes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from activities.media.locations import Location, OnExists, Target
from activities.transfer.existing import Occupant, find_occupant, leave, marked
from cpe.activity import ActivityContext, JsonValue
from cpe.errors import ActivityError

MAX_RESULT = 16 * 1024 * 1024
"""Bytes of JSON that a worker can keep for the result of an activity."""

_TIMING_ROOM = 512
_AT_ONCE = 8
_GONE = "OBJECT_NOT_FOUND"
_MEANWHILE = frozenset({"OBJECT_EXISTS", _GONE})
_LOOKS = 3
"""How often a key is looked at under which others store and remove objects meanwhile."""

_HASHES = 4
"""Files that are read for their digests at once, as far as there are processors for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A finished file and where it goes.

    Attributes:
        path: The file.
        target: Where it goes and how it is stored.
        key: Its key; the target's own, or a numbered one of a series.
        content_type: Its MIME type, unless the target says otherwise.
        facts: What the result tells of it: duration in s, width and height in pixels, codecs.
        stage: When it is uploaded: after all products of lower stages.
        described: Whether the result has an entry for it; another product may stand for it.
        bucket: Its bucket where that is not the target's.
    """

    path: Path
    target: Target
    key: str
    content_type: str
    facts: Mapping[str, JsonValue]
    stage: int = 0
    described: bool = True
    bucket: str | None = None

    @property
    def location(self) -> Location:
        """Where it goes."""
        return Location(bucket=self.bucket or self.target.location.bucket, key=self.key)


def describe(products: Sequence[Product]) -> list[dict[str, Any]]:
    """Return what the activity's result says of each product, in order.

    Raises:
        ActivityError: It is too long for a result, ``RESULT_TOO_LARGE``.
    """
    wanted = [product for product in products if product.described]
    with ThreadPoolExecutor(max_workers=_HASHES) as pool:
        described = list(pool.map(_describe, wanted))
    size = len(json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_RESULT - _TIMING_ROOM:
        raise ActivityError(
            f"What there is to say of {len(products)} outputs takes {size} bytes; a result has at most "
            f"{MAX_RESULT}. Ask for fewer outputs in one job.",
            code="RESULT_TOO_LARGE",
        )
    return described


def publish(context: ActivityContext, products: Sequence[Product]) -> set[Location]:
    """Upload the products, stage by stage; a cancellation stops before the next one.

    Return the places of those that were not stored: all of an output for which a key is taken, where its job
    says to skip it then. A key is not taken by what an earlier attempt at this task has stored under it.

    Raises:
        ActivityError: A key is taken, and the job says to fail then, ``OUTPUT_EXISTS``.
    """
    found = {product.location: find_occupant(context, product.target, product.key) for product in products}
    skipped = {
        product.target.location
        for product in products
        if _is_another(found[product.location]) and leave(product.target, product.key)
    }
    for _, stage in groupby(sorted(products, key=_stage), key=_stage):
        wanted = [product for product in stage if product.target.location not in skipped]
        _store_parts(context, [product for product in wanted if not product.described], found)
        for product in wanted:
            context.check()
            if product.described and not _store(context, product, found[product.location]):
                skipped.add(product.target.location)
    return {product.location for product in products if product.target.location in skipped}


def _stage(product: Product) -> int:
    return product.stage


def _store_parts(
    context: ActivityContext, parts: Sequence[Product], found: Mapping[Location, Occupant | None]
) -> None:
    """Upload what may be many small objects, some at once, so that none waits for the answer to the last."""

    def store(part: Product) -> None:
        context.check()
        _store(context, part, found[part.location])

    pool = ThreadPoolExecutor(max_workers=_AT_ONCE)
    try:
        for done in [pool.submit(store, part) for part in parts]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _is_another(found: Occupant | None) -> bool:
    return found is not None and not found.own


def _store(context: ActivityContext, product: Product, found: Occupant | None) -> bool:
    """Upload a product over what was found under its key; return whether it may be, and was.

    What was stored is there although S3's answer may be lost: one more look tells whose it is.
    """
    options = product.target.options
    options = replace(options, content_type=options.content_type or product.content_type)
    if product.target.on_exists is not OnExists.OVERWRITE:
        options = marked(options, context.task)
    place = product.location
    for _ in range(_LOOKS):
        if _is_another(found):
            break
        replaces = found.etag if found is not None else None
        try:
            context.storage.upload(product.path, place.bucket, place.key, replace(options, replaces=replaces))
        except ActivityError as error:
            # Somebody stored one meanwhile, or removed ours; or S3's answer to this upload was lost, and its
            # parts were gone when it was asked again.
            if error.code not in _MEANWHILE:
                raise
            before, found = found, find_occupant(context, product.target, product.key)
            if before is found is None and error.code == _GONE:
                raise
        else:
            return True
    return not leave(product.target, product.key)


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
