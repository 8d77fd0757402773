"""TranscodeAsset: makes videos, pictures, sounds and pages of an asset.

Everything wrong with the task itself is told before anything is fetched. Nothing is published unless
everything was made and verified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import compress
from typing import Any

from activities.documents.documents import make_of_document
from activities.ffmpeg.shortcomings import missing_confinement, missing_demuxers, missing_encoders
from activities.ffmpeg.tools import encoders, find_tools
from activities.ffmpeg.workshop import Workshop
from activities.film import make_of_film
from activities.media.job import AssetType, JobInput, parse_job
from activities.media.outputs import Targeted, buckets_of, parse_documents, parse_outputs, parse_pictures
from activities.media.presets import preset_library
from activities.pictures.images import make_of_picture
from activities.pictures.magick import missing_magick
from activities.sandbox.quota import telling_a_full_disk
from activities.task.machine import this_machine
from activities.task.making import Making
from activities.task.settings import MediaSettings, read_settings
from activities.task.stopwatch import Stopwatch
from activities.transfer.existing import is_left, skipped, with_skipped
from activities.transfer.publish import Product, describe, publish
from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import CpeError, InvalidInput


class TranscodeAsset(Activity):
    """Makes the outputs of a job; see docs/activities.md."""

    def check_worker(self, settings: Mapping[str, Any]) -> None:
        """Raise ConfigError unless FFmpeg is here and works, and all presets are sound."""
        known = read_settings(settings)
        encoders(find_tools(known.ffmpeg, known.ffprobe))
        preset_library(known.presets)

    def shortcomings(self, settings: Mapping[str, Any]) -> Iterable[CpeError]:
        """Tell which formats, presets and commands do not work here, and what the sandbox lacks."""
        known = read_settings(settings)
        tools = find_tools(known.ffmpeg, known.ffprobe)
        library = preset_library(known.presets)
        return [
            *missing_confinement(),
            *missing_demuxers(tools),
            *missing_encoders(tools, library),
            *(missing_magick(known.imagemagick) if known.custom_cmd else ()),
        ]

    def run(self, context: ActivityContext) -> JsonValue:
        settings = read_settings(context.settings)
        job = parse_job(context.input)
        outputs, make = _read(job, settings)
        if not outputs:
            raise InvalidInput(
                "input.output_asset is missing, or input.output_assets is empty: nothing says what to make."
            )
        stopwatch = Stopwatch("fetch", "probe", "encode", "verify", "publish")
        making = Making(
            context=context,
            settings=settings,
            workshop=Workshop(
                tools=find_tools(settings.ffmpeg, settings.ffprobe),
                directory=context.scratch,
                cancellation=context.cancellation,
                encode_seconds=settings.encode_seconds,
                limits=settings.limits,
            ),
            machine=this_machine(cores=settings.cores or context.cores),
            stopwatch=stopwatch,
        )
        for bucket in buckets_of(outputs):
            context.storage.check_bucket(bucket)
        left = [is_left(context, output.target, output.target.location.key) for output in outputs]
        wanted = [output for output, is_there in zip(outputs, left, strict=True) if not is_there]
        context.preparing()
        with telling_a_full_disk():
            products = make(making, outputs=wanted) if wanted else []
        context.finishing()
        with stopwatch.measure("publish"):
            described = describe(products)
            taken = publish(context, products)
        there = [output.target.location for output in compress(outputs, left)]
        return {
            "outputs": [
                *with_skipped(described, taken),
                *(skipped(place.bucket, place.key) for place in there),
            ],
            "timing": stopwatch.seconds,
        }


def _read(job: JobInput, settings: MediaSettings) -> tuple[Sequence[Targeted], Callable[..., list[Product]]]:
    """Read the outputs of a job; return them, and what makes such `outputs` with a Making."""
    match job.asset.type:
        case AssetType.IMAGE:
            pictures = parse_pictures(job.outputs, custom_cmd=settings.custom_cmd)
            return pictures, partial(make_of_picture, asset=job.asset)
        case AssetType.DOC:
            documents = parse_documents(job.outputs)
            return documents, partial(make_of_document, asset=job.asset)
        case _:
            outputs = parse_outputs(
                job.outputs, preset_library(settings.presets), custom_cmd=settings.custom_cmd
            )
            return outputs, partial(make_of_film, asset=job.asset)
