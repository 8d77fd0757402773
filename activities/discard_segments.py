"""DiscardSegments: removes the parts of a job that were joined, or will never be."""

from __future__ import annotations

from activities.media.fields import Fields
from activities.media.split import read_parts, read_split
from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import ActivityError


class DiscardSegments(Activity):
    """Cleans up after a job; see docs/activities.md."""

    def run(self, context: ActivityContext) -> JsonValue:
        fields = Fields(context.input, "input")
        split = read_split(fields.needed("split"))
        discarded = left = 0
        for place in split.places(len(read_parts(fields, "parts"))):
            try:
                context.storage.delete(place.bucket, place.key)
                discarded += 1
            except ActivityError as error:
                # The outputs are there; parts that stay cost a little storage and nothing else.
                context.log.warning("part.left", bucket=place.bucket, key=place.key, reason=error.code)
                left += 1
        return {"discarded": discarded, "left": left}
