"""From high dynamic range (PQ or HLG) to what a usual screen shows: BT.709."""

from __future__ import annotations

from enum import Enum

from activities.media.filters import Stream
from activities.media.probe import VideoStream

# ITU-R BT.2408: white of a picture in high dynamic range has 203 cd/m².
_WHITE = 203


class ToneMapper(Enum):
    """What FFmpeg was built with for it."""

    ZIMG = "zscale"
    """Its filters zscale, of the library zimg, and tonemap."""

    SWSCALE = "scale"
    """Its own filter scale, since FFmpeg 8."""


def tone_mapped(
    picture: Stream, video: VideoStream, mapper: ToneMapper, *, pixels: str = "yuv420p"
) -> Stream:
    """Bring a picture to BT.709; what it does not say of its colours is taken as BT.2020 has it.

    Args:
        picture: The picture.
        video: What the source tells of it.
        mapper: What does it.
        pixels: FFmpeg's name of the pixels that come of it.
    """
    transfer = video.color_transfer or "smpte2084"
    space = video.color_space or "bt2020nc"
    primaries = video.color_primaries or "bt2020"
    reach = video.color_range or "tv"
    match mapper:
        case ToneMapper.ZIMG:
            picture = (
                picture.filter(
                    "zscale", tin=transfer, min=space, pin=primaries, rin=reach, t="linear", npl=_WHITE
                )
                .filter("format", pix_fmts="gbrpf32le")
                .filter("zscale", p="bt709")
                .filter("tonemap", tonemap="hable", desat=0)
                .filter("zscale", t="bt709", m="bt709", r="tv")
            )
        case ToneMapper.SWSCALE:
            picture = picture.filter(
                "setparams", color_trc=transfer, colorspace=space, color_primaries=primaries, range=reach
            ).filter(
                "scale",
                out_primaries="bt709",
                out_transfer="bt709",
                out_color_matrix="bt709",
                out_range="tv",
                intent="perceptual",
            )
    # What the source says of its brightest light is not true any more.
    return picture.filter("format", pix_fmts=pixels).filter("sidedata", mode="delete")
