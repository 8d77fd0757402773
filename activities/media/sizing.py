"""The wished size of an output, as a job writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from activities.media.fields import Fields, shown
from activities.media.geometry import Sizing
from activities.media.notation import Size, parse_size
from cpe.errors import InvalidInput

SIZING_KEYS = frozenset({"size", "keep_ratio", "no_enlarge", "allow_upscale", "sizing", "padding"})
"""The keys that :func:`parse_sizing` reads; thumbnails know some of them only."""

_QUARTERS = {"auto": None, "0": 0, "90": 90, "180": 180, "270": 270}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    """A sizing policy of Elastic Transcoder's."""

    keep_ratio: bool = True
    no_enlarge: bool = False
    cover: bool = False
    unscaled: bool = False


_POLICIES: Mapping[str, _Policy] = {
    "Fit": _Policy(),
    "Fill": _Policy(cover=True),
    "Stretch": _Policy(keep_ratio=False),
    "Keep": _Policy(no_enlarge=True, unscaled=True),
    "ShrinkToFit": _Policy(no_enlarge=True),
    "ShrinkToFill": _Policy(no_enlarge=True, cover=True),
}
_BY_LOWER_CASE = {name.lower(): name for name in _POLICIES}
_PADDING = {"pad": True, "nopad": False}


def parse_sizing(fields: Fields, default: Size) -> Sizing:
    """Read ``size`` and how it meets the source's shape.

    ``sizing`` says all about it; ``keep_ratio``, ``no_enlarge`` and ``allow_upscale`` may stand beside it
    when they say the same.

    Args:
        fields: The output.
        default: The size where the output names none.

    Raises:
        InvalidInput: The wishes contradict each other, or one cannot be read.
    """
    keep_ratio = fields.flag("keep_ratio", default=None)
    no_enlarge = _no_enlarge(fields)
    if "sizing" in fields:
        policy = _policy(fields, keep_ratio=keep_ratio, no_enlarge=no_enlarge)
    else:
        policy = _Policy(keep_ratio=keep_ratio is not False, no_enlarge=no_enlarge is not False)
    return Sizing(
        size=parse_size(fields.scalar("size"), fields.path("size")) if "size" in fields else default,
        keep_ratio=policy.keep_ratio,
        no_enlarge=policy.no_enlarge,
        cover=policy.cover,
        unscaled=policy.unscaled,
        padding=_padding(fields),
    )


def parse_rotation(fields: Fields) -> int | None:
    """Read ``rotate``: degrees clockwise, or None for what the source says of itself."""
    text = fields.scalar("rotate", "auto").lower()
    if text not in _QUARTERS:
        raise InvalidInput(
            f"{fields.path('rotate')} must be one of {', '.join(_QUARTERS)}, "
            f"not {shown(fields.raw('rotate'))}."
        )
    return _QUARTERS[text]


def _no_enlarge(fields: Fields) -> bool | None:
    upscale = fields.flag("allow_upscale", default=None)
    no_enlarge = fields.flag("no_enlarge", default=None)
    if upscale is None:
        return no_enlarge
    if upscale == no_enlarge:
        raise InvalidInput(
            f"{fields.where}: no_enlarge and allow_upscale contradict each other. Give one of them."
        )
    return not upscale


def _policy(fields: Fields, *, keep_ratio: bool | None, no_enlarge: bool | None) -> _Policy:
    text = fields.text("sizing")
    name = _BY_LOWER_CASE.get(text.lower())
    if name is None:
        raise InvalidInput(
            f"{fields.path('sizing')} must be one of {', '.join(_POLICIES)}, not {shown(text)}."
        )
    policy = _POLICIES[name]
    if keep_ratio not in (None, policy.keep_ratio):
        raise InvalidInput(
            f"{fields.where}: keep_ratio and sizing {name} contradict each other. Leave keep_ratio out; "
            "Stretch is the one that does not keep the ratio."
        )
    if no_enlarge not in (None, policy.no_enlarge):
        raise InvalidInput(
            f"{fields.where}: no_enlarge or allow_upscale and sizing {name} contradict each other. Leave it "
            "out; Keep, ShrinkToFit and ShrinkToFill are those that never enlarge."
        )
    return policy


def _padding(fields: Fields) -> bool:
    value = fields.raw("padding")
    if isinstance(value, str) and value.lower() in _PADDING:
        return _PADDING[value.lower()]
    return fields.flag("padding", default=False)
