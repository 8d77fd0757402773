"""Clients that are made when they are needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

C = TypeVar("C")


def deferred(make: Callable[[], C]) -> C:
    """Stand for a client that is made when something of it is first used.

    To make one takes up to a tenth of a second, and a command line seldom needs that of S3. For one thread.

    Args:
        make: Makes the client.

    Example:
        >>> deferred(lambda: 1j).imag
        1.0
    """
    return cast("C", _Deferred(make))


class _Deferred:
    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)
