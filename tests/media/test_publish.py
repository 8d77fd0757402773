"""What is said of finished outputs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from activities.media.locations import Location, Target
from activities.transfer.publish import MAX_RESULT, Product, describe
from cpe.activity import UploadOptions
from cpe.errors import ActivityError


def product(folder: Path, note: str) -> Product:
    file = folder / "file"
    file.write_bytes(b"film")
    target = Target(location=Location(bucket="out", key="film.mp4"), options=UploadOptions())
    return Product(path=file, target=target, key="film.mp4", content_type="video/mp4", facts={"note": note})


def test_an_output_is_described_by_what_it_is(tmp_path: Path) -> None:
    assert describe([product(tmp_path, "short")]) == [
        {
            "bucket": "out",
            "key": "film.mp4",
            "size": 4,
            "sha256": hashlib.sha256(b"film").hexdigest(),
            "content_type": "video/mp4",
            "note": "short",
        }
    ]


def test_what_no_worker_can_keep_is_refused_before_anything_is_published(tmp_path: Path) -> None:
    long = "ü" * (MAX_RESULT // 4)
    assert len(describe([product(tmp_path, long)])) == 1
    with pytest.raises(ActivityError, match="2 outputs takes 167") as caught:
        describe([product(tmp_path, long)] * 2)
    assert caught.value.code == "RESULT_TOO_LARGE"
