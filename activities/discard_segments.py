"""DiscardSegments: removes the parts of a job that were joined, or will never be."""

from __future__ import annotations

from activities.media.fields import Fields
from activities.media.split import read_parts, read_split
from cpe.activity import Activity, ActivityContext, JsonValue


class DiscardSegments(Activity):
    """Cleans up after a job; see docs/activities.md. Doing it again does no harm."""

    def run(self, context: ActivityContext) -> JsonValue:
        fields = Fields(context.input, "input")
        places = list(read_split(fields.needed("split")).places(len(read_parts(fields, "parts"))))
        for place in places:
            context.storage.delete(place.bucket, place.key)
        return {"discarded": len(places)}
