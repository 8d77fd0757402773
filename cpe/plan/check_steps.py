"""The `steps` of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from cpe.plan.check_activities import read_timeouts
from cpe.plan.for_each import ITEM_NAMES, ForEach, Tolerance, step_of
from cpe.plan.model import (
    REQUIRED_STATUSES,
    ActivityType,
    AwaitSignal,
    ChildPolicy,
    Evaluate,
    Requirement,
    RunActivity,
    RunWorkflow,
    Step,
    StepStatus,
    Wait,
    Work,
)
from cpe.plan.reader import Reader, items, mapping
from cpe.plan.retry import RetryPolicy
from cpe.plan.swf_names import MAX_VERSION
from cpe.plan.templates import INPUT_NAME, JsonTemplate, TextTemplate
from cpe.source import Path

MAX_NAME = 200
"""Characters of a step's name; ids of timers are made of it, which SWF limits to 256."""

_RUNS = frozenset({"input", "retry", "priority", "for_each", "max_parallel", "tolerate", "on_cancel"})
_OWN_KEYS: Mapping[str, frozenset[str]] = {
    "activity": _RUNS | {"timeouts", "group"},
    "workflow": _RUNS,
    "eval": frozenset(),
    "wait": frozenset(),
    "signal": frozenset({"timeout"}),
}
"""What a step does, by the key that says so, and the keys that only make sense with it."""

_FAILED = StepStatus.FAILED.value
_CHILD_POLICIES = frozenset(ChildPolicy)

_OWNERS = {
    key: frozenset(kind for kind, own in _OWN_KEYS.items() if key in own)
    for key in set().union(*_OWN_KEYS.values())
}
"""For each such key, the keys that it goes with."""


def read_steps(
    reader: Reader, root: Mapping[str, Any], activities: Mapping[str, ActivityType]
) -> dict[str, Step]:
    """Read all steps, by name, in the order of the file."""
    names = {reader.text(("steps", index, "name")) for index, _ in enumerate(items(root, "steps"))}
    retries = {
        reader.text(("activities", index, "name")): raw.get("retry")
        for index, raw in enumerate(items(root, "activities"))
    }
    steps: dict[str, Step] = {}
    for index, raw in enumerate(items(root, "steps")):
        if not raw:
            continue  # the check of the shape has told
        step = _StepReader(
            reader, root, activities, retries=retries, names=names, path=("steps", index), raw=raw
        ).read()
        if step.name and step.name in steps:
            reader.find(("steps", index, "name"), "DUPLICATE_STEP", f"there are two steps {step.name!r}")
        steps[step.name] = step
    return steps


def step_paths(reader: Reader, root: Mapping[str, Any]) -> dict[str, Path]:
    """Where each step stands, by name."""
    return {
        reader.text(("steps", index, "name")): ("steps", index)
        for index, _ in enumerate(items(root, "steps"))
    }


class _StepReader:
    """Reads one step."""

    def __init__(
        self,
        reader: Reader,
        root: Mapping[str, Any],
        activities: Mapping[str, ActivityType],
        *,
        retries: Mapping[str, object],
        names: set[str],
        path: Path,
        raw: Mapping[str, Any],
    ) -> None:
        self._reader = reader
        self._root = root
        self._activities = activities
        self._retries = retries
        self._names = names
        self._path = path
        self._raw = raw
        self._required: set[str] = set()

    def read(self) -> Step:
        name = self._reader.name((*self._path, "name"), most=MAX_NAME)
        if name == INPUT_NAME:
            self._find("name", "INVALID_NAME", f"{INPUT_NAME} is the workflow's input")
        if step_of(name) != name:
            self._find("name", "INVALID_NAME", "a name that ends in [number] is an item's")
        requires = self._requires()
        self._required = {requirement.step for requirement in requires}
        when = self._reader.condition(
            (*self._path, "when"), self._raw.get("when"), required=self._required, known=self._names
        )
        return Step(
            name=name,
            requires=requires,
            failed_for=self._failed_for(requires),
            when=when,
            work=self._work(),
            on_cancel=self._on_cancel(),
        )

    def _failed_for(self, requires: Sequence[Requirement]) -> frozenset[str]:
        raw = self._raw.get("failed_for")
        if raw is not None and not any(requirement.status == _FAILED for requirement in requires):
            message = "'failed_for' belongs to a step that requires another one as failed"
            self._find("failed_for", "STEP_KIND", message, key=True)
        return frozenset(str(reason) for reason in raw) if isinstance(raw, list) else frozenset()

    def _on_cancel(self) -> str | None:
        step = self._reader.text((*self._path, "on_cancel")) or None
        if step is not None and step not in self._names:
            message = f"there is no step {step!r}{self._reader.did_you_mean(step, self._names)}"
            self._find("on_cancel", "UNKNOWN_STEP", message)
        return step

    def _requires(self) -> tuple[Requirement, ...]:
        found: dict[str, str] = {}
        raw = self._raw.get("requires")
        for index, entry in enumerate(raw if isinstance(raw, list) else []):
            at: Path = (*self._path, "requires", index)
            pair = isinstance(entry, list)
            if isinstance(entry, dict) or (pair and len(entry) != 2):  # noqa: PLR2004 - a pair
                continue  # the check of the shape has told
            step = self._reader.text((*at, 0) if pair else at)
            status = self._reader.text((*at, 1)) if pair else "completed"
            if step not in self._names:
                message = f"there is no step {step!r}{self._reader.did_you_mean(step, self._names)}"
                self._reader.find((*at, 0) if pair else at, "UNKNOWN_STEP", message)
                continue
            if status not in REQUIRED_STATUSES:
                message = f"{status!r} is no status{self._reader.did_you_mean(status, REQUIRED_STATUSES)}"
                self._reader.find((*at, 1), "UNKNOWN_STATUS", message)
                continue
            if found.setdefault(step, status) != status:
                message = f"{step!r} is required as {found[step]!r} already"
                self._reader.find(at, "DUPLICATE_REQUIREMENT", message)
        return tuple(Requirement(step=step, status=status) for step, status in sorted(found.items()))

    def _work(self) -> Work:
        kinds = [kind for kind in _OWN_KEYS if kind in self._raw]
        if len(kinds) != 1:
            message = "a step has one of 'activity', 'workflow', 'eval', 'wait' and 'signal'"
            if len(kinds) > 1:
                message += f"; this one has {' and '.join(repr(kind) for kind in kinds)}"
            self._find(kinds[1] if len(kinds) > 1 else None, "STEP_KIND", message, key=len(kinds) > 1)
        for key in sorted(self._raw.keys() & _OWNERS.keys()):
            if not _OWNERS[key] & self._raw.keys():
                owners = " or ".join(repr(kind) for kind in _OWN_KEYS if kind in _OWNERS[key])
                self._find(key, "STEP_KIND", f"{key!r} belongs to a step with {owners}", key=True)
        match kinds[:1]:
            case ["eval"]:
                template = self._template("eval")
                # One that does not parse is a finding; the plan is refused.
                return Evaluate(template=template) if template else Wait(seconds=0)
            case ["signal"]:
                timeout = self._raw.get("timeout")
                return AwaitSignal(
                    signal=self._reader.name((*self._path, "signal")),
                    timeout=timeout if isinstance(timeout, int) else None,
                )
            case ["activity"] if (activity := self._activity()) is not None:
                return self._run(activity)
            case ["workflow"]:
                return self._child()
        seconds = self._raw.get("wait")
        return Wait(seconds=seconds if isinstance(seconds, int) else 0)

    def _activity(self) -> ActivityType | None:
        name = self._reader.text((*self._path, "activity"))
        if name not in self._activities:
            message = f"there is no activity {name!r}{self._reader.did_you_mean(name, self._activities)}"
            self._find("activity", "UNKNOWN_ACTIVITY", message)
        return self._activities.get(name)

    def _run(self, activity: ActivityType) -> RunActivity:
        raw = mapping(self._raw.get("timeouts"))
        return RunActivity(
            activity=activity,
            timeouts=read_timeouts(self._reader, (*self._path, "timeouts"), raw, activity.timeouts)
            if raw
            else activity.timeouts,
            input=self._input(),
            retry=self._retry(activity.name),
            priority=self._priority(),
            group=self._group(),
            for_each=self._for_each(),
        )

    def _child(self) -> RunWorkflow:
        path: Path = (*self._path, "workflow")
        raw = mapping(self._raw.get("workflow"))
        policy = self._reader.text((*path, "child_policy"))
        return RunWorkflow(
            name=self._reader.name((*path, "name")),
            version=self._reader.name((*path, "version"), most=MAX_VERSION),
            task_list=self._reader.name((*path, "task_list")) if "task_list" in raw else None,
            timeout=self._reader.timeout((*path, "timeout"), "", none_allowed=False) or None,
            child_policy=ChildPolicy(policy) if policy in _CHILD_POLICIES else ChildPolicy.TERMINATE,
            input=self._input(),
            retry=self._retry(None),
            priority=self._priority(),
            for_each=self._for_each(),
        )

    def _input(self) -> JsonTemplate | None:
        return self._template("input", besides=self._item_names())

    def _group(self) -> TextTemplate | None:
        return self._reader.text_template(
            (*self._path, "group"),
            self._raw.get("group"),
            required=self._required | self._item_names(),
            known=self._names,
        )

    def _priority(self) -> str | None:
        return self._reader.text((*self._path, "priority")) or None

    def _item_names(self) -> frozenset[str]:
        return ITEM_NAMES if "for_each" in self._raw else frozenset()

    def _retry(self, activity: str | None) -> RetryPolicy:
        if self._reader.findings:
            return RetryPolicy()  # of values that may not have the right shape; the plan is refused anyway
        of_activity = None if activity is None else self._retries[activity]
        return RetryPolicy.merged(self._root.get("retry"), of_activity, self._raw.get("retry"))

    def _for_each(self) -> ForEach | None:
        items = self._template("for_each")
        if "for_each" not in self._raw:
            for key in ("max_parallel", "tolerate"):
                if key in self._raw:
                    self._find(key, "STEP_KIND", f"{key!r} belongs to a step with 'for_each'", key=True)
        if items is None:
            return None
        path = (*self._path, "tolerate")
        text = self._reader.text(path) or "0"
        most = self._raw.get("max_parallel")
        return ForEach(
            items=items,
            max_parallel=most if isinstance(most, int) else None,
            tolerate=self._reader.compiled(path, "INVALID_TOLERANCE", partial(Tolerance.parse, text))
            or Tolerance(),
        )

    def _template(self, key: str, *, besides: frozenset[str] = frozenset()) -> JsonTemplate | None:
        return self._reader.template(
            (*self._path, key), self._raw.get(key), required=self._required | besides, known=self._names
        )

    def _find(self, place: str | None, code: str, message: str, *, key: bool = False) -> None:
        path = self._path if place is None else (*self._path, place)
        self._reader.find(path, code, message, key=key)
