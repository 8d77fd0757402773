"""Thumbnails that TranscodeAsset makes of real films."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from cpe.protocol.references import MAX_SWF_DATA
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.transcoding import made_file, transcode


def test_thumbnails_show_the_right_moments(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    # The picture gets brighter: gray value 50 times the second.
    ramp = clips.run(
        "ramp.mp4",
        *(
            "-f",
            "lavfi",
            "-i",
            "color=black:size=64x64:rate=10:duration=4.5,format=gray,geq=lum='floor(T)*50'",
        ),
        *("-c:v", "libx264", "-g", "45", "-pix_fmt", "yuv420p"),
    )
    outputs = transcode(
        environment,
        ramp,
        {"type": "THUMB", "file": "/t/one.jpg", "size": "32:32", "snapshot_sec": 3},
        {"type": "THUMB", "file": "/t/last.jpg", "size": "32:32", "snapshot_sec": 4.5},
        {"type": "THUMB", "file": "/t/many.jpg", "size": "-1:32", "mode": "intervals", "intervals": 1},
    )
    keys = ["t/one.jpg", "t/last.jpg", *(f"t/many00000{number}.jpg" for number in range(1, 6))]
    assert [output["key"] for output in outputs] == keys
    assert environment.storage.keys("media-out") == sorted(keys)
    assert {(output["width"], output["height"], output["content_type"]) for output in outputs} == {
        (32, 32, "image/jpeg")
    }
    # Whatever range the JPEG has, brighter means later.
    levels = [clips.gray(made_file(environment, tmp_path, key), at=0, size=(1, 1))[0][0] for key in keys]
    one, last, *many = levels
    assert many == sorted(set(many))
    assert (one, last) == pytest.approx((many[3], many[4]), abs=3)


def test_thumbnails_in_png_need_no_png_of_ffmpeg(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    red = clips.run("red.mkv", "-f", "lavfi", "-i", "color=red:size=64x36:rate=10:duration=2", "-c:v", "ffv1")
    outputs = transcode(
        environment,
        red,
        {"type": "THUMB", "file": "one.png", "size": "32:-1", "snapshot_sec": 1},
        {"type": "THUMB", "file": "many.png", "size": "32:-1", "mode": "intervals", "intervals": 1},
    )
    assert [output["key"] for output in outputs] == ["one.png", "many000001.png", "many000002.png"]
    for output in outputs:
        assert (output["content_type"], output["codecs"]) == ("image/png", {"video": "png"})
        with Image.open(made_file(environment, tmp_path, output["key"])) as picture:
            assert (picture.format, picture.size) == ("PNG", (32, 18))
            assert picture.getpixel((16, 9)) == pytest.approx((255, 0, 0), abs=4)


def test_each_picture_of_a_long_series_is_described(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    clip = clips.run("long.mp4", "-f", "lavfi", "-i", "testsrc2=size=32x32:rate=10:duration=20", "-g", "10")
    outputs = transcode(
        environment,
        clip,
        {"type": "THUMB", "file": "t.jpg", "size": "16:16", "mode": "intervals", "intervals": 0.1},
    )
    assert [output["key"] for output in outputs] == [f"t{number:06}.jpg" for number in range(1, 201)]
    assert sorted(environment.storage.keys("media-out")) == [output["key"] for output in outputs]
    for output in outputs:
        made = environment.storage.get("media-out", output["key"])
        assert (output["size"], output["sha256"]) == (len(made), hashlib.sha256(made).hexdigest())
    assert len(json.dumps(outputs)) > MAX_SWF_DATA
