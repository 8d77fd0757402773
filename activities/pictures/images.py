"""Makes outputs of a picture: an asset of type IMAGE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from activities.media.containers import extension_of
from activities.media.image_formats import PICTURE_FORMATS
from activities.media.image_output import ImageOutput
from activities.media.job import InputAsset
from activities.media.locations import Location
from activities.media.outputs import refuse_duplicates
from activities.sandbox.bounded import Bench
from activities.task.making import Making
from activities.task.report import ProgressReport
from activities.transfer.fetch import fetch
from activities.transfer.publish import Product
from cpe.activity import JsonValue

PICTURE_SECONDS = 300.0
"""Longest that the pictures of one job may take."""

_INPUT = "input"


def make_of_picture(making: Making, asset: InputAsset, outputs: Sequence[ImageOutput]) -> list[Product]:
    """Fetch a picture and make all outputs of it, in one process of their own.

    Raises:
        InvalidInput: The asset is no picture that can be read, or an output cannot be made of it.
        ActivityError: The process failed.
    """
    context = making.context
    bench = Bench(
        directory=context.scratch,
        cancellation=context.cancellation,
        seconds=PICTURE_SECONDS,
        scratch=making.settings.max_scratch_bytes,
    )
    with making.stopwatch.measure("fetch"):
        fetch(context, asset, context.scratch / _INPUT, making.settings)
    named = _named(bench, asset, outputs, making)
    wishes = [_wish(output, f"output-{index}") for index, output in enumerate(named)]
    with making.stopwatch.measure("encode"):
        answer = bench.run("activities.pictures.picture_work", {"file": _INPUT, "outputs": wishes})
    products = []
    for index, (output, made) in enumerate(zip(named, answer["made"], strict=True)):
        ProgressReport(context, output.target.location.key, None).finish()
        products.append(
            Product(
                path=context.scratch / f"output-{index}",
                target=output.target,
                key=output.target.location.key,
                content_type=PICTURE_FORMATS[extension_of(output.target.location.key)].content_type,
                facts=_facts(output, made),
            )
        )
    return products


def describe_picture(bench: Bench, file: str) -> dict[str, Any]:
    """Decode a picture whole and return what it is, in the layout that FFprobe has for media.

    Raises:
        InvalidInput: It cannot be read, is damaged or cut off, or is too large.
    """
    said = bench.run("activities.pictures.picture_work", {"file": file})
    stream = {
        "index": 0,
        "codec_type": "image",
        "codec_name": PICTURE_FORMATS[said["extension"]].name.lower(),
        "width": said["width"],
        "height": said["height"],
        "frames": said["frames"],
        "pixels": said["mode"],
    }
    return {
        "format": {"format_name": stream["codec_name"], "size": str((bench.directory / file).stat().st_size)},
        "streams": [stream],
        "mime": said["mime"],
        "width": said["width"],
        "height": said["height"],
    }


def _named(
    bench: Bench, asset: InputAsset, outputs: Sequence[ImageOutput], making: Making
) -> list[ImageOutput]:
    """Give the source's extension to the outputs that ask for it."""
    if all(output.format is not None for output in outputs):
        return list(outputs)
    path = asset.source.key if isinstance(asset.source, Location) else urlsplit(asset.source).path
    name = PurePosixPath(path).name
    if extension_of(name) not in PICTURE_FORMATS:
        with making.stopwatch.measure("probe"):
            name = f"x.{bench.run('activities.pictures.picture_work', {'file': _INPUT})['extension']}"
    named = [output.named_after(name) for output in outputs]
    refuse_duplicates([(f"output {number}", output) for number, output in enumerate(named, start=1)])
    return named


def _wish(output: ImageOutput, file: str) -> dict[str, JsonValue]:
    return {
        "name": str(output.target.location),
        "file": file,
        "extension": extension_of(output.target.location.key),
        "sizes": [asdict(geometry) for geometry in output.sizes],
        "crop": asdict(output.crop) if output.crop else None,
        "quality": output.quality,
    }


def _facts(output: ImageOutput, made: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    codec = PICTURE_FORMATS[extension_of(output.target.location.key)].name.lower()
    facts: dict[str, JsonValue] = {
        "width": made["width"],
        "height": made["height"],
        "codecs": {"image": codec},
    }
    return facts | ({"frames": made["frames"]} if made["frames"] != 1 else {})
