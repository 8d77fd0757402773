"""`cpe config`: every setting with its origin, secrets masked; a file's findings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cpe.cli.config import config
from cpe.config.secrets import is_secret, mask_url

FILE = """\
domain: Filed
scratch: here
payloads: { bucket: my-payloads }
clients:
  - name: ClientA
    queues:
      input: https://q/1/in
      output: https://me:hidden-1@q/1/out
activities:
  - name: Echo
    version: v1
    class: echo:Echo
    settings: { depth: 3, api_key: hidden-2, login: { password: hidden-3 } }
"""


def run(*arguments: str | Path, **environ: str) -> Result:
    return CliRunner().invoke(config, list(map(str, arguments)), env=environ)


def shown(*arguments: str | Path, **environ: str) -> dict[str, tuple[str, Any]]:
    result = run("show", "--json", *arguments, **environ)
    assert result.exit_code == 0, result.output
    settings = json.loads(result.stdout)["settings"]
    return {one["name"]: (one["value"], one["origin"]["place"] or one["origin"]["kind"]) for one in settings}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cpe.yml"
    path.write_text(FILE)
    return path


def test_every_setting_has_its_origin(file: Path) -> None:
    found = shown("-c", file, OUTPUT_QUEUE="https://q/1/all")
    assert found["config"] == (str(file), "--config")
    assert found["domain"] == ("Filed", f"{file}:1")
    assert found["payloads.bucket"] == ("my-payloads", f"{file}:3")
    assert found["clients[0].queues.input"] == ("https://q/1/in", f"{file}:7")
    assert found["activities[0].settings.depth"] == ("3", f"{file}:13")
    assert found["output_queue"] == ("https://q/1/all", "OUTPUT_QUEUE")
    assert found["AWS_DEFAULT_REGION"] == ("us-east-1", "AWS_DEFAULT_REGION")


def test_flags_go_before_variables_and_these_before_the_file(file: Path) -> None:
    environ = {
        "CPE_CONFIG": str(file),
        "CPE_DOMAIN": "Named",
        "CPE_SCRATCH": "/elsewhere",
        "CPE_PAYLOADS": "s3://other/x/",
        "INPUT_QUEUE": "https://q/1/b-in",
        "OUTPUT_QUEUE": "https://q/1/b-out",
    }
    found = shown("--name", "ClientB", "--output-queue", "https://q/1/flagged", **environ)
    assert found["config"] == (str(file), "CPE_CONFIG")
    assert found["domain"] == ("Named", "CPE_DOMAIN")
    assert found["scratch"] == ("/elsewhere", "CPE_SCRATCH")
    assert found["payloads.prefix"] == ("x/", "CPE_PAYLOADS")
    assert found["output_queue"] == ("https://q/1/flagged", "--output-queue")
    assert found["clients[0].name"] == ("ClientB", "--name")
    assert found["clients[0].queues.input"] == ("https://q/1/b-in", "INPUT_QUEUE")
    assert found["clients[0].queues.output"] == ("https://q/1/b-out", "OUTPUT_QUEUE")


def test_without_anything_all_is_default() -> None:
    found = shown()
    assert {origin for name, (_, origin) in found.items() if not name.startswith("AWS_")} == {"default"}
    assert Path(found["scratch"][0]).name.startswith("cpe-")


@pytest.mark.parametrize("form", [(), ("--origin",), ("--json",)])
def test_secrets_are_never_shown(file: Path, form: tuple[str, ...]) -> None:
    environ = {
        "AWS_SECRET_ACCESS_KEY": "hidden-4",
        "AWS_SESSION_TOKEN": "hidden-5",
        "AWS_ENDPOINT_URL": "http://me:hidden-6@localhost:4566/?X-Amz-Security-Token=hidden-7",
    }
    result = run("show", "-c", file, *form, **environ)
    assert result.exit_code == 0
    assert "hidden" not in result.output
    assert "***@localhost:4566" in result.output


def test_what_is_secret() -> None:
    assert all(map(is_secret, ["AWS_SECRET_ACCESS_KEY", "dbPassword", "auth_token", "PRIVATE_KEY"]))
    assert not any(map(is_secret, ["AWS_ACCESS_KEY_ID", "AWS_REGION", "input", "max_input_bytes"]))
    assert mask_url("https://q/1/in") == "https://q/1/in"


def test_a_sound_file(file: Path) -> None:
    result = run("check", file)
    assert (result.exit_code, result.output) == (0, f"{file}: sound\n")


def test_findings_are_told(file: Path) -> None:
    file.write_text("domian: A\nclients:\n  - name: B\n")
    result = run("check", file)
    assert result.exit_code == 2
    assert result.output.splitlines() == [
        f"{file}:1:1: UNKNOWN_KEY: the configuration has no key 'domian'; did you mean 'domain'?",
        f"{file}:3:5: MISSING_KEY: clients[0] lacks the key 'queues'",
    ]
    told = json.loads(run("check", "--json", file).stdout)["findings"]
    assert [(one["line"], one["column"], one["code"]) for one in told] == [
        (1, 1, "UNKNOWN_KEY"),
        (3, 5, "MISSING_KEY"),
    ]
