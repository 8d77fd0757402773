"""What any drawing of a plan shows: a box for each step, an arrow for each requirement and clean-up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from cpe.plan.for_each import ForEach
from cpe.plan.graph import topological_order
from cpe.plan.model import AwaitSignal, Evaluate, Plan, RunActivity, RunWorkflow, Step, Wait, Work

_UNDRAWABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters
    "\u202a-\u202e\u2066-\u2069"  # what turns the direction of the text behind it
    "\ud800-\udfff\ufffe\uffff]"  # what no UTF-8 or XML may hold
)


class Kind(StrEnum):
    """What a step does; each has its shape."""

    ACTIVITY = "activity"
    WORKFLOW = "workflow"
    EVAL = "eval"
    WAIT = "wait"
    SIGNAL = "signal"


class Reason(StrEnum):
    """Why an arrow is there: the status that its step must end in, or the clean-up after a cancel."""

    COMPLETED = "completed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCEL = "on cancel"

    @property
    def label(self) -> str:
        """What is written at the arrow: nothing for the default."""
        return "" if self is Reason.COMPLETED else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A step as it is drawn. Its texts hold one line each and nothing that cannot be drawn.

    Attributes:
        name: The step's.
        kind: What it does.
        detail: The same in words, such as ``wait 60 s``.
        for_each: Words that say so if it runs for each item of a list, else empty.
        when: Its condition, else empty.
        is_cleanup: It runs only when the job is cancelled.
    """

    name: str
    kind: Kind
    detail: str
    for_each: str
    when: str
    is_cleanup: bool

    @property
    def words(self) -> list[str]:
        """All there is to say about the step, its name first."""
        condition = self.when and f"when {self.when}"
        cleanup = "only when the job is cancelled" if self.is_cleanup else ""
        return [words for words in (self.name, self.detail, self.for_each, condition, cleanup) if words]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """Leads from the box with the number `source` to that with the number `target`, which is greater."""

    source: int
    target: int
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """A plan's boxes, each after those that lead to it, and its arrows."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    @classmethod
    def of(cls, plan: Plan) -> Diagram:
        """Read it off a plan. The order of steps in the file does not matter."""
        steps = {step.name: step for step in plan.steps}
        links = [
            *((one.step, step.name, Reason(one.status)) for step in plan.steps for one in step.requires),
            *((step.name, step.on_cancel, Reason.CANCEL) for step in plan.steps if step.on_cancel),
        ]
        cleanups = {target for _, target, reason in links if reason is Reason.CANCEL}
        before: dict[str, set[str]] = {name: set() for name in steps}
        for source, target, _ in links:
            before[target].add(source)
        numbers = {name: number for number, name in enumerate(topological_order(before))}
        arrows = [
            Arrow(source=numbers[source], target=numbers[target], reason=reason)
            for source, target, reason in links
        ]
        return cls(
            title=drawable(f"{plan.name} {plan.version}"),
            boxes=tuple(_box(steps[name], is_cleanup=name in cleanups) for name in numbers),
            arrows=tuple(sorted(arrows, key=lambda arrow: (arrow.target, arrow.source, arrow.reason))),
        )


def drawable(text: str) -> str:
    """Make one line of a text, with U+FFFD for what cannot be drawn.

    Example:
        >>> drawable(" $.Look.width\\n  > 1280 ")
        '$.Look.width > 1280'
    """
    return _UNDRAWABLE.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def shortened(text: str, most: int) -> str:
    """Cut a text to so many characters, the last of which is then an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _box(step: Step, *, is_cleanup: bool) -> Box:
    kind, detail, for_each = _describe(step.work)
    if step.failed_for:
        detail += f" after {', '.join(sorted(step.failed_for))}"
    return Box(
        name=drawable(step.name),
        kind=kind,
        detail=drawable(detail),
        for_each=_words(for_each) if for_each else "",
        when=drawable(step.when.text) if step.when else "",
        is_cleanup=is_cleanup,
    )


def _describe(work: Work) -> tuple[Kind, str, ForEach | None]:
    match work:
        case RunActivity(activity=activity, for_each=for_each):
            return Kind.ACTIVITY, f"{activity.name} {activity.version}", for_each
        case RunWorkflow(name=name, version=version, for_each=for_each):
            return Kind.WORKFLOW, f"workflow {name} {version}", for_each
        case Evaluate():
            return Kind.EVAL, "eval", None
        case Wait(seconds=seconds):
            return Kind.WAIT, f"wait {seconds} s", None
        case AwaitSignal(signal=signal):
            return Kind.SIGNAL, f"signal {signal}", None


def _words(for_each: ForEach) -> str:
    most = for_each.max_parallel
    return "for each item" if most is None else f"for each item, {most} at once"
