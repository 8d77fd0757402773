"""Checks: values that say what is looked at, and the one place that runs them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cpe.doctor.finding import Finding, Part, fault, told_by
from cpe.errors import CpeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One look at one thing.

    Attributes:
        part: What it belongs to.
        subject: Which thing.
        look: Finds out how it is. A CpeError it raises is a finding, too.
    """

    part: Part
    subject: str
    look: Callable[[], Iterable[Finding]]

    def run(self) -> tuple[Finding, ...]:
        """Look, and keep what was found before an error."""
        found: list[Finding] = []
        try:
            found.extend(self.look())
        except CpeError as error:
            found.append(told_by(self.part, self.subject, error))
        except Exception as error:
            what = f"the check itself failed: {type(error).__name__}: {error}"
            found.append(fault(self.part, self.subject, "CHECK_FAILED", what))
        return tuple(found)


def run_checks(checks: Sequence[Check], *, until: float) -> tuple[Finding, ...]:
    """Run all checks at once; none waits for another, and none is waited for longer than until then.

    Args:
        checks: What to look at.
        until: The end, on :func:`time.monotonic`.

    Returns:
        The findings in the order of the checks; ``CHECK_TIMED_OUT`` for those that did not end.
    """
    found: dict[int, tuple[Finding, ...]] = {}

    def run(index: int, check: Check) -> None:
        found[index] = check.run()

    # Threads of an executor would keep the process until the last has ended.
    threads = [
        threading.Thread(target=run, args=(index, check), name=str(check.part), daemon=True)
        for index, check in enumerate(checks)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = "did not end in time"
    return tuple(
        finding
        for index, check in enumerate(checks)
        for finding in found.get(index, (fault(check.part, check.subject, "CHECK_TIMED_OUT", late),))
    )
