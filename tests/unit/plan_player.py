"""Plays jobs of random plans: the decider answers, a :class:`HistoryBuilder` is SWF, chance is the world."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import note

from cpe.decider import Outcome
from cpe.decider.fold import CANCEL_SIGNAL
from cpe.decider.timers import owner_of
from cpe.plan import Plan
from cpe.plan.for_each import item_index, step_of
from tests.unit.histories import HistoryBuilder
from tests.unit.plan_expectation import Expectation, read
from tests.unit.plan_interpreter import REFUSED, TIMER_REFUSED, Reading, result_text, time_out_kind
from tests.unit.plan_prediction import End
from tests.unit.plan_record import Record
from tests.unit.plan_specs import INPUT, Ending, Job, Try
from tests.unit.plan_wishes import FOREIGN, history_text, wishes

FOR_EVER = 3_000
"""Things that happen in one job before it is taken to go on for ever."""


STOPPED = 0.1
"""How likely it is, when something happens, that it may be a request for one activity to stop."""


@dataclass
class Played:
    """What a job came to.

    Attributes:
        runs: The histories of its runs.
        points: For each run, the lengths of its history at which something was decided, be it lost.
        closed: The decision that closed it; None if it waits for a signal that does not come.
    """

    record: Record
    runs: list[HistoryBuilder]
    points: list[list[int]]
    closed: str | None
    closing: Outcome | None
    reading: Reading

    @property
    def end(self) -> End:
        """How it ended."""
        match wishes(self.closing)[-1] if self.closing is not None else ():
            case ("complete", result):
                return "completed", result
            case ("fail", reason, failed):
                return "failed", failed or reason
            case ("cancelled",):
                return "cancelled", None
        return "open", None


class Player:
    """Plays one job.

    Args:
        job: The job.
        plan: Its plan.
        seed: What chance is drawn from.
        lossy: Whether answers are lost, and news come while the decider decides.
        checks: Whether each decision is held against the interpreter's.
        stops: Whether somebody asks now and then for one activity to stop.
    """

    def __init__(
        self, job: Job, plan: Plan, seed: int, *, lossy: bool = True, checks: bool = True, stops: bool = False
    ) -> None:
        self._job = job
        self._plan = plan
        self._chance = random.Random(seed)
        self._lossy = lossy
        self._checks = checks
        self._stops = stops
        self._steps = {step.name: step for step in job.plan.steps}
        self._signals = dict(job.signals)
        self._cancel = job.cancel
        self._record = Record(job)
        self._histories = [HistoryBuilder(INPUT)]
        self._points: list[list[int]] = [[]]
        self._closing: Outcome | None = None

    @property
    def _history(self) -> HistoryBuilder:
        return self._histories[-1]

    def play(self) -> Played:
        """Play the job to its end."""
        try:
            self._play()
        except BaseException:
            note(history_text(self._history.events))
            raise
        reading = read(self._job, self._record)
        return Played(
            record=self._record,
            runs=self._histories,
            points=self._points,
            closed=self._history.closed,
            closing=self._closing,
            reading=reading,
        )

    def _play(self) -> None:
        self._decide()
        for _ in range(FOR_EVER):
            if self._history.closed == "ContinueAsNewWorkflowExecution":
                self._histories.append(self._history.continued())
                self._points.append([])
                self._decide()
            elif self._history.closed is not None:
                return
            elif self._history.news and (self._chance.random() < 0.7 or not self._possible()):
                self._decide()
            elif possible := self._possible():
                self._happen(self._chance.choice(possible))
            else:
                waiting = read(self._job, self._record).waiting
                assert waiting, "nothing runs, no timer runs, no signal is awaited: it is stuck"
                return
        raise AssertionError("it goes on for ever")

    # The world

    def _possible(self) -> list[tuple[str, str]]:
        history = self._history
        found = [("end", name) for name in history.open_activities]
        found += [("child", name) for name in sorted(history.children)]
        found += [("fire", timer) for timer in sorted(history.timers)]
        found += [("signal", name) for name in sorted(self._signals)]
        found += [("cancel", "")] if self._cancel else []
        if self._stops and self._chance.random() < STOPPED:
            found += [("stop", name) for name in sorted(self._record.running)]
        return found

    def _happen(self, what: tuple[str, str]) -> None:
        history, record = self._history, self._record
        kind, name = what
        if kind == "end":
            if self._chance.random() < 0.5:
                history.start(name)
            self._end(name)
        elif kind == "child" and name in history.started_children:
            self._end(name)
        elif kind == "child":
            self._start_child(name)
        elif kind == "fire":
            history.fire(name)
            if not name.startswith(FOREIGN):
                record.note_fired(name)
        elif kind == "signal":
            text = self._signals.pop(name)
            history.add("WorkflowExecutionSignaled", signalName=name, input=text)
            record.note_signal(name, text)
        elif kind == "stop":
            record.unwanted.add(name)
            history.add("WorkflowExecutionSignaled", signalName=CANCEL_SIGNAL, input=name)
        else:
            self._cancel = False
            record.cancel_requested = True
            history.add("WorkflowExecutionCancelRequested")

    def _start_child(self, name: str) -> None:
        """SWF starts a child that it has been told to start, or finds that it cannot."""
        number = self._record.scheduled[name]
        if self._record.refusals[name, number] < self._try(name, number).refused:
            self._record.refusals[name, number] += 1
            self._record.scheduled[name] -= 1
            self._record.inputs[name].pop()
            self._record.unwanted.discard(name)
            self._history.refuse_child(name, REFUSED)
        else:
            self._history.start_child(name)

    def _end(self, name: str) -> None:
        ending = self._try(name, self._record.scheduled[name]).ending
        if name in self._record.asked_to_stop and self._chance.random() < 0.5:
            ending = Ending("cancel")
        self._record.endings[name].append(ending)
        self._record.asked_to_stop.discard(name)
        self._record.unwanted.discard(name)
        if name in self._history.children:
            self._end_child(name, ending)
        elif ending.what == "fail":
            self._history.fail(name, reason=ending.code)
        elif ending.what == "stop":
            self._history.fail(name, reason="WORKER_STOPPED")
        elif ending.what == "time out":
            self._history.time_out(name, ending.code)
        elif ending.what == "cancel":
            self._history.cancel(name)
        else:
            self._history.complete(name, raw=result_text(ending))

    def _end_child(self, name: str, ending: Ending) -> None:
        step = self._steps[step_of(name)]
        how: dict[str, tuple[str, dict[str, str]]] = {
            "fail": ("failed", {"reason": ending.code}),
            "stop": ("terminated", {}),
            "time out": ("timed out", {"timeoutType": time_out_kind(step, ending)}),
            "cancel": ("canceled", {}),
        }
        kind, attributes = how.get(ending.what) or ("completed", {"result": result_text(ending)})
        self._history.end_child(name, kind, **attributes)

    def _try(self, name: str, number: int) -> Try:
        step = self._steps[step_of(name)]
        index = item_index(name) if name != step.name else None
        return step.a_try(index, number)

    # The decider

    def _decide(self) -> None:
        history = self._history
        started = history.begin_decision()
        self._points[-1].append(started)
        outcome = history.outcome(self._plan)
        if self._checks:
            self._check(outcome)
        while self._lossy and self._chance.random() < 0.15 and (possible := self._possible()):
            self._happen(self._chance.choice(possible))
        if self._lossy and self._chance.random() < 0.15:
            history.lose(started)
            return
        history.refused = self._refusals(outcome)
        history.answer(started, outcome)
        self._take_in(outcome)
        if history.closed is not None:
            self._closing = outcome

    def _refusals(self, outcome: Outcome) -> dict[str, str]:
        """What SWF refuses this time. What becomes of a child may show later."""
        refused = {}
        for kind, *rest in wishes(outcome):
            name = str(rest[0]) if rest else ""
            if kind == "schedule":
                number = self._record.scheduled[name] + 1
                times, told = self._try(name, number).refused, self._record.refusals[name, number]
                is_child = self._steps[step_of(name)].does == "workflow"
                if told < times and not (is_child and self._chance.random() < 0.5):
                    refused[name] = REFUSED
            elif kind == "timer":
                times = self._steps[step_of(owner_of(name) or "")].timer_refusals
                if self._record.timer_refusals[name] < times:
                    refused[name] = TIMER_REFUSED
        return refused

    def _take_in(self, outcome: Outcome) -> None:
        record, refused = self._record, self._history.refused
        for wish in wishes(outcome):
            match wish:
                case ("schedule", name, given, *_) if name in refused:
                    record.refusals[name, record.scheduled[name] + 1] += 1
                case ("schedule", name, given, *_):
                    record.scheduled[name] += 1
                    record.inputs[name].append(given)
                case ("timer", timer, _):
                    assert timer not in record.fired, f"timer {timer} fired before, and is started again"
                    record.timer_refusals[timer] += timer in refused
                case ("fault", name, _):
                    record.faults.add(name)
                case ("cancel", name):
                    if name in record.running:  # it may have ended meanwhile
                        record.asked_to_stop.add(name)
                        record.ever_asked.add((name, record.scheduled[name]))
                case ("closing", kind, reason, failed):
                    record.closing = kind, reason, failed

    def _check(self, outcome: Outcome) -> None:
        expectation = Expectation(self._job, self._record, self._history)
        decided, expected = sorted(map(repr, wishes(outcome))), sorted(map(repr, expectation.wishes()))
        if decided != expected:
            only_decided = "\n".join(f"  + {one}" for one in decided if one not in expected)
            only_expected = "\n".join(f"  - {one}" for one in expected if one not in decided)
            raise AssertionError(
                f"decided otherwise than the language's rules want:\n{only_expected}\n{only_decided}"
            )
