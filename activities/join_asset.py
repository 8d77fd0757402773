"""JoinAsset: puts the parts of a job together and publishes the outputs.

Nothing is encoded. The renditions of a playlist are packaged as TranscodeAsset packages them. Nothing is
published unless every output was joined and verified. The parts stay: a worker that dies after publishing has
not answered, and another one does all of it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities.ffmpeg.tools import encoders, find_tools
from activities.ffmpeg.workshop import Workshop
from activities.fleet.joiner import Joiner
from activities.fleet.kept_captions import fetch_kept_captions
from activities.media.fields import Fields
from activities.media.job import parse_job
from activities.media.outputs import all_videos, buckets_of, parse_outputs
from activities.media.presets import preset_library
from activities.media.split import read_parts, read_split
from activities.sandbox.quota import telling_a_full_disk
from activities.task.machine import this_machine
from activities.task.settings import read_settings
from activities.task.stopwatch import Stopwatch
from activities.transcode_segment import read_divisible
from activities.transfer.existing import with_skipped
from activities.transfer.publish import describe, publish
from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import InvalidInput


class JoinAsset(Activity):
    """All parts of a job → its videos and playlists; see docs/activities.md."""

    def check_worker(self, settings: Mapping[str, Any]) -> None:
        """Raise ConfigError unless FFmpeg is here and works, and all presets are sound."""
        known = read_settings(settings)
        encoders(find_tools(known.ffmpeg, known.ffprobe))
        preset_library(known.presets)

    def run(self, context: ActivityContext) -> JsonValue:
        settings = read_settings(context.settings)
        job = parse_job(context.input)
        outputs = read_divisible(parse_outputs(job.outputs, preset_library(settings.presets)))
        fields = Fields(context.input, "input")
        split = read_split(fields.needed("split"))
        segments = read_parts(fields, "parts")
        titles = sum(len(output.captions) for output in outputs)
        if not segments or len(all_videos(outputs)) != len(split.timings) or titles != len(split.captions):
            raise InvalidInput("input.parts and input.output_assets must be those that SplitAsset returned.")
        for bucket in buckets_of(outputs):
            context.storage.check_bucket(bucket)
        stopwatch = Stopwatch("fetch", "join", "verify", "publish")
        joiner = Joiner(
            context=context,
            workshop=Workshop(
                tools=find_tools(settings.ffmpeg, settings.ffprobe),
                directory=context.scratch,
                cancellation=context.cancellation,
                encode_seconds=settings.encode_seconds,
                limits=settings.limits,
            ),
            outputs=outputs,
            split=split,
            segments=segments,
            limit=settings.max_input_bytes,
            cores=this_machine(cores=settings.cores or context.cores).cores,
            stopwatch=stopwatch,
        )
        context.preparing()
        with telling_a_full_disk():
            products = joiner.join(fetch_kept_captions(context, split))
        context.finishing()
        with stopwatch.measure("publish"):
            described = describe(products)
            left = publish(context, products)
        return {"outputs": with_skipped(described, left), "timing": stopwatch.seconds}
