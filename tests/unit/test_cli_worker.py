"""`cpe-worker`'s flags."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from cpe.cli.worker import worker


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["-A", "One", "-A", "Two", "-V", "v1"], "give a --version for each --activity"),
        (["-A", "One", "-V", "v1", "-A", "Two", "-V", "v1", "-T", "list"], "--task-list goes with one"),
        (["-A", "One", "-V", "v1", "--memory", "much"], "'much' is no size, such as 2GiB"),
        (["-A", "One", "-V", "v1", "--cores", "0"], "is not in the range"),
    ],
)
def test_flags_that_contradict_each_other(flags: list[str], told: str) -> None:
    result = CliRunner().invoke(worker, ["-D", "SADomain", *flags])
    assert (result.exit_code, told in result.output) == (2, True)
