"""Ladders play in a real browser: hls.js and dash.js in Chromium, to the end, without a stall or an error."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from activities.transcode_asset import TranscodeAsset
from cpe.testing import ActivityEnvironment
from tests.media.browser import NoPlayer, Objects, Played, find_browser, play
from tests.media.clips import ClipMaker
from tests.media.fleet import cut_and_join
from tests.media.ladders import preset

_SECONDS = 9
_FPS = 25
_SIZES = {160: "160x90", 128: "128x72", 96: "96x54"}
_WIDTHS = list(_SIZES)
_SHOWN = [(0, 1), (3, 5), (7, 8)]
"""When captions are shown: from half a second after the one to half a second after the other."""
_H264 = ['video/mp4; codecs="avc1.64000C"', 'audio/mp4; codecs="mp4a.40.2"']
_VP9 = ['video/mp4; codecs="vp09.00.10.08"', 'audio/mp4; codecs="opus"']

pytestmark = pytest.mark.timeout(900)


def _renditions(codec: str, audio: str) -> list[dict[str, Any]]:
    return [
        {"preset": preset(codec, audio_codec=audio), "size": size, "frame_rate": _FPS}
        for size in _SIZES.values()
    ]


def _captions(word: str) -> str:
    lines = [f"00:0{start}.500 --> 00:0{end}.500\n{word} {start}\n" for start, end in _SHOWN]
    return "\n".join(["WEBVTT\n", *lines])


def _make(environment: ActivityEnvironment, source: Path) -> Objects:
    """Make six ladders of a film, two by a fleet; return all objects, as a server has them."""
    environment.storage.put("media-in", "x.mp4", source)
    for language, word in (("eng", "Hello"), ("deu", "Hallo")):
        environment.storage.put("media-in", f"{language}.vtt", _captions(word).encode())
    common = {"type": "PLAYLIST", "bucket": "media-out", "segment_seconds": 2}
    captions = [
        {"bucket": "media-in", "file": f"{language}.vtt", "language": language} for language in ("eng", "deu")
    ]
    outputs: list[dict[str, Any]] = [
        {"file": "h264/movie.m3u8", "renditions": _renditions("h264", "aac"), "iframes": True},
        {"file": "vp9/movie.m3u8", "renditions": _renditions("vp9", "opus")[:2]},
        {
            "file": "secret/movie.m3u8",
            "renditions": _renditions("h264", "aac")[:2],
            "captions": captions,
            "encryption": "AES-128",
        },
        {"file": "text/movie.m3u8", "renditions": _renditions("h264", "aac")[:2], "captions": captions},
    ]
    document: Any = {
        "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "x.mp4"},
        "output_assets": [common | output for output in outputs],
    }
    environment.run(TranscodeAsset(), document)
    fleet = {"file": "fleet/movie.m3u8", "renditions": _renditions("h264", "aac")}
    apart = fleet | {"file": "apart/movie.m3u8", "captions": captions, "encryption": "AES-128"}
    cut_and_join(environment, source, [common | fleet, common | apart])
    storage = environment.storage
    return {
        f"/{key}": (storage.get("media-out", key), storage.options["media-out", key].content_type or "")
        for key in storage.keys("media-out")
    }


def _plan(player: str, what: str, width: int, **more: Any) -> dict[str, Any]:
    return {"name": f"{player} {what}", "player": player, "width": width, "types": _H264, **more}


_TEXTS = [("hls", "en"), ("hls", "de"), ("dash", "en"), ("dash", "de")]
_PLANS: list[dict[str, Any]] = [
    *(_plan(player, f"at {width}", width, rate=3) for player in ("hls", "dash") for width in _WIDTHS),
    *(_plan(player, "at its own pace", 160) for player in ("hls", "dash")),
    *(_plan(player, "changing", 160, change=96) for player in ("hls", "dash")),
    *(_plan(player, "seeking", 128, rate=2, seeks=[0.7, 0.1, 0.95, 0.4]) for player in ("hls", "dash")),
    *(
        _plan(player, f"VP9 at {width}", width, rate=3, types=_VP9)
        for player in ("hls", "dash")
        for width in _WIDTHS[:2]
    ),
    *(_plan("hls", f"encrypted at {width}", width, rate=3) for width in _WIDTHS[:2]),
    *(_plan(player, f"captions in {text}", 160, rate=2, text=text) for player, text in _TEXTS),
    *(_plan(player, "of a fleet", 160, rate=3) for player in ("hls", "dash")),
    *(_plan(player, "of a fleet, seeking", 96, rate=2, seeks=[0.6, 0.3]) for player in ("hls", "dash")),
    *(_plan("hls", f"encrypted captions in {text}", 160, rate=2, text=text) for text in ("en", "de")),
    _plan("hls", "of a fleet apart, captions in de", 96, rate=2, text="de"),
    _plan("hls", "encrypted seeking", 160, rate=2, seeks=[0.6, 0.2]),
]


def _source(plan: dict[str, Any]) -> str:
    folders = {"VP9": "vp9", "encrypted": "secret", "apart": "apart", "captions": "text", "fleet": "fleet"}
    folder = next((folder for word, folder in folders.items() if word in plan["name"]), "h264")
    return f"/{folder}/movie.{'m3u8' if plan['player'] == 'hls' else 'mpd'}"


@pytest.fixture(scope="module")
def made(clips: ClipMaker, tmp_path_factory: pytest.TempPathFactory) -> Objects:
    environment = ActivityEnvironment(tmp_path_factory.mktemp("ladders"))
    for bucket in ("media-in", "media-out"):
        environment.storage.make_bucket(bucket)
    return _make(environment, clips.mp4("played.mp4", seconds=_SECONDS))


@pytest.fixture(scope="module")
def played(made: Objects, tmp_path_factory: pytest.TempPathFactory) -> Played:
    try:
        find_browser()
        plans = [plan | {"source": _source(plan)} for plan in _PLANS]
        return play(plans, made, tmp_path_factory.mktemp("profile"), seconds=800)
    except NoPlayer as reason:
        if os.environ.get("NEEDS_BROWSER"):
            raise
        pytest.skip(str(reason))


@pytest.mark.parametrize("plan", _PLANS, ids=[plan["name"] for plan in _PLANS])
def test_it_plays_to_the_end(played: Played, plan: dict[str, Any]) -> None:
    report = played.reports[plan["name"]]
    if "missing" in report:
        pytest.skip(f"this browser was built without {', '.join(report['missing'])}")
    assert report["errors"] == []
    assert report["ended"]
    assert report["stalls"] == []
    assert report["duration"] == pytest.approx(_SECONDS, abs=0.1)
    assert report["at"] == pytest.approx(report["duration"], abs=0.1)
    assert report["corrupted"] == 0
    widths = [plan["width"], *([plan["change"]] if "change" in plan else [])]
    assert report["sizes"] == [_SIZES[width] for width in widths], "what was asked for, and nothing else"
    if plan.get("rate", 1) == 1 and "change" not in plan:
        assert report["frames"] == pytest.approx(_SECONDS * _FPS, abs=_SECONDS)
    if "text" in plan:
        word = {"en": "Hello", "de": "Hallo"}[plan["text"]]
        # One that lies over a cut is in two segments of HLS; players show it once.
        shown = sorted({(round(start, 1), round(end, 1), text) for start, end, text in report["cues"]})
        assert shown == [(start + 0.5, end + 0.5, f"{word} {start}") for start, end in _SHOWN]
    if "seeks" not in plan:
        (whole,) = report["buffered"]
        # hls.js throws away what was shown before a change.
        start = whole[0] if "change" in plan else 0
        assert whole == pytest.approx([start, _SECONDS], abs=0.1), "no gap between segments"


def test_all_that_was_asked_for_was_there(played: Played) -> None:
    missing = [path for path, status in played.asked if status != 200 and path != "/favicon.ico"]
    assert missing == []
    asked = {path for path, _ in played.asked}
    for stream in ("video-1", "video-2", "video-3", "audio-1"):
        for number in range(1, 6):
            assert f"/h264/movie/{stream}/{number:05d}.m4s" in asked
    assert {"/secret/movie.key", "/apart/movie.key"} <= asked


def test_captions_that_are_encrypted_are_texts_to_nobody_without_the_key(made: Objects) -> None:
    """The player shows them, so they are what they should be; here they are not."""
    for folder in ("secret", "apart"):
        for track in ("text-1", "text-2"):
            segments = [
                content
                for path, (content, _) in made.items()
                if path.startswith(f"/{folder}/movie/{track}/") and path.endswith(".vtt")
            ]
            assert len(segments) == 5
            assert all(len(content) % 16 == 0 and b"WEBVTT" not in content for content in segments)
            playlist = made[f"/{folder}/movie/{track}/playlist.m3u8"][0].decode()
            starts = re.findall(r'#EXT-X-KEY:METHOD=AES-128,URI="../../movie.key",IV=0x(\w{32})\n', playlist)
            assert len(set(starts)) == 5
