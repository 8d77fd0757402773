"""Makes outputs of a picture: an asset of type IMAGE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from activities.media.containers import extension_of
from activities.media.image_formats import PICTURE_FORMATS, PictureFormat
from activities.media.image_output import ImageOutput
from activities.media.job import InputAsset
from activities.media.locations import Location
from activities.media.outputs import refuse_duplicates
from activities.pictures.commanded import CommandBench
from activities.pictures.magick import Magick, find_magick
from activities.sandbox.bounded import Bench
from activities.task.making import Making
from activities.task.report import ProgressReport
from activities.transfer.fetch import fetch
from activities.transfer.publish import Product
from cpe.activity import JsonValue

PICTURE_SECONDS = 300.0
"""Longest that the pictures of one job may take."""

_INPUT = "input"
_WORK = "activities.pictures.picture_work"

_Made = dict[int, tuple[str, Mapping[str, JsonValue]]]
"""By an output's place in the job the file that was made, and what it is."""


def make_of_picture(making: Making, asset: InputAsset, outputs: Sequence[ImageOutput]) -> list[Product]:
    """Fetch a picture and make all outputs of it: in one process, and one for each command of the job's own.

    Raises:
        InvalidInput: The asset is no picture that can be read, or an output cannot be made of it.
        ActivityError: There is no ImageMagick for a command (``IMAGEMAGICK_UNAVAILABLE``), or a process
            failed.
    """
    context = making.context
    bench = Bench(
        directory=context.scratch,
        cancellation=context.cancellation,
        seconds=PICTURE_SECONDS,
        scratch=making.settings.max_scratch_bytes,
    )
    magick = find_magick(making.settings.imagemagick) if any(output.command for output in outputs) else None
    with making.stopwatch.measure("fetch"):
        fetch(context, asset, context.scratch / _INPUT, making.settings)
    named = _named(bench, asset, outputs, making)
    made = _composed(making, bench, named)
    if magick is not None:
        made |= _commanded(making, bench, named, magick)
    products = []
    for index, output in enumerate(named):
        file, facts = made[index]
        ProgressReport(context, output.target.location.key, None).finish()
        products.append(
            Product(
                path=context.scratch / file,
                target=output.target,
                key=output.target.location.key,
                content_type=_format_of(output).content_type,
                facts=_facts(output, facts),
            )
        )
    return products


def describe_picture(bench: Bench, file: str) -> dict[str, Any]:
    """Decode a picture whole and return what it is, in the layout that FFprobe has for media.

    Raises:
        InvalidInput: It cannot be read, is damaged or cut off, or is too large.
    """
    said = bench.run(_WORK, {"file": file})
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
            name = f"x.{bench.run(_WORK, {'file': _INPUT})['extension']}"
    named = [output.named_after(name) for output in outputs]
    refuse_duplicates([(f"output {number}", output) for number, output in enumerate(named, start=1)])
    return named


def _composed(making: Making, bench: Bench, outputs: Sequence[ImageOutput]) -> _Made:
    """Make the outputs that have no command, all in one process."""
    wishes = {
        index: _wish(output, f"output-{index}") for index, output in enumerate(outputs) if not output.command
    }
    if not wishes:
        return {}
    with making.stopwatch.measure("encode"):
        answer = bench.run(_WORK, {"file": _INPUT, "outputs": list(wishes.values())})
    return {index: (f"output-{index}", facts) for index, facts in zip(wishes, answer["made"], strict=True)}


def _commanded(making: Making, bench: Bench, outputs: Sequence[ImageOutput], magick: Magick) -> _Made:
    """Make the outputs that have a command; the input is decoded whole before ImageMagick sees it."""
    with making.stopwatch.measure("probe"):
        extension = bench.run(_WORK, {"file": _INPUT})["extension"]
    commands = CommandBench(
        bench=bench,
        magick=magick,
        cores=making.machine.cores,
        scratch=making.settings.max_scratch_bytes,
        file=_INPUT,
        format=PICTURE_FORMATS[extension],
    )
    with making.stopwatch.measure("encode"):
        return {
            index: commands.make(
                output.command, _format_of(output), f"output-{index}", place=output.target.location
            )
            for index, output in enumerate(outputs)
            if output.command
        }


def _format_of(output: ImageOutput) -> PictureFormat:
    return PICTURE_FORMATS[extension_of(output.target.location.key)]


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
    codec = _format_of(output).name.lower()
    facts: dict[str, JsonValue] = {
        "width": made["width"],
        "height": made["height"],
        "codecs": {"image": codec},
    }
    return facts | ({"frames": made["frames"]} if made["frames"] != 1 else {})
