"""What is special about captions: what is refused, and what is drawn on the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from activities.ffmpeg.tools import Tools, filters
from activities.transcode_asset import TranscodeAsset
from cpe.errors import ActivityError, InvalidInput
from cpe.migration import import_documents
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker

_SRT = b"1\n00:00:00,000 --> 00:00:01,000\nMMMMMMMM\n"


def _run(environment: ActivityEnvironment, source: Path, *captions: Any, **keys: Any) -> list[dict[str, Any]]:
    environment.storage.put("media-in", "clip", source)
    outputs = [
        {
            "type": "VIDEO",
            "bucket": "media-out",
            "file": f"x{number}.mp4",
            "preset": "hls400k-generic",
            "captions": one,
            **keys,
        }
        for number, one in enumerate(captions)
    ]
    asset = {"type": "VIDEO", "bucket": "media-in", "file": "clip"}
    result = environment.run(TranscodeAsset(), {"input_asset": asset, "output_assets": outputs})
    made: list[dict[str, Any]] = result["outputs"]
    return made


def test_videos_that_are_made_together_have_captions_beside_them(
    environment: ActivityEnvironment, clip: Path
) -> None:
    environment.storage.put("media-in", "c.srt", _SRT)
    captions = {"bucket": "media-in", "file": "c.srt", "language": "deu"}
    made = _run(environment, clip, captions, {**captions, "format": "srt"}, None)
    assert [output["key"] for output in made] == ["x0.mp4", "x0.deu.vtt", "x1.mp4", "x1.deu.srt", "x2.mp4"]
    assert made[1]["language"] == "deu"
    assert b"MMMMMMMM" in environment.storage.get("media-out", "x1.deu.srt")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"no captions at all", "there are no captions in it"),
        (b"#EXTM3U\nhttp://127.0.0.1/x", "there are no captions in it"),
        (b"1\n00:00:50,000 --> 00:00:51,000\nlate\n", "none in the time of the video"),
        (b"\x81\x8d\x8f", "not written in"),
    ],
)
def test_captions_that_are_none(
    environment: ActivityEnvironment, clip: Path, content: bytes, complaint: str
) -> None:
    environment.storage.put("media-in", "c.srt", content)
    with pytest.raises(InvalidInput, match=complaint) as caught:
        _run(environment, clip, {"bucket": "media-in", "file": "c.srt"})
    assert caught.value.code == "CAPTIONS_INVALID"
    assert environment.storage.keys("media-out") == []


def test_a_source_without_captions(environment: ActivityEnvironment, clip: Path) -> None:
    with pytest.raises(InvalidInput, match="no text captions of language eng; it has none") as caught:
        _run(environment, clip, {"stream": "eng"})
    assert caught.value.code == "CAPTIONS_NOT_FOUND"


def test_a_source_without_any_captions(environment: ActivityEnvironment, clip: Path) -> None:
    with pytest.raises(InvalidInput, match=r"The input has no captions in text\.") as caught:
        _run(environment, clip, {"stream": "auto"})
    assert caught.value.code == "CAPTIONS_NOT_FOUND"


def test_captions_that_are_not_there_are_told_before_anything_is_made(
    environment: ActivityEnvironment, clip: Path
) -> None:
    with pytest.raises(InvalidInput) as caught:
        _run(environment, clip, None, {"stream": "auto"})
    assert caught.value.code == "CAPTIONS_NOT_FOUND"
    assert [event for _, event, _ in environment.log.records if event == "ladder.planned"] == []


def test_captions_of_the_first_stream_have_its_language(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path, tmp_path: Path
) -> None:
    text = tmp_path / "c.srt"
    text.write_bytes(_SRT)
    talking = clips.run(
        "captions-inside.mkv",
        *("-i", clip, "-i", text, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt"),
        *("-metadata:s:s:0", "language=deu"),
    )
    made = _run(environment, talking, [{"stream": "auto", "mode": "embed"}, {"stream": "auto"}])
    assert [(output["key"], output.get("language")) for output in made] == [
        ("x0.mp4", None),
        ("x0.vtt", "deu"),
    ]
    path = tmp_path / "made.mp4"
    path.write_bytes(environment.storage.get("media-out", "x0.mp4"))
    (stream,) = [one for one in clips.probe(path)["streams"] if one["codec_type"] == "subtitle"]
    assert stream["tags"]["language"] == "deu"


def test_two_captions_cannot_be_one_object(environment: ActivityEnvironment, clip: Path) -> None:
    with pytest.raises(InvalidInput, match=r"two of its objects.*by language and format") as caught:
        _run(environment, clip, [{"stream": "eng"}, {"stream": "auto", "language": "eng"}])
    assert caught.value.code == "DUPLICATE_OUTPUT"


def test_captions_are_drawn_on_the_picture_or_refused(
    environment: ActivityEnvironment, clips: ClipMaker, tools: Tools, tmp_path: Path
) -> None:
    black = clips.run(
        "captions-black.mp4",
        *("-f", "lavfi", "-i", "color=black:size=320x180:rate=25:duration=2", "-pix_fmt", "yuv420p"),
    )
    environment.storage.put("media-in", "c.srt", _SRT)
    captions = {"bucket": "media-in", "file": "c.srt", "mode": "burn"}
    if "subtitles" not in filters(tools):
        with pytest.raises(ActivityError, match="without libass") as caught:
            _run(environment, black, captions)
        assert caught.value.code == "CAPTIONS_BURN_UNAVAILABLE"
        assert environment.event_types == ["PREPARING"], "before anything is fetched"
        return
    _run(environment, black, captions)
    path = tmp_path / "made.mp4"
    path.write_bytes(environment.storage.get("media-out", "x0.mp4"))
    lines = clips.gray(path, at=0.5, size=(160, 90))
    assert max(map(max, lines[60:])) > 150, "white letters below"
    assert max(map(max, lines[:45])) < 40, "and nothing above"
    assert max(map(max, clips.gray(path, at=1.6, size=(160, 90)))) < 40, "and gone after a second"


def test_captions_of_an_imported_job_are_made(environment: ActivityEnvironment, clip: Path) -> None:
    environment.storage.put("media-in", "clip.mp4", clip)
    environment.storage.put("media-in", "subs/en.srt", _SRT)
    forms = [{"Format": "webvtt"}, {"Format": "srt"}, {"Format": "mov-text"}]
    job = {
        "PipelineId": "p",
        "Input": {
            "Key": "clip.mp4",
            "InputCaptions": {
                "MergePolicy": "Override",
                "CaptionSources": [{"Key": "subs/en.srt", "Language": "en"}],
            },
        },
        "Outputs": [
            {"Key": "a.mp4", "PresetId": "1351620000001-000061", "Captions": {"CaptionFormats": forms}},
            {
                "Key": "hls/b",
                "PresetId": "1351620000001-200050",
                "SegmentDuration": "6",
                "Captions": {"CaptionFormats": forms[:1]},
            },
        ],
    }
    done = import_documents([("job.json", job)], input_bucket="media-in", output_bucket="media-out")
    made: Any = environment.run(TranscodeAsset(), dict(done.jobs["job"]))
    keys = [output["key"] for output in made["outputs"]]
    assert keys == ["a.mp4", "a.eng.vtt", "a.eng.srt", "hls/b.m3u8"]
    assert b"MMMMMMMM" in environment.storage.get("media-out", "hls/b/text-1/00001.vtt")
    assert b'LANGUAGE="en"' in environment.storage.get("media-out", "hls/b.m3u8")
