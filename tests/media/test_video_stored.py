"""Every key of a VIDEO output, on real media: how it is stored, and commands of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.video_rows import Check, Made, Row, bars, both, is_video, prove, shows
from tests.media.video_sources import Sources


def _stored(**wanted: object) -> Check:
    """Check how the object is stored."""

    def check(made: Made) -> None:
        options = made.environment.storage.options["media-out", made.entry["key"]]
        assert {name: getattr(options, name) for name in wanted} == wanted

    return check


def _goes_to(key: str) -> Check:
    def check(made: Made) -> None:
        assert made.environment.storage.keys("media-out") == [key]

    return check


_STORED = [
    Row(key="path", changes={"path": "/a/b/"}, check=_goes_to("a/b/x.mp4")),
    Row(key="s3_rrs", changes={"s3_rrs": "true"}, check=_stored(reduced_redundancy=True)),
    Row(key="s3_encrypt", changes={"s3_encrypt": True}, check=_stored(encrypt=True)),
    Row(key="kms_key_id", changes={"kms_key_id": "alias/films"}, check=_stored(kms_key_id="alias/films")),
    Row(
        key="storage_class",
        changes={"storage_class": "GLACIER_IR"},
        check=_stored(storage_class="GLACIER_IR"),
    ),
    Row(
        key="content_type", changes={"content_type": "video/x-own"}, check=_stored(content_type="video/x-own")
    ),
    Row(key="metadata", changes={"metadata": {"job": "7"}}, check=_stored(metadata={"job": "7"})),
    Row(key="tags", changes={"tags": {"job": "7"}}, check=_stored(tags={"job": "7"})),
    Row(key="on_exists", changes={"on_exists": "fail"}, check=_stored(if_absent=True)),
]


_COMMANDS = [
    Row(
        key="custom_cmd",
        changes={
            "preset": None,
            "custom_cmd": "ffmpeg -i ${input_file} -vf 'scale=iw/2:-2,hflip' -c:v libx264 -c:a libfdk_aac ${output_file}",
        },
        clip="halves",
        check=both(is_video(codec_name="h264", width=80), shows(1, 0, 1, 0)),
    ),
    Row(
        key="custom_cmd",
        changes={
            "preset": None,
            "custom_cmd": "ffmpeg -ss 0.5 -i ${input_file} ${watermark_options} -c:v mpeg4 ${output_file}",
            "watermark": {
                "bucket": "media-in",
                "file": "mark.png",
                "size": "40:-1",
                "opacity": 1,
                "x": 4,
                "y": -5,
            },
        },
        clip="black",
        check=both(
            is_video(codec_name="mpeg4"),
            bars((160, 90), bright=[(12, 77), (24, 77)], black=[(1, 77), (50, 77), (12, 60), (12, 88)]),
        ),
    ),
]


ROWS = [*_STORED, *_COMMANDS]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_key_does_what_it_says(
    row: Row, environment: ActivityEnvironment, clips: ClipMaker, sources: Sources, tmp_path: Path
) -> None:
    prove(row, environment, clips=clips, source=sources[row.clip], folder=tmp_path)
