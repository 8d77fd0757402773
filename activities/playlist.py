"""Makes a ladder to play over HTTP: its videos and sounds, and what HLS and DASH players need around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import PurePosixPath

from activities.captions import CaptionReader
from activities.ladder_package import LadderPackage
from activities.making import Making
from activities.media.codecs import AudioEncoder
from activities.media.fragment_command import Kind, TrackCopy
from activities.media.locations import Location
from activities.media.playlist_output import Format, PlaylistOutput
from activities.media.segment_command import Rendition, segment_arguments, sound_arguments
from activities.media.segments import Stretch
from activities.media.split import version_of_sound, versions_of_sound
from activities.media.text_track import TextTrack
from activities.packager import Packager
from activities.publish import Product
from activities.report import ProgressReport
from activities.segment_cipher import SegmentCipher
from activities.source import Source
from activities.tools import can_decode, tone_mapper_for
from activities.verify import expected_duration, invalid_output
from activities.verify_playlist import verify_alignment, verify_listings, verify_segments

_NO_LANGUAGE = "und"
_WHOLE = Stretch(begin=Fraction(0), cut=False, until=None, frames=None)
_SLACK_SECONDS = 1.0
_SLACK_SHARE = 0.02


def make_playlist(
    making: Making,
    source: Source,
    output: PlaylistOutput,
    name: str,
    *,
    audio: Mapping[str, AudioEncoder],
    watermarks: Mapping[Location, str],
    captions: CaptionReader,
) -> list[Product]:
    """Make a ladder by itself, in files called after `name`, from one decoding, and verify it.

    Raises:
        ActivityError: It could not be made, or is not what it should be.
    """
    seconds = expected_duration(source.info)
    report = ProgressReport(making.context, output.target.location.key, seconds)
    videos = [f"{name}-video-{index}" for index in range(len(output.renditions))]
    arguments = segment_arguments(
        [
            Rendition(output=video, stretch=_WHOLE, file=file)
            for video, file in zip(output.renditions, videos, strict=True)
        ],
        source.info,
        source.video,
        file=source.file,
        seek=Fraction(0),
        watermarks=watermarks,
        mapper=tone_mapper_for(output.renditions, source.video, making.workshop.tools),
        threads=None,
    )
    with making.stopwatch.measure("encode"):
        making.workshop.encode(arguments, duration=seconds, report=report.update)
        sounds = _make_sounds(making, source, output, name, audio=audio)
    report.finish()
    return package_ladder(making, source, output, name, videos, captions=captions, sounds=sounds)


def _make_sounds(
    making: Making, source: Source, output: PlaylistOutput, name: str, *, audio: Mapping[str, AudioEncoder]
) -> list[str]:
    """Make each version of the sound once; return the file of each."""
    if source.info.audio is None:
        return []
    versions = versions_of_sound(output.renditions)
    sounds = [f"{name}-audio-{index}" for index in range(len(versions))]
    arguments = sound_arguments(
        [replace(version, encoder=audio[version.encoder.name]) for version in versions],
        source.info,
        source.info.audio,
        file=source.file,
        files=sounds,
    )
    making.workshop.encode(arguments, duration=None, report=lambda _: making.context.check())
    return sounds


def package_ladder(
    making: Making,
    source: Source,
    output: PlaylistOutput,
    name: str,
    videos: Sequence[str],
    *,
    captions: CaptionReader,
    sounds: Sequence[str] | None = None,
) -> list[Product]:
    """Make segments and playlists of a finished ladder, and verify them.

    Args:
        making: The task.
        source: Its input.
        output: What to make.
        name: What new files are called after.
        videos: The file of each rendition: MP4 with key frames on the grid. It is removed.
        captions: Reads the captions.
        sounds: The file of each version of the sound; None when each video has its own.

    Raises:
        ActivityError: They are not what they should be, ``OUTPUT_INVALID``.
    """
    workshop = making.workshop
    cipher = SegmentCipher() if output.encryption is not None else None
    folder = workshop.directory / f"{name}-streams"
    packager = Packager(workshop=workshop, folder=folder, seconds=output.segment_seconds, cipher=cipher)
    with making.stopwatch.measure("package"):
        streams = packager.pack(_copies(source, output, name, videos, sounds))
        for file in (*videos, *(sounds or ())):
            (workshop.directory / file).unlink()
        end = max(files.stream.start + files.stream.duration for files in streams)
        texts = _texts(output, captions, end)
        package = LadderPackage(output=output, streams=streams, folder=folder, cipher=cipher, texts=texts)
        package.write()
        _verify(making, source, package)
    return list(package.products())


def _texts(output: PlaylistOutput, reader: CaptionReader, end: Fraction) -> list[TextTrack]:
    """Read the captions of a ladder that ends at the second `end`."""
    languages = [reader.language(captions) for captions in output.captions]
    labels: list[str] = []
    for language in languages:
        label = language or "captions"
        again = sum(other.partition(" ")[0] == label for other in labels)
        labels.append(f"{label} {again + 1}" if again else label)
    return [
        TextTrack(
            name=f"text-{number}",
            label=label,
            language=language,
            cues=reader.read(captions),
            seconds=output.segment_seconds,
            end=end,
        )
        for number, (captions, language, label) in enumerate(
            zip(output.captions, languages, labels, strict=True), start=1
        )
    ]


def _copies(
    source: Source, output: PlaylistOutput, name: str, videos: Sequence[str], sounds: Sequence[str] | None
) -> list[tuple[str, TrackCopy]]:
    """Tell which tracks of which files become the streams, by their names."""
    copies = [
        (
            f"video-{number}",
            TrackCopy(
                source=file, target=f"{name}-copy-video-{number}", codec=video.video.codec, kind=Kind.VIDEO
            ),
        )
        for number, (file, video) in enumerate(zip(videos, output.renditions, strict=True), start=1)
    ]
    audio = source.info.audio
    if audio is None:
        return copies
    versions = versions_of_sound(output.renditions)
    if sounds is None:
        wanted = [version_of_sound(video) for video in output.renditions]
        sounds = [videos[wanted.index(version)] for version in versions]
    for number, (version, file) in enumerate(zip(versions, sounds, strict=True), start=1):
        copy = TrackCopy(
            source=file,
            target=f"{name}-copy-audio-{number}",
            codec=version.encoder.codec,
            kind=Kind.AUDIO,
            language=audio.language if audio.language != _NO_LANGUAGE else None,
        )
        copies.append((f"audio-{number}", copy))
    return copies


def _verify(making: Making, source: Source, package: LadderPackage) -> None:
    streams, output = package.streams, package.output
    for number, video in enumerate(output.renditions):
        track = streams[number].stream.track
        if track.size != video.size_for(source.video):
            raise invalid_output(f"has video of {track.size} instead of {video.size_for(source.video)}")
    wanted = expected_duration(source.info)
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
    blind = "none" if can_decode("av1", making.workshop.tools) else "av01"
    verify_segments(making.workshop, streams, package.cipher, lambda codec: not codec.startswith(blind))
