"""How an attempt at an activity ended, as SWF is told. Pure but for the calls that tell it."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from cpe.activity import JsonValue
from cpe.aws.swf import SwfGateway
from cpe.errors import ActivityCancelled, ActivityError, CpeError, LeaseLost
from cpe.protocol.references import MAX_SWF_DATA


class Verdict(StrEnum):
    """What SWF is told; ABANDONED is nothing, for a task that is not ours any more."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: `result` when completed, `reason` (a code) and `details` otherwise."""

    verdict: Verdict
    result: str = ""
    reason: str = ""
    details: str = ""

    @classmethod
    def of_result(cls, result: JsonValue) -> Answer:
        """Answer with what the activity returned.

        Fails with ``RESULT_INVALID`` for what is no JSON.

        Example:
            >>> Answer.of_result({"words": 3}).result
            '{"words":3}'
        """
        try:
            text = json.dumps(result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            return cls.failed("RESULT_INVALID", f"the activity's result is no JSON: {error}")
        return cls(verdict=Verdict.COMPLETED, result=text)

    def packed(self, pack: Callable[[str], str]) -> Answer:
        """Make a result fit for SWF.

        Fails with ``RESULT_TOO_LARGE`` if it has no other place.

        Args:
            pack: Gives the text of a reference for a text that SWF does not carry.
        """
        if self.verdict is not Verdict.COMPLETED:
            return self
        packed = pack(self.result)
        if len(packed) > MAX_SWF_DATA:
            return self.failed(
                "RESULT_TOO_LARGE",
                f"the activity's result has {len(packed)} characters; SWF takes at most {MAX_SWF_DATA}, and "
                "this worker knows no place for more: name one with `payloads` in its configuration, or with "
                "CPE_PAYLOADS",
            )
        return replace(self, result=packed)

    @classmethod
    def of_stop(cls, reason: ActivityError) -> Answer:
        """Answer after the activity was asked to stop, and did."""
        match reason:
            case LeaseLost():
                return cls(verdict=Verdict.ABANDONED, reason=reason.code, details=str(reason))
            case ActivityCancelled():
                return cls(verdict=Verdict.CANCELED, reason=reason.code, details=str(reason))
        return cls.failed(reason.code, str(reason))

    @classmethod
    def of_error(cls, error: BaseException) -> Answer:
        """Answer with what the activity raised.

        The text of an error that nobody foresaw may hold paths or secrets: its kind is told, the rest is
        for the worker's log.

        Example:
            >>> Answer.of_error(KeyError("password")).details
            "unexpected KeyError; the worker's log has more"
        """
        match error:
            case CpeError():
                return cls.failed(error.code, str(error))
            case OSError(errno=errno.ENOSPC | errno.EDQUOT):
                return cls.failed("SCRATCH_FULL", "the worker's scratch directory is full")
        return cls.failed("ACTIVITY_FAILED", f"unexpected {type(error).__name__}; the worker's log has more")

    @classmethod
    def failed(cls, reason: str, details: str) -> Answer:
        """Answer with a failure."""
        return cls(verdict=Verdict.FAILED, reason=reason, details=details)

    def give(self, swf: SwfGateway, token: str) -> None:
        """Tell SWF.

        Raises:
            AwsError: ``UNKNOWN_RESOURCE`` when SWF gave the task up meanwhile.
        """
        match self.verdict:
            case Verdict.COMPLETED:
                swf.complete_activity(token, self.result)
            case Verdict.FAILED:
                swf.fail_activity(token, reason=self.reason, details=self.details)
            case Verdict.CANCELED:
                swf.cancel_activity(token, details=self.details)
            case Verdict.ABANDONED:
                pass
