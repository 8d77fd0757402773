"""A picture to make of a picture: ``output_asset`` objects of type IMAGE as typed values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from activities.media.containers import extension_of
from activities.media.convert_command import ConvertCommand, parse_convert
from activities.media.fields import Fields
from activities.media.image_formats import PICTURE_FORMATS, PictureFormat, picture_format_of
from activities.media.image_geometry import (
    Crop,
    Geometry,
    Gravity,
    parse_crop,
    parse_geometry,
    parse_gravity,
)
from activities.media.locations import COMMON_KEYS, Location, Target, parse_target
from cpe.errors import InvalidInput

IMAGE_KEYS = COMMON_KEYS | {"resize", "thumbnail", "crop", "gravity", "quality"}
_COMMANDED_KEYS = COMMON_KEYS | {"custom_cmd"}

_AS_THE_SOURCE = ".*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOutput:
    """A picture to make.

    Attributes:
        target: Where it goes; its key ends in ``.*`` while `format` is None.
        format: Its file format; None for the source's.
        sizes: The sizes it is brought to, one after the other.
        crop: The area that is kept of it then; None for all.
        quality: 1 to 100; None for the format's usual one.
        command: The job's own command, which says all this instead; None for none.
    """

    target: Target
    format: PictureFormat | None
    sizes: tuple[Geometry, ...] = ()
    crop: Crop | None = None
    quality: int | None = None
    command: ConvertCommand | None = None

    def named_after(self, source: str) -> ImageOutput:
        """Return the output with the extension of its source, the name of a file."""
        if self.format is not None:
            return self
        extension = PurePosixPath(source).suffix.removeprefix(".")
        location = self.target.location
        key = f"{location.key.removesuffix(_AS_THE_SOURCE)}.{extension}"
        return replace(
            self,
            target=replace(self.target, location=Location(bucket=location.bucket, key=key)),
            format=PICTURE_FORMATS[extension_of(source)],
        )


def parse_image(fields: Fields, *, custom_cmd: bool = False) -> ImageOutput:
    """Read an IMAGE output of a picture.

    Args:
        fields: The output.
        custom_cmd: Whether it may have a command of its own.

    Raises:
        InvalidInput: Something about it is wrong, or it has a command where there may be none
            (``CUSTOM_CMD_DISABLED``) or that is not harmless (``CUSTOM_CMD_REFUSED``).
    """
    command = _command(fields, enabled=custom_cmd)
    fields.refuse_others(_COMMANDED_KEYS if command else IMAGE_KEYS)
    target = parse_target(fields)
    key = target.location.key
    form = None if key.endswith(_AS_THE_SOURCE) else picture_format_of(key, fields.path("file"))
    if command is not None:
        return ImageOutput(target=target, format=form, command=command)
    return ImageOutput(
        target=target,
        format=form,
        sizes=tuple(
            parse_geometry(fields.scalar(name), fields.path(name))
            for name in ("resize", "thumbnail")
            if name in fields
        ),
        crop=_crop(fields),
        quality=parse_quality(fields),
    )


def parse_quality(fields: Fields) -> int | None:
    """Read ``quality``, 1 to 100; None when it is not given."""
    return round(fields.number("quality", 1, low=1, high=100)) if "quality" in fields else None


def _command(fields: Fields, *, enabled: bool) -> ConvertCommand | None:
    if "custom_cmd" not in fields:
        return None
    where = fields.path("custom_cmd")
    if not enabled:
        raise InvalidInput(
            f"{where}: commands of one's own are not enabled here. Use resize, thumbnail, crop, gravity and "
            "quality, or have the setting custom_cmd switched on.",
            code="CUSTOM_CMD_DISABLED",
        )
    return parse_convert(fields.text("custom_cmd"), where)


def _crop(fields: Fields) -> Crop | None:
    gravity = Gravity.NORTH_WEST
    if "gravity" in fields:
        gravity = parse_gravity(fields.text("gravity"), fields.path("gravity"))
    if "crop" in fields:
        return parse_crop(fields.scalar("crop"), fields.path("crop"), gravity)
    if "gravity" in fields:
        raise InvalidInput(f"{fields.path('gravity')} says where a crop lies, and there is no crop.")
    return None
