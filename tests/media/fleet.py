"""What a fleet does with a film: cut it, encode its parts, join them; and films that are not easy to cut."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from activities.discard_segments import DiscardSegments
from activities.join_asset import JoinAsset
from activities.split_asset import SplitAsset
from activities.transcode_segment import TranscodeSegment
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker

_SECONDS = 6
_CODING = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-bf",
    "2",
    "-g",
    "60",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
]


def make_film(clips: ClipMaker, name: str, *arguments: str, rate: str = "25", late: str = "0") -> Path:
    """Make six seconds of a moving picture with a tone that starts `late`."""
    return clips.run(
        name,
        *("-f", "lavfi", "-i", f"testsrc2=size=160x90:rate={rate}:duration={_SECONDS}"),
        *("-itsoffset", late, "-f", "lavfi", "-i", f"sine=sample_rate=48000:duration={_SECONDS}"),
        *(*_CODING, *arguments),
    )


def _uneven(clips: ClipMaker) -> Path:
    return make_film(
        clips, "uneven.mp4", "-vf", "select='lt(n,60)+not(mod(n,4))+not(mod(n,7))'", "-fps_mode", "vfr"
    )


def _two_late_sounds(clips: ClipMaker) -> Path:
    both = ("-map", "0:v", "-map", "1:a", "-map", "1:a", "-metadata:s:a:1", "language=fre")
    default = ("-disposition:a:0", "0", "-disposition:a:1", "default")
    return make_film(clips, "two.mkv", *both, *default, rate="24000/1001", late="0.37")


def _interlaced(clips: ClipMaker) -> Path:
    fields = ("-vf", "tinterlace=interleave_top,fieldorder=tff", "-flags", "+ilme+ildct")
    return make_film(
        clips, "fields.ts", "-c:v", "mpeg2video", *fields, "-b:v", "2M", "-c:a", "mp2", rate="50"
    )


FILMS: dict[str, Callable[[ClipMaker], Path]] = {
    "25": lambda clips: make_film(clips, "25.mp4"),
    "29.97": lambda clips: make_film(clips, "29.97.mp4", rate="30000/1001"),
    "23.976 in milliseconds, the second of two late sounds": _two_late_sounds,
    "uneven": _uneven,
    "interlaced, without an index": _interlaced,
    "silent, turned": lambda clips: clips.turned("turned.mp4", make_film(clips, "flat.mp4", "-an"), 90),
    "odd, 10 bit": lambda clips: make_film(
        clips, "odd.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv444p10le", "-vf", "crop=79:45"
    ),
}
"""Films of six seconds, by what is difficult about them."""


def job_of(source: Path, outputs: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return the input of an activity."""
    asset = {"type": "VIDEO", "bucket": "media-in", "file": source.name}
    return {"input_asset": asset, "output_assets": outputs, **more}


def split_film(
    environment: ActivityEnvironment, source: Path, outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    """Store a film and split it; into three if it is long enough."""
    environment.storage.put("media-in", source.name, source)
    split: dict[str, Any] = environment.run(SplitAsset(), job_of(source, outputs, segments=3))
    return split


def encode_part(
    environment: ActivityEnvironment, source: Path, split: dict[str, Any], part: dict[str, Any]
) -> dict[str, Any]:
    """Encode one part; return the activity's result."""
    job = job_of(source, split["outputs"], split=split["split"], part=part)
    result: dict[str, Any] = environment.run(TranscodeSegment(), job)
    return result


def join_parts(environment: ActivityEnvironment, source: Path, split: dict[str, Any]) -> dict[str, Any]:
    """Join what was encoded; return the activity's result."""
    job = job_of(source, split["outputs"], split=split["split"], parts=split["parts"])
    result: dict[str, Any] = environment.run(JoinAsset(), job)
    return result


def cut_and_join(
    environment: ActivityEnvironment, source: Path, outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    """Do all that a fleet does with a film; return JoinAsset's result."""
    split = split_film(environment, source, outputs)
    assert len([part for part in split["parts"] if "segment" in part]) == 3
    for part in split["parts"]:
        encode_part(environment, source, split, part)
    result = join_parts(environment, source, split)
    environment.run(DiscardSegments(), {"split": split["split"], "parts": split["parts"]})
    return result


def made_file(environment: ActivityEnvironment, key: str, folder: Path) -> Path:
    """Return an object as a file."""
    path = folder / key.replace("/", "-")
    path.write_bytes(environment.storage.get("media-out", key))
    return path


def frames_of(clips: ClipMaker, path: Path) -> list[tuple[str, str]]:
    """Return times and hashes of all decoded frames."""
    command: list[str | Path] = [
        clips.tools.ffmpeg,
        "-nostdin",
        "-v",
        "error",
        "-copyts",
        "-i",
        path,
        "-map",
        "0:v",
    ]
    done = subprocess.run(
        [*command, "-fps_mode", "passthrough", "-enc_time_base", "demux", "-f", "framemd5", "pipe:1"],
        check=True,
        capture_output=True,
        text=True,
        timeout=250,
    )
    lines = [re.split(r", *", line) for line in done.stdout.splitlines() if not line.startswith("#")]
    return [(line[2], line[5]) for line in lines]
