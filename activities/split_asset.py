"""SplitAsset: decides where a video is cut, so that many workers can encode it at once.

Nothing is encoded; the captions of outputs are read, and kept for JoinAsset. The frames' times are read from
the film's index, or from its packets. Where nothing is cut, there are no parts, and all outputs are for
TranscodeAsset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import compress
from typing import Any

from activities.ffmpeg.tools import encoders, find_tools
from activities.ffmpeg.workshop import Workshop
from activities.fleet.film_look import FilmLook
from activities.fleet.kept_captions import keep_captions
from activities.media.captions import StreamChoice
from activities.media.custom_output import CustomOutput
from activities.media.fields import Fields
from activities.media.job import parse_job
from activities.media.outputs import Divisible, Output, all_videos, buckets_of, parse_outputs, videos_of
from activities.media.playlist_output import PlaylistOutput
from activities.media.presets import preset_library
from activities.media.segments import Frames, Segment, cut, wished_segments
from activities.media.split import Sound, Split, versions_of_sound, work_folder, write_part, write_split
from activities.media.timing import Timing, timing_of
from activities.media.video_output import VideoOutput
from activities.source.source import Source
from activities.task.making import naming
from activities.task.settings import read_settings
from activities.task.stopwatch import Stopwatch
from activities.transfer.existing import is_left
from activities.video.captions import CaptionReader, Subtitles, fetch_captions
from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import InvalidInput

_INPUT = "input"


class SplitAsset(Activity):
    """Tells the parts of a job: segments of the picture, and the sound; see docs/activities.md."""

    def check_worker(self, settings: Mapping[str, Any]) -> None:
        """Raise ConfigError unless FFmpeg is here and works, and all presets are sound."""
        known = read_settings(settings)
        encoders(find_tools(known.ffmpeg, known.ffprobe))
        preset_library(known.presets)

    def run(self, context: ActivityContext) -> JsonValue:
        settings = read_settings(context.settings)
        job = parse_job(context.input)
        outputs = parse_outputs(job.outputs, preset_library(settings.presets), custom_cmd=settings.custom_cmd)
        if not any(isinstance(output, Divisible | CustomOutput) for output in outputs):
            raise InvalidInput(
                "input.output_assets has no VIDEO and no PLAYLIST. Segments are for videos only."
            )
        for bucket in buckets_of(outputs):
            context.storage.check_bucket(bucket)
        # What is there already and stays is for TranscodeAsset, which tells so.
        together = [_is_cut_up(output) and not _is_there(context, output) for output in outputs]
        videos = all_videos(list(compress(outputs, together)))
        workshop = Workshop(
            tools=find_tools(settings.ffmpeg, settings.ffprobe),
            directory=context.scratch,
            cancellation=context.cancellation,
            encode_seconds=settings.encode_seconds,
            limits=settings.limits,
        )
        stopwatch = Stopwatch("fetch", "probe")
        context.preparing()
        look = FilmLook(
            context=context,
            workshop=workshop,
            asset=job.asset,
            file=_INPUT,
            settings=settings,
            stopwatch=stopwatch,
        )
        source, frames = look.look(whole=_takes_captions_out(outputs))
        timings = tuple(timing_of(output, source.video) for output in videos)
        segments = _segments(Fields(context.input, "input"), source, frames, timings)
        cut_up = [bool(segments) and each for each in together]
        texts = _read_captions(context, workshop, source, list(compress(outputs, cut_up)))
        split = Split(
            bucket=(videos or outputs)[0].target.location.bucket,
            folder=work_folder(context.task.workflow_id, context.task.run_id),
            size=(context.scratch / _INPUT).stat().st_size,
            first=frames.seconds(0) if frames is not None else Fraction(0),
            last=frames.seconds(-1) if frames is not None else Fraction(0),
            timings=timings,
            sounds=len(versions_of_sound(videos)) if source.info.audio else 0,
            captions=tuple(text.language for text in texts),
        )
        keep_captions(context, split, texts)
        # The sound first: it takes longer than a segment of a long film.
        parts: list[Segment | Sound] = [*([Sound()] if segments and split.sounds else []), *segments]
        documents = [document for _, document in job.outputs]
        result: dict[str, Any] = {
            "split": write_split(split),
            "parts": [write_part(part) for part in parts],
            "outputs": list(compress(documents, cut_up)),
            "others": [document for document, mine in zip(documents, cut_up, strict=True) if not mine],
            "timing": stopwatch.seconds,
        }
        context.log.info("asset.split", segments=len(segments), bucket=split.bucket, folder=split.folder)
        return result


def _is_cut_up(output: Output) -> bool:
    """Tell whether an output is made in segments: all of the source is."""
    if not isinstance(output, VideoOutput | PlaylistOutput):
        return False
    return not any(video.alone or video.excerpt is not None for video in videos_of(output))


def _takes_captions_out(outputs: Sequence[Output]) -> bool:
    """Tell whether captions are taken out of the film, in which they lie everywhere."""
    return any(
        isinstance(captions.source, StreamChoice)
        for output in outputs
        if isinstance(output, Divisible)
        for captions in output.captions
    )


def _read_captions(
    context: ActivityContext, workshop: Workshop, source: Source, outputs: Sequence[Output]
) -> list[Subtitles]:
    """Read the captions of all outputs, in order."""
    reader = CaptionReader(workshop=workshop, source=source, cues=fetch_captions(context, outputs))
    texts: list[Subtitles] = []
    for output in outputs:
        if isinstance(output, Divisible):
            with naming(output.target.location):
                texts += reader.of(output)
    return texts


def _is_there(context: ActivityContext, output: Output) -> bool:
    """Tell whether an output exists and is left as it is."""
    return is_left(context, output.target, output.target.location.key)


def _segments(
    job: Fields, source: Source, frames: Frames | None, timings: Sequence[Timing]
) -> tuple[Segment, ...]:
    count = wished_segments(
        job, frames.seconds(-1) - frames.seconds(0) if frames is not None else Fraction(0)
    )
    if frames is None or not timings or not all(timing.known for timing in timings):
        return ()
    return cut(frames, count, demuxer=source.info.demuxer)
