"""TranscodeAsset: makes videos and thumbnails of a video.

Everything wrong with the task itself is told before anything is fetched. Nothing is published unless
everything was made and verified.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from activities.fetch import fetch
from activities.media.codecs import AudioEncoder
from activities.media.ffmpeg import FFmpegError
from activities.media.job import parse_job
from activities.media.outputs import Output, VideoOutput, parse_outputs
from activities.media.presets import preset_library
from activities.publish import Product, describe, publish
from activities.rendition import Renderer
from activities.report import ProgressReport
from activities.settings import read_settings
from activities.shortcomings import missing_demuxers, missing_encoders
from activities.source import check_whole, inspect
from activities.stopwatch import Stopwatch
from activities.tools import Tools, choose_audio, encoders, find_tools, require_encoder
from activities.watermarks import fetch_watermarks, flatten_watermarks
from activities.workshop import Workshop
from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import ActivityError, CpeError, InvalidInput

_INPUT = "input"


class TranscodeAsset(Activity):
    """VIDEO → VIDEO and THUMB, by preset; see docs/activities.md."""

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
        outputs = parse_outputs(job.outputs, preset_library(settings.presets))
        if not outputs:
            raise InvalidInput("input.output_asset is missing. It says what to make of the input.")
        workshop = Workshop(
            tools=find_tools(settings.ffmpeg, settings.ffprobe),
            directory=context.scratch,
            cancellation=context.cancellation,
            encode_seconds=settings.encode_seconds,
        )
        audio = choose_encoders(outputs, workshop.tools)
        for bucket in dict.fromkeys(output.target.location.bucket for output in outputs):
            context.storage.check_bucket(bucket)

        stopwatch = Stopwatch("fetch", "probe", "encode", "verify", "publish")
        context.preparing()
        with stopwatch.measure("fetch"):
            fetch(context, job.asset, context.scratch / _INPUT, settings)
            watermarks = fetch_watermarks(context, outputs)
        with stopwatch.measure("probe"):
            source = inspect(workshop, _INPUT, job.asset.type)
            check_whole(workshop, source)
            flatten_watermarks(context.scratch, watermarks)
        renderer = Renderer(
            workshop=workshop, source=source, audio=audio, watermarks=watermarks, stopwatch=stopwatch
        )
        products = _make(context, renderer, outputs)
        context.finishing()
        with stopwatch.measure("publish"):
            described = describe(products)
            publish(context, products)
        return {"outputs": described, "timing": stopwatch.seconds}


def choose_encoders(outputs: Sequence[Output], tools: Tools) -> dict[str, AudioEncoder]:
    """Check that this machine has every encoder that is asked for; return the audio encoders by name."""
    audio: dict[str, AudioEncoder] = {}
    for output in outputs:
        if isinstance(output, VideoOutput):
            require_encoder(output.video.name, tools)
            audio[output.audio.name] = choose_audio(output.audio, tools)
        else:
            require_encoder(output.image.encoder, tools)
    return audio


def _make(context: ActivityContext, renderer: Renderer, outputs: Sequence[Output]) -> list[Product]:
    for output in outputs:
        renderer.check(output)
    products: list[Product] = []
    for index, output in enumerate(outputs):
        location = output.target.location
        report = ProgressReport(context, location.key, renderer.duration_of(output))
        try:
            products += renderer.make(output, f"output-{index}", report)
        except FFmpegError as error:
            raise ActivityError(f"{location}: {error}", code=error.code, retryable=error.retryable) from error
        report.finish()
        context.log.info("output.made", bucket=location.bucket, key=location.key)
    return products
