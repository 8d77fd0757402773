"""What authors of activities program against.

An activity is a class with one method. The worker makes one instance when it starts and calls
:meth:`Activity.run` for each task, from several threads when its concurrency is above one::

    from cpe.activity import Activity, ActivityContext, JsonValue

    class CountWords(Activity):
        def run(self, context: ActivityContext) -> JsonValue:
            asset = context.input["input_asset"]
            context.preparing()
            text = context.scratch / "text"
            context.storage.download(asset["bucket"], asset["file"], text)
            return {"words": len(text.read_text().split())}

What it returns must be JSON and becomes the activity's result. What it raises fails the activity: an
:class:`~cpe.errors.ActivityError` with its code, anything else as ``ACTIVITY_FAILED``.
"""

from cpe.activity.activity import Activity
from cpe.activity.cancellation import Cancellation
from cpe.activity.context import (
    MAX_HEARTBEAT,
    ActivityContext,
    HeartbeatDetails,
    JsonValue,
    Logger,
    Reporter,
    TaskInfo,
)
from cpe.activity.storage import ObjectInfo, Storage, UploadOptions

__all__ = [
    "MAX_HEARTBEAT",
    "Activity",
    "ActivityContext",
    "Cancellation",
    "HeartbeatDetails",
    "JsonValue",
    "Logger",
    "ObjectInfo",
    "Reporter",
    "Storage",
    "TaskInfo",
    "UploadOptions",
]
