"""Makes a ladder to play over HTTP by itself: its videos from one decoding, and each sound once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from activities.ffmpeg.tools import tone_mapper_for
from activities.media.codecs import AudioEncoder
from activities.media.locations import Location
from activities.media.playlist_output import PlaylistOutput
from activities.media.segment_command import Rendition, segment_arguments
from activities.media.segments import Stretch
from activities.media.split import versions_of_sound
from activities.playlist.whole_ladder import WholeLadder
from activities.sound.sound_versions import encode_sounds
from activities.source.source import Source
from activities.task.making import Making
from activities.task.report import ProgressReport
from activities.transfer.publish import Product
from activities.verify.verify import expected_duration
from activities.video.captions import CaptionReader
from activities.video.rendition import check_frames

_WHOLE = Stretch(begin=Fraction(0), cut=False, until=None, frames=None)


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
    part = output.excerpt.of(source.info) if output.excerpt is not None else source.info
    for rendition in output.renditions:
        check_frames(making, source, rendition)
    seconds = expected_duration(part)
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
        sounds = _make_sounds(making, replace(source, info=part), output, name, audio=audio)
    report.finish()
    ladder = WholeLadder(
        output=output,
        name=name,
        videos=videos,
        sizes=[video.size_for(source.video) for video in output.renditions],
        sounds=sounds,
        language=source.info.audio.language if source.info.audio else None,
        seconds=seconds,
        texts=captions.of(output),
    )
    return ladder.package(making.workshop, making.stopwatch)


def _make_sounds(
    making: Making, source: Source, output: PlaylistOutput, name: str, *, audio: Mapping[str, AudioEncoder]
) -> list[str]:
    """Make each version of the sound once; return the file of each."""
    if source.info.audio is None:
        return []
    versions = versions_of_sound(output.renditions)
    sounds = [f"{name}-audio-{index}" for index in range(len(versions))]
    encode_sounds(
        making.workshop, source, versions, sounds, audio=audio, report=lambda _: making.context.check()
    )
    return sounds
