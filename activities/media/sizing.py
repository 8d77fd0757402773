"""The wished size of an output, as a job writes it."""

from __future__ import annotations

from activities.media.fields import Fields
from activities.media.geometry import Sizing
from activities.media.notation import Size, parse_size
from cpe.errors import InvalidInput


def parse_sizing(fields: Fields, default: Size) -> Sizing:
    """Read ``size`` and how it meets the source's shape.

    Args:
        fields: The output.
        default: The size where the output names none.

    Raises:
        InvalidInput: The wishes contradict each other, or one cannot be read.
    """
    upscale = fields.flag("allow_upscale", default=None)
    no_enlarge = fields.flag("no_enlarge", default=None)
    if upscale is not None and upscale == no_enlarge:
        raise InvalidInput(
            f"{fields.where}: no_enlarge and allow_upscale contradict each other. Give one of them."
        )
    if no_enlarge is None:
        no_enlarge = not upscale
    return Sizing(
        size=parse_size(fields.scalar("size"), fields.path("size")) if "size" in fields else default,
        keep_ratio=fields.flag("keep_ratio", default=True),
        no_enlarge=no_enlarge,
    )
