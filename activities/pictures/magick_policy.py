"""What ImageMagick may do in a run of ours, as its own ``policy.xml`` says it.

It is the second wall: commands are made of words from a list, and the sandbox keeps what ImageMagick itself
might not.
"""

from __future__ import annotations

from activities.media.image_formats import SOURCE_FORMATS
from activities.media.image_geometry import MAX_SIDE

_GIB = 1024**3
MOST_DISK = 8 * _GIB
"""Bytes that one run may have on disk, where there are so many."""

_MEMORY = _GIB
_MAPPED = 2 * _GIB
_MOST_PICTURES = 4096

_RULE = '  <policy domain="{}" rights="{}" pattern="{}"/>\n'
_LIMIT = '  <policy domain="resource" name="{}" value="{}"/>\n'


def policy(*, pixels: int, room: int, cores: int, seconds: float) -> str:
    """Write a ``policy.xml``: a few formats, no helpers, no lists of files, and little of the machine.

    Args:
        pixels: Pictures with more of them are kept on disk.
        room: Bytes that it may have on disk.
        cores: How many threads it may have.
        seconds: How long it may take.
    """
    # Pillow's names of these formats are ImageMagick's too.
    formats = "{" + ",".join(SOURCE_FORMATS) + "}"
    rules = (
        *(("delegate", "none", "*"), ("filter", "none", "*"), ("path", "none", "@*"), ("path", "none", "|*")),
        # A format may be a module of its own; the rules of both are asked, the last that fits counts.
        *(("coder", "none", "*"), ("coder", "read|write", formats)),
        *(("module", "none", "*"), ("module", "read|write", formats)),
    )
    limits = {
        "width": MAX_SIDE,
        "height": MAX_SIDE,
        "area": pixels,
        "memory": _MEMORY,
        "map": _MAPPED,
        "disk": min(room, MOST_DISK),
        "list-length": _MOST_PICTURES,
        "thread": cores,
        "time": round(seconds),
    }
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<policymap>\n'
        + "".join(_RULE.format(*rule) for rule in rules)
        + "".join(_LIMIT.format(*limit) for limit in limits.items())
        + "</policymap>\n"
    )
