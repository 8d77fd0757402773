"""Runs of FFmpeg side by side: when one fails, the others end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from activities.ffmpeg.workshop import Workshop
from cpe.activity import Cancellation
from cpe.errors import ActivityCancelled

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Crew:
    """Works with a workshop of its own, which ends with the task's and when one of its runs fails.

    Attributes:
        workshop: For the runs that are given to :meth:`all_of`.
        size: How many of them work at once.
    """

    workshop: Workshop
    size: int

    @classmethod
    @contextmanager
    def of(cls, workshop: Workshop, size: int) -> Iterator[Crew]:
        """Make a crew that ends when the workshop's task is cancelled."""
        cancellation = Cancellation()
        outer = workshop.cancellation
        with outer.calling(lambda: cancellation.request(outer.reason)):
            yield cls(replace(workshop, cancellation=cancellation), size)

    def all_of(self, jobs: Sequence[Callable[[], T]]) -> list[T]:
        """Do jobs, the first ones first, and return what they return, in order.

        What the first job to fail raises is raised once all have ended.
        """
        with ThreadPoolExecutor(self.size, thread_name_prefix="crew") as pool:
            futures = [pool.submit(job) for job in jobs]
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = next((error for future in done if (error := future.exception()) is not None), None)
            if failed is not None:
                for future in futures:
                    future.cancel()
                self.workshop.cancellation.request(ActivityCancelled("another run failed"))
        if failed is not None:
            raise failed
        return [future.result() for future in futures]
