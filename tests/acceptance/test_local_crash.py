"""``kill -9`` of `cpe local --data`, a hundred times at random moments under load: nothing answered is missing."""

from __future__ import annotations

import collections
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.acceptance.local_processes import Nursery, command
from tests.acceptance.swf_ledger import Ledger, Load, Swf, register, respond

KILLS = 100
#: Of these, processes that begin with Python's own start; the others are forked from one that has imported all.
FROM_SCRATCH = 6
#: Of these, killed while they start.
IN_THE_START = 12
SEED = 20151016


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


def test_nothing_that_was_answered_is_missing(nursery: Nursery, tmp_path: Path) -> None:
    random, ledger = Random(SEED), Ledger()
    arguments = ("local", "--port", "0", "--json", "--data", str(tmp_path / "data"))
    scratch = set(random.sample(range(KILLS), FROM_SCRATCH))
    in_the_start = set(random.sample(range(1, KILLS), IN_THE_START)) - scratch
    for number in range(KILLS):
        start = command if number in scratch else nursery.server
        with start(*arguments) as server:
            if number in in_the_start:
                server.starts_within(random.uniform(0, 0.05))
                continue
            endpoint = server.endpoint()
            with closing(Swf(endpoint)) as swf:
                if number == 0:
                    register(swf)
                ledger.check(swf, ledger.touched)
                ledger.touched.clear()
                for held in list(ledger.held.values()):
                    respond(swf, ledger, held)
            with Load(ledger, endpoint, seed=SEED, number=number).running():
                # More than KILLS executions have come to their end at last.
                ledger.wait(ledger.answered + random.randrange(1, 120), completed=2 * number - KILLS + 10)
                os.kill(server.pid, signal.SIGKILL)
    with command(*arguments) as server, closing(Swf(server.endpoint())) as swf:
        ledger.check(swf, set(ledger.facts))
    # The load was one: many answers, executions of all ages.
    kinds = collections.Counter(event["eventType"] for events in ledger.seen.values() for event in events)
    assert ledger.answered > KILLS * 40
    assert kinds["WorkflowExecutionCompleted"] > KILLS
    assert kinds["WorkflowExecutionStarted"] > kinds["WorkflowExecutionCompleted"]
