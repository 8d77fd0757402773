"""The order of steps."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass


class CycleError(ValueError):
    """Steps that require each other; `cycle` names them in order, the first one again at the end."""

    def __init__(self, cycle: list[str]) -> None:
        super().__init__(" → ".join(cycle))
        self.cycle = cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Who requires whom, read from the other end.

    Attributes:
        positions: The place of each name in an order in which each stands after those it requires.
        dependents: For each name, in that order, those that require it, and the status they require it in.
    """

    positions: Mapping[str, int]
    dependents: Mapping[str, tuple[tuple[str, str], ...]]

    @classmethod
    def of(cls, requires: Mapping[str, Iterable[tuple[str, str]]]) -> Dependencies:
        """Make it of a mapping in such an order, from each name to those it requires with their statuses.

        Example:
            >>> Dependencies.of({"a": [], "b": [("a", "failed")]}).dependents
            {'a': (('b', 'failed'),), 'b': ()}
        """
        dependents: dict[str, list[tuple[str, str]]] = {name: [] for name in requires}
        for name, required in requires.items():
            for one, status in required:
                dependents[one].append((name, status))
        return cls(
            positions={name: position for position, name in enumerate(requires)},
            dependents={name: tuple(names) for name, names in dependents.items()},
        )


def topological_order(requires: Mapping[str, Set[str]]) -> list[str]:
    """Order names so that each stands after those it requires; among equals, by name.

    Kahn's algorithm with a heap: O((V + E) log V).

    Args:
        requires: Name → the names it requires, each a key too.

    Raises:
        CycleError: There is no such order.

    Example:
        >>> topological_order({"b": {"a"}, "a": set(), "c": set()})
        ['a', 'b', 'c']
    """
    waits = {name: len(required) for name, required in requires.items()}
    dependents: dict[str, list[str]] = {name: [] for name in requires}
    for name, required in requires.items():
        for one in required:
            dependents[one].append(name)
    ready = sorted(name for name, count in waits.items() if count == 0)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        for dependent in dependents[name]:
            waits[dependent] -= 1
            if waits[dependent] == 0:
                heapq.heappush(ready, dependent)
    if len(order) < len(requires):
        raise CycleError(_find_cycle({name: requires[name] for name, count in waits.items() if count}))
    return order


def _find_cycle(requires: Mapping[str, Set[str]]) -> list[str]:
    """Walk along requirements until a name comes again: every name left lies on a cycle or behind one."""
    seen: dict[str, int] = {}
    name = min(requires)
    while name not in seen:
        seen[name] = len(seen)
        name = min(required for required in requires[name] if required in requires)
    return [*list(seen)[seen[name] :], name]
