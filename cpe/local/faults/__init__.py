"""Faults on demand: what AWS does to its clients on a bad day, by service, operation and probability."""

from cpe.local.faults.injector import FaultInjector
from cpe.local.faults.parse import gather_faults, parse_faults, read_faults
from cpe.local.faults.rules import FaultKind, FaultPlan, FaultRule

__all__ = [
    "FaultInjector",
    "FaultKind",
    "FaultPlan",
    "FaultRule",
    "gather_faults",
    "parse_faults",
    "read_faults",
]
