"""The IAM policies that ``docs/operations.md`` and ``docs/cli.md`` show allow what is done."""

from __future__ import annotations

import fnmatch
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cpe.decider import decisions

DOCS = Path(__file__).parents[2] / "docs"


def policies(document: str) -> list[dict[str, Any]]:
    section = (DOCS / document).read_text("utf-8").partition("\n## Permissions\n")[2].partition("\n## ")[0]
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL)]


DECIDER, POLLER, WORKER, CLIENT = policies("operations.md")
(OPERATOR,) = policies("cli.md")


def resources(policy: dict[str, Any], action: str) -> list[str]:
    """The last parts of the ARNs on which a policy allows an action."""
    allowed = [statement["Resource"] for statement in policy["Statement"] if action in statement["Action"]]
    names = [name for one in allowed for name in ([one] if isinstance(one, str) else one)]
    return [name.rpartition(":")[2] for name in names]


def test_a_decider_may_give_every_decision() -> None:
    made = set(re.findall(r'"decisionType": "(\w+)"', inspect.getsource(decisions)))
    assert len(made) > 8
    assert not [one for one in sorted(made) if not resources(DECIDER, f"swf:{one}")]


@pytest.mark.parametrize(
    ("policy", "action", "side"),
    [
        (DECIDER, "sqs:SendMessage", "output"),
        (POLLER, "sqs:SendMessage", "output"),
        (POLLER, "sqs:ReceiveMessage", "input"),
        (WORKER, "sqs:SendMessage", "output"),
        (CLIENT, "sqs:SendMessage", "input"),
        (CLIENT, "sqs:ReceiveMessage", "output"),
        (OPERATOR, "sqs:SendMessage", "output"),
        (OPERATOR, "sqs:SendMessage", "input"),
        (OPERATOR, "sqs:ReceiveMessage", "output-dead"),
    ],
)
def test_the_queues_are_those_that_are_provisioned(policy: dict[str, Any], action: str, side: str) -> None:
    name = f"cpe-ClientA-{side}"
    assert [one for one in resources(policy, action) if fnmatch.fnmatch(name, one)], action
