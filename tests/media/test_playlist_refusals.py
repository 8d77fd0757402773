"""What a PLAYLIST must not say, and what is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cpe.errors import InvalidInput
from tests.media.ladders import SMALL, LadderShop


def test_captions_that_are_not_there_are_told_before_anything_is_made(shop: LadderShop, film: Path) -> None:
    with pytest.raises(InvalidInput, match=r"The input has no captions in text\.") as caught:
        shop.run(film, captions={"stream": "auto"})
    assert caught.value.code == "CAPTIONS_NOT_FOUND"
    assert [event for _, event, _ in shop.environment.log.records if event == "ladder.planned"] == []


@pytest.mark.parametrize(
    ("keys", "complaint", "code"),
    [
        ({"file": "out/movie.mp4"}, r"file must end in \.m3u8 or \.mpd", "OUTPUT_FORMAT_UNSUPPORTED"),
        ({"renditions": []}, "renditions must list 1 to 20 presets", "INPUT_INVALID"),
        ({"renditions": "720p-generic"}, "renditions must list 1 to 20 presets", "INPUT_INVALID"),
        ({"renditions": ["720"]}, r"renditions\[0\]\.preset: there is no preset '720'", "UNKNOWN_PRESET"),
        ({"renditions": [SMALL, {"size": "1x1"}]}, r"renditions\[1\]\.preset is missing", "INPUT_INVALID"),
        (
            {"renditions": [SMALL | {"bucket": "media-out"}]},
            r"renditions\[0\]\.bucket: a rendition .* of the playlist",
            "KEY_UNSUPPORTED",
        ),
        (
            {"renditions": [SMALL | {"video_codec": "mpeg4"}]},
            "does not go into a playlist",
            "CODEC_CONTAINER_MISMATCH",
        ),
        (
            {"renditions": [SMALL | {"audio_codec": "mp3"}]},
            "does not go into a playlist",
            "CODEC_CONTAINER_MISMATCH",
        ),
        ({"formats": []}, "formats must list hls, dash or both", "INPUT_INVALID"),
        ({"formats": ["smooth"]}, "formats must list hls, dash or both", "INPUT_INVALID"),
        ({"segment_seconds": 5}, "segment_seconds must be a multiple of 2", "INPUT_INVALID"),
        ({"segment_seconds": 0}, "segment_seconds must be a number from 2 to 60", "INPUT_INVALID"),
        ({"encryption": "SAMPLE-AES"}, r"encryption\.method must be AES-128", "INPUT_INVALID"),
        (
            {"encryption": "AES-128", "formats": ["hls", "dash"]},
            "DASH players cannot play AES-128",
            "INPUT_INVALID",
        ),
        ({"encryption": {"key": "x"}}, "encryption has an unknown key 'key'", "KEY_UNSUPPORTED"),
        ({"encryption": {"key_url": 'x"\n'}}, r"key_url: .* is no URI", "INPUT_INVALID"),
        ({"encryption": {"bucket": "media-in"}}, "Give key_url", "INPUT_INVALID"),
        ({"encryption": "AES-128", "iframes": True}, "iframes: playlists of key frames", "INPUT_INVALID"),
        ({"formats": ["dash"], "iframes": True}, "iframes: playlists of key frames", "INPUT_INVALID"),
        ({"iframe": True}, "Did you mean 'iframes'", "KEY_UNSUPPORTED"),
        (
            {"file": "out/movie.mpd", "formats": ["hls"]},
            r"file ends in \.mpd, .* formats .*: \.m3u8",
            "INPUT_INVALID",
        ),
        (
            {"file": "out/movie.mpd", "encryption": "AES-128"},
            r"file ends in \.mpd, .* formats .*: \.m3u8",
            "INPUT_INVALID",
        ),
        ({"formats": "dash"}, r"file ends in \.m3u8, .* formats .*: \.mpd", "INPUT_INVALID"),
        (
            {"captions": {"stream": "auto", "mode": "burn"}},
            r"captions has an unknown key 'mode'",
            "KEY_UNSUPPORTED",
        ),
        (
            {"renditions": [SMALL | {"two_pass": True}]},
            r"renditions\[0\]\.two_pass: a rendition .* VIDEO",
            "KEY_UNSUPPORTED",
        ),
    ],
)
def test_ladders_that_are_refused(
    shop: LadderShop, clip: Path, keys: dict[str, Any], complaint: str, code: str
) -> None:
    with pytest.raises(InvalidInput, match=complaint) as caught:
        shop.run(clip, **keys)
    assert caught.value.code == code
    assert shop.keys == []
