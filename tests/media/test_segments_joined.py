"""SplitAsset, TranscodeSegment and JoinAsset on real media: what they make is what TranscodeAsset makes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities.discard_segments import DiscardSegments
from activities.join_asset import JoinAsset
from activities.media.codecs import VIDEO_ENCODERS
from activities.media.presets import preset_library
from activities.sample_clip import make_watermark
from activities.split_asset import SplitAsset
from activities.transcode_asset import TranscodeAsset
from activities.transcode_segment import TranscodeSegment
from cpe.errors import ActivityError, InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker

_SECONDS = 6
_CODING = (
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-bf",
    "2",
    "-g",
    "60",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
)


def _film(clips: ClipMaker, name: str, *arguments: str, rate: str = "25", late: str = "0") -> Path:
    return clips.run(
        name,
        *("-f", "lavfi", "-i", f"testsrc2=size=160x90:rate={rate}:duration={_SECONDS}"),
        *("-itsoffset", late, "-f", "lavfi", "-i", f"sine=sample_rate=48000:duration={_SECONDS}"),
        *(*_CODING, *arguments),
    )


def _uneven(clips: ClipMaker) -> Path:
    return _film(
        clips, "uneven.mp4", "-vf", "select='lt(n,60)+not(mod(n,4))+not(mod(n,7))'", "-fps_mode", "vfr"
    )


def _two_late_sounds(clips: ClipMaker) -> Path:
    both = ("-map", "0:v", "-map", "1:a", "-map", "1:a", "-metadata:s:a:1", "language=fre")
    default = ("-disposition:a:0", "0", "-disposition:a:1", "default")
    return _film(clips, "two.mkv", *both, *default, rate="24000/1001", late="0.37")


def _interlaced(clips: ClipMaker) -> Path:
    fields = ("-vf", "tinterlace=interleave_top,fieldorder=tff", "-flags", "+ilme+ildct")
    return _film(clips, "fields.ts", "-c:v", "mpeg2video", *fields, "-b:v", "2M", "-c:a", "mp2", rate="50")


_FILMS: dict[str, Callable[[ClipMaker], Path]] = {
    "25": lambda clips: _film(clips, "25.mp4"),
    "29.97": lambda clips: _film(clips, "29.97.mp4", rate="30000/1001"),
    "23.976 in milliseconds, the second of two late sounds": _two_late_sounds,
    "uneven": _uneven,
    "interlaced, without an index": _interlaced,
    "silent, turned": lambda clips: clips.turned("turned.mp4", _film(clips, "flat.mp4", "-an"), 90),
    "odd, 10 bit": lambda clips: _film(
        clips, "odd.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv444p10le", "-vf", "crop=79:45"
    ),
}


@pytest.fixture
def lossless(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let x264 lose nothing, so that equal pictures are equal frames."""
    encoder = VIDEO_ENCODERS["libx264"]
    monkeypatch.setitem(VIDEO_ENCODERS, "libx264", replace(encoder, extra=("-qp", "0")))
    preset_library.cache_clear()
    yield
    preset_library.cache_clear()  # presets read meanwhile hold that encoder


def _video(file: str, **changes: Any) -> dict[str, Any]:
    preset = {
        "size": "160x90",
        "video_bitrate": "500k",
        "audio_bitrate": "64k",
        "video_codec": "libx264",
        "audio_codec": "aac",
    }
    return {"type": "VIDEO", "bucket": "media-out", "file": file, "preset": preset, **changes}


def _ladder(folder: str) -> list[dict[str, Any]]:
    return [_video(f"{folder}/own.mp4"), _video(f"{folder}/small.mkv", size="64x36", frame_rate="29.97")]


def _job(source: Path, outputs: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    asset = {"type": "VIDEO", "bucket": "media-in", "file": source.name}
    return {"input_asset": asset, "output_assets": outputs, **more}


def _split(environment: ActivityEnvironment, source: Path, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    environment.storage.put("media-in", source.name, source)
    split: dict[str, Any] = environment.run(SplitAsset(), _job(source, outputs, segments=3))
    return split


def _encode(
    environment: ActivityEnvironment, source: Path, split: dict[str, Any], part: dict[str, Any]
) -> dict[str, Any]:
    job = _job(source, split["outputs"], split=split["split"], part=part)
    result: dict[str, Any] = environment.run(TranscodeSegment(), job)
    return result


def _join(environment: ActivityEnvironment, source: Path, split: dict[str, Any]) -> dict[str, Any]:
    job = _job(source, split["outputs"], split=split["split"], parts=split["parts"])
    result: dict[str, Any] = environment.run(JoinAsset(), job)
    return result


def _cut_and_join(
    environment: ActivityEnvironment, source: Path, outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    split = _split(environment, source, outputs)
    assert len([part for part in split["parts"] if "segment" in part]) == 3
    for part in split["parts"]:
        _encode(environment, source, split, part)
    return _join(environment, source, split)


def _made(environment: ActivityEnvironment, key: str, folder: Path) -> Path:
    path = folder / key.replace("/", "-")
    path.write_bytes(environment.storage.get("media-out", key))
    return path


def _frames(clips: ClipMaker, path: Path) -> list[tuple[str, str]]:
    """Times and hashes of all decoded frames."""
    command: list[str | Path] = [
        clips.tools.ffmpeg,
        "-nostdin",
        "-v",
        "error",
        "-copyts",
        "-i",
        path,
        "-map",
        "0:v",
    ]
    done = subprocess.run(
        [*command, "-fps_mode", "passthrough", "-enc_time_base", "demux", "-f", "framemd5", "pipe:1"],
        check=True,
        capture_output=True,
        text=True,
        timeout=250,
    )
    lines = [re.split(r", *", line) for line in done.stdout.splitlines() if not line.startswith("#")]
    return [(line[2], line[5]) for line in lines]


def _sound(clips: ClipMaker, path: Path) -> list[tuple[str, ...]]:
    found = clips.probe(path, "-select_streams", "a", "-count_packets")["streams"]
    return [
        (
            stream["codec_name"],
            stream["start_time"],
            stream["nb_read_packets"],
            stream["tags"].get("language", ""),
        )
        for stream in found
    ]


@pytest.mark.parametrize("name", _FILMS)
@pytest.mark.usefixtures("lossless")
def test_every_frame_is_there_once_at_its_time(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, name: str
) -> None:
    source = _FILMS[name](clips)
    result = _cut_and_join(environment, source, _ladder("joined"))
    # Each by itself: outputs that are made together go the way of segments.
    apart = [environment.run(TranscodeAsset(), _job(source, [output])) for output in _ladder("whole")]
    for one, joined in zip([made["outputs"][0] for made in apart], result["outputs"], strict=True):
        assert joined["key"] == one["key"].replace("whole", "joined")
        assert joined.keys() == one.keys()
        paths = [_made(environment, output["key"], tmp_path) for output in (one, joined)]
        frames, found = (_frames(clips, path) for path in paths)
        assert [time for time, _ in found] == [time for time, _ in frames]
        assert found == frames
        assert _sound(clips, paths[1]) == _sound(clips, paths[0])
    assert [key for key in environment.storage.keys("media-out") if key.startswith("cpe-work")] == []
    assert "segment.inexact" not in [event for _, event, _ in environment.log.records], "read once"


def test_key_frames_of_all_outputs_are_on_the_grid(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    source = _FILMS["25"](clips)
    outputs = [_video("a.mp4"), _video("b.mp4", size="64x36"), _video("c.mp4", video_codec="libx265")]
    for output in _cut_and_join(environment, source, outputs)["outputs"]:
        packets = clips.probe(_made(environment, output["key"], tmp_path), "-show_packets")["packets"]
        keys = [packet for packet in packets if packet["codec_type"] == "video" and "K" in packet["flags"]]
        assert [float(packet["pts_time"]) for packet in keys] == [0, 2, 4]
        content = environment.storage.get("media-out", output["key"])
        assert content.index(b"moov") < content.index(b"mdat"), "the index is in front"


def test_a_transport_stream_is_joined(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    source = _FILMS["29.97"](clips)
    (output,) = _cut_and_join(environment, source, [_video("x.ts")])["outputs"]
    assert len(_frames(clips, _made(environment, output["key"], tmp_path))) == len(_frames(clips, source))


@pytest.mark.usefixtures("lossless")
def test_a_watermark_lies_over_every_segment(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    make_watermark(tmp_path / "mark.png")
    environment.storage.put("media-in", "mark.png", tmp_path / "mark.png")
    mark = {"bucket": "media-in", "file": "mark.png", "size": "40:-1"}
    source = _FILMS["25"](clips)
    (joined,) = _cut_and_join(environment, source, [_video("joined.mp4", watermark=mark)])["outputs"]
    environment.run(TranscodeAsset(), _job(source, [_video("whole.mp4", watermark=mark)]))
    paths = [_made(environment, key, tmp_path) for key in (joined["key"], "whole.mp4")]
    assert _frames(clips, paths[0]) == _frames(clips, paths[1])


def test_other_outputs_and_short_videos_are_for_transcode_asset(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path
) -> None:
    thumb = {"type": "thumb", "bucket": "media-out", "file": "t.jpg", "size": "-1:90"}
    split = _split(environment, _FILMS["25"](clips), [thumb, *_ladder("x")])
    assert (split["others"], split["outputs"]) == ([thumb], _ladder("x"))
    short = _split(environment, clip, [thumb, *_ladder("x")])
    assert (short["others"], short["outputs"], short["parts"]) == ([thumb, *_ladder("x")], [], [])
    with pytest.raises(InvalidInput, match="no VIDEO"):
        _split(environment, clip, [thumb])


def test_a_video_that_is_there_is_looked_for_before_anything_is_made(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    environment.storage.put("media-out", "there.mp4", b"x")
    there, new = _video("there.mp4", on_exists="skip"), _video("new.mp4", on_exists="skip")
    split = _split(environment, _FILMS["25"](clips), [there, new])
    assert (split["outputs"], split["others"]) == ([new], [there])
    (skipped,) = environment.run(TranscodeAsset(), _job(_FILMS["25"](clips), split["others"]))["outputs"]
    assert skipped["skipped"]
    environment.events.clear()
    with pytest.raises(ActivityError) as caught:
        _split(environment, _FILMS["25"](clips), [_video("there.mp4", on_exists="fail")])
    assert (caught.value.code, environment.event_types) == ("OUTPUT_EXISTS", [])


def test_a_part_that_is_made_again_replaces_itself_alone(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    source = _FILMS["25"](clips)
    split = _split(environment, source, [_video("x.mp4")])
    for part in split["parts"][:2]:
        _encode(environment, source, split, part)
    before = {key: environment.storage.get("media-out", key) for key in environment.storage.keys("media-out")}
    result = _encode(environment, source, split, split["parts"][1])
    assert [output["key"] for output in result["outputs"]] == ["cpe-work/workflow/run/segment-0000/output-0"]
    after = {key: environment.storage.get("media-out", key) for key in environment.storage.keys("media-out")}
    assert after == before, "the same bytes, and nothing else"


def test_nothing_is_published_while_a_part_is_missing(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    source = _FILMS["25"](clips)
    split = _split(environment, source, [_video("x.mp4")])
    for part in split["parts"][:-1]:
        _encode(environment, source, split, part)
    with pytest.raises(ActivityError, match="segment-0002") as caught:
        _join(environment, source, split)
    assert caught.value.code == "OBJECT_NOT_FOUND"
    assert "x.mp4" not in environment.storage.keys("media-out")
    environment.run(DiscardSegments(), {"split": split["split"], "parts": split["parts"]})
    assert environment.storage.keys("media-out") == []


def test_a_part_with_other_frames_is_not_joined(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    source = _FILMS["25"](clips)
    split = _split(environment, source, [_video("x.mp4")])
    for part in split["parts"]:
        _encode(environment, source, split, part)
    environment.storage.put("media-out", f"{split['split']['folder']}/segment-0001/output-0", source)
    with pytest.raises(ActivityError) as caught:
        _join(environment, source, split)
    assert caught.value.code == "OUTPUT_INVALID"
    assert "x.mp4" not in environment.storage.keys("media-out")


def test_a_last_segment_that_ends_before_the_source_is_refused(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    whole = clips.mp4("ends-early.mp4", "-g", "25", seconds=9)
    content = bytearray(whole.read_bytes())
    places = [
        (float(packet["pts_time"]), int(packet["pos"]), int(packet["size"]))
        for packet in clips.probe(whole, "-show_packets", "-select_streams", "v")["packets"]
    ]
    for time, place, size in places:
        if time >= 7:
            content[place : place + size] = bytes(size)
    source = tmp_path / "ends-early.mp4"
    source.write_bytes(content)
    split = _split(environment, source, [_video("x.mp4")])
    _encode(environment, source, split, split["parts"][1])
    with pytest.raises(ActivityError) as caught:
        _encode(environment, source, split, split["parts"][-1])
    assert caught.value.code == "OUTPUT_TOO_SHORT"


def test_an_input_that_changed_is_refused(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path
) -> None:
    source = _FILMS["25"](clips)
    split = _split(environment, source, [_video("x.mp4")])
    environment.storage.put("media-in", source.name, clip)
    with pytest.raises(ActivityError) as caught:
        _encode(environment, source, split, split["parts"][0])
    assert caught.value.code == "INPUT_CHANGED"


def test_progress_names_the_part(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    source = _FILMS["25"](clips)
    split = _split(environment, source, _ladder("x"))
    for part in split["parts"][:2]:
        _encode(environment, source, split, part)
    done = [event.result for event in environment.events if event.result and event.result["progress"] == 100]
    assert [(one["part"], one["output"]) for one in done] == [
        (part, key) for part in ("sound", "segment 0") for key in ("x/own.mp4", "x/small.mkv")
    ]
