"""TranscodeSegment: makes one part of a job that SplitAsset split.

The part is a segment of the picture, made for all outputs from one decoding, or the whole sound. What is made
is verified and lies in the job's work folder until JoinAsset takes it. A part that is made once more replaces
itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from activities.ffmpeg.encoders import choose_encoders
from activities.ffmpeg.shortcomings import missing_demuxers, missing_encoders
from activities.ffmpeg.tools import encoders, find_tools
from activities.ffmpeg.workshop import Workshop
from activities.fleet.part_maker import PartMaker
from activities.fleet.segment_fetch import fetch_of_segment
from activities.media.fields import Fields
from activities.media.job import AssetType, parse_job
from activities.media.outputs import Divisible, all_videos, parse_outputs
from activities.media.presets import preset_library
from activities.media.segments import Segment
from activities.media.split import Split, read_part, read_split
from activities.source.source import inspect, telling_the_undecodable
from activities.task.settings import read_settings
from activities.task.stopwatch import Stopwatch
from activities.transfer.fetch import fetch
from activities.transfer.publish import Product, describe, publish
from activities.video.watermarks import fetch_watermarks, flatten_watermarks
from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import ActivityError, CpeError, InvalidInput

_INPUT = "input"


class TranscodeSegment(Activity):
    """One part → its renditions in the work folder; see docs/activities.md."""

    def check_worker(self, settings: Mapping[str, Any]) -> None:
        """Raise ConfigError unless FFmpeg is here and works, and all presets are sound."""
        known = read_settings(settings)
        encoders(find_tools(known.ffmpeg, known.ffprobe))
        preset_library(known.presets)

    def shortcomings(self, settings: Mapping[str, Any]) -> Iterable[CpeError]:
        """Tell which formats cannot be read, and which presets cannot be made."""
        known = read_settings(settings)
        tools = find_tools(known.ffmpeg, known.ffprobe)
        return [*missing_demuxers(tools), *missing_encoders(tools, preset_library(known.presets))]

    def run(self, context: ActivityContext) -> JsonValue:
        settings = read_settings(context.settings)
        job = parse_job(context.input)
        outputs = read_divisible(parse_outputs(job.outputs, preset_library(settings.presets)))
        fields = Fields(context.input, "input")
        split = read_split(fields.needed("split"))
        part = read_part(fields.raw("part"), fields.path("part"))
        workshop = Workshop(
            tools=find_tools(settings.ffmpeg, settings.ffprobe),
            directory=context.scratch,
            cancellation=context.cancellation,
            encode_seconds=settings.encode_seconds,
            limits=settings.limits,
        )
        audio = choose_encoders(outputs, workshop.tools)

        stopwatch = Stopwatch("fetch", "probe", "encode", "verify", "publish")
        context.preparing()
        with stopwatch.measure("fetch"):
            watermarks = fetch_watermarks(context, outputs)
            partly = isinstance(part, Segment) and fetch_of_segment(
                context, workshop, job.asset, _INPUT, segment=part, split=split
            )
            if not partly:
                fetch(context, job.asset, context.scratch / _INPUT, settings)
        _check_unchanged(context, split)
        flatten_watermarks(context.scratch, watermarks)

        def make(*, partly: bool) -> list[Product]:
            with stopwatch.measure("probe"):
                source = inspect(workshop, _INPUT, AssetType.VIDEO)
            maker = PartMaker(
                context=context,
                workshop=workshop,
                source=source,
                outputs=all_videos(outputs),
                split=split,
                stopwatch=stopwatch,
                partly=partly,
            )
            with telling_the_undecodable(workshop, source, AssetType.VIDEO):
                return maker.segment(part, watermarks) if isinstance(part, Segment) else maker.sound(audio)

        try:
            products = make(partly=partly)
        except ActivityError as error:
            context.check()
            if not partly:
                raise
            # What was fetched is not all that matters, or the film is damaged: the whole tells.
            context.log.warning("segment.fetched_whole", reason=error.code)
            with stopwatch.measure("fetch"):
                fetch(context, job.asset, context.scratch / _INPUT, settings)
            products = make(partly=False)
        context.finishing()
        with stopwatch.measure("publish"):
            described = describe(products)
            publish(context, products)
        return {"outputs": described, "timing": stopwatch.seconds}


def read_divisible(outputs: Sequence[object]) -> tuple[Divisible, ...]:
    """Return the outputs, which must be videos and playlists.

    Raises:
        InvalidInput: One is something else, ``OUTPUT_TYPE_UNSUPPORTED``.
    """
    divisible = tuple(output for output in outputs if isinstance(output, Divisible))
    if len(divisible) != len(outputs) or not divisible:
        raise InvalidInput(
            "input.output_assets must be one or more VIDEO or PLAYLIST. Make other outputs with "
            "TranscodeAsset.",
            code="OUTPUT_TYPE_UNSUPPORTED",
        )
    return divisible


def _check_unchanged(context: ActivityContext, split: Split) -> None:
    size = (context.scratch / _INPUT).stat().st_size
    if size != split.size:
        raise ActivityError(
            f"The input has {size} bytes; when it was split it had {split.size}. Run the job again.",
            code="INPUT_CHANGED",
        )
