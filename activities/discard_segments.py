"""DiscardSegments: removes the parts of a job that will not be joined."""

from __future__ import annotations

from activities.join_asset import discard_parts
from activities.media.fields import Fields
from cpe.activity import Activity, ActivityContext, JsonValue


class DiscardSegments(Activity):
    """Cleans up after a job that was cancelled; see docs/activities.md."""

    def run(self, context: ActivityContext) -> JsonValue:
        return {"discarded": discard_parts(context, Fields(context.input, "input"))}
