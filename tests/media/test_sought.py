"""Pictures that lie far apart are sought, and are those that one decoding makes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from activities.media import sought
from activities.media.fields import Fields
from activities.media.probe import MediaInfo, VideoStream
from activities.media.segments import Frames
from activities.media.sought import at_once, may_seek, sought_frames
from activities.media.thumb_command import Series, sheets_arguments, sought_arguments
from activities.media.thumb_output import Sprite, parse_thumb
from activities.media.tone import ToneMapper
from activities.transcode_asset import TranscodeAsset
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker

MIB = 1024 * 1024
VIDEO = VideoStream(index=0, codec="h264", width=320, height=180, frame_rate=Fraction(25), steady=True)
INFO = MediaInfo(demuxer="mov,mp4,m4a,3gp,3g2,mj2", duration=400.0, video=VIDEO, audio=None)


def series(every: int, *, count: int | None = None, **keys: Any) -> Series:
    fields = {"type": "THUMB", "bucket": "media-out", "file": "t.jpg", "size": "32:-1", **keys}
    output = parse_thumb(Fields(fields, "output"))
    return Series(output=output, start=Fraction(0), every=Fraction(every), count=count, files="t-%06d")


def frames(seconds: int, *, gop: int) -> Frames:
    """Frames of 25 a second, with a key frame every so many."""
    times = range(0, seconds * 1000, 40)
    return Frames(time_base=Fraction(1, 1000), times=times, keys=times[::gop])


def test_a_picture_shows_the_frame_on_show() -> None:
    late = Frames(time_base=Fraction(1, 1000), times=[0, 4_000, 10_001, *range(20_000, 60_000, 10)], keys=[0])
    # With one key frame, at the start, all would be decoded anyway.
    assert sought_frames([series(20, count=3)], late, Fraction(60)) is None
    keyed = replace(late, keys=late.times)
    assert sought_frames([series(10, count=3)], keyed, Fraction(60)) == ((0, 1, 3),)


@pytest.mark.parametrize(
    ("every", "gop", "worth"), [(60, 250, True), (9, 250, False), (10, 50, True), (2, 50, False)]
)
def test_what_costs_less_is_done(every: int, gop: int, worth: bool) -> None:
    found = sought_frames([series(every)], frames(400, gop=gop), Fraction(400))
    assert (found is not None) is worth
    if found is not None:
        assert found == (tuple(range(0, 400 * 25, every * 25)),)


def test_all_series_count_together() -> None:
    film = frames(400, gop=50)
    assert sought_frames([series(20), series(40)], film, Fraction(400)) is not None
    assert sought_frames([series(20), series(1)], film, Fraction(400)) is None


def test_more_pictures_than_frames_are_not_sought() -> None:
    film = Frames(time_base=Fraction(1), times=range(1000), keys=range(1000))
    assert sought_frames([series(1, count=4)], film, Fraction(1000)) == ((0, 1, 2, 3),)
    assert sought_frames([replace(series(1, count=4), every=Fraction(1, 2))], film, Fraction(1000)) is None


@pytest.mark.parametrize(
    ("info", "video", "end"),
    [
        (INFO, VIDEO, None),
        (replace(INFO, demuxer="mpegts"), VIDEO, Fraction(400)),
        (INFO, replace(VIDEO, interlaced=True), Fraction(400)),
        (INFO, replace(VIDEO, frame_rate=None), Fraction(400)),
        (INFO, VIDEO, Fraction(2)),
    ],
)
def test_where_nobody_looks_for_key_frames(info: MediaInfo, video: VideoStream, end: Fraction | None) -> None:
    assert may_seek([series(10)], INFO, VIDEO, Fraction(400))
    assert not may_seek([series(10)], info, video, end)


def test_decoders_share_half_the_memory() -> None:
    large = replace(VIDEO, width=3840, height=2160)
    assert (at_once(VIDEO, 4096 * MIB), at_once(large, 4096 * MIB), at_once(large, MIB)) == (16, 8, 1)


def test_the_commands() -> None:
    sprite = Sprite(columns=2, rows=1)
    one = series(10, count=2, sprite={"columns": 2, "rows": 1})
    seeks = [Fraction(0), Fraction(998, 100)]
    sought_one = sought_arguments(one, VIDEO, seeks, source="input", first=5, tiles="some-t-")
    assert sought_one.count("-i") == 2
    assert sought_one[sought_one.index("-ss") + 1] == "9.980000"
    assert sought_one[sought_one.index("-filter_complex") + 1] == (
        "[0:0]trim=end_frame=1[s0];[1:0]trim=end_frame=1[s1];[s0][s1]concat=a=0:n=2:v=1[s2];"
        "[s2]setpts=expr=N/TB[s3];[s3]scale=h=18:out_color_matrix=bt601:out_range=full:w=32[s4];"
        "[s4]setsar=sar=1[s5]"
    )
    assert sought_one[-6:] == ("rawvideo", "-pix_fmt", "yuvj420p", "-f", "rawvideo", "some-t-")
    sheets = sheets_arguments(one, sprite, VIDEO, tiles="tiles-t-")
    assert sheets[sheets.index("-s") + 1] == "32x18"
    assert sheets[sheets.index("-format_whitelist") + 1] == "rawvideo"
    numbered = sought_arguments(series(10), VIDEO, seeks, source="input", first=5, tiles="some-t-")
    assert numbered[-5:] == ("-start_number", "5", "-f", "image2", "t-%06d")
    mapped = replace(series(10), mapper=ToneMapper.ZIMG)
    graph = " ".join(sought_arguments(mapped, VIDEO, seeks[:1], source="input", first=1, tiles="some-t-"))
    assert "scale=h=18:w=32[s3];[s3]format=pix_fmts=yuv444p10le[s4];[s4]zscale=" in graph
    assert (
        "format=pix_fmts=yuv444p[s10];[s10]sidedata=mode=delete[s11];[s11]scale=out_color_matrix=bt601:"
        in graph
    )


@pytest.mark.parametrize(
    ("name", "coding"),
    [
        ("b-frames.mp4", ("-c:v", "libx264", "-g", "20", "-bf", "3")),
        ("late.mkv", ("-c:v", "libx264", "-g", "20", "-output_ts_offset", "1.5")),
        (
            "as-they-like.mp4",
            ("-vf", "select=mod(n\\,7)-3", "-fps_mode", "vfr", "-c:v", "libx264", "-g", "20"),
        ),
        ("vp9.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "20")),
    ],
)
def test_they_are_the_pictures_of_one_decoding(
    environment: ActivityEnvironment,
    clips: ClipMaker,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    coding: tuple[str, ...],
) -> None:
    _compare(environment, monkeypatch, clips.make(name, *coding, seconds=40, size="128x72"))


def test_those_of_a_turned_video_too(
    environment: ActivityEnvironment, clips: ClipMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = clips.mp4("flat-long.mp4", "-g", "20", seconds=40, size="128x72")
    _compare(environment, monkeypatch, clips.turned("turned-long.mp4", flat, 90))


def _compare(environment: ActivityEnvironment, monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    """Make the same pictures by seeking and by decoding everything."""
    from activities.sandbox import ffmpeg

    commands: list[list[str]] = []
    real = ffmpeg.run

    def spy(program: Path, arguments: Any, **rest: Any) -> str:
        commands.append(list(arguments))
        return real(program, arguments, **rest)

    monkeypatch.setattr(ffmpeg, "run", spy)
    environment.storage.put("media-in", "x", film)
    made: dict[str, dict[str, bytes]] = {}
    for way in ("sought", "decoded"):
        if way == "decoded":
            monkeypatch.setattr(sought, "_A_SEEK", 10**9)
        commands.clear()
        document: Any = {
            "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "x"},
            "output_assets": [
                {"type": "THUMB", "bucket": "media-out", "file": f"{way}/{file}", **keys}
                for file, keys in (
                    ("t.jpg", {"mode": "intervals", "intervals": 13, "size": "64:-1"}),
                    ("s.jpg", {"count": 3, "size": "33:-1", "sprite": {"columns": 2, "rows": 1}}),
                    ("s.png", {"count": 2, "size": "-1:40"}),
                )
            ],
        }
        environment.run(TranscodeAsset(), document)
        many = [command for command in commands if command.count("-i") > 1 and "image2" in command]
        assert bool(many) is (way == "sought")
        keys = [key for key in environment.storage.keys("media-out") if key.startswith(way)]
        made[way] = {PurePosixPath(key).name: environment.storage.get("media-out", key) for key in keys}
    assert made["sought"] == made["decoded"]
    assert len(made["sought"]) == 4 + 2 + 1 + 2


def test_a_film_that_is_damaged_where_a_picture_is_sought_is_decoded(
    environment: ActivityEnvironment, clips: ClipMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = clips.mp4("whole-long.mp4", "-g", "20", seconds=60, size="128x72")
    packets = clips.probe(whole, "-select_streams", "v", "-show_entries", "packet=pts_time,pos")["packets"]
    late = min(int(packet["pos"]) for packet in packets if float(packet["pts_time"]) > 55)
    content = bytearray(whole.read_bytes())
    content[late:] = bytes(len(content) - late)
    film = clips.folder / "damaged-long.mp4"
    film.write_bytes(content)
    environment.storage.put("media-in", "x", film)
    made: dict[str, dict[str, bytes]] = {}
    for way in ("sought", "decoded"):
        if way == "decoded":
            monkeypatch.setattr(sought, "_A_SEEK", 10**9)
        document: Any = {
            "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "x"},
            "output_assets": [
                {"type": "THUMB", "bucket": "media-out", "file": f"{way}/{file}", "intervals": 19, **keys}
                for file, keys in (
                    ("t.jpg", {"mode": "intervals", "size": "64:-1"}),
                    ("s.jpg", {"size": "33:-1", "sprite": {"columns": 2, "rows": 1}}),
                )
            ],
        }
        environment.run(TranscodeAsset(), document)
        keys = [key for key in environment.storage.keys("media-out") if key.startswith(way)]
        made[way] = {PurePosixPath(key).name: environment.storage.get("media-out", key) for key in keys}
    assert made["sought"] == made["decoded"]
    told = [event for _, event, _ in environment.log.records if event == "thumbnails.not_sought"]
    assert told == ["thumbnails.not_sought"]
