"""An activity of one's own; docs/activities.md shows this file."""

from __future__ import annotations

from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import InvalidInput


class CountWords(Activity):
    """Counts the words of a text in a bucket."""

    def run(self, context: ActivityContext) -> JsonValue:
        asset = context.input["input_asset"]
        context.preparing()
        path = context.scratch / "text"
        context.storage.download(asset["bucket"], asset["file"], path)
        words = 0
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if "\0" in line:
                    raise InvalidInput(f"Line {number} is no text.", code="NOT_A_TEXT")
                words += len(line.split())
                context.progress({"done": number})
        return {"words": words}
