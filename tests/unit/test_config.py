"""Settings: from files in both layouts, from variables, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cpe.config import Client, ConfigRefused, Settings, load_settings
from cpe.errors import ConfigError
from cpe.protocol.references import PayloadPlace

CLIENT_A = {"name": "ClientA", "queues": {"input": "https://q/1/a-in", "output": "https://q/1/a-out"}}
ECHO = {"name": "Echo", "version": "v1", "class": "echo:Echo"}
SAMPLES = Path(__file__).parents[2] / "config"


def write(folder: Path, tree: Any, name: str = "cpe.json") -> Path:
    path = folder / name
    path.write_text(tree if isinstance(tree, str) else json.dumps(tree))
    return path


def load(path: Path | None, **environ: str) -> Settings:
    return load_settings(path, environ=environ)


def refusal(path: Path | None, **environ: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_settings(path, client_name="ClientA", environ=environ)
    return caught.value


def test_nothing_is_needed() -> None:
    settings = load(None)
    assert settings == Settings()
    assert settings.output_queue_of("ClientA") is None


def test_both_samples_say_the_same() -> None:
    ours, original = load(SAMPLES / "cpe.yml"), load(SAMPLES / "cpe.json")
    assert ours.clients == original.clients
    assert [(one.name, one.version, one.default_timeouts) for one in ours.activities] == [
        (one.name, one.version, one.default_timeouts) for one in original.activities
    ]


def test_the_original_layout(tmp_path: Path) -> None:
    tree = {
        "clients": [CLIENT_A],
        "activities": [
            {
                "name": "ValidateAsset",
                "version": "v2",
                "description": "Validates",
                "defaultTaskHeartbeatTimeout": "60",
                "defaultTaskStartToCloseTimeout": "NONE",
                "file": "path/validate_asset.py",
                "class": "ValidateAsset",
            }
        ],
    }
    settings = load(write(tmp_path, tree))
    assert settings.clients == (
        Client(name="ClientA", input_queue="https://q/1/a-in", output_queue="https://q/1/a-out"),
    )
    activity = settings.activity("ValidateAsset", "v2")
    assert activity.file == tmp_path / "path/validate_asset.py"
    assert activity.default_timeouts == {
        "defaultTaskHeartbeatTimeout": "60",
        "defaultTaskStartToCloseTimeout": "NONE",
    }


def test_yaml_takes_numbers_for_durations(tmp_path: Path) -> None:
    text = """
activities:
  - { name: Echo, version: v1, class: "echo:Echo", defaultTaskHeartbeatTimeout: 60, settings: { a: [1] } }
"""
    activity = load(write(tmp_path, text, "cpe.yml")).activities[0]
    assert activity.default_timeouts == {"defaultTaskHeartbeatTimeout": "60"}
    assert activity.settings == {"a": [1]}


def test_cpe_config_names_the_file_when_no_flag_does(tmp_path: Path) -> None:
    named = write(tmp_path, {"domain": "Named"}, "named.json")
    flagged = write(tmp_path, {"domain": "Flagged"}, "flagged.json")
    assert load(None, CPE_CONFIG=str(named)).domain == "Named"
    assert load(flagged, CPE_CONFIG=str(named)).domain == "Flagged"


def test_scratch_comes_from_the_variable_then_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, {"scratch": "here"})
    assert load(path).scratch_root() == tmp_path / "here"
    assert load(path, CPE_SCRATCH="/elsewhere").scratch_root() == Path("/elsewhere")
    assert load(None).scratch_root().name.startswith("cpe-")


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ({"bucket": "my-payloads"}, "s3://my-payloads/payloads/"),
        ({"bucket": "my-payloads", "prefix": "cpe/large"}, "s3://my-payloads/cpe/large/"),
    ],
)
def test_payloads_have_a_place(tmp_path: Path, entry: dict[str, str], url: str) -> None:
    place = load(write(tmp_path, {"payloads": entry})).payloads
    assert place is not None
    assert place.url == url
    named = load(write(tmp_path, {"payloads": entry}), CPE_PAYLOADS="s3://other/x/").payloads
    assert named == PayloadPlace(bucket="other", prefix="x/")


@pytest.mark.parametrize("url", ["my-payloads", "https://my-payloads/", "s3://A/", "s3://bucket/a b"])
def test_a_place_must_be_one(url: str) -> None:
    error = refusal(None, CPE_PAYLOADS=url)
    assert error.code == "PAYLOADS_INVALID"
    assert "such as s3://" in str(error)


@pytest.mark.parametrize("entry", [{}, {"bucket": "A"}, {"bucket": "my-payloads", "prefix": "a b"}])
def test_a_place_in_the_file_is_checked(tmp_path: Path, entry: dict[str, str]) -> None:
    assert ": payloads" in str(refusal(write(tmp_path, {"payloads": entry})))


def test_the_variables_make_the_one_client(tmp_path: Path) -> None:
    path = write(tmp_path, {"clients": [CLIENT_A]})
    environ = {"INPUT_QUEUE": "https://q/1/in", "OUTPUT_QUEUE": "https://q/1/out"}
    settings = load_settings(path, client_name="ClientB", environ=environ)
    assert settings.clients == (
        Client(name="ClientB", input_queue="https://q/1/in", output_queue="https://q/1/out"),
    )


def test_output_queue_alone_takes_the_events_of_unnamed_clients(tmp_path: Path) -> None:
    settings = load(write(tmp_path, {"clients": [CLIENT_A]}), OUTPUT_QUEUE="https://q/1/all")
    assert settings.output_queue_of("ClientA") == "https://q/1/a-out"
    assert settings.output_queue_of("ClientB") == "https://q/1/all"
    assert settings.output_queue_of(None) == "https://q/1/all"


def test_input_queue_needs_output_queue() -> None:
    assert refusal(None, INPUT_QUEUE="https://q/1/in").code == "OUTPUT_QUEUE_MISSING"


def test_variables_are_checked() -> None:
    error = refusal(None, INPUT_QUEUE="in", OUTPUT_QUEUE="https://q/1/out")
    assert str(error).startswith("INPUT_QUEUE: clients[0].queues.input must be a queue's URL")


def test_a_trailing_comma_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, '{\n  "clients": [],\n}')
    error = refusal(path)
    assert str(error).startswith(f"{path}:")
    assert "no comma before a closing bracket" in str(error)


@pytest.mark.parametrize("text", ['{"clients": }', '{"clients" []}', '{"a": [1}'])
def test_other_json_faults_do_not_blame_commas(tmp_path: Path, text: str) -> None:
    error = refusal(write(tmp_path, text))
    assert ":1:" in str(error)
    assert "comma before" not in str(error)


def test_a_yaml_fault_has_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, "clients: []\nactivities: ]\n", "cpe.yml")
    assert str(refusal(path)).startswith(f"{path}:2:13: NOT_YAML: ")


BROKEN_YAML = """\
clients:
  - name: A B
    queues: { input: x }
activites: []
activities:
  - name: Echo
    version: 1.0
    class: echo:Echo
"""
BROKEN_JSON = """\
{
\t"clients": [
\t\t{ "name": "A B", "queues": { "input": "x" } }
\t],
\t"activites": [],
\t"activities": [{ "name": "Echo", "version": 1.0, "class": "echo:Echo" }]
}
"""
FINDINGS = [
    "INVALID_VALUE: clients[0].name must be 1 to 64 letters, digits, '_' and '-'",
    "MISSING_KEY: clients[0].queues lacks the key 'output'",
    "INVALID_VALUE: clients[0].queues.input must be a queue's URL, "
    "such as https://sqs.us-east-1.amazonaws.com/123456789012/ClientA-in",
    "UNKNOWN_KEY: the configuration has no key 'activites'; did you mean 'activities'?",
    "WRONG_TYPE: activities[0].version must be text, not a number; put it in quotes",
]


@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        ("cpe.yml", BROKEN_YAML, ["2:11", "3:13", "3:22", "4:1", "7:14"]),
        ("cpe.json", BROKEN_JSON, ["3:13", "3:30", "3:41", "5:2", "6:46"]),
    ],
)
def test_all_findings_come_at_once_with_their_places(
    tmp_path: Path, name: str, text: str, places: list[str]
) -> None:
    path = write(tmp_path, text, name)
    error = refusal(path)
    assert isinstance(error, ConfigRefused)
    assert error.code == "CONFIG_INVALID"
    expected = [f"{path}:{place}: {finding}" for place, finding in zip(places, FINDINGS, strict=True)]
    assert str(error).splitlines() == expected


@pytest.mark.parametrize(
    ("tree", "code", "place"),
    [
        ({"clients": [CLIENT_A, {**CLIENT_A, "name": "B"}]}, "DUPLICATE_QUEUE", "clients[1].queues.input"),
        ({"clients": [CLIENT_A, CLIENT_A]}, "DUPLICATE_NAME", "clients[1].name"),
        ({"activities": [ECHO, ECHO]}, "DUPLICATE_ACTIVITY", "activities[1]"),
    ],
)
def test_twins_are_refused(tmp_path: Path, tree: Any, code: str, place: str) -> None:
    assert f": {code}: {place} is the same as " in str(refusal(write(tmp_path, tree)))


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [("cpe.yml", "domain: a\ndomain: b\n", "2:1"), ("cpe.json", '{"domain": "a",\n "domain": "b"}', "2:2")],
)
def test_a_key_stands_once(tmp_path: Path, name: str, text: str, place: str) -> None:
    path = write(tmp_path, text, name)
    assert str(refusal(path)) == f"{path}:{place}: DUPLICATE_KEY: 'domain' stands here twice"


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_says_nothing(tmp_path: Path, text: str) -> None:
    assert load(write(tmp_path, text, "cpe.yml")).clients == ()


def test_json_is_read_strictly(tmp_path: Path) -> None:
    deep = "[" * 200 + "]" * 200
    assert "NESTED_TOO_DEEPLY" in str(refusal(write(tmp_path, deep)))
    assert "NESTED_TOO_DEEPLY" in str(refusal(write(tmp_path, "[" * 100_000 + "]" * 100_000)))
    assert "NOT_JSON: NaN is no value of JSON" in str(refusal(write(tmp_path, '{"activities": NaN}')))
    assert "FILE_TOO_LARGE" in str(refusal(write(tmp_path, " " * 1_100_000)))


def test_a_missing_file_is_one_message(tmp_path: Path) -> None:
    error = refusal(tmp_path / "none.yml")
    assert error.code == "CONFIG_NOT_READABLE"
    assert "none.yml" in str(error)
    assert "No such file" in str(error)


def test_a_list_is_no_configuration(tmp_path: Path) -> None:
    assert "the configuration must be a mapping, not a list" in str(
        refusal(write(tmp_path, "- a", "cpe.yml"))
    )


def test_an_unknown_activity_names_the_known(tmp_path: Path) -> None:
    settings = load(write(tmp_path, {"activities": [ECHO]}))
    with pytest.raises(ConfigError, match="configured are: Echo v1") as caught:
        settings.activity("Echo", "v2")
    assert caught.value.code == "ACTIVITY_NOT_CONFIGURED"


def test_what_a_task_takes(tmp_path: Path) -> None:
    text = """
        activities:
          - { name: A, version: v1, class: "m:A", cpu: 0.5, memory: 2GiB }
          - { name: B, version: v1, class: "m:B", cpu: 2, memory: 1048576 }
          - { name: C, version: v1, class: "m:C" }
    """
    settings = load(write(tmp_path, text, "cpe.yml"))
    assert [(one.cpu, one.memory) for one in settings.activities] == [(0.5, 2**31), (2, 2**20), (None, None)]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("cpu: 0", "must be cores, such as 2 or 0.5"),
        ("cpu: two", "must be a number, not text"),
        ("memory: 2 apples", "must be bytes, or such as 512MiB or 2GiB"),
        ("memory: 0", "must be bytes"),
    ],
)
def test_what_no_task_takes(tmp_path: Path, entry: str, told: str) -> None:
    text = "activities: [{ name: A, version: v1, class: 'm:A', " + entry + " }]"
    assert told in str(refusal(write(tmp_path, text, "cpe.yml")))
