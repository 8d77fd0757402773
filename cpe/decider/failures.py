"""Why attempts that did not complete ended."""

from __future__ import annotations

from cpe.decider.execution import Attempt, Ended, Ending, Fault


def failure_of(attempt: Attempt, ended: Ended) -> Fault:
    """Say why an attempt that did not complete ended: a code and a sentence."""
    what, kind = ("the activity", "ACTIVITY") if attempt.child is None else ("the child workflow", "CHILD")
    match ended.ending:
        case Ending.TIMED_OUT:
            reason, details = f"TIMEOUT_{ended.timeout_type}", f"{what} timed out: {ended.timeout_type}"
        case Ending.CANCELED:
            reason, details = f"{kind}_CANCELED", ended.details or f"{what} was cancelled"
        case Ending.TERMINATED:
            reason, details = f"{kind}_TERMINATED", f"{what} was terminated"
        case _:
            reason, details = ended.reason or f"{kind}_FAILED", ended.details or f"{what} gave no details"
    return Fault(step=attempt.activity_id, reason=reason, details=details)
