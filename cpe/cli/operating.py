"""What the operator's commands work with: settings, the domain, jobs, and which job is meant."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cpe.cli.options import config_option
from cpe.errors import CommandRejected, ConfigError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_swf import SWFClient

    from cpe.aws.payloads import Payloads
    from cpe.aws.runs import Run
    from cpe.aws.session import AwsSession
    from cpe.aws.swf import SwfGateway
    from cpe.config import Client, Settings
    from cpe.jobs import Jobs
    from cpe.protocol import JobIdentity

F = TypeVar("F", bound=Callable[..., Any])

client_option = click.option(
    "--client", metavar="NAME", help="Whose; the configured one if there is but one."
)
job_argument = click.argument("job", metavar="JOB")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


class Operator:
    """One call of the command line: where it works and what it works with. Clients are made when needed.

    Args:
        settings: Say who the clients are and where payloads lie.
        domain: The SWF domain; None for that of the settings.
    """

    def __init__(self, settings: Settings, domain: str | None = None) -> None:
        self.settings = settings
        self._domain = domain or settings.domain

    @property
    def domain(self) -> str:
        """The SWF domain.

        Raises:
            ConfigError: ``DOMAIN_MISSING``.
        """
        if self._domain is None:
            raise ConfigError(
                "no SWF domain is named; use --domain, CPE_DOMAIN, or `domain` in the configuration "
                '(--config or CPE_CONFIG; of the stack that `cpe up` runs: eval "$(cpe env)")',
                code="DOMAIN_MISSING",
            )
        return self._domain

    @functools.cached_property
    def aws(self) -> AwsSession:
        """The session that all clients are made of."""
        from cpe.aws.session import AwsSession

        return AwsSession()

    @functools.cached_property
    def swf(self) -> SWFClient:
        """The client of SWF."""
        return self.aws.swf()

    @functools.cached_property
    def s3(self) -> S3Client:
        """The client of S3, which few commands need."""
        from cpe.aws.deferred import deferred

        return deferred(self.aws.s3)

    @functools.cached_property
    def payloads(self) -> Payloads:
        """Where large texts lie."""
        from cpe.aws.payloads import Payloads

        return Payloads(self.s3, self.settings.payloads)

    @functools.cached_property
    def gateway(self) -> SwfGateway:
        """SWF as the daemons see it; nothing here polls."""
        from cpe.aws.swf import SwfGateway

        return SwfGateway(polls=self.swf, calls=self.swf)

    @functools.cached_property
    def jobs(self) -> Jobs:
        """The jobs of the domain."""
        from cpe.aws.claims import Claims
        from cpe.jobs import Jobs

        place = self.settings.payloads
        claims = None if place is None else Claims(self.s3, place)
        return Jobs(swf=self.gateway, payloads=self.payloads, domain=self.domain, claims=claims)

    def run(self, job: str, client: str | None, run_id: str | None = None) -> Run:
        """Find a run of a job.

        Args:
            job: ``<client>.<jobId>``, or a job id.
            client: Whose job id it is; None for the only client that is configured.
            run_id: Which run; None for the newest.

        Raises:
            CommandRejected: ``UNKNOWN_JOB``.
            ConfigError: ``CLIENT_MISSING``.
        """
        tried = []
        for identity in self.identities(job, client):
            run = self.jobs.find(identity, run_id)
            if run is not None:
                return run
            tried.append(identity.workflow_id)
        what = "job" if run_id is None else f"run {run_id} of job"
        raise CommandRejected(
            f"there is no {what} {' nor '.join(tried)} in domain {self.domain}, or SWF does not retain it "
            "any more; `cpe job list` shows those that there are",
            code="UNKNOWN_JOB",
        )

    def identities(self, job: str, client: str | None) -> Iterator[JobIdentity]:
        """Tell which jobs may be meant, the likeliest first; a job id may have a dot too."""
        from cpe.protocol import JobIdentity

        whole = JobIdentity.from_workflow_id(job)
        if client is None and whole is not None:
            yield whole
        if client is None and len(self.settings.clients) == 1:
            client = self.settings.clients[0].name
        if client is not None:
            yield JobIdentity(client, job)
            if whole is not None and whole.client == client:
                yield whole
        elif whole is None:
            raise ConfigError(
                f"whose job is {job!r}? Name the client with --client, or write <client>.<jobId>; "
                f"configured are: {self._client_names()}",
                code="CLIENT_MISSING",
            )

    def client(self, name: str | None) -> Client:
        """Find a configured client; the only one if none is named.

        Raises:
            ConfigError: ``CLIENT_MISSING``, ``CLIENT_NOT_CONFIGURED``.
        """
        clients = self.settings.clients
        if name is None:
            if len(clients) == 1:
                return clients[0]
            raise ConfigError(
                f"which client? Name it with --client; configured are: {self._client_names()}",
                code="CLIENT_MISSING",
            )
        for client in clients:
            if client.name == name:
                return client
        raise ConfigError(
            f"client {name!r} is not configured, so its queues are not known; configured are: "
            f"{self._client_names()} (correct --client, --config or CPE_CONFIG)",
            code="CLIENT_NOT_CONFIGURED",
        )

    def _client_names(self) -> str:
        return ", ".join(client.name for client in self.settings.clients) or "none"


def operates(command: F) -> F:
    """Add ``--config`` and ``--domain`` to a command, and give it an :class:`Operator` as `operator`."""

    @config_option
    @click.option(
        "-D", "--domain", metavar="NAME", help="SWF domain.  [default: CPE_DOMAIN, the configuration's]"
    )
    @functools.wraps(command)
    def operated(*, config: Path | None, domain: str | None, **arguments: Any) -> Any:
        from cpe.config import load_settings

        return command(operator=Operator(load_settings(config), domain), **arguments)

    return operated  # type: ignore[return-value]  # the same command, with two options more


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal whether to go on; end the command if not. Where nobody can be asked, go on."""
    import sys

    if not yes and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)
