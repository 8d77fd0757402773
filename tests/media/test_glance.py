"""ValidateAsset's look at parts of a large film: what it fetches, and what it sees in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from activities.transfer.glance import GLANCE_FROM, HEAD, TAIL
from activities.validate_asset import ValidateAsset
from cpe.errors import InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker

_LARGE = (
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-qp",
    "1",
    "-pix_fmt",
    "yuv420p",
    "-g",
    "25",
    "-c:a",
    "aac",
)
_NOISE = ("-vf", "noise=alls=40:allf=t")


@dataclass
class Traffic:
    """What was read of a storage: `reads` by length, `downloads` by key."""

    reads: list[int] = field(default_factory=list)
    downloads: list[str] = field(default_factory=list)


@pytest.fixture
def traffic(environment: ActivityEnvironment, monkeypatch: pytest.MonkeyPatch) -> Traffic:
    traffic = Traffic()
    read, download = environment.storage.read, environment.storage.download

    def counted_read(bucket: str, key: str, *, start: int = 0, length: int) -> bytes:
        content = read(bucket, key, start=start, length=length)
        traffic.reads.append(len(content))
        return content

    def counted_download(bucket: str, key: str, path: Path) -> None:
        traffic.downloads.append(key)
        download(bucket, key, path)

    monkeypatch.setattr(environment.storage, "read", counted_read)
    monkeypatch.setattr(environment.storage, "download", counted_download)
    return traffic


@pytest.fixture(scope="module")
def large(clips: ClipMaker) -> dict[str, Path]:
    """Films of more than 32 MiB: with the index behind, with the index in front, and as Matroska."""
    behind = clips.make("behind.mp4", *_NOISE, *_LARGE, seconds=34, size="240x136")
    copy = ("-i", str(behind), "-c", "copy")
    return {
        "behind": behind,
        "front": clips.run("front.mp4", *copy, "-movflags", "+faststart"),
        "matroska": clips.run("large.mkv", *copy),
    }


def _validate(environment: ActivityEnvironment, content: Path | bytes) -> dict[str, Any]:
    environment.storage.put("media-in", "film", content)
    job = {"input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "film"}}
    metadata: dict[str, Any] = environment.run(ValidateAsset(), job)["metadata"]
    return metadata


@pytest.mark.parametrize("name", ["behind", "front", "matroska"])
def test_a_large_film_is_not_fetched(
    environment: ActivityEnvironment, traffic: Traffic, large: dict[str, Path], clips: ClipMaker, name: str
) -> None:
    size = large[name].stat().st_size
    assert size > GLANCE_FROM
    metadata = _validate(environment, large[name])
    assert traffic.downloads == []
    assert sum(traffic.reads) < HEAD + TAIL + 4 * 1024**2 < size
    assert len(traffic.reads) < 12
    whole = clips.probe(large[name])
    assert float(metadata["format"]["duration"]) == float(whole["format"]["duration"])
    assert [stream["codec_name"] for stream in metadata["streams"]] == ["h264", "aac"]
    assert int(metadata["format"]["size"]) == size


@pytest.mark.parametrize("name", ["behind", "front", "matroska"])
@pytest.mark.parametrize("share", [0.85, 0.97])
def test_a_large_film_that_is_cut_off(
    environment: ActivityEnvironment, traffic: Traffic, large: dict[str, Path], name: str, share: float
) -> None:
    content = large[name].read_bytes()
    cut = content[: int(len(content) * share)]
    assert len(cut) > GLANCE_FROM
    with pytest.raises(InvalidInput) as caught:
        _validate(environment, cut)
    assert caught.value.code == "INPUT_TRUNCATED"
    assert traffic.downloads == ["film"], "it is told from the whole"


def test_where_parts_do_not_tell_the_whole_is_fetched(
    environment: ActivityEnvironment, traffic: Traffic, large: dict[str, Path]
) -> None:
    # A box of 7 MiB in front of all others moves the first frames out of what is fetched.
    content = large["behind"].read_bytes()
    gap = 7 * 1024**2
    moved = bytearray(content)
    first = int.from_bytes(content[:4])
    free = gap.to_bytes(4) + b"free" + bytes(gap - 8)
    moved[first:first] = free
    assert b"stco" in content
    metadata = _validate(environment, bytes(_shifted(moved, gap)))
    assert metadata["streams"][0]["codec_name"] == "h264"
    assert traffic.downloads == ["film"]


def _shifted(film: bytearray, gap: int) -> bytearray:
    """Add `gap` to all offsets of chunks."""
    place = 0
    while (place := film.find(b"stco", place + 1)) > 0:
        count = int.from_bytes(film[place + 8 : place + 12])
        for number in range(count):
            at = place + 12 + 4 * number
            film[at : at + 4] = (int.from_bytes(film[at : at + 4]) + gap).to_bytes(4)
    return film


def test_a_film_whose_end_is_short_in_time_is_fetched(
    environment: ActivityEnvironment, traffic: Traffic, clips: ClipMaker
) -> None:
    dense = clips.make("dense.avi", "-c:v", "rawvideo", "-pix_fmt", "yuv420p", seconds=5, size="640x360")
    assert dense.stat().st_size > GLANCE_FROM
    _validate(environment, dense)
    assert traffic.downloads == ["film"]


def test_a_smaller_film_is_fetched(environment: ActivityEnvironment, traffic: Traffic, clip: Path) -> None:
    _validate(environment, clip)
    assert traffic.downloads == ["film"]
