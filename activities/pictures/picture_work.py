"""Reads a picture and makes pictures of it, with Pillow; runs in a process of its own, see bounded.py.

What is made is upright, has 8 bits a channel, the colours of sRGB, and nothing of the source's metadata.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, UnidentifiedImageError

from activities.media.image_formats import PICTURE_FORMATS, SOURCE_FORMATS, PictureFormat
from activities.media.image_geometry import Crop, Geometry
from activities.sandbox.refusal import Refusal

MAX_PIXELS = 128 * 1024 * 1024
"""Pixels of a picture, all frames of an animation together: 512 MB in memory, three times for a moment."""

_ORIENTATION = 0x0112
_UPRIGHT: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})

# JPEG can be decoded at an eighth, a quarter or half its size at a fraction of the cost; from twice the
# wished size on nothing is lost.
_SPARE = 2
_TO_8_BITS = 1 / 256
_DAMAGE = (SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, struct.error)


def work(request: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a picture, or make the ``outputs`` of it.

    Raises:
        Refusal: The picture is no use, or an output cannot be made of it.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    path = Path(request["file"])
    if "outputs" not in request:
        return _describe(path)
    return {"made": [_make(path, wish) for wish in request["outputs"]]}


def _describe(path: Path) -> dict[str, Any]:
    with _opened(path) as image:
        frames = _frames(image)
        width, height = _upright_size(image)
        mode = image.mode
        for number in range(frames):
            _load(image, number)
        extension = SOURCE_FORMATS[_format_of(image)]
    return {
        "extension": extension,
        "mime": PICTURE_FORMATS[extension].content_type,
        "width": width,
        "height": height,
        "frames": frames,
        "mode": mode,
    }


def _make(path: Path, wish: Mapping[str, Any]) -> dict[str, Any]:
    form = PICTURE_FORMATS[wish["extension"]]
    with _opened(path) as image:
        plan = _Plan(image, form, wish)
        frames = _frames(image) if form.moves else 1
        if frames == 1:
            image.draft(None, plan.enough)
        pictures, durations = [], []
        for number in range(frames):
            _load(image, number)
            durations.append(int(image.info.get("duration") or 0))
            pictures.append(plan.apply(image))
        loop = image.info.get("loop")
    options = options_of(form, wish["quality"])
    if frames > 1:
        options |= {"save_all": True, "append_images": pictures[1:], "duration": durations}
        # GIF without a count plays once; in WebP 0 is for ever, and no count as well.
        options |= {"loop": loop} if loop is not None else {"loop": 1} if form.name == "WEBP" else {}
        options |= {"disposal": 2} if form.name == "GIF" else {}
    made = Path(wish["file"])
    pictures[0].save(made, form.name, **options)
    return verify(made, form, plan.size, frames)


class _Plan:
    """What is done with each frame of a picture."""

    def __init__(self, image: Image.Image, form: PictureFormat, wish: Mapping[str, Any]) -> None:
        self._form = form
        self._orientation = _orientation_of(image)
        self._profile: bytes | None = image.info.get("icc_profile")
        name = wish["name"]
        size = _upright_size(image)
        self._sizes: list[tuple[int, int]] = []
        for geometry in wish["sizes"]:
            size = Geometry(**geometry).size_of(*size)
            self._sizes.append(size)
            _check_size(size, form, name)
        self._box: tuple[int, int, int, int] | None = None
        if wish["crop"] is not None:
            self._box = Crop(**wish["crop"]).box_of(*size)
            if self._box is None:
                raise Refusal(
                    f"{name}: the area to crop lies beside the picture of {size[0]}x{size[1]} pixels.",
                    "CROP_OUT_OF_RANGE",
                )
            size = self._box[2] - self._box[0], self._box[3] - self._box[1]
        _check_size(size, form, name)
        self.size = size

    @property
    def enough(self) -> tuple[int, int]:
        """The size at which the source must at least be decoded, as it is stored."""
        if not self._sizes:
            return (MAX_PIXELS, MAX_PIXELS)
        width, height = (max(sides) * _SPARE for sides in zip(*self._sizes, strict=True))
        return (height, width) if self._orientation in _SIDEWAYS else (width, height)

    def apply(self, image: Image.Image) -> Image.Image:
        """Return the finished picture of a loaded frame."""
        picture = _eight_bits(image)
        if self._orientation in _UPRIGHT:
            picture = picture.transpose(_UPRIGHT[self._orientation])
        for size in self._sizes:
            if picture.size != size:
                picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        if self._box is not None:
            picture = picture.crop(self._box)
        picture = _in_srgb(picture, self._profile)
        if not self._form.alpha and picture.mode == "RGBA":
            paper = Image.new("RGB", picture.size, "white")
            paper.paste(picture, mask=picture.getchannel("A"))
            picture = paper
        # A copy is a plain picture without the tags of its format; some encoders write what `info` has.
        plain = picture.copy()
        plain.info = {}
        return plain


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a picture in the mode L, RGB, RGBA or CMYK."""
    mode = image.mode
    if mode.startswith("I"):
        return image.convert("I").point(lambda value: value * _TO_8_BITS).convert("L")
    if mode == "F":
        raise Refusal("The picture has floating-point pixels, which are not supported.", "INPUT_NOT_MEDIA")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if mode == "1":
        return image.convert("L")
    return image if mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Turn colours into sRGB; what has no profile, or a broken one, counts as sRGB."""
    wanted = "RGBA" if picture.mode == "RGBA" else "RGB"
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if "sRGB" not in (source.profile.profile_description or ""):
                converted = ImageCms.profileToProfile(
                    picture, source, ImageCms.createProfile("sRGB"), outputMode=wanted
                )
                return picture if converted is None else converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # made for another kind of pixels, or damaged
    return picture.convert(wanted) if picture.mode == "CMYK" else picture


def options_of(form: PictureFormat, quality: int | None) -> dict[str, Any]:
    """Return Pillow's options to write a format."""
    match form.name:
        case "JPEG":
            return {"quality": quality or form.quality, "optimize": True, "progressive": True}
        case "WEBP":
            return {"quality": quality or form.quality}
        case "PNG":
            # As ImageMagick has it: the tens are zlib's level.
            return {} if quality is None else {"compress_level": min(quality // 10, 9)}
        case "TIFF":
            return {"compression": "tiff_adobe_deflate"}
        case _:
            return {}


def verify(path: Path, form: PictureFormat, size: tuple[int, int], frames: int) -> dict[str, Any]:
    """Decode what was made, and describe it."""
    with Image.open(path, formats=(form.name,)) as made:
        found = getattr(made, "n_frames", 1)
        for number in range(found):
            made.seek(number)
            made.load()
        # Equal frames become one that stays longer.
        if made.size != size or found > frames:
            raise Refusal(
                f"A picture came out with {made.size} pixels, {found} frames instead of {size}, {frames}.",
                "OUTPUT_INVALID",
            )
    return {"width": size[0], "height": size[1], "frames": found}


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with path.open("rb") as file:
        try:
            image = Image.open(file, formats=tuple(SOURCE_FORMATS))
        except UnidentifiedImageError:
            raise Refusal(
                f"The input is no picture in a format that is read here ({', '.join(SOURCE_FORMATS)}), or "
                "its first bytes are damaged.",
                "INPUT_NOT_MEDIA",
            ) from None
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise Refusal(
                f"The input has more than {MAX_PIXELS} pixels, the most that are decoded.", "INPUT_TOO_LARGE"
            ) from None
        except (OSError, *_DAMAGE) as error:
            raise _damaged(error) from None
        with image:
            yield image


def _load(image: Image.Image, number: int) -> None:
    """Decode a frame."""
    try:
        if number:
            image.seek(number)
        image.load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Refusal(f"The input has more than {MAX_PIXELS} pixels.", "INPUT_TOO_LARGE") from None
    except (OSError, *_DAMAGE) as error:
        raise _damaged(error) from None


def _frames(image: Image.Image) -> int:
    """Count the frames of an animation; the pages of a TIFF and the views of a JPEG are none."""
    if PICTURE_FORMATS[SOURCE_FORMATS[_format_of(image)]].moves is False:
        return 1
    try:
        frames: int = getattr(image, "n_frames", 1)
    except (OSError, *_DAMAGE) as error:
        raise _damaged(error) from None
    if frames * image.width * image.height > MAX_PIXELS:
        raise Refusal(
            f"The input's {frames} frames have more than {MAX_PIXELS} pixels together.", "INPUT_TOO_LARGE"
        )
    return frames


def _format_of(image: Image.Image) -> str:
    # Phones write JPEG with a second picture behind the first.
    return "JPEG" if image.format == "MPO" else str(image.format)


def _damaged(error: Exception) -> Refusal:
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return Refusal("The picture is cut off. Upload it again, whole.", "INPUT_TRUNCATED")
    return Refusal(f"The picture cannot be decoded; it is damaged: {error}.", "INPUT_UNDECODABLE")


def _orientation_of(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except (OSError, *_DAMAGE):
        return 1


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if _orientation_of(image) in _SIDEWAYS else (width, height)


def _check_size(size: tuple[int, int], form: PictureFormat, name: str) -> None:
    if max(size) > form.max_side or size[0] * size[1] > MAX_PIXELS:
        raise Refusal(
            f"{name}: a {form.name} picture of {size[0]}x{size[1]} pixels is not made; the most are "
            f"{form.max_side} a side and {MAX_PIXELS} in all.",
            "OUTPUT_TOO_LARGE",
        )
