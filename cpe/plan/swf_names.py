"""What SWF takes as a name, a version and a duration.

Source: API reference of Amazon SWF, RegisterWorkflowType and RegisterActivityType.
"""

from __future__ import annotations

import re

# Half a surrogate pair has no UTF-8, so SWF cannot even be asked.
_REFUSED = re.compile(r"[:/|\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DURATION = re.compile(r"[0-9]{1,8}")

MAX_NAME = 256
MAX_VERSION = 64
MAX_EXECUTION_SECONDS = 31_536_000
"""SWF closes an execution after a year."""


def name_problem(text: str, *, most: int = MAX_NAME) -> str | None:
    """Say why SWF would refuse a name, version or id; None if it takes it.

    Example:
        >>> name_problem("a:b")
        "must not contain ':', '/', '|' or control characters"
    """
    if not 1 <= len(text) <= most:
        return f"must have 1 to {most} characters"
    if _REFUSED.search(text):
        return "must not contain ':', '/', '|' or control characters"
    if text == "arn":
        return "must not be 'arn'"
    return None


def duration_problem(text: str, *, none_allowed: bool = True) -> str | None:
    """Say why a text is no SWF duration; None if it is one."""
    if text == "NONE" and none_allowed:
        return None
    if _DURATION.fullmatch(text):
        return None
    return "must be whole seconds of at most 8 digits" + (" or NONE" if none_allowed else "")
