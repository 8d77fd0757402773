"""Ladders for tests: small sources, and renditions that are made in a moment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activities.media.playlist_reading import Listing, read_main, read_media
from activities.transcode_asset import TranscodeAsset
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker

_PRESET = {"size": "160x90", "video_bitrate": "200k", "audio_bitrate": "64k", "audio_codec": "aac"}

CODECS = ("h264", "vp9", "hevc", "av1")


def preset(codec: str = "h264", **changes: Any) -> dict[str, Any]:
    """Return a preset of a small picture."""
    return {**_PRESET, "video_codec": codec, **changes}


SMALL = {"preset": preset()}
SMALLER = {"preset": preset(), "size": "96x54", "video_bitrate": "80k"}


@dataclass(frozen=True, slots=True)
class LadderShop:
    """Makes ladders, and looks at what became of them as a player would."""

    environment: ActivityEnvironment

    def run(self, source: Path, **keys: Any) -> dict[str, Any]:
        """Make a ladder of a file; return the activity's result."""
        self.environment.storage.put("media-in", "x.mp4", source)
        output = {"type": "PLAYLIST", "bucket": "media-out", "file": "out/movie.m3u8", **keys}
        output.setdefault("renditions", [SMALL, SMALLER])
        document: Any = {
            "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "x.mp4"},
            "output_asset": output,
        }
        result: Any = self.environment.run(TranscodeAsset(), document)
        made: dict[str, Any] = result
        return made

    @property
    def keys(self) -> list[str]:
        """The keys of all objects."""
        return self.environment.storage.keys("media-out")

    def get(self, key: str) -> bytes:
        """Return an object."""
        return self.environment.storage.get("media-out", key)

    def text(self, key: str) -> str:
        """Return an object that is a text."""
        return self.get(key).decode()

    def media(self, stream: str, *, playlist: str = "playlist.m3u8", folder: str = "out/movie") -> Listing:
        """Read the playlist of a stream."""
        return read_media(self.text(f"{folder}/{stream}/{playlist}"))

    def listed(self, key: str = "out/movie.m3u8") -> list[str]:
        """Return the files that the main playlist names."""
        return read_main(self.text(key))

    def variants(self, key: str = "out/movie.m3u8") -> list[dict[str, str]]:
        """Return the attributes of all variants of the main playlist."""
        lines = [line for line in self.text(key).splitlines() if line.startswith("#EXT-X-STREAM-INF:")]
        return [
            {name: value.strip('"') for name, value in re.findall(r'([A-Z-]+)=("[^"]*"|[^",]*)', line)}
            for line in lines
        ]


@dataclass(frozen=True, slots=True)
class ClipsAt:
    """Makes clips, and decodes parts of a stream in a folder."""

    clips: ClipMaker
    folder: Path

    def frames(self, *parts: bytes) -> list[dict[str, Any]]:
        """Decode some parts of a stream, one after the other; return its frames."""
        path = self.folder / "part.mp4"
        path.write_bytes(b"".join(parts))
        document = self.clips.probe(path, "-show_frames")
        frames: list[dict[str, Any]] = document["frames"]
        return frames
