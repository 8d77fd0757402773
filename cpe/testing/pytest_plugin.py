"""A pytest fixture that gives every test a fresh AWS: SWF, SQS, S3 and SNS on this machine.

Name the plugin in the ``conftest.py`` at the top of the tests; it needs the extra ``local``::

    pytest_plugins = ["cpe.testing.pytest_plugin"]

and take the fixture::

    def test_starts_with_nothing(local_aws):
        assert boto3.client("s3").list_buckets()["Buckets"] == []

One endpoint serves the whole session (with pytest-xdist: one for each worker) and forgets everything before
each test, which takes a few milliseconds. To have written down what is sent to queues, let a fixture
``local_aws_record`` of yours name a file, as ``cpe local --record`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cpe.local.server import LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def local_aws_record() -> Path | None:
    """The file that gets every message which is sent to a queue; None for none. Made to be overridden."""
    return None


@pytest.fixture(scope="session")
def _local_aws(local_aws_record: Path | None) -> Iterator[LocalAws]:
    with LocalAws(record=local_aws_record) as aws:
        yield aws


@pytest.fixture
def local_aws(_local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """An AWS without any state; clients that the test makes with any AWS SDK use it by themselves."""
    _local_aws.reset()
    for name, value in _local_aws.environment().items():
        monkeypatch.setenv(name, value)
    return _local_aws
