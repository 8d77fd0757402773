"""Every key of THUMB, by what FFmpeg makes of it."""

from __future__ import annotations

import io
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from activities.media.locations import COMMON_KEYS
from activities.media.thumb_output import THUMB_KEYS
from activities.transcode_asset import TranscodeAsset
from cpe.errors import InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker

_FPS = 25
_PROVEN: set[str] = set()


def _proves(*keys: str) -> None:
    """Note which keys a test tries; the last test compares them with those that the parser reads."""
    _PROVEN.update(keys)


@pytest.fixture(scope="session")
def ramp(clips: ClipMaker) -> Path:
    """Six seconds whose frames bear their number: eight bars, each a bit, the lowest on the left."""
    return clips.run(
        "ramp.mp4",
        *("-f", "lavfi", "-i", "color=black:size=160x90:rate=25:duration=6,format=yuv420p"),
        *("-vf", "geq=lum='16+219*mod(floor(N/pow(2,floor(X/20))),2)':cb=128:cr=128"),
        *("-c:v", "libx264", "-qp", "1"),
    )


def _frame(picture: Image.Image, box: tuple[int, int, int, int] | None = None) -> int:
    """Tell the number of the ramp's frame that a picture, or a part of it, shows."""
    part = (picture.crop(box) if box else picture).convert("L")
    width, height = part.size
    line = part.tobytes()[height // 2 * width :]
    bits = [line[int((bit + 0.5) * width / 8)] for bit in range(8)]
    assert not [gray for gray in bits if 90 < gray < 165], "a picture between two frames"
    return sum(2**bit for bit, gray in enumerate(bits) if gray > 127)


class _Shop:
    def __init__(self, environment: ActivityEnvironment) -> None:
        self.environment = environment

    def run(self, source: Path, *outputs: dict[str, Any]) -> list[dict[str, Any]]:
        self.environment.storage.put("media-in", "x.mp4", source)
        document: Any = {
            "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "x.mp4"},
            "output_assets": [{"type": "THUMB", "bucket": "media-out"} | output for output in outputs],
        }
        result: Any = self.environment.run(TranscodeAsset(), document)
        made: list[dict[str, Any]] = result["outputs"]
        return made

    @property
    def keys(self) -> list[str]:
        return self.environment.storage.keys("media-out")

    def picture(self, key: str) -> Image.Image:
        return Image.open(io.BytesIO(self.environment.storage.get("media-out", key)))

    def text(self, key: str) -> str:
        return self.environment.storage.get("media-out", key).decode()


@pytest.fixture
def shop(environment: ActivityEnvironment) -> _Shop:
    return _Shop(environment)


@pytest.mark.parametrize("at", [0, 2.5, 4.02, "5.98", 6])
def test_a_snapshot_is_the_frame_on_show(shop: _Shop, ramp: Path, at: Any) -> None:
    _proves("mode", "snapshot_sec", "size", "file")
    (made,) = shop.run(ramp, {"file": "/t.png", "mode": "snapshot", "snapshot_sec": at, "size": "80:-1"})
    assert (made["key"], made["width"], made["height"]) == ("t.png", 80, 45)
    assert _frame(shop.picture("t.png")) == min(ceil(float(at) * _FPS), 149)


def test_pictures_at_intervals(shop: _Shop, ramp: Path) -> None:
    _proves("mode", "intervals")
    shop.run(ramp, {"file": "t.png", "mode": "intervals", "intervals": 1.5, "size": "32:-1"})
    assert shop.keys == [f"t00000{number}.png" for number in range(1, 5)]
    assert [_frame(shop.picture(key)) for key in shop.keys] == [0, 37, 75, 112]


@pytest.mark.parametrize("count", [1, 3, 8])
def test_so_many_pictures_from_the_middles_of_as_many_parts(shop: _Shop, ramp: Path, count: int) -> None:
    _proves("count")
    shop.run(ramp, {"file": "t.png", "count": count, "size": "32:-1"})
    frames = [_frame(shop.picture(key)) for key in shop.keys]
    assert frames == [int((number + 0.5) * 6 / count * _FPS) for number in range(count)]


def test_more_pictures_than_frames(shop: _Shop, clips: ClipMaker) -> None:
    _proves("count")
    short = clips.mp4("short.mp4", "-an", seconds=0.12)
    assert len(shop.run(short, {"file": "t.png", "count": 10, "size": "32:-1"})) == 10


@pytest.mark.parametrize(
    ("keys", "pillow", "content_type"),
    [
        ({"file": "a"} | {"format": "jpg"}, "JPEG", "image/jpeg"),
        ({"file": "a", "format": "PNG"}, "PNG", "image/png"),
        ({"file": "a.webp"}, "WEBP", "image/webp"),
        ({"file": "a.x", "format": "webp"}, "WEBP", "image/webp"),
        ({"file": "a.jpeg", "format": "jpg"}, "JPEG", "image/jpeg"),
    ],
)
def test_formats(shop: _Shop, ramp: Path, keys: dict[str, str], pillow: str, content_type: str) -> None:
    _proves("format", "file")
    (made,) = shop.run(ramp, {"size": "40:-1", "snapshot_sec": 3, **keys})
    assert made["content_type"] == content_type
    picture = shop.picture(keys["file"])
    assert (picture.format, picture.size) == (pillow, (40, 22))
    assert _frame(picture) == 75


def test_a_sprite_and_its_index(shop: _Shop, ramp: Path) -> None:
    _proves("sprite", "intervals")
    made = shop.run(
        ramp, {"file": "s/a b.png", "sprite": {"columns": 2, "rows": "2"}, "intervals": 1, "size": "40x22"}
    )
    assert shop.keys == ["s/a b.vtt", "s/a b000001.png", "s/a b000002.png"]
    index = made[-1]
    assert (index["content_type"], index["pictures"], index["width"]) == ("text/vtt", 6, 39)
    lines = shop.text("s/a b.vtt").splitlines()
    assert lines[0] == "WEBVTT"
    cues = list(zip(lines[2::3], lines[3::3], strict=True))
    assert len(cues) == 6
    for number, (times, place) in enumerate(cues):
        assert times == f"00:00:0{number}.000 --> 00:00:0{number + 1}.000"
        sheet, _, box = place.partition("#xywh=")
        x, y, width, height = map(int, box.split(","))
        assert sheet == f"a%20b00000{number // 4 + 1}.png"
        picture = shop.picture(f"s/{sheet.replace('%20', ' ')}")
        assert picture.size == (2 * width, 2 * height)
        assert _frame(picture, (x, y, x + width, y + height)) == number * _FPS


def test_a_sprite_of_so_many_pictures_on_one_sheet(shop: _Shop, ramp: Path) -> None:
    _proves("sprite", "count")
    made = shop.run(ramp, {"file": "s.jpg", "sprite": True, "count": 4, "size": "32:18"})
    assert [(one["key"], one["width"], one["height"]) for one in made] == [
        ("s000001.jpg", 320, 180),
        ("s.vtt", 32, 18),
    ]
    assert "00:00:04.500 --> 00:00:06.000\ns000001.jpg#xywh=96,0,32,18\n" in shop.text("s.vtt")
    assert _frame(shop.picture("s000001.jpg"), (96, 0, 128, 18)) == 131


def test_all_pictures_of_a_job_come_from_one_decoding(
    shop: _Shop, ramp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from activities.sandbox import ffmpeg

    commands: list[list[str]] = []
    real = ffmpeg.run

    def spy(program: Path, arguments: Any, **rest: Any) -> str:
        commands.append(list(arguments))
        return real(program, arguments, **rest)

    monkeypatch.setattr(ffmpeg, "run", spy)
    shop.run(
        ramp,
        {"file": "t.jpg", "mode": "intervals", "intervals": 2, "size": "64:-1"},
        {"file": "s.jpg", "sprite": {"columns": 3, "rows": 1}, "intervals": 2, "size": "32:-1"},
        {"file": "c.webp", "count": 2, "size": "32:-1"},
    )
    assert len([command for command in commands if "image2" in command]) == 1
    assert shop.keys == [
        *("c000001.webp", "c000002.webp", "s.vtt", "s000001.jpg"),
        *("t000001.jpg", "t000002.jpg", "t000003.jpg"),
    ]
    assert _frame(shop.picture("t000002.jpg")) == 50
    assert _frame(shop.picture("s000001.jpg"), (32, 0, 64, 18)) == 50
    assert _frame(shop.picture("c000002.webp")) == 112


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        ({"size": "80x80"}, (80, 45)),
        ({"size": "80x80", "keep_ratio": False}, (80, 80)),
        ({"size": "320:-1"}, (160, 90)),
        ({"size": "320:-1", "no_enlarge": "true"}, (160, 90)),
        ({"size": "320:-1", "no_enlarge": False}, (320, 180)),
        ({"size": "320:-1", "allow_upscale": True}, (320, 180)),
    ],
)
def test_sizes(shop: _Shop, ramp: Path, keys: dict[str, Any], size: tuple[int, int]) -> None:
    _proves(*keys)
    shop.run(ramp, {"file": "t.jpg", **keys})
    assert shop.picture("t.jpg").size == size


@pytest.mark.parametrize("mode", ["snapshot", "intervals"])
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_video_gives_upright_pictures(
    shop: _Shop, clips: ClipMaker, degrees: int, mode: str
) -> None:
    halves = clips.run(
        "halves.mp4",
        *("-f", "lavfi", "-i", "color=black:size=160x90:rate=25:duration=0.4"),
        *("-vf", "drawbox=x=0:y=0:w=80:h=90:color=white:t=fill,format=yuv420p"),
    )
    shop.run(
        clips.turned(f"halves{degrees}.mp4", halves, degrees),
        {"file": "t.png", "mode": mode, "size": "-1:90", "allow_upscale": True},
    )
    (key,) = shop.keys
    picture = shop.picture(key).convert("L")
    width, height = picture.size
    assert (width, height) == ((160, 90) if degrees == 180 else (51, 90))
    # The white half was on the left; turned clockwise it is on top, on the right, at the bottom.
    white = {90: (0.5, 0.1), 180: (0.9, 0.5), 270: (0.5, 0.9)}[degrees]
    black = {90: (0.5, 0.9), 180: (0.1, 0.5), 270: (0.5, 0.1)}[degrees]
    for (across, down), gray in ((white, 255), (black, 0)):
        assert picture.getpixel((int(width * across), int(height * down))) == pytest.approx(gray, abs=12)


@pytest.mark.parametrize("keys", [{"mode": "snapshot"}, {"count": 2}, {"sprite": {"columns": 1, "rows": 1}}])
def test_pixels_that_are_not_square_and_fields(shop: _Shop, clips: ClipMaker, keys: dict[str, Any]) -> None:
    fields = clips.mp4(
        *("fields.mp4", "-an", "-vf", "tinterlace=interleave_top,setsar=16/15,setfield=tff"),
        *("-flags", "+ilme+ildct", "-x264opts", "tff=1"),
        seconds=0.8,
        size="180x144",
    )
    (stream,) = clips.probe(fields)["streams"]
    assert (stream["sample_aspect_ratio"], stream["field_order"]) == ("16:15", "tt")
    shop.run(fields, {"file": "t.png", "size": "-1:144", **keys})
    picture = next(shop.picture(key) for key in shop.keys if key.endswith("png"))
    assert picture.size == (192, 144)


def test_frames_that_come_as_they_like(shop: _Shop, clips: ClipMaker, ramp: Path) -> None:
    unsteady = clips.run(
        "unsteady.mkv",
        *("-i", ramp.as_posix(), "-vf", "select='not(mod(n,10))+lt(n,25)'", "-fps_mode", "vfr"),
        *("-c:v", "libx264", "-qp", "1"),
    )
    shop.run(
        unsteady,
        {"file": "t.png", "mode": "intervals", "intervals": 1, "size": "32:-1"},
        {"file": "u.png", "snapshot_sec": 3.3, "size": "32:-1"},
    )
    # The frame on show at 3.0 s came at 2.8 s; a snapshot is the next one that comes.
    numbered = [_frame(shop.picture(key)) for key in shop.keys if key.startswith("t0")]
    assert numbered == [0, 24, 50, 70, 100, 120]
    assert _frame(shop.picture("u.png")) == 90


def test_colours_are_those_of_the_video(shop: _Shop, clips: ClipMaker) -> None:
    """Green of BT.709 is far from that of BT.601, which JPEG knows alone."""
    green = clips.run(
        "green.mp4",
        *("-f", "lavfi", "-i", "color=0x20c040:size=160x90:rate=25:duration=0.4"),
        *("-vf", "scale=out_color_matrix=bt709,format=yuv420p", "-colorspace", "bt709"),
        *("-color_primaries", "bt709", "-color_trc", "bt709"),
    )
    shop.run(green, *({"file": f"t.{name}", "size": "32:-1"} for name in ("jpg", "png", "webp")))
    for name in ("jpg", "png", "webp"):
        pixel = shop.picture(f"t.{name}").convert("RGB").getpixel((16, 9))
        assert pixel == pytest.approx((0x20, 0xC0, 0x40), abs=6), name


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_a_high_dynamic_range_is_mapped_as_for_video(
    shop: _Shop, clips: ClipMaker, tmp_path: Path, transfer: str
) -> None:
    _proves("tone_map")
    bright = clips.run(
        f"bright-{transfer}.mov",
        *("-f", "lavfi", "-i", "color=0x80a060:size=170x90:rate=25:duration=6"),
        *(
            "-vf",
            f"format=yuv422p10le,setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc={transfer}",
        ),
        *("-c:v", "prores_ks"),
    )
    usual = {
        "size": "160x90",
        "video_bitrate": "2M",
        "audio_bitrate": "64k",
        "video_codec": "libx264",
        "audio_codec": "aac",
    }
    keys: list[dict[str, Any]] = [
        {"file": "a.jpg"},
        {"file": "b.png"},
        {"file": "c.webp", "count": 1},
        {"file": "d.jpg", "intervals": 3, "mode": "intervals"},
        {"file": "e.png", "sprite": {"columns": 1, "rows": 1}, "intervals": 3},
        {"file": "f.jpg", "sprite": {"columns": 1, "rows": 1}, "intervals": 3},
    ]
    video = {"type": "VIDEO", "file": "v.mp4", "preset": usual, "tone_map": True}
    size = {"size": "33x17", "keep_ratio": False}
    shop.run(
        bright, video, {"file": "plain.png", **size}, *({**key, **size, "tone_map": "true"} for key in keys)
    )
    # Two alone are so far apart that they are sought.
    shop.run(bright, {"file": "g.jpg", "count": 2, **size, "tone_map": True})
    (tmp_path / "v.mp4").write_bytes(shop.environment.storage.get("media-out", "v.mp4"))
    one = ("-frames:v", "1", "-vf", "scale=1:1:flags=area", "-pix_fmt", "rgb24", "-f", "rawvideo")
    wanted = tuple(clips.decoded(tmp_path / "v.mp4", *one))
    pictures = [key for key in shop.keys if not key.endswith((".vtt", ".mp4"))]
    assert len(pictures) == len(keys) + 6
    for key in pictures:
        assert shop.picture(key).size == (33, 17)
        pixel = shop.picture(key).convert("RGB").getpixel((16, 8))
        assert (pixel == pytest.approx(wanted, abs=4)) == (key != "plain.png"), (key, pixel, wanted)


def test_the_usual_range_stays_as_it_is(shop: _Shop, ramp: Path) -> None:
    _proves("tone_map")
    shop.run(ramp, *({"file": f"{flag}.png", "size": "80:-1", "tone_map": flag} for flag in (True, False)))
    assert shop.picture("True.png").tobytes() == shop.picture("False.png").tobytes()


def test_keys_of_every_output(shop: _Shop, ramp: Path) -> None:
    _proves("type", "bucket", "file", "path", "s3_rrs", "s3_encrypt", "content_type", "metadata")
    shop.run(
        ramp,
        {
            "path": "/p/q/",
            "file": "s.jpg",
            "sprite": True,
            "count": 2,
            "size": "32:-1",
            "s3_rrs": True,
            "s3_encrypt": "true",
            "metadata": {"a": "b"},
            "content_type": "image/x-own",
        },
    )
    stored = {key: shop.environment.storage.options["media-out", key] for key in shop.keys}
    assert stored.keys() == {"p/q/s000001.jpg", "p/q/s.vtt"}
    assert {options.content_type for options in stored.values()} == {"image/x-own", "text/vtt"}
    for options in stored.values():
        assert (options.reduced_redundancy, options.encrypt) == (True, True)
        assert options.metadata == {"a": "b"}


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"snapshot_sec": 7}, "SNAPSHOT_OUT_OF_RANGE"),
        ({"sprite": {"columns": 100, "rows": 100}, "size": "160x90"}, "SPRITE_TOO_LARGE"),
    ],
)
def test_what_this_video_cannot_give(shop: _Shop, ramp: Path, keys: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput, match=r"s3://media-out/t\.jpg") as caught:
        shop.run(ramp, {"file": "t.jpg", "size": "32:-1", **keys})
    assert caught.value.code == code
    assert shop.keys == []


def test_a_video_that_does_not_tell_how_long_it_is(shop: _Shop, clips: ClipMaker, ramp: Path) -> None:
    live = clips.run(
        "live.mkv", "-i", ramp.as_posix(), "-c", "copy", "-live", "1", "-cluster_time_limit", "500"
    )
    assert "duration" not in clips.probe(live)["format"]
    shop.run(live, {"file": "t.png", "count": 3, "size": "32:-1"})
    assert [_frame(shop.picture(key)) for key in shop.keys] == [25, 75, 125]


def test_every_key_is_proven() -> None:
    """Runs last in this file. What all outputs have in common is tried with VIDEO too."""
    if len(_PROVEN) < len(THUMB_KEYS - COMMON_KEYS):
        pytest.skip("only a part of this file was run")
    assert THUMB_KEYS - COMMON_KEYS <= _PROVEN
