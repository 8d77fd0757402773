"""Measures sound with FFmpeg's own filters, beside the code under test."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.media.clips import ClipMaker


def integrated_and_peak(clips: ClipMaker, path: Path) -> tuple[float, float]:
    """Measure integrated loudness and true peak with FFmpeg's own summary."""
    command: list[str | Path] = [clips.tools.ffmpeg, "-nostdin", "-hide_banner", "-i", path]
    done = subprocess.run(
        [*command, "-af", "ebur128=peak=true", "-f", "null", "-"],
        check=True,
        capture_output=True,
        timeout=250,
    )
    summary = done.stderr.decode().rpartition("Summary:")[2]
    readings = dict(re.findall(r"(I|Peak): +(-?[\d.]+)", summary))
    return float(readings["I"]), float(readings["Peak"])
