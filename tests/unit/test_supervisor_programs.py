"""Which processes make a stack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cpe.client import ClientConfig, PayloadPlace, load_client_config
from cpe.config import ActivitySettings, load_settings
from cpe.errors import ConfigError
from cpe.machine import Resources
from cpe.plan import load_plans
from cpe.shipped import plans, sample_config
from cpe.stack.configuration import client_configuration, client_entry, stack_configuration
from cpe.stack.programs import Stack, needed_activities

ACTIVITIES = (
    ActivitySettings(
        name="ValidateAsset",
        version="v2",
        class_name="ValidateAsset",
        file=Path("/opt/validate.py"),
        default_timeouts={"defaultTaskHeartbeatTimeout": "60"},
        settings={"a": 1},
    ),
    ActivitySettings(name="TranscodeAsset", version="v2", class_name="activities:TranscodeAsset"),
)


def stack(workers: int = 1) -> Stack:
    return Stack(
        domain="SADomain",
        task_list="basic_transcode",
        client="ClientA",
        plans=[Path("/p/a.yml"), Path("/p/more")],
        activities=ACTIVITIES,
        workers=workers,
        machine=Resources(cores=5, memory=4_000),
        config=Path("/s/config.json"),
    )


def test_there_is_a_decider_a_worker_per_activity_and_an_input_poller() -> None:
    assert [program.name for program in stack().programs()] == [
        "decider",
        "ValidateAsset",
        "TranscodeAsset",
        "inputpoller",
    ]
    decider, worker, _, poller = (" ".join(program.argv[3:]) for program in stack().programs())
    assert decider == (
        "cpe.cli.decider:main cpe-decider --domain SADomain --task-list basic_transcode "
        "--plan /p/a.yml --plan /p/more"
    )
    assert worker == (
        "cpe.cli.worker:main cpe-worker --domain SADomain --config /s/config.json "
        "--activity ValidateAsset --version v2"
    )
    assert poller == "cpe.cli.inputpoller:main cpe-inputpoller --name ClientA --config /s/config.json"


def test_many_workers_have_numbers() -> None:
    assert [program.name for program in stack(workers=2).programs()][1:5] == [
        "ValidateAsset.1",
        "ValidateAsset.2",
        "TranscodeAsset.1",
        "TranscodeAsset.2",
    ]


@pytest.mark.parametrize(("workers", "cores", "memory"), [(2, 2, 2_000), (4, 1, 1_000), (8, 1, 500)])
def test_many_workers_of_an_activity_share_the_machine(workers: int, cores: int, memory: int) -> None:
    for program in stack(workers).programs()[1:-1]:
        assert program.argv[-4:] == ("--cores", str(cores), "--memory", str(memory))


def test_the_configuration_says_the_same_again(tmp_path: Path) -> None:
    payloads = PayloadPlace(bucket="my-payloads", prefix="cpe/")
    entry = client_entry("ClientA", input_queue="http://q/1/in", output_queue="http://q/1/out")
    tree = stack_configuration(domain="SADomain", client=entry, activities=ACTIVITIES, payloads=payloads)
    (tmp_path / "config.json").write_text(json.dumps(tree))
    settings = load_settings(tmp_path / "config.json", environ={})
    assert settings.activities == ACTIVITIES
    assert settings.domain == "SADomain"
    assert [(c.name, c.input_queue, c.output_queue) for c in settings.clients] == [
        ("ClientA", "http://q/1/in", "http://q/1/out")
    ]
    assert settings.payloads == payloads
    (tmp_path / "client.json").write_text(json.dumps(client_configuration(entry, payloads=payloads)))
    assert load_client_config(tmp_path / "client.json") == ClientConfig(
        name="ClientA", input_queue="http://q/1/in", output_queue="http://q/1/out", payloads=payloads
    )


def test_only_what_the_plans_use_is_run() -> None:
    loaded = load_plans([plans() / "transcode.yml"])
    shipped = load_settings(sample_config(), environ={}).activities
    spare = ActivitySettings(name="Spare", version="v1", class_name="a:B")
    needed = needed_activities(loaded.values(), (spare, *shipped))
    assert [(activity.name, activity.version) for activity in needed] == [
        ("ValidateAsset", "v2"),
        ("TranscodeAsset", "v2"),
    ]


def test_a_plan_without_its_activity_is_refused() -> None:
    loaded = load_plans([plans() / "transcode.yml"])
    with pytest.raises(ConfigError, match=r"plan Transcode 1.0 uses activity TranscodeAsset v2") as caught:
        needed_activities(loaded.values(), ACTIVITIES[:1])
    assert caught.value.code == "ACTIVITY_NOT_CONFIGURED"
