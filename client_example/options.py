"""What the command lines of the examples share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

EXIT_FAILURE = 1
EXIT_USAGE = 2


def client_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which client this is, and who it is for AWS."""
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        default=Path(os.environ.get("CPE_CLIENT_CONFIG") or "clientConfig.json"),
        metavar="FILE",
        help="the client's name and queues (default: CPE_CLIENT_CONFIG, or clientConfig.json)",
    )
    parser.add_argument("-k", "--key", metavar="ID", help="AWS access key id; better: AWS_ACCESS_KEY_ID")
    parser.add_argument(
        "-s",
        "--secret",
        metavar="KEY",
        help="AWS secret access key; better: AWS_SECRET_ACCESS_KEY, since others can see command lines",
    )
    parser.add_argument("-r", "--region", metavar="NAME", help="AWS region; better: AWS_DEFAULT_REGION")


def use_aws_options(options: argparse.Namespace) -> None:
    """Hand key, secret and region to boto3, which reads the environment; flags win over it."""
    given = {
        "AWS_ACCESS_KEY_ID": options.key,
        "AWS_SECRET_ACCESS_KEY": options.secret,
        "AWS_DEFAULT_REGION": options.region,
    }
    os.environ.update({name: value for name, value in given.items() if value is not None})
