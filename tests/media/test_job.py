from __future__ import annotations

from typing import Any

import pytest

from activities.media.job import AssetType, parse_job
from activities.media.locations import Location
from cpe.errors import InvalidInput

_ASSET = {"type": "VIDEO", "bucket": "media-in", "file": "/input/video1.mp4"}


def _output(kind: str) -> dict[str, Any]:
    return {"type": kind, "bucket": "media-out", "file": "/out"}


def test_a_leading_slash_is_no_part_of_the_key() -> None:
    job = parse_job({"input_asset": _ASSET, "output_asset": _output("VIDEO")})
    assert job.asset.type is AssetType.VIDEO
    assert job.asset.source == Location(bucket="media-in", key="input/video1.mp4")
    assert job.document == _ASSET
    assert job.outputs == (("input.output_asset", _output("VIDEO")),)


def test_path_and_file_make_a_key() -> None:
    job = parse_job(
        {"input_asset": {"type": "video", "bucket": "media-in", "path": "/a/b/", "file": "c.mp4"}}
    )
    assert job.asset.source == Location(bucket="media-in", key="a/b/c.mp4")


def test_one_output_or_many() -> None:
    job = parse_job(
        {
            "input_asset": _ASSET,
            "output_asset": _output("VIDEO"),
            "output_assets": [_output("THUMB"), _output("VIDEO")],
        }
    )
    assert [where for where, _ in job.outputs] == [
        "input.output_asset",
        "input.output_assets[0]",
        "input.output_assets[1]",
    ]


def test_what_else_a_plan_passes_on_is_not_our_business() -> None:
    value = {"input_asset": _ASSET, "workflow": {}, "client": {"name": "A"}, "input_asset_metadata": {"x": 1}}
    assert parse_job(value).outputs == ()


@pytest.mark.parametrize(
    ("source", "wanted", "code"),
    [
        ("VIDEO", "DOC", "CONVERSION_TYPE_ERROR"),
        ("VIDEO", "IMAGE", "CONVERSION_TYPE_ERROR"),
        ("AUDIO", "VIDEO", "CONVERSION_TYPE_ERROR"),
        ("IMAGE", "THUMB", "CONVERSION_TYPE_ERROR"),
        ("DOC", "AUDIO", "CONVERSION_TYPE_ERROR"),
    ],
)
def test_conversions_that_are_refused(source: str, wanted: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_job({"input_asset": _ASSET | {"type": source}, "output_asset": _output(wanted)})
    assert caught.value.code == code
    assert f"input.output_asset.type: {source} is not made into {wanted}, but into " in str(caught.value)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (None, "input must be an object"),
        ([], "input must be an object"),
        ({}, "input.input_asset is missing"),
        ({"input_asset": "x"}, "input.input_asset must be an object"),
        ({"input_asset": _ASSET | {"type": "FILM"}}, "input.input_asset.type must be one of"),
        ({"input_asset": _ASSET | {"type": 7}}, "input.input_asset.type must be a text"),
        ({"input_asset": {"type": "VIDEO", "bucket": "media-in"}}, "input.input_asset.file is missing"),
        ({"input_asset": _ASSET | {"http": "http://a/b"}}, "Give one source"),
        ({"input_asset": _ASSET | {"http": ["x"]}}, "Give one source"),
        ({"input_asset": _ASSET | {"fiel": "x"}}, "unknown key 'fiel'. Did you mean 'file'"),
        ({"input_asset": _ASSET, "output_assets": "x"}, "input.output_assets must be a list"),
        ({"input_asset": _ASSET, "output_assets": [1]}, r"input.output_assets\[0\] must be an object"),
        ({"input_asset": _ASSET, "output_asset": {"type": "GIF"}}, "input.output_asset.type must be one of"),
    ],
)
def test_what_is_no_job(value: object, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        parse_job(value)


@pytest.mark.parametrize(
    "bucket", ["a", "../x", "a/b", "-rf", "b;ls", "arn:aws:s3:::b", "b\n", "x" * 300, "bücher", "$(ls)"]
)
def test_names_that_can_be_no_bucket(bucket: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_job({"input_asset": _ASSET | {"bucket": bucket}})
    assert caught.value.code == "BUCKET_INVALID"


@pytest.mark.parametrize(
    "file", ["/", "a/", "../a", "a/../b", "./a", "a\0b", "a\nb", "a\u202eb", "x" * 1025, "\ud800"]
)
def test_names_that_can_be_no_key(file: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_job({"input_asset": _ASSET | {"file": file}})
    assert caught.value.code == "KEY_INVALID"
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "file", ["; rm -rf ~.mp4", "$(id).mp4", "a b'\".mp4", "-y.mp4", "%d.mp4", "ü/日本.mp4"]
)
def test_odd_names_are_names(file: str) -> None:
    assert parse_job({"input_asset": _ASSET | {"file": file}}).asset.source == Location(
        bucket="media-in", key=file
    )
