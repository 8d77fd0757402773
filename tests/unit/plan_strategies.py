"""Plans of the whole language at random: most of what is made goes well, so that jobs get far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.unit.plan_specs import (
    MAX_REFUSALS,
    SIGNALS,
    STATUSES,
    Always,
    Condition,
    Const,
    Ending,
    Job,
    NotJson,
    Pair,
    Path,
    PlanSpec,
    StepSpec,
    Template,
    Try,
    ValueIs,
)

CODES = ("BUSY", "BROKEN")
WANTED = ("completed", "completed", "completed", "succeeded", "succeeded", "failed", "failed", "skipped")
NUMBER = Path("__input__", ("n",))
NOTHING = Path("__input__", ("nothing",))


def chance(one_in: int) -> st.SearchStrategy[bool]:
    """True now and then."""
    return st.integers(1, one_in).map(lambda drawn: drawn == one_in)


@st.composite
def templates(
    draw: st.DrawFn, steps: Sequence[str], *, in_items: bool = False, nested: bool = True
) -> Template:
    """A template over the workflow's input and steps; some meet missing values, some are no JSON."""
    if draw(chance(25)):
        wrong: list[Template] = [NOTHING, NotJson()]
        return draw(st.sampled_from(wrong))
    if nested and draw(chance(5)):
        part = templates(steps, in_items=in_items, nested=False)
        return Pair(draw(part), draw(part))
    paths: list[Template] = [Const(3), NUMBER, Path("__input__")]
    paths += [Path(step) for step in steps] * 2
    paths += [Path(step, ("value",), 7) for step in steps] * 3
    paths += [Path(step, ("value",)) for step in steps]
    if in_items:
        paths += [Path("item"), Path("item"), Path("index"), Path("index"), Path("item", ("v",))]
    drawn: Template = draw(st.sampled_from(paths))
    return drawn


def lists() -> st.SearchStrategy[Template]:
    """What a step is done for each of."""
    good: list[Template] = [
        Path("__input__", ("list",)),
        Path("__input__", ("pairs",)),
        Const([1, 2, 3, 4, 5]),
    ]
    return st.sampled_from([*good * 6, Const([1]), Const([]), Const(5), NOTHING])


RETRIES = st.fixed_dictionaries(
    {"max_attempts": st.integers(1, 4), "interval": st.sampled_from([0, 0, 3])},
    optional={
        "on": st.sampled_from([["BUSY"], ["BUSY", "TIMEOUT_HEARTBEAT"], ["BROKEN"]]),
        "never": st.sampled_from([["BROKEN"], ["TIMEOUT_HEARTBEAT"]]),
        "backoff": st.sampled_from([1, 3]),
        "max_interval": st.sampled_from([0, 5]),
    },
)
FATES = st.one_of(
    st.builds(Ending, st.just("complete"), st.integers(0, 2)),
    st.builds(Ending, st.just("complete"), st.integers(0, 2)),
    st.builds(Ending, st.just("fail"), code=st.sampled_from(CODES)),
    st.builds(Ending, st.just("time out"), code=st.just("HEARTBEAT")),
    st.builds(Ending, st.sampled_from(["stop", "stop", "stop", "poison", "lacking", "cancel"])),
)
REFUSALS = st.sampled_from([0] * 8 + [1, 2, MAX_REFUSALS])
REASONS = st.sampled_from(
    [("BUSY",), ("BROKEN", "TIMEOUT_HEARTBEAT"), ("ACTIVITY_CANCELED",), ("INPUT_INVALID", "BUSY", "BROKEN")]
)
TRIES = st.lists(st.builds(Try, FATES, REFUSALS), max_size=4).map(tuple)
HANDED_BACK = st.integers(9, 12).map(lambda times: (Try(Ending("stop")),) * times)


@st.composite
def steps(
    draw: st.DrawFn, name: str, before: Sequence[StepSpec], *, wanted: Sequence[str], refusals: bool
) -> StepSpec:
    """A step that may require those before it, in one of the wanted statuses."""
    names = [one.name for one in before]
    required = sorted(draw(st.sets(st.sampled_from(names), max_size=3))) if names else []
    giving = [
        one.name
        for one in before
        if one.name in required and one.runs and one.each is None and one.activity == "Act"
    ]
    does = draw(st.sampled_from(["activity"] * 5 + ["workflow"] * 2 + ["eval", "wait", "signal", "signal"]))
    requires = tuple((one, draw(st.sampled_from(wanted))) for one in required)
    narrowed = any(status == "failed" for _, status in requires) and draw(chance(2))
    step: dict[str, Any] = {
        "name": name,
        "does": does,
        "requires": requires,
        "failed_for": draw(REASONS) if narrowed else (),
        "when": draw(conditions(giving)) if draw(chance(5)) else None,
        "timer_refusals": draw(REFUSALS) if refusals and draw(chance(5)) else 0,
    }
    if does == "eval":
        return StepSpec(**step, template=draw(templates(required)))
    if does == "wait":
        return StepSpec(**step, seconds=draw(st.sampled_from([0, 5, 100])))
    if does == "signal":
        seconds, signal = draw(st.sampled_from([None, 60])), draw(st.sampled_from(SIGNALS))
        return StepSpec(**step, seconds=seconds, signal=signal)
    each = draw(lists()) if draw(chance(3)) else None
    if each is not None:
        step["most"] = draw(st.sampled_from([None, 1, 2]))
        step["tolerate"] = draw(st.sampled_from([None, "0", "1", "2", "50%", "100%"]))
    tries = [draw(HANDED_BACK if draw(chance(20)) else TRIES) for _ in range(1 if each is None else 3)]
    if not refusals:
        tries = [tuple(Try(one.ending) for one in row) for row in tries]
    template = draw(st.one_of(st.none(), templates(required, in_items=each is not None)))
    if does == "activity" and draw(chance(4)):
        step["activity"] = draw(st.sampled_from(["Quiet", "Strict"]))
        if step["activity"] == "Strict" and draw(chance(2)):
            template = NUMBER if each is None else Path("index")
    if does == "activity" and draw(chance(6)):
        step["group"] = NOTHING if draw(chance(6)) else NUMBER
    return StepSpec(
        **step,
        each=each,
        template=template,
        retry=draw(RETRIES) if draw(st.integers(0, 2)) else None,
        priority=draw(st.sampled_from([None, None, 5])),
        tries=tuple(tries),
    )


def conditions(giving: Sequence[str]) -> st.SearchStrategy[Condition]:
    """What a step may ask of those that it requires and that give a value."""
    fixed: list[Condition] = [Always(True), Always(True), Always(False), Always(False), Always(None)]
    asked: list[Condition] = [ValueIs(step, number) for step in giving for number in (1, 2)]
    return st.sampled_from(fixed + asked * 3)


@st.composite
def jobs(draw: st.DrawFn, *, most: int = 7, refusals: bool = True) -> Job:
    """Jobs of the whole language.

    Args:
        most: Steps at most, but for those that clean up.
        refusals: Whether SWF refuses things now and then.
    """
    found: list[StepSpec] = []
    for index in range(draw(st.integers(1, most))):
        found.append(draw(steps(f"S{index}", found, wanted=WANTED, refusals=refusals)))
    names = [one.name for one in found]
    is_cancelled = draw(chance(4))
    for index in range(draw(st.sampled_from([1, 2] if is_cancelled else [0, 0, 0, 1]))):
        after = draw(st.integers(0, len(names) - 1))
        if found[after].runs and found[after].on_cancel is None:
            cleanup = draw(
                steps(f"Tidy{index}", found, wanted=("completed",) * 5 + STATUSES, refusals=refusals)
            )
            if cleanup.does == "signal":
                cleanup = replace(cleanup, seconds=60)  # a cancelled job must close
            found[after] = replace(found[after], on_cancel=cleanup.name)
            found.append(cleanup)
    texts = st.sampled_from(['{"value": 1}', '{"value": 2}', "2", "{"])
    return Job(
        plan=PlanSpec(steps=tuple(found), result=draw(st.one_of(st.none(), templates(names)))),
        signals={name: draw(texts) for name in SIGNALS if not draw(chance(4))},
        cancel=is_cancelled,
    )
