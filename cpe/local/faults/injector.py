"""Where faults meet calls."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, cast

from cpe.local.exchange import CONNECTION, Answer, ClientGoneError, Connection, NothingLeftError
from cpe.local.faults.answers import corrupted, failed, throttled
from cpe.local.faults.dice import Dice, RuleCount
from cpe.local.faults.operations import operation_of
from cpe.local.faults.rules import FaultKind, FaultPlan, FaultRule

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIEnvironment

_NONE = FaultPlan()


class FaultInjector:
    """Stands around every call to a service, and lets some of them go wrong. Safe for threads.

    Args:
        plan: What goes wrong from the start on, and again after `reset`.

    Example:
        >>> injector = FaultInjector()
        >>> injector.around("s3", {}, lambda: Answer("200 OK", [], b"hello")).body
        b'hello'
    """

    def __init__(self, plan: FaultPlan = _NONE) -> None:
        self._first = plan
        self._dice = Dice(plan)

    @property
    def plan(self) -> FaultPlan:
        """What goes wrong now."""
        return self._dice.plan

    def counts(self) -> list[RuleCount]:
        """Tell how often each rule was met since its plan began."""
        return self._dice.counts()

    def follow(self, plan: FaultPlan) -> None:
        """Let another plan begin: every count is zero again."""
        self._dice = Dice(plan)

    def reset(self) -> None:
        """Let the plan of the start begin anew."""
        self.follow(self._first)

    def around(self, service: str, environ: WSGIEnvironment, call: Callable[[], Answer]) -> Answer:
        """Make a call, unless a fault is in the way.

        Args:
            service: ``swf``, ``sqs``, ``sns`` or ``s3``.
            environ: The request.
            call: Executes the request.

        Raises:
            ClientGoneError: The connection was cut, or the client hung up meanwhile; there is no answer.
        """
        dice = self._dice
        if not dice.plan.rules:
            return call()
        met = dice.roll(service, operation_of(service, environ))
        if not met:
            return call()
        for rule in met:
            if rule.kind is FaultKind.LATENCY:
                _hold(rule, environ)
        return _meet({rule.kind: rule for rule in met}, service, environ, call)


def _meet(
    met: dict[FaultKind, FaultRule], service: str, environ: WSGIEnvironment, call: Callable[[], Answer]
) -> Answer:
    if FaultKind.THROTTLE in met:
        return throttled(service, environ)
    if FaultKind.ERROR in met:
        return failed(service, environ)
    if FaultKind.TIMEOUT in met:
        _hold(met[FaultKind.TIMEOUT], environ)
        raise ClientGoneError("held, and dropped on purpose")
    if FaultKind.RESET in met:
        raise _cut(environ)
    answer = call()
    if FaultKind.LOST in met:
        raise _cut(environ)
    return corrupted(answer) if FaultKind.CORRUPT in met else answer


def _hold(rule: FaultRule, environ: WSGIEnvironment) -> None:
    # A server that winds up holds nobody any longer.
    with contextlib.suppress(NothingLeftError):
        cast(Connection, environ[CONNECTION]).hold(rule.ms / 1000)


def _cut(environ: WSGIEnvironment) -> ClientGoneError:
    cast(Connection, environ[CONNECTION]).cut()
    return ClientGoneError("cut on purpose")
