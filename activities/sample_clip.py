"""Makes something to try things with: ``python -m activities.sample_clip OUT.mp4``.

The clip is a moving test picture with a tone, in H.264 and AAC. ``--watermark OUT.png`` makes a picture with
transparency to lay over it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from activities.ffmpeg.tools import find_tools
from activities.media.notation import parse_size
from activities.sandbox import ffmpeg
from cpe.activity import Cancellation
from cpe.errors import CpeError, InvalidInput

DEFAULT_SECONDS = 10.0
DEFAULT_SIZE = "1280x720"

_FRAME_RATE = 25
_TIME_LIMIT = 600.0
_MARK_WIDTH, _MARK_HEIGHT, _MARK_BORDER = 160, 64, 4
_WHITE, _CLEAR = (255, 255, 255, 255), (0, 0, 0, 64)
_EXIT_FAILED = 1


def clip_arguments(out: Path, *, seconds: float, width: int, height: int) -> tuple[str, ...]:
    """Compose the command that makes a clip."""
    picture = f"testsrc2=size={width}x{height}:rate={_FRAME_RATE}:duration={seconds:g}"
    tone = f"sine=frequency=440:beep_factor=4:sample_rate=48000:duration={seconds:g}"
    return (
        *("-hide_banner", "-nostdin", "-y", "-loglevel", "error"),
        *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone),
        *("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k"),
        *("-movflags", "+faststart", "-f", "mp4", str(out.absolute())),
    )


def make_clip(out: Path, *, seconds: float = DEFAULT_SECONDS, size: str = DEFAULT_SIZE) -> None:
    """Write a clip.

    Raises:
        CpeError: FFmpeg is missing or fails, or the size is none.
    """
    wish = parse_size(size, "--size")
    width, height = wish.width or 0, wish.height or 0
    if not out.absolute().parent.is_dir():
        raise InvalidInput(f"There is no folder {out.parent}.")
    ffmpeg.run(
        find_tools(None, None).ffmpeg,
        clip_arguments(out, seconds=seconds, width=width, height=height),
        directory=out.absolute().parent,
        cancellation=Cancellation(),
        time_limit=_TIME_LIMIT,
    )


def make_watermark(out: Path) -> None:
    """Write a PNG: a white frame around three bars on a clear ground."""
    picture = Image.new("RGBA", (_MARK_WIDTH, _MARK_HEIGHT), _CLEAR)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, _MARK_WIDTH - 1, _MARK_HEIGHT - 1), outline=_WHITE, width=_MARK_BORDER)
    bar = _MARK_WIDTH // 7
    for left in (bar, 3 * bar, 5 * bar):
        draw.rectangle((left, _MARK_HEIGHT // 4, left + bar, 3 * _MARK_HEIGHT // 4), fill=_WHITE)
    picture.save(out, format="PNG")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m activities.sample_clip", description=__doc__.splitlines()[0]
    )
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT.mp4", help="write a clip here")
    parser.add_argument(
        "--seconds", type=float, default=DEFAULT_SECONDS, help="length of the clip (default 10)"
    )
    parser.add_argument(
        "--size", default=DEFAULT_SIZE, metavar="WxH", help="size of the clip (default 1280x720)"
    )
    parser.add_argument("--watermark", type=Path, metavar="OUT.png", help="write a watermark here")
    options = parser.parse_args(arguments)
    if options.out is None and options.watermark is None:
        parser.error("say what to make: OUT.mp4, --watermark OUT.png, or both")
    try:
        if options.out is not None:
            make_clip(options.out, seconds=options.seconds, size=options.size)
        if options.watermark is not None:
            make_watermark(options.watermark)
    except (CpeError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return _EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
