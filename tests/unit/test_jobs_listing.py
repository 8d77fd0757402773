"""Lists of jobs: each once, in order, page by page, and nobody else's."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpe.aws.runs import CONTINUED, RUNNING, Run
from cpe.errors import CommandRejected
from cpe.jobs.listing import Position, Query, make_listing, read_page, write_page
from cpe.jobs.summary import JobStatus
from cpe.protocol import JobFilter

EVERY = Query(client="A", status=None, since=0.0)


def run(job: str, started: float, status: str = RUNNING, client: str = "A", *, child: bool = False) -> Run:
    return Run(
        workflow_id=f"{client}.{job}",
        run_id=f"{job}@{started:g}",
        workflow_name="Works",
        workflow_version="1.0",
        status=status,
        started=started,
        closed=None if status == RUNNING else started + 0.5,
        is_child=child,
    )


def pages(query: Query, runs: list[Run], limit: int) -> list[str]:
    """All run ids of a list, page by page."""
    ordered = sorted(runs, key=lambda one: -one.started)
    found: list[str] = []
    after: Position | None = None
    while True:
        opened, closed = ([one for one in ordered if one.is_open is state] for state in (True, False))
        listing = make_listing(query, opened, closed, limit=limit, after=after)
        assert len(listing.jobs) <= limit
        found += [job.run_id for job in listing.jobs]
        if listing.page is None:
            return found
        _, after = read_page(listing.page, client=query.client, status=query.status, since=None)


def test_a_job_that_was_continued_or_done_again_is_one() -> None:
    runs = [run("j", 1, CONTINUED), run("j", 2, "FAILED"), run("j", 3), run("k", 2.5, "FAILED")]
    assert pages(EVERY, runs, 1) == ["j@3", "k@2.5"]
    failed = Query(client="A", status=JobFilter.FAILED, since=0.0)
    assert pages(failed, runs, 5) == ["k@2.5"]


def test_a_job_whose_new_run_is_not_listed_yet_runs() -> None:
    listing = make_listing(EVERY, [], [run("j", 1, CONTINUED)], limit=5, after=None)
    assert [(job.status, job.closed) for job in listing.jobs] == [(JobStatus.RUNNING, None)]


def test_children_and_others_jobs_are_not_listed() -> None:
    runs = [run("j", 1), run("A", 2, client="B"), run("j~Step", 3, child=True)]
    assert pages(EVERY, runs, 5) == ["j@1"]
    assert pages(Query(client=None, status=None, since=0.0), runs, 5) == ["A@2", "j@1"]


statuses = st.sampled_from([RUNNING, "COMPLETED", "FAILED", CONTINUED, "TERMINATED"])


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 5), statuses), max_size=25),
    st.integers(1, 6),
)
def test_however_it_is_cut_the_list_is_the_same(drawn: list[tuple[str, int, str]], limit: int) -> None:
    runs = list({(job, at): run(job, at, status) for job, at, status in drawn}.values())
    found = pages(EVERY, runs, limit)
    assert found == pages(EVERY, runs, 100)
    assert sorted(found) == sorted(
        {one.workflow_id[2:]: one.run_id for one in sorted(runs, key=_at)}.values()
    )


def _at(one: Run) -> float:
    return one.started


@pytest.mark.parametrize(
    "page",
    [
        "",
        "ä",
        "AAAA",
        base64.urlsafe_b64encode(b"[1,2]").decode(),
        base64.urlsafe_b64encode(b'["A",null,true,1,"r"]').decode(),
        write_page(Query(client="B", status=None, since=0.0), (1.0, "r")),
        write_page(Query(client="A", status=JobFilter.OPEN, since=0.0), (1.0, "r")),
        write_page(Query(client="A", status=None, since=7.0), (1.0, "r")),
    ],
)
def test_a_page_of_nobody_or_of_another_list_is_refused(page: str) -> None:
    with pytest.raises(CommandRejected) as caught:
        read_page(page, client="A", status=None, since=0.0)
    assert caught.value.code == "INVALID_PAGE"
