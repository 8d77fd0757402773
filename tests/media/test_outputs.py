from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from activities.media.geometry import Sizing
from activities.media.locations import Location, OnExists
from activities.media.notation import Size
from activities.media.outputs import Output, parse_outputs
from activities.media.presets import CodecOptions, preset_library
from activities.media.thumb_output import Intervals, Snapshot, ThumbOutput
from activities.media.video_output import VideoOutput, Watermark
from cpe.activity import UploadOptions
from cpe.errors import InvalidInput

_VIDEO = {"type": "VIDEO", "bucket": "media-out", "file": "/o/x.mp4", "preset": "360p-16.9-generic"}
_THUMB = {"type": "THUMB", "bucket": "media-out", "file": "/o/t.jpg", "size": "-1:159"}


def _parse(document: dict[str, Any]) -> Output:
    (output,) = parse_outputs([("output_asset", document)], preset_library())
    return output


def _video(**changes: Any) -> VideoOutput:
    output = _parse(_VIDEO | changes)
    assert isinstance(output, VideoOutput)
    return output


def _thumb(**changes: Any) -> ThumbOutput:
    output = _parse(_THUMB | changes)
    assert isinstance(output, ThumbOutput)
    return output


def test_a_video_by_its_preset() -> None:
    output = _video()
    assert output.target.location == Location(bucket="media-out", key="o/x.mp4")
    assert output.target.options == UploadOptions()
    assert output.container.muxer == "mp4"
    assert output.sizing == Sizing(size=Size(width=640, height=360), keep_ratio=True, no_enlarge=True)
    assert output.frame_rate == Fraction(30000, 1001)
    assert (output.video.name, output.video_bit_rate) == ("libx264", 720_000)
    assert output.options == CodecOptions(references=3, profile="baseline", level="3")
    assert (output.audio.name, output.audio_bit_rate) == ("libfdk_aac", 128_000)
    assert output.watermark is None


def test_every_override() -> None:
    output = _video(
        size="320x180",
        video_codec="libx265",
        audio_codec="mp3",
        video_bitrate="1M",
        audio_bitrate=96000,
        frame_rate="auto",
        keep_ratio="false",
        no_enlarge=False,
    )
    assert output.sizing == Sizing(size=Size(width=320, height=180), keep_ratio=False, no_enlarge=False)
    assert (output.video.codec, output.video_bit_rate, output.frame_rate) == ("hevc", 1_000_000, None)
    assert (output.audio.codec, output.audio_bit_rate) == ("mp3", 96_000)
    assert output.options == CodecOptions(), "a profile of H.264 means nothing to another encoder"


def test_how_an_object_is_stored() -> None:
    output = _video(s3_rrs="true", s3_encrypt=True, content_type="video/x-own", metadata={"job": "7"})
    assert output.target.options == UploadOptions(
        content_type="video/x-own", reduced_redundancy=True, encrypt=True, metadata={"job": "7"}
    )


def test_how_an_object_is_stored_in_detail() -> None:
    target = _video(
        kms_key_id="arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        storage_class="STANDARD_IA",
        tags={"job": "7", "client": "a b"},
        on_exists="Skip",
    ).target
    assert target.on_exists is OnExists.SKIP
    assert target.options == UploadOptions(
        kms_key_id="arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        storage_class="STANDARD_IA",
        tags={"job": "7", "client": "a b"},
        if_absent=True,
    )
    assert _thumb(on_exists="fail").target.options.if_absent


def test_a_preset_may_travel_in_the_job() -> None:
    output = _video(
        preset={
            "size": "64x64",
            "frame_rate": 10,
            "video_bitrate": "100k",
            "audio_bitrate": "32k",
            "video_codec": "h264",
            "audio_codec": "aac",
        }
    )
    assert output.sizing.size == Size(width=64, height=64)


@pytest.mark.parametrize(
    ("keys", "no_enlarge"), [({}, True), ({"allow_upscale": True}, False), ({"no_enlarge": 0}, False)]
)
def test_enlarging_is_a_wish(keys: dict[str, Any], no_enlarge: bool) -> None:
    assert _video(**keys).sizing.no_enlarge is no_enlarge


def test_a_watermark_and_its_defaults() -> None:
    mark = _video(watermark={"bucket": "media-in", "file": "/w.png", "size": "80:-1"}).watermark
    assert mark == Watermark(
        location=Location(bucket="media-in", key="w.png"),
        size=Size(width=80, height=None),
        opacity=0.7,
        x=-10,
        y=-10,
    )
    mark = _video(
        watermark={"bucket": "media-in", "file": "w.png", "opacity": "0.2", "x": "5", "y": 0}
    ).watermark
    assert mark is not None
    assert (mark.size, mark.opacity, mark.x, mark.y) == (None, 0.2, 5, 0)


def test_thumbnails() -> None:
    assert _thumb().when == Snapshot(at=0)
    assert _thumb(mode="snapshot", snapshot_sec="5").when == Snapshot(at=5)
    assert _thumb(mode="intervals").when == Intervals(seconds=Fraction(10))
    assert _thumb(mode="intervals", intervals=2.5).when == Intervals(seconds=Fraction(5, 2))
    assert _thumb().numbered_key(7) == "o/t000007.jpg"
    assert _thumb(file="t.x.png").numbered_key("%06d") == "t.x%06d.png"


@pytest.mark.parametrize(
    ("change", "code", "complaint"),
    [
        ({"preset": None}, "INPUT_INVALID", r"output_asset\.preset is missing"),
        ({"preset": "720"}, "UNKNOWN_PRESET", "no preset '720'"),
        ({"file": "x.exe"}, "OUTPUT_FORMAT_UNSUPPORTED", "container of video"),
        ({"file": "x"}, "OUTPUT_FORMAT_UNSUPPORTED", "container of video"),
        ({"file": "x.webm"}, "CODEC_CONTAINER_MISMATCH", "h264 does not go into webm"),
        ({"video_codec": "libx264 -i /etc/passwd"}, "UNKNOWN_CODEC", "no video codec"),
        ({"video_codec": "libsvt"}, "UNKNOWN_CODEC", "Did you mean 'libsvtav1'"),
        ({"audio_codec": "-y"}, "UNKNOWN_CODEC", "no audio codec"),
        ({"size": "640x360;ls"}, "INPUT_INVALID", r"output_asset\.size"),
        ({"size": True}, "INPUT_INVALID", r"output_asset\.size must be a text or a number"),
        ({"frame_rate": "9999"}, "INPUT_INVALID", r"output_asset\.frame_rate"),
        ({"keep_ratio": "maybe"}, "INPUT_INVALID", "must be true or false"),
        ({"keep_ratio": [1]}, "INPUT_INVALID", "must be true or false"),
        ({"no_enlarge": True, "allow_upscale": True}, "INPUT_INVALID", "contradict"),
        ({"custom_cmd": "ffmpeg -i ${input_file}"}, "CUSTOM_CMD_DISABLED", "not enabled"),
        ({"kms_key_id": "k"}, "INPUT_INVALID", "must be the id, the alias or the ARN"),
        ({"kms_key_id": "alias/k", "s3_encrypt": False}, "INPUT_INVALID", "s3_encrypt false and kms_key_id"),
        ({"storage_class": "COLD"}, "INPUT_INVALID", "must be one of DEEP_ARCHIVE, GLACIER"),
        ({"storage_class": "GLACIER", "s3_rrs": 1}, "INPUT_INVALID", "s3_rrs and storage_class contradict"),
        ({"tags": {"aws:x": "y"}}, "INPUT_INVALID", "at most 10 texts"),
        ({"tags": {"a": 1}}, "INPUT_INVALID", "at most 10 texts"),
        ({"tags": {"a": "b&c=d"}}, "INPUT_INVALID", "at most 10 texts"),
        ({"tags": {str(n): "" for n in range(11)}}, "INPUT_INVALID", "at most 10 texts"),
        ({"on_exists": "replace"}, "INPUT_INVALID", "one of overwrite, fail, skip"),
        ({"watermarc": {}}, "KEY_UNSUPPORTED", "Did you mean 'watermark'"),
        ({"content_type": "x\r\ny"}, "INPUT_INVALID", "is no MIME type"),
        ({"metadata": {"a": "ü"}}, "INPUT_INVALID", "ASCII texts"),
        ({"metadata": {"a": "x" * 3000}}, "INPUT_INVALID", "2048 bytes"),
        ({"watermark": {"bucket": "media-in"}}, "INPUT_INVALID", r"watermark\.file is missing"),
        ({"watermark": {"bucket": "media-in", "file": "w", "opacity": 2}}, "INPUT_INVALID", "from 0 to 1"),
        ({"watermark": {"bucket": "media-in", "file": "w", "x": "W-w"}}, "INPUT_INVALID", r"watermark\.x"),
        ({"watermark": {"bucket": "media-in", "file": "w", "y": "nan"}}, "INPUT_INVALID", r"watermark\.y"),
        (
            {"watermark": {"bucket": "media-in", "file": "w", "url": "x"}},
            "KEY_UNSUPPORTED",
            "unknown key 'url'",
        ),
    ],
)
def test_videos_that_are_refused(change: dict[str, Any], code: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as caught:
        _parse(_VIDEO | change)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("change", "code", "complaint"),
    [
        ({"size": None}, "INPUT_INVALID", r"output_asset\.size is missing"),
        ({"mode": "film"}, "INPUT_INVALID", "snapshot or intervals"),
        ({"mode": "intervals", "intervals": 0}, "INPUT_INVALID", "from 0.1 to"),
        ({"snapshot_sec": -1}, "INPUT_INVALID", "from 0 to"),
        ({"snapshot_sec": "1; ls"}, "INPUT_INVALID", "must be a number"),
        ({"file": "t.gif"}, "OUTPUT_FORMAT_UNSUPPORTED", "image format"),
        ({"count": 0}, "INPUT_INVALID", r"count must be a number from 1 to 10000"),
        ({"count": 2.5}, "INPUT_INVALID", "must be a whole number"),
        ({"count": 2, "intervals": 1}, "INPUT_INVALID", "both count and intervals"),
        ({"count": 2, "mode": "snapshot"}, "INPUT_INVALID", "which is one picture"),
        ({"sprite": {}, "mode": "snapshot"}, "INPUT_INVALID", "which is one picture"),
        ({"sprite": {"columns": 101}}, "INPUT_INVALID", r"sprite\.columns must be a number from 1 to 100"),
        ({"sprite": {"tiles": 4}}, "KEY_UNSUPPORTED", r"output_asset\.sprite has an unknown key 'tiles'"),
        ({"format": "gif"}, "OUTPUT_FORMAT_UNSUPPORTED", r"format must be one of jpg, jpeg, png, webp"),
        ({"format": "png"}, "INPUT_INVALID", r"'o/t\.jpg' ends like another format"),
        ({"preset": "x"}, "KEY_UNSUPPORTED", "unknown key 'preset'"),
    ],
)
def test_thumbnails_that_are_refused(change: dict[str, Any], code: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as caught:
        _parse(_THUMB | change)
    assert caught.value.code == code


def test_two_outputs_cannot_be_one_object() -> None:
    with pytest.raises(InvalidInput, match=r"a and b|b and a") as caught:
        parse_outputs([("a", _VIDEO), ("b", _VIDEO | {"file": "o/x.mp4"})], preset_library())
    assert caught.value.code == "DUPLICATE_OUTPUT"


def test_a_sound_without_loss_has_no_bit_rate_in_a_video_either() -> None:
    with pytest.raises(InvalidInput, match=r"audio_bitrate: flac has no loss"):
        _video(file="x.mkv", audio_codec="flac", audio_bitrate="96k")
