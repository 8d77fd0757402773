"""Media for tests, made by FFmpeg: small pictures, few seconds."""

from __future__ import annotations

import json
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activities.ffmpeg.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipMaker:
    """Runs FFmpeg and FFprobe as a person would, beside the code under test."""

    tools: Tools
    folder: Path

    def make(self, name: str, *arguments: str, seconds: float = 2, size: str = "160x90") -> Path:
        """Make a clip with a picture (input 0) and a tone (input 1); `arguments` say how."""
        return self.run(
            name,
            *("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration={seconds}"),
            *("-f", "lavfi", "-i", f"sine=sample_rate=48000:duration={seconds}"),
            *arguments,
        )

    def mp4(self, name: str, *arguments: str, seconds: float = 2, size: str = "160x90") -> Path:
        """Make a clip in H.264 and AAC with its index in front."""
        coding = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
        return self.make(name, *coding, "-movflags", "+faststart", *arguments, seconds=seconds, size=size)

    def run(self, name: str, *arguments: str | Path) -> Path:
        """Run FFmpeg with these arguments; the file it writes is `name`."""
        path = self.folder / name
        subprocess.run(
            [self.tools.ffmpeg, "-nostdin", "-v", "error", "-y", *arguments, path], check=True, timeout=250
        )
        return path

    def turned(self, name: str, flat: Path, degrees: int) -> Path:
        """Copy an MP4 and mark its video, the first track, to be shown turned clockwise."""
        cosine, sine = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
        content = bytearray(flat.read_bytes())
        # The track header's matrix, 16.16 fixed point, 40 bytes after its name.
        matrix = content.index(b"tkhd") + 4 + 40
        for place, value in ((0, cosine), (4, sine), (12, -sine), (16, cosine)):
            struct.pack_into(">i", content, matrix + place, value << 16)
        path = self.folder / name
        path.write_bytes(content)
        return path

    def probe(self, path: Path, *arguments: str) -> dict[str, Any]:
        """Return what FFprobe says of a file."""
        command: list[str | Path] = [
            self.tools.ffprobe,
            "-v",
            "error",
            "-show_format",
            "-show_streams",
            *arguments,
        ]
        done = subprocess.run([*command, "-of", "json", path], check=True, capture_output=True, timeout=250)
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def decoded(self, path: Path, *arguments: str) -> bytes:
        """Return what FFmpeg writes to standard output of a file."""
        command: list[str | Path] = [self.tools.ffmpeg, "-nostdin", "-v", "error", "-i", path]
        done = subprocess.run([*command, *arguments, "pipe:1"], check=True, capture_output=True, timeout=250)
        return done.stdout

    def gray(self, path: Path, *, at: float, size: tuple[int, int]) -> list[list[int]]:
        """Return the lines of one frame as gray values, upright and scaled to `size`."""
        width, height = size
        done = subprocess.run(
            [
                *(self.tools.ffmpeg, "-nostdin", "-v", "error", "-ss", str(at), "-i", path, "-frames:v", "1"),
                *("-vf", f"scale={width}:{height}", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"),
            ],
            check=True,
            capture_output=True,
            timeout=250,
        )
        return [list(done.stdout[start : start + width]) for start in range(0, width * height, width)]
