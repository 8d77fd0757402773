"""IMAGE outputs, and the pictures of strangers that they are made of."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageCms

from activities.media.image_formats import PICTURE_FORMATS
from activities.media.image_geometry import Crop, Geometry, Gravity
from activities.media.image_output import ImageOutput
from activities.media.outputs import parse_pictures
from activities.pictures.picture_work import MAX_PIXELS
from activities.transcode_asset import TranscodeAsset
from cpe.errors import ActivityError, InvalidInput
from cpe.testing import ActivityEnvironment

_RED, _BLUE, _WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def _document(**changes: Any) -> dict[str, Any]:
    return {"type": "IMAGE", "bucket": "media-out", "file": "made.png", **changes}


def _output(**changes: Any) -> ImageOutput:
    (output,) = parse_pictures([("output_asset", _document(**changes))])
    return output


def test_keys() -> None:
    output = _output(
        file="a.jpg", resize="80x60>", thumbnail="50%", crop="5x6+1+2", gravity="South", quality="7"
    )
    assert output.format == PICTURE_FORMATS["jpg"]
    assert output.sizes == (
        Geometry(width=80, height=60, shrink=True),
        Geometry(width=50, height=None, percent=True),
    )
    assert output.crop == Crop(width=5, height=6, x=1, y=2, gravity=Gravity.SOUTH)
    assert output.quality == 7
    plain = _output()
    assert (plain.sizes, plain.crop, plain.quality) == ((), None, None)


@pytest.mark.parametrize(
    ("change", "code", "complaint"),
    [
        ({"file": "a.exe"}, "OUTPUT_FORMAT_UNSUPPORTED", "format of pictures"),
        ({"file": "a.svg"}, "OUTPUT_FORMAT_UNSUPPORTED", "format of pictures"),
        ({"resize": "big"}, "INPUT_INVALID", r"output_asset\.resize must be a size"),
        ({"thumbnail": "msl:x"}, "INPUT_INVALID", r"output_asset\.thumbnail must be a size"),
        ({"crop": "@x"}, "INPUT_INVALID", r"output_asset\.crop must be an area"),
        ({"gravity": "center"}, "INPUT_INVALID", "there is no crop"),
        ({"quality": 0}, "INPUT_INVALID", r"output_asset\.quality must be a number from 1 to 100"),
        ({"quality": "best"}, "INPUT_INVALID", r"output_asset\.quality"),
        ({"custom_cmd": "convert ${input_file} ${output_file}"}, "CUSTOM_CMD_DISABLED", "Use resize"),
        ({"preset": "x"}, "KEY_UNSUPPORTED", "unknown key 'preset'"),
    ],
)
def test_what_is_refused(change: dict[str, Any], code: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as caught:
        _output(**change)
    assert caught.value.code == code


def _written(image: Image.Image, name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def _make(
    environment: ActivityEnvironment, content: bytes, *, source: str = "in.jpg", **changes: Any
) -> tuple[Image.Image, dict[str, Any]]:
    """Make a picture of a picture; return it, still unread, and what the result says of it."""
    environment.storage.put("media-in", source, content)
    job = {
        "input_asset": {"type": "IMAGE", "bucket": "media-in", "file": source},
        "output_asset": _document(**changes),
    }
    (said,) = environment.run(TranscodeAsset(), job)["outputs"]
    return Image.open(io.BytesIO(environment.storage.get("media-out", said["key"]))), said


def _halves(size: tuple[int, int] = (80, 60), mode: str = "RGB") -> Image.Image:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, _RED)
    image.paste(_BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def _near(found: Any, wanted: tuple[int, ...]) -> bool:
    return all(abs(one - other) <= 12 for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("extension", PICTURE_FORMATS)
def test_formats(environment: ActivityEnvironment, extension: str) -> None:
    form = PICTURE_FORMATS[extension]
    made, said = _make(environment, _written(_halves(), "PNG"), file=f"a.{extension}", resize="40x40")
    assert (made.format, made.size) == (form.name, (40, 30))
    assert (said["width"], said["height"], said["codecs"]) == (40, 30, {"image": form.name.lower()})
    assert environment.storage.options["media-out", said["key"]].content_type == form.content_type
    rgb = made.convert("RGB")
    assert _near(rgb.getpixel((5, 15)), _RED)
    assert _near(rgb.getpixel((35, 15)), _BLUE)


@pytest.mark.parametrize(
    ("source", "name", "key"),
    [
        ("a/in.jpg", "JPEG", "x.jpg"),
        ("a/in.JPEG", "JPEG", "x.JPEG"),
        ("in.webp", "WEBP", "x.webp"),
        ("noname", "TIFF", "x.tiff"),
        ("photo.heic", "PNG", "x.png"),
    ],
)
def test_the_sources_extension(environment: ActivityEnvironment, source: str, name: str, key: str) -> None:
    made, said = _make(environment, _written(_halves(), name), source=source, file="x.*")
    assert (said["key"], made.format) == (key, name)


def test_two_outputs_that_become_one_object(environment: ActivityEnvironment) -> None:
    environment.storage.put("media-in", "in.png", _written(_halves(), "PNG"))
    job: dict[str, Any] = {
        "input_asset": {"type": "IMAGE", "bucket": "media-in", "file": "in.png"},
        "output_assets": [_document(file="x.*"), _document(file="x.png")],
    }
    with pytest.raises(InvalidInput) as caught:
        environment.run(TranscodeAsset(), job)
    assert caught.value.code == "DUPLICATE_OUTPUT"


def test_many_pictures_of_one(environment: ActivityEnvironment) -> None:
    environment.storage.put("media-in", "in.png", _written(_halves(), "PNG"))
    sizes = ("40x", "20x", "10x")
    job: dict[str, Any] = {
        "input_asset": {"type": "IMAGE", "bucket": "media-in", "file": "in.png"},
        "output_assets": [_document(file=f"{size}.jpg", resize=size) for size in sizes],
    }
    result = environment.run(TranscodeAsset(), job)
    assert [output["width"] for output in result["outputs"]] == [40, 20, 10]
    assert result["timing"].keys() == {"fetch", "probe", "encode", "verify", "publish"}
    reports = [event.result for event in environment.events if event.result]
    assert [(report["output"], report["progress"]) for report in reports] == [
        (f"{size}.jpg", 100.0) for size in sizes
    ]


def test_quality(environment: ActivityEnvironment) -> None:
    noise = _written(Image.effect_noise((120, 120), 80), "PNG")
    for extension in ("jpg", "webp"):
        sizes = [
            _make(environment, noise, file=f"a.{extension}", quality=quality)[1]["size"]
            for quality in (10, 50, 95)
        ]
        assert sizes[0] < sizes[1] < sizes[2]
    flat = _written(_halves((300, 300)), "BMP")
    plain, packed = (_make(environment, flat, quality=quality)[1]["size"] for quality in (5, 95))
    assert plain > packed * 10, "the tens are zlib's level"


def test_resize_then_thumbnail_then_crop(environment: ActivityEnvironment) -> None:
    made, _ = _make(
        environment,
        _written(_halves((400, 200)), "PNG"),
        resize="50%",
        thumbnail="60x60^",
        crop="60x60",
        gravity="Center",
    )
    assert made.size == (60, 60)
    rgb = made.convert("RGB")
    assert (_near(rgb.getpixel((5, 30)), _RED), _near(rgb.getpixel((55, 30)), _BLUE)) == (True, True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_comes_out_upright(environment: ActivityEnvironment, orientation: int) -> None:
    # Red above, blue below once it is upright.
    upright = Image.new("RGB", (60, 80), _RED)
    upright.paste(_BLUE, (0, 40, 60, 80))
    upright.paste(_WHITE, (0, 0, 20, 20))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    made, said = _make(environment, _written(stored, "JPEG", exif=exif, quality=95), resize="30x40")
    assert (said["width"], said["height"]) == (30, 40)
    assert _near(made.convert("RGB").getpixel((4, 4)), _WHITE)
    assert _near(made.convert("RGB").getpixel((25, 5)), _RED)
    assert _near(made.convert("RGB").getpixel((15, 35)), _BLUE)


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tiff", "gif"])
def test_nobody_learns_where_it_was_taken(environment: ActivityEnvironment, extension: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET-PHONE"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[29] = "SECRET-DATE"
    for content in (
        _written(
            _halves(), "JPEG", exif=exif, comment=b"SECRET-COMMENT", xmp=b"<x:xmpmeta>SECRET</x:xmpmeta>"
        ),
        _written(_halves(), "TIFF", tiffinfo={270: "SECRET-DESCRIPTION"}),
        _written(_halves(mode="P"), "GIF", comment=b"SECRET-COMMENT"),
        _written(_halves(), "WEBP", exif=exif, xmp=b"<x:xmpmeta>SECRET</x:xmpmeta>"),
    ):
        assert b"SECRET" in content
        made, said = _make(environment, content, file=f"a.{extension}")
        assert b"SECRET" not in environment.storage.get("media-out", said["key"])
        assert 0x010F not in made.getexif()


def test_colours_become_srgb(environment: ActivityEnvironment) -> None:
    # A profile of another kind, and one that is nonsense.
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (lab, b"nonsense"):
        made, _ = _make(environment, _written(_halves(), "PNG", icc_profile=profile))
        assert "icc_profile" not in made.info
        assert _near(made.convert("RGB").getpixel((5, 5)), _RED)


def test_wide_colours_are_converted(environment: ActivityEnvironment) -> None:
    profile = _swapped_profile()
    made, _ = _make(environment, _written(_halves(), "PNG", icc_profile=profile))
    red = made.convert("RGB").getpixel((5, 5))
    assert isinstance(red, tuple)
    assert red[2] > 200 > red[0], "the profile says that its first channel is blue"


def _swapped_profile() -> bytes:
    """Return sRGB's profile with the colours of its first and third channel swapped."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack_from(">I", content, 128)
    places = {bytes(content[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(count)}
    red, blue = places[b"rXYZ"], places[b"bXYZ"]
    content[red : red + 4], content[blue : blue + 4] = b"bXYZ", b"rXYZ"
    # Its name must not be sRGB's any more.
    return bytes(content).replace("sRGB".encode("utf-16-be"), "sRBG".encode("utf-16-be"))


def _deep_png() -> bytes:
    """A PNG of 8x8 pixels with 16 bits a channel."""
    lines = b"".join(b"\0" + b"\x80\x00\x40\x00\x00\x00" * 8 for _ in range(8))
    return _png(8, 8, 16, 2, zlib.compress(lines))


def _png(width: int, height: int, depth: int, colour: int, packed: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("make", "pixel"),
    [
        (lambda: _written(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), _RED),
        (lambda: _written(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF"), _RED),
        (lambda: _written(Image.new("I;16", (8, 8), 0x8000), "PNG"), (128, 128, 128)),
        (lambda: _written(Image.new("I;16", (8, 8), 0x8000), "TIFF"), (128, 128, 128)),
        (_deep_png, (128, 64, 0)),
        (lambda: _written(Image.new("1", (8, 8), 1), "PNG"), _WHITE),
        (lambda: _written(Image.new("LA", (8, 8), (0, 0)), "PNG"), _WHITE),
        (lambda: _written(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG"), _WHITE),
        (
            lambda: _written(Image.new("RGBA", (8, 8), (255, 0, 0, 128)), "WEBP", lossless=True),
            (255, 127, 127),
        ),
        (lambda: _written(Image.new("P", (8, 8), 0), "PNG", transparency=0), _WHITE),
    ],
)
def test_any_pixels_become_a_jpeg(
    environment: ActivityEnvironment, make: Callable[[], bytes], pixel: tuple[int, ...]
) -> None:
    made, _ = _make(environment, make(), file="a.jpg")
    assert _near(made.convert("RGB").getpixel((4, 4)), pixel)


def test_transparency_is_kept_where_it_can_be(environment: ActivityEnvironment) -> None:
    clear = _halves(mode="RGBA")
    clear.putalpha(Image.new("L", clear.size, 0))
    for extension in ("png", "webp", "gif", "tiff"):
        made, _ = _make(environment, _written(clear, "PNG"), file=f"a.{extension}", resize="20x")
        assert made.convert("RGBA").getpixel((3, 3))[3] == 0  # type: ignore[index] # RGBA has four channels


def _moving(name: str) -> bytes:
    frames = [Image.new("RGB", (40, 30), (60 * number, 255 - 60 * number, 0)) for number in range(4)]
    options: dict[str, Any] = {"lossless": True} if name == "WEBP" else {}
    return _written(
        frames[0],
        name,
        save_all=True,
        append_images=frames[1:],
        duration=[100, 200, 300, 400],
        loop=0,
        **options,
    )


@pytest.mark.parametrize("source", ["GIF", "WEBP"])
@pytest.mark.parametrize("extension", ["gif", "webp"])
def test_an_animation_stays_one(environment: ActivityEnvironment, source: str, extension: str) -> None:
    made, said = _make(environment, _moving(source), file=f"a.{extension}", resize="20x")
    assert (getattr(made, "n_frames", 1), said["frames"], made.size) == (4, 4, (20, 15))
    durations, colours = [], []
    for number in range(4):
        made.seek(number)
        made.load()
        durations.append(made.info["duration"])
        colours.append(made.convert("RGB").getpixel((10, 7)))
    assert durations == [100, 200, 300, 400]
    assert made.info["loop"] == 0
    assert all(_near(colour, (60 * n, 255 - 60 * n, 0)) for n, colour in enumerate(colours))


def test_elsewhere_its_first_picture_is_taken(environment: ActivityEnvironment) -> None:
    made, said = _make(environment, _moving("GIF"), file="a.jpg")
    assert "frames" not in said
    assert _near(made.convert("RGB").getpixel((10, 7)), (0, 255, 0))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_picture_that_is_cut_off(environment: ActivityEnvironment, name: str, share: float) -> None:
    noise = Image.effect_noise((100, 100), 90).convert("P" if name == "GIF" else "RGB")
    content = _written(noise, name)
    with pytest.raises(InvalidInput) as caught:
        _make(environment, content[: max(int(len(content) * share), 20)])
    assert caught.value.code in {"INPUT_TRUNCATED", "INPUT_UNDECODABLE", "INPUT_NOT_MEDIA"}
    if share > 0.02:
        assert caught.value.code != "INPUT_NOT_MEDIA"
    assert environment.storage.keys("media-out") == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "INPUT_EMPTY"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
            "INPUT_NOT_MEDIA",
        ),
        (b"<html><body>404</body></html>", "INPUT_NOT_MEDIA"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "INPUT_NOT_MEDIA"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "INPUT_NOT_MEDIA"),
        (b"%PDF-1.7\n\xff\xfe", "INPUT_NOT_MEDIA"),
        (b"push graphic-context\nviewbox 0 0 640 480\nimage over 0,0 0,0 'https://x/'\n", "INPUT_NOT_MEDIA"),
        (b"\x00\x01\x02" * 500, "INPUT_NOT_MEDIA"),
    ],
)
def test_what_is_no_picture(environment: ActivityEnvironment, content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _make(environment, content)
    assert caught.value.code == code


def test_a_bomb_is_refused_by_its_header(environment: ActivityEnvironment) -> None:
    # 400 million gray pixels in 400 kB: decoded, they would take 400 MB, as RGBA 1.6 GB.
    packed = zlib.compress(bytes(20_001) * 100, 9)
    with pytest.raises(InvalidInput, match=str(MAX_PIXELS)) as caught:
        _make(environment, _png(20_000, 20_000, 8, 0, packed))
    assert caught.value.code == "INPUT_TOO_LARGE"


def test_frames_count_together(environment: ActivityEnvironment) -> None:
    frames = [Image.new("P", (6000, 6000), number) for number in range(4)]
    content = _written(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(InvalidInput, match="4 frames") as caught:
        _make(environment, content, file="a.gif")
    assert caught.value.code == "INPUT_TOO_LARGE"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"resize": "60000x60000!"}, "OUTPUT_TOO_LARGE"),
        ({"resize": "16384x10!", "file": "a.webp"}, "OUTPUT_TOO_LARGE"),
        ({"crop": "10x10+100+0"}, "CROP_OUT_OF_RANGE"),
    ],
)
def test_what_cannot_be_made(environment: ActivityEnvironment, change: dict[str, Any], code: str) -> None:
    with pytest.raises(ActivityError, match="s3://media-out/") as caught:
        _make(environment, _written(_halves(), "PNG"), **change)
    assert caught.value.code == code
    assert environment.storage.keys("media-out") == []
