"""The checks that make a plan of a source. All findings are collected before any is reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import jinja2

from cpe.plan.findings import Finding, PlanRefused, did_you_mean
from cpe.plan.graph import CycleError, topological_order
from cpe.plan.model import REQUIRED_STATUSES, ActivityType, Plan, Requirement, Step
from cpe.plan.outputs import OutputExpression, OutputsSpec
from cpe.plan.retry import RetryPolicy
from cpe.plan.shape import check_shape
from cpe.plan.source import Path, Source
from cpe.plan.specs import InputSpec
from cpe.plan.swf_names import MAX_EXECUTION_SECONDS, MAX_VERSION, duration_problem, name_problem
from cpe.plan.templates import INPUT_NAME, JsonTemplate

DEFAULT_EXECUTION_TIMEOUT = "2592000"
"""30 days, as the original's plans have it."""

DEFAULT_TASK_TIMEOUT = "60"
"""A decision takes milliseconds; a decider that died with one delays its workflow by this."""

DEFAULT_ACTIVITY_TIMEOUTS: Mapping[str, str] = {
    "heartbeat_timeout": "60",
    "schedule_to_start_timeout": "43200",
    "schedule_to_close_timeout": "518400",
    "start_to_close_timeout": "432000",
}

MAX_STEP_NAME = 200
"""Characters of a step's name; ids of timers are made of it, which SWF limits to 256."""

_Compiled = TypeVar("_Compiled")


def check_source(source: Source) -> Plan:
    """Check a parsed plan and compile its templates, schemas and expressions.

    Raises:
        PlanRefused: With every finding.
    """
    return _Checker(source).plan()


class _Checker:
    """Goes over the plan once. What cannot be used is reported and left out, so the rest is checked too."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._findings: list[Finding] = [*source.findings, *check_shape(source)]
        self._retries: dict[str, object] = {}

    def plan(self) -> Plan:
        root = self._source.value
        if not isinstance(root, dict):
            raise PlanRefused(self._findings)
        activities = self._activities(root)
        steps = self._steps(root, activities)
        name, version = self._name(("name",)), self._name(("version",), most=MAX_VERSION)
        execution_timeout = self._execution_timeout()
        task_timeout = self._timeout(("default_task_start_to_close_timeout",), DEFAULT_TASK_TIMEOUT)
        input_spec = self._input_spec(("input_spec",), root.get("input_spec"))
        order = self._order(steps)
        if self._findings:
            raise PlanRefused(self._findings)
        return Plan(
            name=name,
            version=version,
            activities=tuple(activities.values()),
            steps=tuple(steps[step] for step in order),
            input_spec=input_spec,
            default_execution_start_to_close_timeout=execution_timeout,
            default_task_start_to_close_timeout=task_timeout,
        )

    # Activities

    def _activities(self, root: Mapping[str, Any]) -> dict[str, ActivityType]:
        activities: dict[str, ActivityType] = {}
        for index, raw in enumerate(_items(root, "activities")):
            path: Path = ("activities", index)
            name = self._name((*path, "name"))
            if name in activities:
                self._find((*path, "name"), "DUPLICATE_ACTIVITY", f"there are two activities {name!r}")
            activities[name] = self._activity(path, name, raw)
            self._retries[name] = raw.get("retry")
        return activities

    def _activity(self, path: Path, name: str, raw: Mapping[str, Any]) -> ActivityType:
        version = self._name((*path, "version"), most=MAX_VERSION)
        task_list = self._name((*path, "task_list")) if "task_list" in raw else f"{name}-{version}"
        timeouts = {
            key: self._timeout((*path, key), default) for key, default in DEFAULT_ACTIVITY_TIMEOUTS.items()
        }
        self._check_timeouts_agree(path, {key: timeouts[key] for key in timeouts if key in raw})
        return ActivityType(
            name=name,
            version=version,
            task_list=task_list,
            input_spec=self._input_spec((*path, "input_spec"), raw.get("input_spec")),
            outputs_spec=self._outputs_spec((*path, "outputs_spec"), raw.get("outputs_spec")),
            **timeouts,
        )

    def _check_timeouts_agree(self, path: Path, written: Mapping[str, str]) -> None:
        """Only written ones can contradict each other: defaults are longer than anything a plan may set."""
        seconds = {key: int(text) for key, text in written.items() if text.isdigit()}
        for shorter, longer in (
            ("schedule_to_start_timeout", "schedule_to_close_timeout"),
            ("start_to_close_timeout", "schedule_to_close_timeout"),
            ("heartbeat_timeout", "start_to_close_timeout"),
        ):
            if shorter in seconds and longer in seconds and seconds[shorter] > seconds[longer]:
                message = f"{shorter} {seconds[shorter]} is longer than {longer} {seconds[longer]}"
                self._find((*path, shorter), "TIMEOUTS_CONTRADICT", message)

    def _outputs_spec(self, path: Path, raw: object) -> OutputsSpec:
        expressions: dict[str, OutputExpression] = {}
        for name, text in (raw if isinstance(raw, dict) else {}).items():
            if isinstance(text, str):
                expression = self._compile((*path, name), "INVALID_YAQL", partial(OutputExpression, text))
                if expression is not None:
                    expressions[name] = expression
        return OutputsSpec(expressions)

    def _input_spec(self, path: Path, raw: object) -> InputSpec:
        if not isinstance(raw, dict):
            return InputSpec(None)
        return self._compile(path, "INVALID_SCHEMA", partial(InputSpec, raw)) or InputSpec(None)

    # Steps

    def _steps(self, root: Mapping[str, Any], activities: Mapping[str, ActivityType]) -> dict[str, Step]:
        steps: dict[str, Step] = {}
        names = {self._text(("steps", index, "name")) for index, _ in enumerate(_items(root, "steps"))}
        for index, raw in enumerate(_items(root, "steps")):
            path: Path = ("steps", index)
            name = self._name((*path, "name"), most=MAX_STEP_NAME)
            if name in steps:
                self._find((*path, "name"), "DUPLICATE_STEP", f"there are two steps {name!r}")
            if name == INPUT_NAME:
                self._find((*path, "name"), "INVALID_NAME", f"{INPUT_NAME} is the workflow's input")
            requires = self._requires((*path, "requires"), raw.get("requires"), names)
            steps[name] = Step(
                name=name,
                requires=requires,
                activity=self._step_activity(path, raw, activities),
                input=self._template((*path, "input"), raw.get("input"), requires, names),
                eval=self._template((*path, "eval"), raw.get("eval"), requires, names),
                retry=self._retry(path, root, raw),
            )
        return steps

    def _retry(self, path: Path, root: Mapping[str, Any], raw: Mapping[str, Any]) -> RetryPolicy:
        if "retry" in raw and "activity" not in raw:
            self._find((*path, "retry"), "STEP_KIND", "only a step with 'activity' is tried again", key=True)
        if self._findings:
            return RetryPolicy()  # of values that may not have the right shape; the plan is refused anyway
        of_activity = self._retries.get(self._text((*path, "activity")))
        return RetryPolicy.merged(root.get("retry"), of_activity, raw.get("retry"))

    def _step_activity(
        self, path: Path, raw: Mapping[str, Any], activities: Mapping[str, ActivityType]
    ) -> ActivityType | None:
        if ("activity" in raw) == ("eval" in raw):
            self._find(path, "STEP_KIND", "a step has either 'activity' or 'eval'")
        if "eval" in raw and "input" in raw:
            self._find((*path, "input"), "STEP_KIND", "a step with 'eval' takes no 'input'", key=True)
        if "activity" not in raw:
            return None
        name = self._text((*path, "activity"))
        if name not in activities:
            message = f"there is no activity {name!r}{did_you_mean(name, activities)}"
            self._find((*path, "activity"), "UNKNOWN_ACTIVITY", message)
        return activities.get(name)

    def _requires(self, path: Path, raw: object, names: set[str]) -> tuple[Requirement, ...]:
        found: dict[str, str] = {}
        for index, entry in enumerate(raw if isinstance(raw, list) else []):
            at: Path = (*path, index)
            pair = isinstance(entry, list)
            step = self._text((*at, 0) if pair else at)
            status = self._text((*at, 1)) if pair else "completed"
            if step not in names:
                self._find(at, "UNKNOWN_STEP", f"there is no step {step!r}{did_you_mean(step, names)}")
                continue
            if status not in REQUIRED_STATUSES:
                message = f"{status!r} is no status{did_you_mean(status, REQUIRED_STATUSES)}"
                self._find((*at, 1), "UNKNOWN_STATUS", message)
                continue
            if found.setdefault(step, status) != status:
                self._find(at, "DUPLICATE_REQUIREMENT", f"{step!r} is required as {found[step]!r} already")
        return tuple(Requirement(step=step, status=status) for step, status in sorted(found.items()))

    def _template(
        self, path: Path, raw: object, requires: tuple[Requirement, ...], names: set[str]
    ) -> JsonTemplate | None:
        if not isinstance(raw, str):
            return None
        try:
            template = JsonTemplate(raw)
        except jinja2.TemplateSyntaxError as error:
            self._find(path, "INVALID_TEMPLATE", str(error.message), line=error.lineno)
            return None
        required = {requirement.step for requirement in requires}
        for name in sorted(template.names - required - {INPUT_NAME}):
            line = 1 + raw[: max(raw.find(name), 0)].count("\n")
            if name in names:
                message = f"the template uses {name!r}, which the step does not require"
                self._find(path, "NOT_REQUIRED", message, line=line)
            else:
                message = (
                    f"the template uses {name!r}, which is no step{did_you_mean(name, names | {INPUT_NAME})}"
                )
                self._find(path, "UNKNOWN_NAME", message, line=line)
        return template

    def _order(self, steps: Mapping[str, Step]) -> list[str]:
        requires = {
            name: {one.step for one in step.requires if one.step in steps} for name, step in steps.items()
        }
        try:
            return topological_order(requires)
        except CycleError as error:
            index = [
                self._text(("steps", i, "name")) for i in range(len(_items(self._source.value, "steps")))
            ].index(error.cycle[0])
            self._find(("steps", index, "requires"), "CYCLE", f"steps require each other: {error}")
            return []

    # Values

    def _name(self, path: Path, *, most: int = 256) -> str:
        text = self._text(path)
        if path in self._source.texts and (problem := name_problem(text, most=most)):
            self._find(path, "INVALID_NAME", f"{path[-1]} {problem}")
        return text

    def _text(self, path: Path) -> str:
        """A scalar as it is written; a number such as ``1.0`` is taken as its text."""
        return self._source.texts.get(path, "")

    def _timeout(self, path: Path, default: str) -> str:
        if path not in self._source.texts:
            return default
        text = self._text(path)
        if problem := duration_problem(text):
            self._find(path, "INVALID_TIMEOUT", f"{path[-1]} {problem}")
        return text

    def _execution_timeout(self) -> str:
        path: Path = ("default_execution_start_to_close_timeout",)
        if path not in self._source.texts:
            return DEFAULT_EXECUTION_TIMEOUT
        text = self._text(path)
        if problem := duration_problem(text, none_allowed=False):
            self._find(path, "INVALID_TIMEOUT", f"{path[-1]} {problem}")
        elif int(text) > MAX_EXECUTION_SECONDS:
            self._find(path, "INVALID_TIMEOUT", f"{path[-1]} must be at most {MAX_EXECUTION_SECONDS}, a year")
        return text

    def _compile(self, path: Path, code: str, make: Callable[[], _Compiled]) -> _Compiled | None:
        try:
            return make()
        except ValueError as error:
            self._find(path, code, str(error))
            return None

    def _find(self, path: Path, code: str, message: str, *, key: bool = False, line: int = 0) -> None:
        self._findings.append(self._source.finding(path, code, message, key=key, line=line))


def _items(root: Mapping[str, Any], key: str) -> list[Any]:
    """The entries of a list that can be gone into; shape has reported the others."""
    entries = root.get(key)
    return (
        [entry if isinstance(entry, dict) else {} for entry in entries] if isinstance(entries, list) else []
    )
