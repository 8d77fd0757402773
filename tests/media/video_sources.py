"""The clips of which the tests of a VIDEO's keys make videos."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.media.clips import ClipMaker

SRT = b"""1
00:00:00,200 --> 00:00:00,600
<font color="red">One</font> & <i>two</i>

2
00:00:01,000 --> 00:00:02,000
three
"""
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_COUNTED = (
    *("-f", "lavfi", "-i", "color=black:size=160x90:rate=25:duration=3,format=gray,geq=lum=3*N"),
    *("-f", "lavfi", "-i", "aevalsrc=(0.1+0.1*floor(t))*sin(2764.6*t):s=48000:d=3"),
)


class Sources:
    """The clips that rows name, each made once. They last a second and have 25 frames."""

    def __init__(self, clips: ClipMaker) -> None:
        self._clips = clips
        self._made: dict[str, Path] = {}

    def __getitem__(self, name: str) -> Path:
        if name not in self._made:
            self._made[name] = getattr(self, f"_{name}")()
        return self._made[name]

    def _plain(self) -> Path:
        return self._clips.mp4("every-plain.mp4", seconds=1)

    def _halves(self) -> Path:
        return self._painted("halves", "drawbox=x=80:y=0:w=80:h=90:color=white:t=fill")

    def _upper(self) -> Path:
        return self._painted("upper", "drawbox=x=0:y=0:w=160:h=45:color=white:t=fill")

    def _bright(self) -> Path:
        return self._painted("bright", "negate")

    def _black(self) -> Path:
        return self._painted("black", "null")

    def _turned(self) -> Path:
        return self._clips.turned("every-turned.mp4", self["upper"], 90)

    def _busy(self) -> Path:
        """Two seconds that are hard to encode."""
        return self._clips.run(
            "every-busy.mp4",
            *("-f", "lavfi", "-i", "mandelbrot=size=320x180:rate=25", "-t", "2"),
            *(
                "-vf",
                "noise=alls=20:allf=t",
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-pix_fmt",
                "yuv420p",
            ),
        )

    def _surround(self) -> Path:
        return self._clips.mp4(
            "every-surround.mkv", "-af", "aformat=channel_layouts=5.1", "-c:a", "ac3", seconds=1
        )

    def _counted(self) -> Path:
        """Three seconds; frame n has the gray 3n, and the sound is louder with each second."""
        return self._clips.run("every-counted.mp4", *_COUNTED, *_X264, "-g", "30", "-c:a", "aac")

    def _counted_ts(self) -> Path:
        return self._clips.run("every-counted.ts", *_COUNTED, *_X264, "-g", "30", "-c:a", "aac")

    def _counted_mkv(self) -> Path:
        return self._clips.run("every-counted.mkv", *_COUNTED, *_X264, "-g", "30", "-c:a", "libmp3lame")

    def _captioned(self) -> Path:
        text = self._clips.folder / "every-captions.srt"
        text.write_bytes(SRT)
        return self._clips.run(
            "every-captioned.mkv",
            *("-i", self["counted"], "-i", text, "-map", "0", "-map", "1", "-c", "copy"),
            *("-metadata:s:s:0", "language=eng"),
        )

    def _uneven(self) -> Path:
        drop = ("-vf", "select=mod(n-1\\,3)", "-fps_mode", "vfr")
        return self._clips.run("every-uneven.mp4", *_COUNTED, *drop, *_X264, "-c:a", "aac")

    def _pq(self) -> Path:
        return self._ten_bits("pq", "smpte2084")

    def _hlg(self) -> Path:
        return self._ten_bits("hlg", "arib-std-b67")

    def _ten_bits(self, name: str, transfer: str) -> Path:
        colors = f"color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=tv"
        return self._clips.run(
            f"every-{name}.mov",
            *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=1"),
            *("-vf", f"format=yuv422p10le,setparams={colors}", "-c:v", "prores_ks"),
        )

    def _portrait(self) -> Path:
        return self._clips.mp4("every-portrait.mp4", seconds=1, size="90x160")

    def _anamorphic(self) -> Path:
        """PAL, 16:9: pixels that are wider than high."""
        return self._clips.mp4("every-anamorphic.mp4", "-vf", "setsar=64/45", seconds=1, size="360x288")

    def _odd(self) -> Path:
        picture = ("-vf", "format=yuv444p", "-pix_fmt", "yuv444p")
        return self._clips.mp4("every-odd.mkv", *picture, seconds=1, size="161x91")

    def _interlaced(self) -> Path:
        fields = ("-vf", "fps=50,tinterlace=interleave_top,fieldorder=tff", "-flags", "+ildct+ilme")
        return self._clips.mp4("every-interlaced.ts", *fields, seconds=1, size="160x96")

    def _deep(self) -> Path:
        return self._ten_bits("deep", "bt709")

    def _full(self) -> Path:
        return self._brown("full.mp4", "libx264", "scale=out_range=pc,format=yuvj420p")

    def _rgb(self) -> Path:
        return self._brown("rgb.mkv", "libx264rgb", "format=rgb24")

    def _brown(self, name: str, encoder: str, filters: str) -> Path:
        return self._clips.run(
            f"every-{name}",
            *("-f", "lavfi", "-i", "color=0xC86432:size=160x90:rate=25:duration=1,format=rgb24"),
            *("-vf", filters, "-c:v", encoder, "-preset", "ultrafast"),
        )

    def _voices(self) -> Path:
        """Three sounds; the second is the one to be heard."""
        return self._clips.run(
            "every-voices.mkv",
            *("-i", self["plain"], "-map", "0:v", "-map", "0:a", "-map", "0:a", "-map", "0:a", "-c", "copy"),
            *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra"),
            *("-metadata:s:a:2", "language=deu", "-disposition:a", "0", "-disposition:a:1", "default"),
        )

    def _covered(self) -> Path:
        """A film with a picture of its cover, which comes first and is larger."""
        cover = self._clips.folder / "every-cover.jpg"
        Image.new("RGB", (600, 600), "red").save(cover)
        return self._clips.run(
            "every-covered.mp4",
            *("-i", cover, "-i", self["plain"], "-map", "0:v", "-map", "1:v", "-map", "1:a", "-c", "copy"),
            *("-disposition:v:0", "attached_pic"),
        )

    def _coded(self) -> Path:
        """A film with a track of time codes."""
        timecode = ("-timecode", "01:00:00:00", "-metadata", "location=+48.1+011.5/")
        return self._clips.run("every-coded.mov", "-i", self["plain"], "-c", "copy", *timecode)

    def _painted(self, name: str, filters: str) -> Path:
        return self._clips.run(
            f"every-{name}.mp4",
            *("-f", "lavfi", "-i", "color=black:size=160x90:rate=25:duration=1", "-vf", filters),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
        )
