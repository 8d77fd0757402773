"""A plan that was refused: all that is wrong with it at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable

from cpe.errors import PlanError
from cpe.source import Finding
from cpe.source.findings import told


class PlanRefused(PlanError):
    """A plan with findings; the message has a line for each, in the order of their places."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = told(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
