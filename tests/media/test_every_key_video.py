"""Every key of a VIDEO output stands in one of the tables, which the files beside this one try on real media."""

from __future__ import annotations

from activities.media.captions import CAPTION_KEYS
from activities.media.custom_output import CUSTOM_KEYS
from activities.media.video_output import VIDEO_KEYS, WATERMARK_KEYS
from tests.media import (
    test_video_captions,
    test_video_kinds,
    test_video_parts,
    test_video_rates,
    test_video_sizes,
    test_video_sound,
    test_video_stored,
)

_TABLES = (
    test_video_captions,
    test_video_kinds,
    test_video_parts,
    test_video_rates,
    test_video_sizes,
    test_video_sound,
    test_video_stored,
)
ROWS = [row for table in _TABLES for row in table.ROWS]


def test_every_key_is_in_the_table() -> None:
    keys = VIDEO_KEYS | CUSTOM_KEYS
    tried = {row.key for row in ROWS} | {
        "type",
        "bucket",
        "file",
        *(key for row in ROWS for key in row.changes),
    }
    assert tried == keys, "each key has a row, and each row is about a key"
    marks = [row.changes["watermark"] for row in ROWS if "watermark" in row.changes]
    assert set().union(*(mark for mark in marks if isinstance(mark, dict))) == WATERMARK_KEYS
    found = [row.changes["captions"] for row in ROWS if "captions" in row.changes]
    captions = [one for value in found for one in (value if isinstance(value, list) else [value])]
    assert set().union(*(one for one in captions if isinstance(one, dict))) == CAPTION_KEYS
