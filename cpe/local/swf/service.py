"""The service: the engine, the registry and the store behind one lock, with a clock and those who wait.

Threads come in from outside, one per request, and one of its own (`swf-timers`) fires what is due. Each
command runs alone, in this order: what is due by now happens, the command happens, tasks that became
available go to pollers that wait, all of it is saved; only then is anybody told. What an answer says is
therefore durable, and a poller never waits for a task that is there.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from cpe.local.swf.clock import Clock
from cpe.local.swf.dispatch import POLLS, Handler, handlers
from cpe.local.swf.engine.changes import SecretChosen, Snapshot, Store
from cpe.local.swf.engine.engine import Engine
from cpe.local.swf.engine.tasks import TaskList
from cpe.local.swf.faults import SwfFault
from cpe.local.swf.model import operations
from cpe.local.swf.paging import PageTokens
from cpe.local.swf.registry import Registry
from cpe.local.swf.retention import Retention
from cpe.local.swf.visibility import Visibility
from cpe.local.swf.waiters import Caller, Waiter, Waiters

_log = logging.getLogger(__name__)

#: Seconds after which SWF answers a poll with no task.
POLL_SECONDS = 60.0
#: How long a poller waits at most, in seconds, before it looks whether its client is still there.
TICK = 1.0
#: How long the timers rest at most, in seconds: the system's clock may jump, and retention periods end.
LONGEST_REST = 60.0

_SECRET_BYTES = 32
_POLL_FOR = {kind: operation for operation, kind in POLLS.items()}


class SwfService:
    """SWF, for any number of threads.

    Args:
        store: Keeps what must be durable; `close` closes it.
        clock: Tells the time, and can be moved.

    Example:
        >>> service = SwfService(MemoryStore())  # doctest: +SKIP
        >>> service.call("ListDomains", {"registrationStatus": "REGISTERED"}, caller)  # doctest: +SKIP
        {'domainInfos': []}
    """

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        self._turn = threading.Condition(threading.Lock())
        self._store = store
        self._clock = clock or Clock()
        self._operations = operations()
        self._waiters = Waiters()
        self._handed: list[tuple[Waiter, dict[str, Any]]] = []
        self._polls_ended = False
        self._closed = False
        self._alarm = float("-inf")
        self._open()
        self._timers = threading.Thread(target=self._run_timers, name="swf-timers", daemon=True)
        self._timers.start()

    def call(self, operation: str, params: Any, caller: Caller) -> dict[str, Any]:
        """Answer one request.

        Args:
            operation: Its name, as in ``StartWorkflowExecution``.
            params: Whatever came as its JSON.
            caller: Who waits for the answer; asked by polls alone.

        Raises:
            SwfFault: The request is refused.
        """
        known = self._operations.get(operation)
        if known is None:
            raise SwfFault("UnknownOperationException", f"There is no operation {operation!r}")
        admitted = known.admit(params)
        if operation in POLLS:
            return self._poll(operation, admitted, caller)
        with self._turn:
            return self._command(operation, admitted) or {}

    def now(self) -> float:
        """Tell the service's time in epoch seconds."""
        with self._turn:
            return self._clock.now()

    @property
    def clock_offset(self) -> float:
        """Seconds by which the service's clock is ahead of the system's."""
        return self._clock.offset

    def advance(self, seconds: float) -> float:
        """Move the clock ahead and let everything happen that is due by then; returns the new time.

        Raises:
            ValueError: Time does not go back.
        """
        with self._turn:
            self._clock.advance(seconds)
            now = self._clock.now()
            try:
                self._engine.advance(now)
            finally:
                self._settle(now)
            self._turn.notify()  # what is due next is due sooner than the timers know
            return now

    def reset(self) -> None:
        """Forget everything and go back to the system's time; polls that wait are answered with nothing."""
        with self._turn:
            self._store.clear()
            self._clock.reset()
            self._send_pollers_away()
            self._open()

    def end_polls(self) -> None:
        """Answer every poll that waits, and every later one, with nothing."""
        with self._turn:
            self._polls_ended = True
            self._send_pollers_away()

    def close(self) -> None:
        """End polls and timers, and let go of the store."""
        self.end_polls()
        with self._turn:
            self._closed = True
            self._turn.notify()
        self._timers.join()
        self._store.close()

    def _open(self) -> None:
        """Begin with what the store has."""
        snapshot = self._store.load()
        secret = snapshot.secret
        if secret is None:
            secret = os.urandom(_SECRET_BYTES)
            self._store.save([SecretChosen(secret=secret)])
        pages = PageTokens(secret)
        registry = Registry(pages)
        registry.restore(snapshot.registry)
        engine = Engine(self._store, registry=registry, new_run_id=_new_run_id, secret=secret)
        self._clock.catch_up(_latest(snapshot))
        now = self._clock.now()
        engine.restore(snapshot.executions, now)
        visibility = Visibility(registry=registry, store=self._store, executions=engine, pages=pages)
        self._engine = engine
        self._registry = registry
        self._retention = Retention(registry, self._store)
        self._handlers: dict[str, Handler] = handlers(
            engine=engine, registry=registry, visibility=visibility, retention=self._retention
        )
        self._settle(now)  # what became overdue meanwhile has happened

    def _command(self, operation: str, params: dict[str, Any]) -> dict[str, Any] | None:
        now = self._clock.now()
        try:
            self._engine.advance(now)
            self._hand_out(now)  # those who wait come before a poller that comes now
            return self._handlers[operation](params, now)
        finally:
            self._settle(now)

    def _poll(self, operation: str, params: dict[str, Any], caller: Caller) -> dict[str, Any]:
        where = TaskList(POLLS[operation], params["domain"], params["taskList"]["name"])
        with self._turn:
            if self._polls_ended:
                return _nothing(where)
            caller.check()  # the request may have waited for its turn longer than its client did
            answer = self._command(operation, params)
            if answer is not None:
                return answer
            waiter = Waiter(params, caller)
            self._waiters.add(where, waiter)
        self._wait(where, waiter)
        return _nothing(where) if waiter.answer is None else waiter.answer

    def _wait(self, where: TaskList, waiter: Waiter) -> None:
        deadline = time.monotonic() + POLL_SECONDS
        try:
            while (left := deadline - time.monotonic()) > 0:
                if waiter.wait(min(left, TICK)):
                    return
                waiter.caller.check()
        finally:
            if not waiter.told:
                with self._turn:  # it may be told until here, and never after
                    self._waiters.remove(where, waiter)

    def _settle(self, now: float) -> None:
        """Hand out tasks that became available, save everything that happened, then tell those concerned."""
        self._hand_out(now)
        # A store that fails keeps these for its next try, and nobody is told anything until one succeeds.
        self._store.save((*self._registry.take_changes(), *self._engine.take_changes()))
        for waiter, answer in self._handed:
            waiter.tell(answer)
        self._handed.clear()
        due = self._engine.next_due()
        if due is not None and due < self._alarm:
            self._turn.notify()

    def _hand_out(self, now: float) -> None:
        """Give each task that became available to whoever waited longest for its list."""
        for where in self._engine.take_ready():
            waiter = self._waiters.take(where)
            if waiter is None:
                continue
            answer = self._handlers[_POLL_FOR[where.kind]](waiter.params, now)
            if answer is None:  # the task is gone already: taken, or ended within the same command
                self._waiters.put_back(where, waiter)
            else:
                self._handed.append((waiter, answer))

    def _send_pollers_away(self) -> None:
        for waiter in [*self._waiters.clear(), *(waiter for waiter, _ in self._handed)]:
            waiter.tell(None)
        self._handed.clear()

    def _run_timers(self) -> None:
        with self._turn:
            while not self._closed:
                rest = LONGEST_REST
                try:
                    rest = self._fire()
                except Exception:
                    _log.exception("the timers failed; they go on")
                    rest = TICK
                self._turn.wait(rest)

    def _fire(self) -> float:
        """Let what is due happen; tell for how many seconds nothing will be."""
        now = self._clock.now()
        try:
            self._engine.advance(now)
            self._retention.apply_everywhere(now)
        finally:
            self._settle(now)
        due = self._engine.next_due()
        rest = LONGEST_REST if due is None else min(LONGEST_REST, max(0.0, due - now))
        self._alarm = now + rest
        return rest


def _nothing(where: TaskList) -> dict[str, Any]:
    """Say that no task came, as the service does: without a token."""
    empty = {"startedEventId": 0}
    return empty | {"previousStartedEventId": 0} if where.kind == "decision" else empty


def _latest(snapshot: Snapshot) -> float:
    """Tell the time of the last event: the clock may have been moved before the service was restarted."""
    times = (execution.events[-1]["eventTimestamp"] for execution in snapshot.executions)
    return max(times, default=0.0)


def _new_run_id() -> str:
    return os.urandom(16).hex()
