"""The runs of a job, and which of two is the newer one.

A job is one run after the other: it goes on as a new run when its history is long, and it is done again as a
new run. Runs of one job never overlap, so whichever was seen earlier is the older one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """What is known of a job's runs.

    Attributes:
        seen: By run id, the time of the oldest event that was seen of it, in seconds since the epoch.
        continued: Runs that went on as new ones: from the old run's id to the new one's.

    Example:
        >>> runs = Runs().with_run("first", 5.0).with_run("again", 9.0)
        >>> runs.newest, runs.is_newer("first", "again")
        ('again', False)
    """

    seen: Mapping[str, float] = field(default_factory=dict)
    continued: Mapping[str, str] = field(default_factory=dict)

    @property
    def newest(self) -> str | None:
        """The run that the job is in; None if none was seen."""
        if not self.seen:
            return None
        return self._last_from(max(self.seen, key=lambda run_id: (self.seen[run_id], run_id)))

    def with_run(self, run_id: str, time: float) -> Runs:
        """The runs with one that was seen at a time; the same value if that says nothing new."""
        known = self.seen.get(run_id)
        if known is not None and known <= time:
            return self
        return Runs(seen={**self.seen, run_id: time}, continued=self.continued)

    def with_continuation(self, old: str, new: str, time: float) -> Runs:
        """The runs after one was seen to go on as another."""
        runs = self.with_run(old, time).with_run(new, time)
        if runs.continued.get(old) == new:
            return runs
        return Runs(seen=runs.seen, continued={**runs.continued, old: new})

    def is_newer(self, run_id: str, than: str) -> bool:
        """Tell whether a run came after another; both were seen."""
        if run_id == than:
            return False
        if self._leads(than, run_id):
            return True
        if self._leads(run_id, than):
            return False
        return (self.seen[run_id], run_id) > (self.seen[than], than)

    def _leads(self, old: str, new: str) -> bool:
        for _ in self.continued:  # a chain has at most so many links
            old = self.continued.get(old, old)
            if old == new:
                return True
        return False

    def _last_from(self, run_id: str) -> str:
        for _ in self.continued:
            run_id = self.continued.get(run_id, run_id)
        return run_id
