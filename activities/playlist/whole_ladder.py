"""Cuts a finished ladder into what players load: segments, and the playlists of HLS and DASH around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath

from activities.ffmpeg.tools import can_decode
from activities.ffmpeg.workshop import Workshop
from activities.media.fragment_command import Kind, TrackCopy
from activities.media.playlist_output import Format, PlaylistOutput
from activities.media.split import version_of_sound, versions_of_sound
from activities.media.text_track import TextTrack
from activities.playlist.ladder_package import LadderPackage
from activities.playlist.packager import Packager
from activities.playlist.segment_cipher import SegmentCipher
from activities.playlist.verify_playlist import verify_alignment, verify_listings, verify_segments
from activities.task.stopwatch import Stopwatch
from activities.transfer.publish import Product
from activities.verify.verify import invalid_output
from activities.video.captions import Subtitles

_NO_LANGUAGE = "und"
_SLACK_SECONDS = 1.0
_SLACK_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeLadder:
    """The renditions of a playlist, each still one file.

    Attributes:
        output: The playlist.
        name: What new files are called after.
        videos: The file of each rendition: MP4 with key frames on the grid.
        sizes: The width and height that each should have, in pixels.
        sounds: For each version of the sound the file that has it, which may be that of a rendition; empty
            for a silent ladder.
        language: The language of the sound.
        seconds: How long it should last; None when unknown.
        texts: Its captions.
    """

    output: PlaylistOutput
    name: str
    videos: Sequence[str]
    sizes: Sequence[tuple[int, int]]
    sounds: Sequence[str]
    language: str | None
    seconds: float | None
    texts: Sequence[Subtitles]

    def package(self, workshop: Workshop, stopwatch: Stopwatch) -> list[Product]:
        """Make segments and playlists, and verify them. The files of videos and sounds are removed.

        Raises:
            ActivityError: They are not what they should be, ``OUTPUT_INVALID``.
        """
        output = self.output
        cipher = SegmentCipher() if output.encryption is not None else None
        folder = workshop.directory / f"{self.name}-streams"
        packager = Packager(workshop=workshop, folder=folder, seconds=output.segment_seconds, cipher=cipher)
        with stopwatch.measure("package"):
            streams = packager.pack(self._copies())
            for file in {*self.videos, *self.sounds}:
                (workshop.directory / file).unlink()
            end = max(files.stream.start + files.stream.duration for files in streams)
            package = LadderPackage(
                output=output, streams=streams, folder=folder, cipher=cipher, texts=self._tracks(end)
            )
            package.write()
            self._verify(workshop, package)
        return list(package.products())

    def _tracks(self, end: Fraction) -> list[TextTrack]:
        """Return the captions as tracks of a ladder that ends at the second `end`."""
        labels: list[str] = []
        for text in self.texts:
            label = text.language or "captions"
            again = sum(other.partition(" ")[0] == label for other in labels)
            labels.append(f"{label} {again + 1}" if again else label)
        return [
            TextTrack(
                name=f"text-{number}",
                label=label,
                language=text.language,
                cues=text.cues,
                seconds=self.output.segment_seconds,
                end=end,
            )
            for number, (text, label) in enumerate(zip(self.texts, labels, strict=True), start=1)
        ]

    def _copies(self) -> list[tuple[str, TrackCopy]]:
        """Tell which tracks of which files become the streams, by their names."""
        renditions = self.output.renditions
        videos = [
            (
                f"video-{number}",
                TrackCopy(
                    source=file,
                    target=f"{self.name}-copy-video-{number}",
                    codec=video.video.codec,
                    kind=Kind.VIDEO,
                ),
            )
            for number, (file, video) in enumerate(zip(self.videos, renditions, strict=True), start=1)
        ]
        versions = versions_of_sound(renditions) if self.sounds else ()
        sounds = [
            (
                f"audio-{number}",
                TrackCopy(
                    source=file,
                    target=f"{self.name}-copy-audio-{number}",
                    codec=version.encoder.codec,
                    kind=Kind.AUDIO,
                    language=self.language if self.language != _NO_LANGUAGE else None,
                ),
            )
            for number, (version, file) in enumerate(zip(versions, self.sounds, strict=True), start=1)
        ]
        return [*videos, *sounds]

    def _verify(self, workshop: Workshop, package: LadderPackage) -> None:
        streams, output = package.streams, self.output
        for files, size in zip(streams, self.sizes, strict=False):
            if files.stream.track.size != size:
                raise invalid_output(f"has video of {files.stream.track.size} instead of {size}")
        wanted = self.seconds
        found = float(max(files.stream.start + files.stream.duration for files in streams))
        if wanted is not None and abs(found - wanted) > max(_SLACK_SECONDS, wanted * _SLACK_SHARE):
            raise invalid_output(f"lasts {found:.2f} s instead of {wanted:.2f} s")
        verify_alignment(streams)
        verify_listings(
            streams,
            main=package.text(Format.HLS),
            manifest=package.text(Format.DASH),
            folder=PurePosixPath(output.folder).name,
            texts=[track.name for track in package.texts],
        )
        # FFmpeg's own decoder of AV1 needs a graphics card.
        blind = "none" if can_decode("av1", workshop.tools) else "av01"
        verify_segments(workshop, streams, package.cipher, lambda codec: not codec.startswith(blind))


def files_with_sounds(output: PlaylistOutput, videos: Sequence[str]) -> list[str]:
    """Return for each version of a playlist's sound the first of its videos that has it."""
    wanted = [version_of_sound(video) for video in output.renditions]
    return [videos[wanted.index(version)] for version in versions_of_sound(output.renditions)]
