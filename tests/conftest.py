"""What tests share: a fresh local AWS each, and an environment that leads nowhere else."""

from __future__ import annotations

import os

import hypothesis

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


def pytest_configure() -> None:
    """Forget the settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "CPE_", "MOTO_")) or name in {"INPUT_QUEUE", "OUTPUT_QUEUE"}:
            del os.environ[name]
    os.environ.update(_NOWHERE)
    # How long an example takes says more of the machine's load than of the code.
    hypothesis.settings.register_profile("cpe", deadline=None)
    hypothesis.settings.load_profile("cpe")
