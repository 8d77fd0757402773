"""Places in the line: each job of a client has its own, however many are started at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from cpe.aws.swf import SwfGateway
from cpe.clock import SystemClock
from cpe.daemons.ranks import Ranks
from cpe.errors import AwsError
from cpe.logs import get_logger


class Lists:
    """SWF's lists: how many jobs are open, or a fault."""

    def __init__(self, *answers: int | AwsError) -> None:
        self.answers = list(answers)

    def count_open(self, domain: str, *, tag: str) -> int:
        answer = self.answers.pop(0)
        if isinstance(answer, AwsError):
            raise answer
        return answer


class Hands:
    """A clock that is moved by hand."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


def ranks(lists: Lists, clock: Any = None) -> Ranks:
    return Ranks(swf=cast(SwfGateway, lists), clock=clock or SystemClock(), log=get_logger())


def test_jobs_that_start_at_once_have_different_places() -> None:
    line = ranks(Lists(3))
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: line.take("D", "A"), range(40)))
    assert sorted(taken) == list(range(3, 43))


def test_swf_is_asked_again_after_a_while() -> None:
    clock = Hands()
    line = ranks(Lists(0, 7), clock)
    assert [line.take("D", "A"), line.take("D", "A")] == [0, 1]
    clock.now += 60
    assert line.take("D", "A") == 7


def test_a_count_that_fails_stops_no_job() -> None:
    clock = Hands()
    line = ranks(Lists(2, AwsError("slow down", code="THROTTLED", retryable=True)), clock)
    assert line.take("D", "A") == 2
    clock.now += 60
    assert line.take("D", "A") == 3
