"""Random calls, valid and not, and moves of time against the engine; what must hold, holds after each.

The store is a real journal. After every step a second engine is made from what the journal has, and must
tell the same as the first one; at times it takes over from it, as after a crash.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cpe.local.swf.engine.changes import Change, Event, EventsRecorded
from cpe.local.swf.engine.engine import Engine
from cpe.local.swf.engine.limits import Limits
from cpe.local.swf.faults import SwfFault
from cpe.local.swf.model import operations
from cpe.local.swf.paging import PageTokens
from cpe.local.swf.registry import Registry
from cpe.local.swf.store.journal import Journal
from tests.unit.swf_decisions import (
    ACTIVITIES,
    LISTS,
    POLICIES,
    WORKFLOW_IDS,
    WORKFLOWS,
    Decision,
    decision_lists,
    task_list_settings,
)
from tests.unit.swf_invariants import (
    CLOSINGS,
    attributes,
    check_described,
    check_history,
    open_spans,
    started,
)

DOMAIN = "domain"
SECRET = b"s" * 32
LIMITS = Limits(events=40, open_executions=3, open_activities=2, open_timers=2, open_children=2)
#: Faults that a well-formed call may be answered with, whatever it is.
FAULTS = {
    *("UnknownResourceFault", "ValidationException", "WorkflowExecutionAlreadyStartedFault"),
    *("TypeDeprecatedFault", "DefaultUndefinedFault", "LimitExceededFault"),
}
OPERATIONS = operations()
ENDS_OF_WORK = (
    *("RespondActivityTaskCompleted", "RespondActivityTaskFailed"),
    *("RespondActivityTaskCanceled", "RecordActivityTaskHeartbeat"),
)
Run = tuple[str, str]


class SwfMachine(RuleBasedStateMachine):
    """The engine, a journal behind it, and what a client of it remembers."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.journal = Journal(Path(self._folder.name))
        self.now = 1_800_000_000.0
        self.made = 0
        self.histories: dict[Run, list[Event]] = {}
        self.touched: set[Run] = set()
        self.decision_tokens: list[str] = []
        self.activity_tokens: list[str] = []
        self.registry = Registry(PageTokens(SECRET))
        self.engine = self.new_engine(self.registry)
        self.furnish()

    def teardown(self) -> None:
        self.journal.close()
        self._folder.cleanup()

    # What the calls go through

    def new_engine(self, registry: Registry) -> Engine:
        """Make an engine from what the journal has."""
        engine = Engine(
            self.journal, registry=registry, new_run_id=self.new_run_id, secret=SECRET, limits=LIMITS
        )
        engine.restore(self.journal.load().executions, self.now)
        return engine

    def new_run_id(self) -> str:
        self.made += 1
        return f"run-{self.made}"

    def furnish(self) -> None:
        """Register the domain, one workflow type with all defaults and one with none, and so for activities."""
        now = self.now
        domain = {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "1"}
        self.registry.register_domain(domain, now)
        defaults = {
            "defaultTaskList": {"name": LISTS[0]},
            "defaultChildPolicy": "REQUEST_CANCEL",
            "defaultTaskStartToCloseTimeout": "20",
            "defaultExecutionStartToCloseTimeout": "500",
        }
        self.registry.register_type("workflow", {"domain": DOMAIN, **WORKFLOWS[0], **defaults}, now)
        self.registry.register_type("workflow", {"domain": DOMAIN, **WORKFLOWS[1]}, now)
        defaults = {
            "defaultTaskList": {"name": LISTS[0]},
            "defaultTaskHeartbeatTimeout": "15",
            "defaultTaskStartToCloseTimeout": "60",
            "defaultTaskScheduleToStartTimeout": "40",
            "defaultTaskScheduleToCloseTimeout": "NONE",
        }
        self.registry.register_type("activity", {"domain": DOMAIN, **ACTIVITIES[0], **defaults}, now)
        self.registry.register_type("activity", {"domain": DOMAIN, **ACTIVITIES[1]}, now)
        self.settle()

    def call(self, operation: str, **params: Any) -> Any:
        """Call an operation of the engine as the service does; None when it was refused."""
        method = getattr(self.engine, _snake(operation))
        given = {name: value for name, value in params.items() if value is not None}
        if "taskToken" not in given:
            given["domain"] = DOMAIN
        try:
            return method(OPERATIONS[operation].admit(given), self.now)
        except SwfFault as fault:
            assert fault.name in FAULTS, fault
            return None
        finally:
            self.settle()

    def settle(self) -> None:
        """Let happen what is due already (a timer of no seconds), make it all durable, and remember it."""
        self.engine.advance(self.now)
        changes: tuple[Change, ...] = (*self.registry.take_changes(), *self.engine.take_changes())
        if changes:
            self.journal.save(changes)
        for change in changes:
            if isinstance(change, EventsRecorded):
                run = (change.workflow_id, change.run_id)
                known = self.histories.setdefault(run, [])
                assert change.first_event_id == len(known) + 1
                known.extend(change.events)
                self.touched.add(run)

    # Calls

    @rule(
        workflow_id=st.sampled_from(WORKFLOW_IDS),
        kind=st.sampled_from([*WORKFLOWS[:1] * 4, *WORKFLOWS]),
        policy=st.none() | st.sampled_from(POLICIES),
        task_list=st.none() | st.sampled_from(LISTS),
        seconds=st.none() | st.sampled_from(["30", "300"]),
    )
    def start(
        self,
        workflow_id: str,
        kind: dict[str, str],
        policy: str | None,
        task_list: str | None,
        seconds: str | None,
    ) -> None:
        self.call(
            "StartWorkflowExecution",
            workflowId=workflow_id,
            workflowType=kind,
            childPolicy=policy,
            taskList=None if task_list is None else {"name": task_list},
            executionStartToCloseTimeout=seconds,
        )

    @initialize()
    def begin(self) -> None:
        for workflow_id in WORKFLOW_IDS[:2]:
            self.start(workflow_id=workflow_id, kind=WORKFLOWS[0], policy=None, task_list=None, seconds=None)

    @precondition(lambda self: any(self.pending(self.engine, "Decision").values()))
    @rule(rounds=st.lists(decision_lists(), min_size=1, max_size=4), settings=task_list_settings())
    def decide(self, rounds: list[list[Decision]], settings: dict[str, Any]) -> None:
        """Take decision tasks and answer them."""
        for decisions in rounds:
            if self.take_decision_task():
                self.answer(back=0, decisions=decisions, settings=settings)

    @precondition(lambda self: any(self.pending(self.engine, "Decision").values()))
    @rule()
    def begin_to_decide(self) -> None:
        """Take a decision task and do not answer yet."""
        self.take_decision_task()

    def take_decision_task(self) -> bool:
        """Take a decision task if there is one; say whether there was."""
        waiting = self.pending(self.engine, "Decision")
        task_list = max(LISTS, key=lambda name: waiting[name])
        task = self.call("PollForDecisionTask", taskList={"name": task_list})
        if task is None:
            return False
        execution = task["workflowExecution"]
        assert task["events"] == self.histories[execution["workflowId"], execution["runId"]]
        assert task["startedEventId"] == len(task["events"])
        self.decision_tokens.append(task["taskToken"])
        return True

    @precondition(lambda self: self.decision_tokens)
    @rule(back=st.integers(0, 2), decisions=decision_lists(), settings=task_list_settings())
    def answer(self, back: int, decisions: list[Decision], settings: dict[str, Any]) -> None:
        """Answer a decision task that was taken, perhaps long ago, perhaps again."""
        token = self.decision_tokens[-1 - back % len(self.decision_tokens)]
        self.call(
            "RespondDecisionTaskCompleted",
            taskToken=token,
            decisions=decisions,
            executionContext="context",
            **settings,
        )

    @precondition(lambda self: any(self.pending(self.engine, "Activity").values()))
    @rule()
    def take_activity(self) -> None:
        waiting = self.pending(self.engine, "Activity")
        task_list = max(LISTS, key=lambda name: waiting[name])
        task = self.call("PollForActivityTask", taskList={"name": task_list}, identity="worker")
        if task is not None:
            self.activity_tokens.append(task["taskToken"])

    @precondition(lambda self: self.activity_tokens)
    @rule(back=st.integers(0, 3), operation=st.sampled_from(ENDS_OF_WORK))
    def work(self, back: int, operation: str) -> None:
        """Say something of an activity task that was taken, perhaps long ago, perhaps again."""
        self.call(operation, taskToken=self.activity_tokens[-1 - back % len(self.activity_tokens)])

    @rule(token=st.sampled_from(["", "forged", "QUJD", "é"]), task_list=st.sampled_from(LISTS))
    def ask_for_nothing(self, token: str, task_list: str) -> None:
        """Forge a token, and poll a list where no task waits."""
        self.call("RespondDecisionTaskCompleted", taskToken=token)
        self.call("RespondActivityTaskCompleted", taskToken=token)
        for kind in ("Decision", "Activity"):
            if not self.pending(self.engine, kind)[task_list]:
                assert self.call(f"PollFor{kind}Task", taskList={"name": task_list}) is None
        assert not self.touched

    @rule(
        workflow_id=st.sampled_from(WORKFLOW_IDS),
        operation=st.sampled_from(
            ["SignalWorkflowExecution", "RequestCancelWorkflowExecution", "TerminateWorkflowExecution"]
        ),
        policy=st.none() | st.sampled_from(POLICIES),
    )
    def interfere(self, workflow_id: str, operation: str, policy: str | None) -> None:
        more: dict[str, Any] = {"signalName": "signal"} if operation.startswith("Signal") else {}
        if operation.startswith("Terminate"):
            more = {"childPolicy": policy}
        self.call(operation, workflowId=workflow_id, **more)

    @precondition(lambda self: len(self.histories) > 5)
    @rule(which=st.sampled_from(["workflow", "activity"]))
    def change_type(self, which: Any) -> None:
        """Take a type out of use, or back into it."""
        kind = WORKFLOWS[0] if which == "workflow" else ACTIVITIES[0]
        params = {"domain": DOMAIN, f"{which}Type": kind}
        registered = self.registry.type(which, DOMAIN, **kind)
        change = self.registry.undeprecate_type if registered.deprecated else self.registry.deprecate_type
        change(which, params, self.now)
        self.settle()

    @rule(seconds=st.sampled_from([0.001, 1, 1, 4, 4, 7, 16, 45, 400]))
    def let_time_pass(self, seconds: float) -> None:
        self.now += seconds
        self.settle()
        due = self.engine.next_due()
        assert due is None or due > round(self.now, 3)

    @rule()
    def crash(self) -> None:
        """Go on with an engine that knows what the journal knows."""
        self.registry = Registry(PageTokens(SECRET))
        self.registry.restore(self.journal.load().registry)
        self.engine = self.new_engine(self.registry)
        self.settle()

    # What holds

    @invariant()
    def histories_are_sound(self) -> None:
        for workflow_id, run_id in self.touched:
            events = self.histories[workflow_id, run_id]
            check_history(events)
            assert len(events) <= LIMITS.events
            assert self.history(self.engine, (workflow_id, run_id)) == events
            check_described(events, self.describe(self.engine, (workflow_id, run_id)))
        self.touched.clear()

    @invariant()
    def what_is_open_is_listed_once(self) -> None:
        listed = [(info.workflow_id, info.run_id) for info in self.engine.open_executions(DOMAIN)]
        assert sorted(listed) == sorted(self.open_runs())
        ids = [workflow_id for workflow_id, _ in listed]
        assert len(set(ids)) == len(ids) == self.engine.count_open_executions(DOMAIN)
        assert len(ids) <= LIMITS.open_executions

    @invariant()
    def what_waits_is_counted(self) -> None:
        for kind in ("Decision", "Activity"):
            waiting = dict.fromkeys(LISTS, 0)
            for events in self.open_runs().values():
                taken = started(events, f"{kind}Task")
                for event_id, scheduled in open_spans(events, f"{kind}TaskScheduled").items():
                    waiting[scheduled["taskList"]["name"]] += event_id not in taken
            assert self.pending(self.engine, kind) == waiting

    @invariant()
    def families_agree(self) -> None:
        """A parent's open children are the open executions that name it as their parent."""
        of: dict[str, set[str]] = {}
        for (workflow_id, _), events in self.open_runs().items():
            parent = attributes(events[0]).get("parentWorkflowExecution")
            if parent:
                of.setdefault(parent["runId"], set()).add(workflow_id)
        for (_, run_id), events in self.open_runs().items():
            children = open_spans(events, "ChildWorkflowExecutionStarted").values()
            assert {child["workflowExecution"]["workflowId"] for child in children} == of.get(run_id, set())

    @invariant()
    def the_journal_tells_the_same(self) -> None:
        registry = Registry(PageTokens(SECRET))
        registry.restore(self.journal.load().registry)
        replayed = self.new_engine(registry)
        assert list(replayed.open_executions(DOMAIN)) == list(self.engine.open_executions(DOMAIN))
        assert replayed.next_due() == self.engine.next_due()
        for run in self.open_runs():
            assert self.history(replayed, run) == self.history(self.engine, run)
            assert self.describe(replayed, run) == self.describe(self.engine, run)
        for kind in ("Decision", "Activity"):
            assert self.pending(replayed, kind) == self.pending(self.engine, kind)

    def open_runs(self) -> dict[Run, list[Event]]:
        """Return the histories that no event has closed."""
        return {
            run: events for run, events in self.histories.items() if events[-1]["eventType"] not in CLOSINGS
        }

    def history(self, engine: Engine, run: Run) -> list[Event]:
        answer = engine.get_workflow_execution_history(
            {"domain": DOMAIN, "execution": _execution(run)}, self.now
        )
        assert "nextPageToken" not in answer
        return list(answer["events"])

    def describe(self, engine: Engine, run: Run) -> Mapping[str, Any]:
        return engine.describe_workflow_execution({"domain": DOMAIN, "execution": _execution(run)}, self.now)

    def pending(self, engine: Engine, kind: str) -> dict[str, int]:
        count = getattr(engine, f"count_pending_{kind.lower()}_tasks")
        return {
            name: count({"domain": DOMAIN, "taskList": {"name": name}}, self.now)["count"] for name in LISTS
        }


def _execution(run: Run) -> dict[str, str]:
    return {"workflowId": run[0], "runId": run[1]}


def _snake(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).strip("_")


def test_whatever_is_called_the_engine_stays_sound() -> None:
    run_state_machine_as_test(
        SwfMachine,
        settings=settings(
            max_examples=100,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.filter_too_much,
                HealthCheck.data_too_large,
            ],
        ),
    )
