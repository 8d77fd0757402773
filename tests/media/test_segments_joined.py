"""SplitAsset, TranscodeSegment and JoinAsset on real media: what they make is what TranscodeAsset makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from activities.discard_segments import DiscardSegments
from activities.sample_clip import make_watermark
from activities.transcode_asset import TranscodeAsset
from cpe.errors import ActivityError, InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.fleet import (
    FILMS,
    cut_and_join,
    encode_part,
    frames_of,
    job_of,
    join_parts,
    made_file,
    split_film,
)
from tests.media.ladders import SMALL
from tests.media.meters import integrated_and_peak


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


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.usefixtures("lossless")
def test_every_frame_is_there_once_at_its_time(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, name: str
) -> None:
    source = FILMS[name](clips)
    result = cut_and_join(environment, source, _ladder("joined"))
    # Each by itself: outputs that are made together go the way of segments.
    apart = [environment.run(TranscodeAsset(), job_of(source, [output])) for output in _ladder("whole")]
    for one, joined in zip([made["outputs"][0] for made in apart], result["outputs"], strict=True):
        assert joined["key"] == one["key"].replace("whole", "joined")
        assert joined.keys() == one.keys()
        paths = [made_file(environment, output["key"], tmp_path) for output in (one, joined)]
        frames, found = (frames_of(clips, path) for path in paths)
        assert [time for time, _ in found] == [time for time, _ in frames]
        assert found == frames
        assert _sound(clips, paths[1]) == _sound(clips, paths[0])
    assert [key for key in environment.storage.keys("media-out") if key.startswith("cpe-work")] == []
    assert "segment.inexact" not in [event for _, event, _ in environment.log.records], "read once"


def test_key_frames_of_all_outputs_are_on_the_grid(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    source = FILMS["25"](clips)
    outputs = [_video("a.mp4"), _video("b.mp4", size="64x36"), _video("c.mp4", video_codec="libx265")]
    for output in cut_and_join(environment, source, outputs)["outputs"]:
        packets = clips.probe(made_file(environment, output["key"], tmp_path), "-show_packets")["packets"]
        keys = [packet for packet in packets if packet["codec_type"] == "video" and "K" in packet["flags"]]
        assert [float(packet["pts_time"]) for packet in keys] == [0, 2, 4]
        content = environment.storage.get("media-out", output["key"])
        assert content.index(b"moov") < content.index(b"mdat"), "the index is in front"


def test_a_transport_stream_is_joined(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    source = FILMS["29.97"](clips)
    (output,) = cut_and_join(environment, source, [_video("x.ts")])["outputs"]
    assert len(frames_of(clips, made_file(environment, output["key"], tmp_path))) == len(
        frames_of(clips, source)
    )


@pytest.mark.usefixtures("lossless")
def test_a_watermark_lies_over_every_segment(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    make_watermark(tmp_path / "mark.png")
    environment.storage.put("media-in", "mark.png", tmp_path / "mark.png")
    mark = {"bucket": "media-in", "file": "mark.png", "size": "40:-1"}
    source = FILMS["25"](clips)
    (joined,) = cut_and_join(environment, source, [_video("joined.mp4", watermark=mark)])["outputs"]
    environment.run(TranscodeAsset(), job_of(source, [_video("whole.mp4", watermark=mark)]))
    paths = [made_file(environment, key, tmp_path) for key in (joined["key"], "whole.mp4")]
    assert frames_of(clips, paths[0]) == frames_of(clips, paths[1])


@pytest.mark.parametrize("name", ["25", "23.976 in milliseconds, the second of two late sounds"])
def test_the_loudness_of_the_whole(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, name: str
) -> None:
    source = FILMS[name](clips)

    def outputs(folder: str) -> list[dict[str, Any]]:
        # A gain, and one that the limit of peaks lets follow the signal.
        return [_video(f"{folder}/{level}.mp4", loudness=level, audio_channels=2) for level in (-30, -7)]

    joined = cut_and_join(environment, source, [*outputs("joined"), _video("joined/as-it-is.mp4")])["outputs"]
    assert len(joined) == 3
    for output, level in zip(outputs("whole"), (-30, -7), strict=True):
        environment.run(TranscodeAsset(), job_of(source, [output]))
        paths = [made_file(environment, f"{folder}/{level}.mp4", tmp_path) for folder in ("joined", "whole")]
        (found, _), (wanted, _) = (integrated_and_peak(clips, path) for path in paths)
        assert found == pytest.approx(wanted, abs=0.2)
        assert _sound(clips, paths[0]) == _sound(clips, paths[1])
    loud, quiet = (
        integrated_and_peak(clips, made_file(environment, f"joined/{file}.mp4", tmp_path))[0]
        for file in ("as-it-is", -30)
    )
    assert quiet == pytest.approx(-30, abs=0.6)
    assert loud > quiet + 3


_SRT = b"1\n00:00:01,000 --> 00:00:03,500\nOne\n\n2\n00:00:04,000 --> 00:00:30,000\nTwo\n"


@pytest.mark.parametrize("name", ["29.97", "silent, turned"])
def test_captions_go_into_what_is_joined(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, name: str
) -> None:
    source = FILMS[name](clips)
    environment.storage.put("media-in", "c.srt", _SRT)
    inside = {"bucket": "media-in", "file": "c.srt", "mode": "embed"}
    captions = [{**inside, "language": "eng"}, {**inside, "language": "deu"}]

    def outputs(folder: str) -> list[dict[str, Any]]:
        return [_video(f"{folder}/{file}", captions=captions) for file in ("x.mp4", "x.mkv")]

    assert len(cut_and_join(environment, source, outputs("joined"))["outputs"]) == 2
    for output in outputs("whole"):
        environment.run(TranscodeAsset(), job_of(source, [output]))
        key = output["file"]
        paths = [made_file(environment, one, tmp_path) for one in (key, key.replace("whole", "joined"))]
        one, joined = (_captions(clips, path) for path in paths)
        assert one == joined
        assert [language for _, language, _ in joined] == ["eng", "deu"]
        assert len(frames_of(clips, paths[1])) == len(frames_of(clips, paths[0]))


def _captions(clips: ClipMaker, path: Path) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return codec and language of each text in a file, and its texts by their times."""
    found = clips.probe(path, "-select_streams", "s", "-show_packets", "-show_data_hash", "md5")
    return [
        (
            stream["codec_name"],
            stream["tags"]["language"],
            [
                (packet["pts_time"], packet["data_hash"])
                for packet in found["packets"]
                if packet["stream_index"] == stream["index"]
            ],
        )
        for stream in found["streams"]
    ]


def test_other_outputs_and_short_videos_are_for_transcode_asset(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path
) -> None:
    thumb = {"type": "thumb", "bucket": "media-out", "file": "t.jpg", "size": "-1:90"}
    split = split_film(environment, FILMS["25"](clips), [thumb, *_ladder("x")])
    assert (split["others"], split["outputs"]) == ([thumb], _ladder("x"))
    short = split_film(environment, clip, [thumb, *_ladder("x")])
    assert (short["others"], short["outputs"], short["parts"]) == ([thumb, *_ladder("x")], [], [])
    with pytest.raises(InvalidInput, match="no VIDEO and no PLAYLIST"):
        split_film(environment, clip, [thumb])


def test_a_video_that_is_there_is_looked_for_before_anything_is_made(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    environment.storage.put("media-out", "there.mp4", b"x")
    there, new = _video("there.mp4", on_exists="skip"), _video("new.mp4", on_exists="skip")
    split = split_film(environment, FILMS["25"](clips), [there, new])
    assert (split["outputs"], split["others"]) == ([new], [there])
    (skipped,) = environment.run(TranscodeAsset(), job_of(FILMS["25"](clips), split["others"]))["outputs"]
    assert skipped["skipped"]
    environment.events.clear()
    with pytest.raises(ActivityError) as caught:
        split_film(environment, FILMS["25"](clips), [_video("there.mp4", on_exists="fail")])
    assert (caught.value.code, environment.event_types) == ("OUTPUT_EXISTS", [])


def test_a_part_that_is_made_again_replaces_itself_alone(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    source = FILMS["25"](clips)
    split = split_film(environment, source, [_video("x.mp4")])
    for part in split["parts"][:2]:
        encode_part(environment, source, split, part)
    before = {key: environment.storage.get("media-out", key) for key in environment.storage.keys("media-out")}
    result = encode_part(environment, source, split, split["parts"][1])
    assert [output["key"] for output in result["outputs"]] == ["cpe-work/workflow/run/segment-0000/output-0"]
    after = {key: environment.storage.get("media-out", key) for key in environment.storage.keys("media-out")}
    assert after == before, "the same bytes, and nothing else"


def test_nothing_is_published_while_a_part_is_missing(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    source = FILMS["25"](clips)
    split = split_film(environment, source, [_video("x.mp4")])
    for part in split["parts"][:-1]:
        encode_part(environment, source, split, part)
    with pytest.raises(ActivityError, match="segment-0002") as caught:
        join_parts(environment, source, split)
    assert caught.value.code == "OBJECT_NOT_FOUND"
    assert "x.mp4" not in environment.storage.keys("media-out")
    environment.run(DiscardSegments(), {"split": split["split"], "parts": split["parts"]})
    assert environment.storage.keys("media-out") == []


@pytest.mark.parametrize("on_exists", ["overwrite", "fail", "skip"])
def test_a_join_whose_worker_died_before_it_answered_is_done_again(
    environment: ActivityEnvironment, clips: ClipMaker, on_exists: str
) -> None:
    source = FILMS["25"](clips)
    playlist = {"type": "PLAYLIST", "bucket": "media-out", "file": "p/movie.m3u8", "renditions": [SMALL]}
    outputs = [{**output, "on_exists": on_exists} for output in (_video("x.mp4"), playlist)]
    split = split_film(environment, source, outputs)
    for part in split["parts"]:
        encode_part(environment, source, split, part)
    results = [join_parts(environment, source, split)["outputs"] for _ in range(2)]
    assert results[0] == results[1]
    assert [output["key"] for output in results[1]] == ["x.mp4", "p/movie.mpd", "p/movie.m3u8"]
    assert not any("skipped" in output for output in results[1])


def test_parts_that_cannot_be_removed_are_told(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    split = split_film(environment, FILMS["25"](clips), [_video("x.mp4")])
    elsewhere = {**split["split"], "bucket": "absent"}
    with pytest.raises(ActivityError) as caught:
        environment.run(DiscardSegments(), {"split": elsewhere, "parts": split["parts"]})
    assert caught.value.code == "BUCKET_NOT_FOUND"


def test_a_part_with_other_frames_is_not_joined(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    source = FILMS["25"](clips)
    split = split_film(environment, source, [_video("x.mp4")])
    for part in split["parts"]:
        encode_part(environment, source, split, part)
    folder = split["split"]["folder"]
    environment.storage.put("media-out", f"{folder}/segment-0001/output-0", source)
    with pytest.raises(ActivityError, match="150 frames in segment 1") as caught:
        join_parts(environment, source, split)
    assert caught.value.code == "OUTPUT_INVALID"
    assert "x.mp4" not in environment.storage.keys("media-out")


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (("-t", "1"), "25 frames in segment 1; it should have 50"),
        (("-t", "2", "-s", "64x36"), "segment 1 of h264 64x36"),
        (("-t", "2", "-c:v", "mpeg4"), "segment 1 of mpeg4"),
    ],
)
def test_a_part_of_another_film_is_not_joined(
    environment: ActivityEnvironment, clips: ClipMaker, made: tuple[str, ...], problem: str
) -> None:
    source = FILMS["25"](clips)
    split = split_film(environment, source, [_video("x.mp4")])
    for part in split["parts"]:
        encode_part(environment, source, split, part)
    other = clips.run("other.mp4", "-i", source, "-an", *made)
    environment.storage.put("media-out", f"{split['split']['folder']}/segment-0001/output-0", other)
    with pytest.raises(ActivityError, match=problem) as caught:
        join_parts(environment, source, split)
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
    split = split_film(environment, source, [_video("x.mp4")])
    encode_part(environment, source, split, split["parts"][1])
    with pytest.raises(ActivityError) as caught:
        encode_part(environment, source, split, split["parts"][-1])
    assert caught.value.code == "OUTPUT_TOO_SHORT"


def test_an_input_that_changed_is_refused(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path
) -> None:
    source = FILMS["25"](clips)
    split = split_film(environment, source, [_video("x.mp4")])
    environment.storage.put("media-in", source.name, clip)
    with pytest.raises(ActivityError) as caught:
        encode_part(environment, source, split, split["parts"][0])
    assert caught.value.code == "INPUT_CHANGED"


def test_progress_names_the_part(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    source = FILMS["25"](clips)
    split = split_film(environment, source, _ladder("x"))
    for part in split["parts"][:2]:
        encode_part(environment, source, split, part)
    done = [event.result for event in environment.events if event.result and event.result["progress"] == 100]
    assert [(one["part"], one["output"]) for one in done] == [
        (part, key) for part in ("sound", "segment 0") for key in ("x/own.mp4", "x/small.mkv")
    ]
