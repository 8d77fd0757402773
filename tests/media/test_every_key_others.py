"""Every key of AUDIO, IMAGE and DOC outputs, by what comes of it: one row for each key of each kind."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from activities.media.audio_output import AUDIO_KEYS
from activities.media.document_output import PAGES_KEYS, PDF_KEYS
from activities.media.image_output import IMAGE_KEYS
from activities.transcode_asset import TranscodeAsset
from cpe.activity import UploadOptions
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.meters import integrated_and_peak
from tests.media.papers import pdf


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """The first object that a row made."""

    content: bytes
    path: Path
    said: Mapping[str, Any]
    options: UploadOptions
    keys: list[str]
    clips: ClipMaker

    @property
    def sound(self) -> Mapping[str, Any]:
        """What FFprobe says of the one stream that there is."""
        (stream,) = self.clips.probe(self.path)["streams"]
        assert stream["codec_type"] == "audio"
        found: Mapping[str, Any] = stream
        return found

    @property
    def loudness(self) -> float:
        return integrated_and_peak(self.clips, self.path)[0]

    @property
    def picture(self) -> Image.Image:
        picture = Image.open(io.BytesIO(self.content))
        picture.load()
        return picture

    @property
    def pages(self) -> int:
        paper = pypdfium2.PdfDocument(self.content)
        try:
            return len(paper)
        finally:
            paper.close()

    @property
    def corner(self) -> str:
        """Which quarter of the source the top left pixel is of."""
        red, green, blue = self.picture.convert("RGB").getpixel((0, 0))  # type: ignore[misc] # RGB has three
        return {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 1): "white"}[
            (int(red > 127), int(green > 127), int(blue > 127))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A key, what an output says under it (and besides), and what must be true of what is made."""

    key: str
    keys: Mapping[str, Any]
    true: Callable[[_Made], bool]
    before: Mapping[str, bytes] = field(default_factory=dict)


def _common(name: str, is_it: Callable[[_Made], bool], number: str = "") -> list[_Row]:
    """Rows for the keys that all outputs have; `name` is the file's, `number` that of a series' first."""
    stem, _, extension = name.partition(".")
    secret = {"s3_encrypt": True, "kms_key_id": "alias/media"}
    return [
        _Row(key="type", keys={}, true=is_it),
        _Row(
            key="bucket", keys={"bucket": "other-out"}, true=lambda made: made.said["bucket"] == "other-out"
        ),
        _Row(key="file", keys={"file": f"/a/{name}"}, true=lambda made: made.keys[0].startswith(f"a/{stem}")),
        _Row(key="path", keys={"path": "/b/c/"}, true=lambda made: made.keys[0].startswith(f"b/c/{stem}")),
        _Row(key="s3_rrs", keys={"s3_rrs": "true"}, true=lambda made: made.options.reduced_redundancy),
        _Row(key="s3_encrypt", keys={"s3_encrypt": True}, true=lambda made: made.options.encrypt),
        _Row(key="kms_key_id", keys=secret, true=lambda made: made.options.kms_key_id == "alias/media"),
        _Row(
            key="storage_class",
            keys={"storage_class": "STANDARD_IA"},
            true=lambda made: made.options.storage_class == "STANDARD_IA",
        ),
        _Row(
            key="content_type",
            keys={"content_type": f"x/{extension}"},
            true=lambda made: made.options.content_type == made.said["content_type"] == f"x/{extension}",
        ),
        _Row(
            key="metadata",
            keys={"metadata": {"a": "b"}},
            true=lambda made: made.options.metadata == {"a": "b"},
        ),
        _Row(key="tags", keys={"tags": {"a": "b"}}, true=lambda made: made.options.tags == {"a": "b"}),
        _Row(
            key="on_exists",
            keys={"on_exists": "skip", "file": f"there.{extension}"},
            before={f"there{number}.{extension}": b"was there"},
            true=lambda made: made.content == b"was there" and made.said["skipped"],
        ),
    ]


_AUDIO = [
    *_common("a.m4a", lambda made: made.sound["codec_name"] == "aac"),
    _Row(
        key="audio_codec", keys={"audio_codec": "alac"}, true=lambda made: made.sound["codec_name"] == "alac"
    ),
    _Row(
        key="audio_bitrate",
        keys={"audio_bitrate": "32k"},
        true=lambda made: 20_000 < int(made.sound["bit_rate"]) < 40_000,
    ),
    _Row(key="channels", keys={"channels": 2}, true=lambda made: made.sound["channels"] == 2),
    _Row(
        key="sample_rate", keys={"sample_rate": 22050}, true=lambda made: made.sound["sample_rate"] == "22050"
    ),
    _Row(key="loudness", keys={"loudness": -30}, true=lambda made: abs(made.loudness + 30) < 0.5),
    _Row(
        key="start", keys={"start": 0.5}, true=lambda made: abs(float(made.sound["duration"]) - 1.5) < 0.001
    ),
    _Row(
        key="duration",
        keys={"duration": 0.3},
        true=lambda made: abs(float(made.sound["duration"]) - 0.3) < 0.001,
    ),
]
_IMAGE = [
    *_common("a.png", lambda made: made.picture.format == "PNG" and made.picture.size == (80, 60)),
    _Row(
        key="file",
        keys={"file": "x.*"},
        true=lambda made: made.keys == ["x.bmp"] and made.picture.format == "BMP",
    ),
    _Row(key="resize", keys={"resize": "40x40"}, true=lambda made: made.picture.size == (40, 30)),
    _Row(key="thumbnail", keys={"thumbnail": "25%"}, true=lambda made: made.picture.size == (20, 15)),
    _Row(
        key="crop",
        keys={"crop": "30x20+45+35"},
        true=lambda made: made.picture.size == (30, 20) and made.corner == "white",
    ),
    _Row(
        key="gravity",
        keys={"crop": "10x10+0+0", "gravity": "NorthEast"},
        true=lambda made: made.picture.size == (10, 10) and made.corner == "green",
    ),
    _Row(
        key="quality",
        keys={"file": "a.jpg", "quality": 1},
        true=lambda made: max(made.picture.quantization[0]) == 255,  # type: ignore[attr-defined] # JPEG has it
    ),
]
_PDF = _common("a.pdf", lambda made: made.pages == 3)
_PAGES = [
    *_common("a.png", lambda made: (made.picture.size, len(made.keys)) == ((209, 105), 3), number="000001"),
    _Row(key="size", keys={"size": "50x-1"}, true=lambda made: made.picture.size == (50, 25)),
    _Row(key="dpi", keys={"dpi": 72}, true=lambda made: made.picture.size == (100, 50)),
    _Row(key="pages", keys={"pages": "2-"}, true=lambda made: made.keys == ["a000002.png", "a000003.png"]),
    _Row(
        key="quality",
        keys={"file": "a.jpg", "quality": 1},
        true=lambda made: max(made.picture.quantization[0]) == 255,  # type: ignore[attr-defined] # JPEG has it
    ),
]
_TABLE = {
    "AUDIO of AUDIO": (_AUDIO, AUDIO_KEYS, {"type": "AUDIO", "file": "a.m4a"}),
    "IMAGE of IMAGE": (_IMAGE, IMAGE_KEYS, {"type": "IMAGE", "file": "a.png"}),
    "DOC of DOC": (_PDF, PDF_KEYS, {"type": "DOC", "file": "a.pdf"}),
    "IMAGE of DOC": (_PAGES, PAGES_KEYS, {"type": "IMAGE", "file": "a.png"}),
}


def _source(kind: str, clips: ClipMaker) -> tuple[str, bytes]:
    """Return a source's name and content."""
    if kind == "AUDIO":
        tone = "sine=frequency=500:sample_rate=48000:duration=2"
        return "song.flac", clips.run("song.flac", "-f", "lavfi", "-i", tone).read_bytes()
    if kind == "DOC":
        return "paper.pdf", pdf("red", "blue", "white")
    quarters = Image.new("RGB", (80, 60), "red")
    quarters.paste((0, 255, 0), (40, 0, 80, 30))
    quarters.paste((0, 0, 255), (0, 30, 40, 60))
    quarters.paste((255, 255, 255), (40, 30, 80, 60))
    file = io.BytesIO()
    quarters.save(file, "BMP")
    return "picture.bmp", file.getvalue()


@pytest.mark.parametrize(
    ("name", "row"),
    [
        pytest.param(name, row, id=f"{name}-{row.key}")
        for name, (rows, _, _) in _TABLE.items()
        for row in rows
    ],
)
def test_key(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, name: str, row: _Row
) -> None:
    kind = name.rpartition(" ")[2]
    source, content = _source(kind, clips)
    environment.storage.put("media-in", source, content)
    environment.storage.make_bucket("other-out")
    output = {"bucket": "media-out", **_TABLE[name][2], **row.keys}
    for key, before in row.before.items():
        environment.storage.put("media-out", key, before)
    job: dict[str, Any] = {
        "input_asset": {"type": kind, "bucket": "media-in", "file": source},
        "output_asset": output,
    }
    said = environment.run(TranscodeAsset(), job)["outputs"][0]
    place = said["bucket"], said["key"]
    path = tmp_path / "made"
    path.write_bytes(environment.storage.get(*place))
    made = _Made(
        content=path.read_bytes(),
        path=path,
        said=said,
        options=environment.storage.options.get(place, UploadOptions()),
        keys=environment.storage.keys(output["bucket"]),
        clips=clips,
    )
    assert row.true(made)


@pytest.mark.parametrize("name", _TABLE)
def test_the_table_has_every_key(name: str) -> None:
    rows, keys, _ = _TABLE[name]
    assert {row.key for row in rows} == keys
