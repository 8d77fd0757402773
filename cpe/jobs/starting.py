"""What SWF says to a start, told to the client."""

from __future__ import annotations

from cpe.aws.payloads import Payloads
from cpe.errors import AwsError, CommandRejected, CpeError
from cpe.protocol.references import MAX_SWF_DATA

UNKNOWN = "UNKNOWN_RESOURCE"
"""SWF's word for what is not there, or not any more."""

SETTLE = 30.0
"""Seconds after which SWF's lists are taken to show a run that was started: they lag behind by some."""

_REFUSALS = {
    "AWS_REFUSED": "WORKFLOW_REFUSED",
    "DEFAULT_UNDEFINED": "WORKFLOW_INCOMPLETE",
    "INVALID_REQUEST": "WORKFLOW_REFUSED",
    "TYPE_DEPRECATED": "UNKNOWN_WORKFLOW",
    UNKNOWN: "UNKNOWN_WORKFLOW",
}
"""What SWF refuses because of the command, by the code of AwsError. Other refusals are not its fault."""


def told_as_refusal(error: AwsError) -> CpeError:
    """Tell a refused start as the command's fault, if it is that."""
    code = _REFUSALS.get(error.code)
    return error if code is None else CommandRejected(str(error), code=code)


def packed(payloads: Payloads, text: str, *, client: str | None) -> str:
    """Make an input fit for SWF.

    Raises:
        CommandRejected: ``INPUT_TOO_LARGE``.
    """
    fit = payloads.pack(text, client=client)
    if len(fit) > MAX_SWF_DATA:
        raise CommandRejected(
            f"data has {len(fit)} characters; SWF takes at most {MAX_SWF_DATA}, and this stack "
            "has no place for more (`payloads` in its configuration, or CPE_PAYLOADS)",
            code="INPUT_TOO_LARGE",
        )
    return fit


def not_listed(workflow_id: str) -> AwsError:
    """Say that a run may have been started; the lists will show it when the question is asked again."""
    return AwsError(
        f"{workflow_id} may have been started and is not listed yet", code="NOT_LISTED_YET", retryable=True
    )
