"""moto, made to take any region.

moto knows the regions of the botocore beside it and answers 500 for all others. Here a region is a name that
keeps things apart and no more, and AWS has some that botocore does not know yet. ``cpe doctor`` tells of a
name that is likely to be mistyped.
"""

from __future__ import annotations

from moto.core import base_backend


def install() -> None:
    """Make moto take every region, as its variable ``MOTO_ALLOW_NONEXISTENT_REGION`` would."""
    base_backend.allow_unknown_region = lambda: True  # type: ignore[attr-defined]  # moto imports it there
