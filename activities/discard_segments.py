"""DiscardSegments: removes the parts of a job that were joined, or will never be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from activities.media.fields import Fields
from activities.media.locations import Location
from activities.media.split import read_parts, read_split
from cpe.activity import Activity, ActivityContext, JsonValue

_AT_ONCE = 8
"""Parts that are removed at once: a job waits for it, and each would wait for the answer to the last."""


class DiscardSegments(Activity):
    """Cleans up after a job; see docs/activities.md. Doing it again does no harm."""

    def run(self, context: ActivityContext) -> JsonValue:
        fields = Fields(context.input, "input")
        places = list(read_split(fields.needed("split")).places(len(read_parts(fields, "parts"))))

        def remove(place: Location) -> None:
            context.check()
            context.storage.delete(place.bucket, place.key)

        pool = ThreadPoolExecutor(max_workers=_AT_ONCE)
        try:
            for done in [pool.submit(remove, place) for place in places]:
                done.result()
        finally:
            pool.shutdown(cancel_futures=True)
        return {"discarded": len(places)}
