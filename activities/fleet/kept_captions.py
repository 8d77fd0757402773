"""Keeps captions in a job's work folder: SplitAsset reads them, JoinAsset puts them to the outputs."""

from __future__ import annotations

from collections.abc import Sequence

from activities.media.cues import MAX_BYTES, CueError, parse_cues, write_webvtt
from activities.media.split import Split
from activities.transfer.fetch import fetch_object
from activities.video.captions import Subtitles
from cpe.activity import ActivityContext, UploadOptions
from cpe.errors import InvalidInput

_MOST_BYTES = 4 * MAX_BYTES
"""What is written of a file may be longer than it was: times are in full, and signs are escaped."""


def keep_captions(context: ActivityContext, split: Split, texts: Sequence[Subtitles]) -> None:
    """Store captions where the split says."""
    for number, text in enumerate(texts):
        path = context.scratch / f"kept-captions-{number}"
        path.write_text(write_webvtt(text.cues), encoding="utf-8", newline="\n")
        place = split.caption(number)
        context.storage.upload(path, place.bucket, place.key, UploadOptions())


def fetch_kept_captions(context: ActivityContext, split: Split) -> list[Subtitles]:
    """Fetch the captions that were kept.

    Raises:
        InvalidInput: Something else lies there, ``CAPTIONS_INVALID``.
    """
    texts = []
    for number, language in enumerate(split.captions):
        place, path = split.caption(number), context.scratch / f"kept-captions-{number}"
        fetch_object(context, place, path, limit=_MOST_BYTES)
        try:
            cues = parse_cues(path.read_text(encoding="utf-8"))
        except (CueError, UnicodeDecodeError) as error:
            raise InvalidInput(
                f"The captions {place} are not those that SplitAsset wrote: {error}.", code="CAPTIONS_INVALID"
            ) from error
        texts.append(Subtitles(language=language, cues=cues))
    return texts
