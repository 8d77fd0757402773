"""Transcoding in tests: a film in, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from activities.transcode_asset import TranscodeAsset
from cpe.testing import ActivityEnvironment


def job(*outputs: dict[str, Any], file: str = "clip.mp4") -> dict[str, Any]:
    """Say a job: one film of the input bucket, these outputs."""
    return {
        "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": file},
        "output_assets": [{"bucket": "media-out", **output} for output in outputs],
    }


def video_output(file: str = "/o/x.mp4", **changes: Any) -> dict[str, Any]:
    """Say a video by preset."""
    return {"type": "VIDEO", "file": file, "preset": "320x240-generic", **changes}


def transcode(
    environment: ActivityEnvironment, source: Path, *outputs: dict[str, Any]
) -> list[dict[str, Any]]:
    """Have a film transcoded; tell of the outputs as the activity does."""
    environment.storage.put("media-in", source.name, source)
    result = environment.run(TranscodeAsset(), job(*outputs, file=source.name))
    made: list[dict[str, Any]] = result["outputs"]
    return made


def made_file(environment: ActivityEnvironment, tmp_path: Path, key: str) -> Path:
    """Put an output where programs can read it."""
    path = tmp_path / "made"
    path.write_bytes(environment.storage.get("media-out", key))
    return path
