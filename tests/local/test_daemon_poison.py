"""Poison for a decider: what it fails, how it says so, and that nobody else notices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from cpe.aws.session import AwsSession
from cpe.daemons.assembly import assemble_decider
from cpe.daemons.decider import PATIENCE
from cpe.local.server import LocalAws
from cpe.plan import Plan, parse_plan
from cpe.protocol.references import Reference
from tests.local.stage import Stage, advance, running, wait_for

PLANS = (
    """
name: Works
version: "1.0"
activities:
  - { name: Make, version: v1, task_list: hands, outputs_spec: { value: "$.value" } }
  - { name: Use, version: v1, task_list: hands, input_spec: { type: object } }
result: '{ "made": {{Make.value}} }'
steps:
  - { name: Make, activity: Make }
  - name: Doubled
    requires: [[Make, succeeded]]
    eval: '{ "one": {{Make.value}}, "two": {{Make.value}} }'
  - name: Use
    activity: Use
    requires: [[Doubled, succeeded]]
    when: "$__input__.use = true"
    input: "{{Doubled}}"
""",
    """
name: Asks
version: "1.0"
activities: []
result: "{{Ask.answer}}"
steps: [{ name: Ask, signal: answer }]
""",
    """
name: Reckons
version: "1.0"
activities: []
result: "{{Sum}}"
steps: [{ name: Sum, eval: "{{__input__.a + __input__.b}}" }]
""",
    """
name: Passes
version: "1.0"
activities: []
steps: [{ name: Pass, workflow: { name: Reckons, version: "1.0" }, input: "{{__input__.it}}" }]
""",
    r"""
name: Groups
version: "1.0"
activities: [{ name: Make, version: v1 }]
steps: [{ name: Make, activity: Make, group: "{{ '\\ud800' }}" }]
""",
)
DEEP = "[" * 16_000 + "]" * 16_000
NESTED = "[" * 400 + "]" * 400
NOWHERE = Reference(bucket="elsewhere", key="payloads/ClientB/0", size=1, sha256="0" * 64).text()

RESULTS = {
    "nothing": ("", "OUTPUT_MISSING"),
    "no JSON": ("<html>", "RESULT_NOT_JSON"),
    "no object": ("3", "OUTPUT_MISSING"),
    "a missing value": ("{}", "OUTPUT_MISSING"),
    "NaN": ('{"value": NaN}', "RESULT_NOT_JSON"),
    "beyond all numbers": ('{"value": 1e999}', "RESULT_NOT_JSON"),
    "a number of 5,000 digits": (f'{{"value": {"9" * 5_000}}}', "RESULT_NOT_JSON"),
    "half a surrogate pair": (r'{"value": "\ud800"}', "RESULT_NOT_JSON"),
    "half a surrogate pair in a key": (r'{"value": {"\udfff": 1}}', "RESULT_NOT_JSON"),
    "deep nesting": (DEEP, "RESULT_NOT_JSON"),
    "another client's payload": (NOWHERE, "PAYLOAD_UNAVAILABLE"),
    "what doubles beyond SWF's limit": (json.dumps({"value": "x" * 20_000}), "INPUT_TOO_LARGE"),
}
"""Results of `Make`, and why the job fails."""

SIGNALS = {
    "nothing": (None, "TEMPLATE_MISSING_VALUE"),
    "no JSON": ("{", "SIGNAL_NOT_JSON"),
    "deep nesting": (DEEP, "SIGNAL_NOT_JSON"),
    "half a surrogate pair": (r'{"answer": "\udc00"}', "SIGNAL_NOT_JSON"),
    "beyond all numbers": ('{"answer": -1e999}', "SIGNAL_NOT_JSON"),
}
INPUTS = {
    "no JSON": ("no JSON", "INPUT_NOT_JSON"),
    "deep nesting": (DEEP, "INPUT_NOT_JSON"),
    "half a surrogate pair": (r'{"a": "\ud800", "b": ""}', "INPUT_NOT_JSON"),
    "beyond all numbers": ('{"a": 1e999, "b": 1}', "INPUT_NOT_JSON"),
    "a number and a text": ('{"a": 1, "b": "one"}', "TEMPLATE_FAILED"),
    "nothing": (None, "TEMPLATE_MISSING_VALUE"),
}


class Poisoned:
    """A decider, and executions that are started behind the input poller's back."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def start(self, job_id: str, workflow: str, text: str | None = None) -> str:
        """Start an execution; returns its run's id."""
        return self.stage.swf.start_workflow_execution(
            domain=self.stage.domain,
            workflowId=f"ClientA.{job_id}",
            workflowType={"name": workflow, "version": "1.0"},
            taskList={"name": self.stage.task_list},
            input=text or "",
        )["runId"]

    def complete_next(self, result: str) -> None:
        """Work off one activity task by hand."""
        task = self.stage.swf.poll_for_activity_task(domain=self.stage.domain, taskList={"name": "hands"})
        assert task["taskToken"]
        self.stage.swf.respond_activity_task_completed(taskToken=task["taskToken"], result=result)

    def signal(self, job_id: str, text: str | None) -> None:
        self.stage.swf.signal_workflow_execution(
            domain=self.stage.domain,
            workflowId=f"ClientA.{job_id}",
            signalName="answer",
            input=text or "",
        )

    def closed(self, *job_ids: str) -> dict[str, dict[str, Any]]:
        """Wait for the events that close jobs; by job id."""

        def found() -> dict[str, dict[str, Any]]:
            events = {
                event["jobId"]: event
                for event in self.stage.receive()
                if event["type"].startswith("WORKFLOW_")
            }
            return events if set(job_ids) <= events.keys() else {}

        ended: dict[str, dict[str, Any]] = wait_for(found)
        return ended

    def reckons_on(self) -> None:
        """See that the decider still decides."""
        self.start("last", "Reckons", '{"a": 1, "b": 2}')
        assert self.closed("last")["last"]["data"]["result"] == 3


@pytest.fixture
def poisoned(local_aws: LocalAws, tmp_path: Path) -> Iterator[Poisoned]:
    stage = Stage(tmp_path)
    plans: dict[tuple[str, str], Plan] = {}
    for text in PLANS:
        plan = parse_plan(text)
        plans[plan.name, plan.version] = plan
    daemon = assemble_decider(
        AwsSession(), stage.settings, plans=plans, domain=stage.domain, task_list=stage.task_list
    )
    for name in ("Make", "Use"):
        stage.swf.register_activity_type(domain=stage.domain, name=name, version="v1")
    with capture_logs() as logs, running(daemon):
        yield Poisoned(stage)
    assert [line for line in logs if line["event"] in {"handle_failed", "poll_failed"}] == []


def code_of(closed: dict[str, Any]) -> str:
    """Why a job failed."""
    assert closed["type"] == "WORKFLOW_FAILED", closed
    return str(closed["data"]["reason"].rpartition(": ")[2])


def test_results_of_all_kinds_fail_their_jobs_only(poisoned: Poisoned) -> None:
    for name, (result, _) in RESULTS.items():
        poisoned.start(name, "Works", '{"use": true}')
        poisoned.complete_next(result)
    closed = poisoned.closed(*RESULTS)
    assert {name: code_of(closed[name]) for name in RESULTS} == {
        name: code for name, (_, code) in RESULTS.items()
    }
    poisoned.reckons_on()


def test_what_is_nested_as_deep_as_json_goes_goes_through(poisoned: Poisoned) -> None:
    poisoned.start("nested", "Works", '{"use": true}')
    poisoned.complete_next(f'{{"value": {NESTED}}}')
    poisoned.complete_next("{}")
    closed = poisoned.closed("nested")["nested"]
    assert closed["type"] == "WORKFLOW_COMPLETED"
    # The client learns of its end, though a message may not be nested so deep.
    assert closed["data"]["truncated"] is True
    poisoned.reckons_on()


def test_signals_of_all_kinds_fail_their_jobs_only(poisoned: Poisoned) -> None:
    for name, (text, _) in SIGNALS.items():
        poisoned.start(name, "Asks")
        poisoned.signal(name, text)
    closed = poisoned.closed(*SIGNALS)
    assert {name: code_of(closed[name]) for name in SIGNALS} == {
        name: code for name, (_, code) in SIGNALS.items()
    }
    poisoned.reckons_on()


def test_inputs_of_all_kinds_fail_their_jobs_only(poisoned: Poisoned) -> None:
    for name, (text, _) in INPUTS.items():
        poisoned.start(name, "Reckons", text)
    closed = poisoned.closed(*INPUTS)
    assert {name: code_of(closed[name]) for name in INPUTS} == {
        name: code for name, (_, code) in INPUTS.items()
    }
    poisoned.reckons_on()


def test_a_child_is_given_nothing_that_it_takes_for_its_own_past(poisoned: Poisoned) -> None:
    poisoned.start("forger", "Passes", '{"it": {"$continued": {}, "input": "{}"}}')
    assert code_of(poisoned.closed("forger")["forger"]) == "TEMPLATE_MISSING_VALUE"
    poisoned.reckons_on()


def test_a_group_that_is_no_text_fails_its_job_only(poisoned: Poisoned) -> None:
    poisoned.start("group", "Groups")
    assert code_of(poisoned.closed("group")["group"]) == "GROUP_INVALID"
    poisoned.reckons_on()


def test_a_workflow_that_nobody_knows_fails_while_a_hundred_others_finish(
    poisoned: Poisoned, local_aws: LocalAws
) -> None:
    stage = poisoned.stage
    stage.swf.register_workflow_type(
        domain=stage.domain,
        name="Unknown",
        version="1.0",
        defaultTaskStartToCloseTimeout="60",
        defaultExecutionStartToCloseTimeout="3600",
        defaultChildPolicy="TERMINATE",
    )
    run_id = poisoned.start("unknown", "Unknown")
    others = [f"job-{number}" for number in range(100)]
    for number, job_id in enumerate(others):
        poisoned.start(job_id, "Reckons", json.dumps({"a": number, "b": 1}))
    for _ in range(PATIENCE):
        wait_for(lambda: stage.history("ClientA.unknown", run_id)[-1]["eventType"] == "DecisionTaskStarted")
        advance(local_aws, 61)
    closed = poisoned.closed("unknown", *others)
    assert [closed[job_id]["data"]["result"] for job_id in others] == list(range(1, 101))
    assert closed["unknown"]["data"]["reason"] == "PLAN_NOT_FOUND"
    assert "Reckons 1.0" in closed["unknown"]["data"]["details"]
