"""Makes one video by itself: finds out what must be known, runs the commands, verifies what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from activities.ffmpeg.tools import tone_mapper_for
from activities.media.codecs import AudioEncoder
from activities.media.locations import Location
from activities.media.probe import MediaInfo
from activities.media.timing import timing_of
from activities.media.video_command import (
    Findings,
    VideoNames,
    first_pass_arguments,
    loudness_arguments,
    video_arguments,
)
from activities.media.video_output import VideoOutput
from activities.sound.sound import measure_loudness
from activities.source.frames import has_frames, read_frames
from activities.source.source import Source
from activities.task.making import Making
from activities.task.report import ProgressReport
from activities.transfer.publish import Product
from activities.verify.verify import expected_duration, verify_captions, verify_video
from activities.video.captions import CaptionReader, CaptionWriter
from cpe.activity import JsonValue
from cpe.errors import InvalidInput


def make_video(
    making: Making,
    source: Source,
    output: VideoOutput,
    name: str,
    *,
    audio: AudioEncoder,
    watermarks: Mapping[Location, str],
    captions: CaptionReader,
) -> list[Product]:
    """Make a video in a file called `name`, and verify it.

    Args:
        making: The task.
        source: Its input.
        output: What to make.
        name: The file to write.
        audio: The audio encoder; the output's own or its fallback.
        watermarks: The file of each watermark.
        captions: Reads the captions.

    Return the video and the captions beside it.

    Raises:
        ActivityError: It could not be made, or is not what it should be.
    """
    part = output.excerpt.of(source.info) if output.excerpt is not None else source.info
    check_frames(making, source, output)
    seconds = expected_duration(part)
    report = ProgressReport(making.context, output.target.location.key, seconds)
    writer = CaptionWriter(workshop=making.workshop, output=output, texts=captions.of(output))
    beside = writer.sidecars(name)
    names = VideoNames(
        source=source.file,
        output=name,
        watermark=watermarks[output.watermark.location] if output.watermark else None,
        captions=tuple(writer.tracks(name)),
        burnt=writer.burnt(name),
    )
    workshop, info, video = making.workshop, source.info, source.video
    with making.stopwatch.measure("encode"):
        findings = _find_out(making, source, output)
        passes = [video_arguments(output, info, video, audio=audio, names=names, findings=findings)]
        if output.two_pass:
            passes.insert(0, first_pass_arguments(output, info, video, names=names, findings=findings))
        for number, arguments in enumerate(passes):
            workshop.encode(arguments, duration=seconds, report=report.of_run(number, len(passes)))
    with making.stopwatch.measure("verify"):
        made = verify_video(workshop, name, output, size=output.size_for(video), source=part)
        verify_captions(output, made)
    report.finish()
    video_product = Product(
        path=making.workshop.directory / name,
        target=output.target,
        key=output.target.location.key,
        content_type=output.container.content_type,
        facts=video_facts(made),
    )
    return [video_product, *beside]


def check_frames(making: Making, source: Source, output: VideoOutput) -> None:
    """Raise InvalidInput if a part of the source has no frame."""
    excerpt, rate = output.excerpt, timing_of(output, source.video).rate
    if excerpt is None:
        return
    if rate is not None:
        empty = excerpt.shorter_than_a_frame(source.info, rate)
    else:
        frames = read_frames(making.workshop, source)
        empty = frames is not None and not has_frames(frames, excerpt)
    if empty:
        raise InvalidInput(
            f"The part that starts at {float(excerpt.start):g} s has no frame: "
            f"{'its duration is too short' if excerpt.duration else 'the source ends'}.",
            code="START_OUT_OF_RANGE",
        )


def _find_out(making: Making, source: Source, output: VideoOutput) -> Findings:
    """Measure the sound, and look how this FFmpeg maps tones, where the output needs it."""
    workshop, audio = making.workshop, source.info.audio
    measured = None
    if output.loudness is not None and audio is not None:
        command = loudness_arguments(output, source.info, audio, file=source.file)
        measured = measure_loudness(workshop, command)
    return Findings(loudness=measured, mapper=tone_mapper_for([output], source.video, workshop.tools))


def video_facts(made: MediaInfo) -> dict[str, JsonValue]:
    """Return what a result tells of a video."""
    codecs = {
        kind: stream.codec
        for kind, stream in (("video", made.video), ("audio", made.audio))
        if stream is not None
    }
    return {
        "duration": made.duration,
        "width": made.video.width if made.video else None,
        "height": made.video.height if made.video else None,
        "codecs": codecs,
    }
