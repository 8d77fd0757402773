"""What tests share: a fresh local AWS each, an environment that leads nowhere else, and an ear on all queues."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from tests.messages import Complaints

pytest_plugins = ["cpe.testing.pytest_plugin"]

#: Set before any test runs, so that no test can reach a real account: not with the developer's variables,
#: profile or configuration files, nor with a machine's role.
_NOWHERE = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


COMPLAINTS = pytest.StashKey[Complaints]()


def pytest_configure(config: pytest.Config) -> None:
    """Forget the settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "CPE_", "MOTO_")) or name in {"INPUT_QUEUE", "OUTPUT_QUEUE"}:
            del os.environ[name]
    os.environ.update(_NOWHERE)
    # How long an example takes says more of the machine's load than of the code.
    hypothesis.settings.register_profile("cpe", deadline=None)
    hypothesis.settings.load_profile("cpe")
    _listen(config)


def _listen(config: pytest.Config) -> None:
    """Have every local AWS, of this process or of one that it starts, record what is sent to queues."""
    folder = tempfile.TemporaryDirectory(prefix="cpe-tests-")
    config.add_cleanup(folder.cleanup)
    record = Path(folder.name) / "messages.jsonl"
    os.environ["CPE_LOCAL_RECORD"] = str(record)
    complaints = config.stash[COMPLAINTS] = Complaints(record)
    config.add_cleanup(complaints.close)


@pytest.fixture(scope="session")
def local_aws_record() -> Path:
    """The file that gets every message which is sent to a queue."""
    return Path(os.environ["CPE_LOCAL_RECORD"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Refuse a test during which CPE sent what is no message of the protocol."""
    yield
    complaints = item.config.stash[COMPLAINTS].news()
    if complaints:
        pytest.fail("\n".join(["CPE sent what no schema allows", *complaints]), pytrace=False)
