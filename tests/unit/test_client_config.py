"""clientConfig.json: the shapes it may have, and what is said about the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cpe.client import ClientConfig, PayloadPlace, load_client_config
from cpe.errors import ConfigError

GOOD: dict[str, Any] = {"name": "ClientA", "queues": {"input": "https://in", "output": "http://out"}}


def written(path: Path, content: object) -> Path:
    file = path / "clientConfig.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


@pytest.mark.parametrize("content", [GOOD, {"client": GOOD}, {"clients": [GOOD], "activities": []}])
def test_the_shapes_it_may_have(tmp_path: Path, content: object) -> None:
    assert load_client_config(written(tmp_path, content)) == ClientConfig(
        name="ClientA", input_queue="https://in", output_queue="http://out"
    )


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (GOOD | {"payloads": {"bucket": "my-payloads"}}, PayloadPlace(bucket="my-payloads")),
        (
            {"clients": [GOOD], "payloads": {"bucket": "my-payloads", "prefix": "cpe"}},
            PayloadPlace(bucket="my-payloads", prefix="cpe/"),
        ),
    ],
)
def test_it_may_say_where_large_payloads_lie(tmp_path: Path, content: object, place: PayloadPlace) -> None:
    assert load_client_config(written(tmp_path, content)).payloads == place


@pytest.mark.parametrize("content", [GOOD, {"clients": [GOOD]}])
def test_it_may_name_the_domain(tmp_path: Path, content: dict[str, Any]) -> None:
    assert load_client_config(written(tmp_path, {**content, "domain": "SADomain"})).domain == "SADomain"


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        ("{", "line 1, column 2"),
        ("[]", "JSON object"),
        ({}, "name is missing"),
        ({"clients": [GOOD, GOOD]}, "clients holds 2 clients"),
        ({"clients": [1]}, "clients must be a list of objects"),
        ({"clients": [{"name": "A"}]}, "clients[0].queues is missing"),
        ({"client": {"name": "A B", "queues": GOOD["queues"]}}, "client name 'A B'"),
        ({"name": "A", "queues": {"input": "https://in"}}, "queues.output is missing"),
        (GOOD | {"payloads": {"prefix": "cpe"}}, "payloads.bucket is missing"),
        (GOOD | {"domain": 5}, "domain must be text"),
        (GOOD | {"payloads": {"bucket": "NO"}}, "payloads must name a bucket"),
        (
            {"name": "A", "queues": {"input": "in", "output": "https://out"}},
            "queues.input must be a queue's URL",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, content: object, finding: str) -> None:
    file = written(tmp_path, content)
    with pytest.raises(ConfigError) as caught:
        load_client_config(file)
    assert caught.value.code == "CONFIG_INVALID"
    assert str(caught.value).startswith(str(file))
    assert finding in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "missing.json", tmp_path, binary):
        with pytest.raises(ConfigError) as caught:
            load_client_config(path)
        assert caught.value.code == "CONFIG_UNREADABLE"
        assert str(path) in str(caught.value)
