"""The input poller: takes commands from a client's input queue and starts their jobs in SWF."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from cpe.activity import Logger
from cpe.aws.payloads import Payloads
from cpe.aws.sqs import Message, Queue
from cpe.aws.swf import StartRequest, SwfGateway
from cpe.clock import Clock
from cpe.config import Client
from cpe.daemons.publisher import Publisher
from cpe.daemons.recent import Recent
from cpe.daemons.startjob import job_data, start_request
from cpe.errors import AwsError, CommandRejected, ConfigError, ProtocolError
from cpe.protocol import Command, CommandType, Event, EventType, WorkflowRef, decode_command
from cpe.protocol.events import rejected_id, workflow_scheduled_id
from cpe.protocol.references import MAX_SWF_DATA

_REMEMBERED = 10_000
_MAX_GLIMPSE = 256
_REFUSALS = {
    "AWS_REFUSED": "WORKFLOW_REFUSED",
    "DEFAULT_UNDEFINED": "WORKFLOW_INCOMPLETE",
    "INVALID_REQUEST": "WORKFLOW_REFUSED",
    "TYPE_DEPRECATED": "UNKNOWN_WORKFLOW",
    "UNKNOWN_RESOURCE": "UNKNOWN_WORKFLOW",
}
"""What SWF refuses because of the command, by the code of AwsError. Other refusals are not its fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """What could be read of a message that is refused."""

    job_id: str | None = None
    command: str | None = None

    @classmethod
    def of(cls, body: str) -> Glimpse:
        """Read what can be read; never raises.

        Example:
            >>> Glimpse.of('{"jobId": "j1"}').job_id
            'j1'
        """
        try:
            tree = json.loads(body)
        except (ValueError, RecursionError):
            return cls()
        if not isinstance(tree, dict):
            return cls()
        return cls(job_id=_short_text(tree.get("jobId")), command=_short_text(tree.get("type")))


class InputPoller:
    """Carries out the commands of one client.

    A message is deleted once its job is known to SWF and WORKFLOW_SCHEDULED is out, or once it is refused
    with COMMAND_REJECTED. A passing fault of AWS leaves it on the queue, which delivers it again.

    Args:
        client: Whose queue it is.
        queue: That queue.
        swf: SWF.
        publisher: Takes the events.
        payloads: Take inputs that SWF does not carry.
        domain: The stack's one domain; None if commands choose.
        clock: Dates the events.
        log: Gets ``job_scheduled``, ``command_rejected``, ``command_postponed``, ``command_failed``.
    """

    def __init__(
        self,
        *,
        client: Client,
        queue: Queue,
        swf: SwfGateway,
        publisher: Publisher,
        payloads: Payloads,
        domain: str | None,
        clock: Clock,
        log: Logger,
    ) -> None:
        self._client = client
        self._queue = queue
        self._swf = swf
        self._publisher = publisher
        self._payloads = payloads
        self._domain = domain
        self._clock = clock
        self._log = log
        self._runs: Recent[str] = Recent(_REMEMBERED)

    def poll(self) -> list[Message] | None:
        """Wait for commands."""
        return self._queue.receive() or None

    def handle(self, messages: list[Message]) -> None:
        """Carry out commands, one after the other; one that fails does not hold up the others.

        Raises:
            AwsError: A passing fault; the messages it concerns stay on the queue.
        """
        fault: AwsError | None = None
        for message in messages:
            try:
                self._carry_out(message)
            except AwsError as error:
                fault = error
                self._log.warning(
                    "command_postponed", messageId=message.message_id, code=error.code, error=str(error)
                )
            except ConfigError:
                raise
            except Exception as error:  # a fault of ours: the queue's redrive policy has the last word
                self._log.error(
                    "command_failed", messageId=message.message_id, error=repr(error), exc_info=True
                )
        if fault is not None:
            raise fault

    def _carry_out(self, message: Message) -> None:
        try:
            self._obey(decode_command(message.body))
        except ProtocolError as error:
            self._reject(message, error)
        self._queue.delete([message])

    def _obey(self, command: Command) -> None:
        if command.type is not CommandType.START_JOB:
            raise CommandRejected(
                f"{command.type} is not carried out by this version; START_JOB is", code="UNSUPPORTED_COMMAND"
            )
        request = start_request(command, self._client, domain=self._domain)
        run_id = self._run_of(request)
        event = Event(
            type=EventType.WORKFLOW_SCHEDULED,
            time=self._clock.time(),
            event_id=workflow_scheduled_id(run_id),
            job_id=command.job_id,
            workflow=WorkflowRef(workflow_id=request.workflow_id, run_id=run_id),
            details={
                "workflowType": {"name": request.workflow_name, "version": request.workflow_version},
                "input": job_data(command, self._client),
            },
        )
        # A command that comes again is answered again: its sender may have missed the first answer.
        self._publisher.publish(event, client=self._client.name, again=True)

    def _run_of(self, request: StartRequest) -> str:
        """Tell the job's run: the one it has, open or closed, or a new one."""
        key = f"{request.domain}/{request.workflow_id}"
        run = self._runs.get(key)
        if run is None:
            run = self._closed_run(request) or self._started_run(request)
            self._runs.put(key, run)
        self._log.info("job_scheduled", jobId=request.tags[1], workflowId=request.workflow_id, runId=run)
        return run

    def _closed_run(self, request: StartRequest) -> str | None:
        try:
            known = next(self._swf.closed_runs_started(request.domain, workflow_id=request.workflow_id), None)
            return None if known is None else known.run_id
        except AwsError as error:
            if error.code == "UNKNOWN_RESOURCE":
                raise CommandRejected(
                    f"there is no SWF domain {request.domain!r}", code="UNKNOWN_DOMAIN"
                ) from error
            raise

    def _started_run(self, request: StartRequest) -> str:
        try:
            return self._swf.start_workflow(replace(request, input=self._packed(request.input)))
        except AwsError as error:
            if error.code == "ALREADY_STARTED":
                known = next(self._swf.open_runs(request.domain, workflow_id=request.workflow_id), None)
                if known is not None:
                    return known.run_id
            if error.code in _REFUSALS:
                raise CommandRejected(str(error), code=_REFUSALS[error.code]) from error
            raise

    def _packed(self, text: str) -> str:
        """Make a job's input fit for SWF."""
        packed = self._payloads.pack(text, client=self._client.name)
        if len(packed) > MAX_SWF_DATA:
            raise CommandRejected(
                f"data has {len(packed)} characters; SWF takes at most {MAX_SWF_DATA}, and this stack "
                "has no place for more (`payloads` in its configuration, or CPE_PAYLOADS)",
                code="INPUT_TOO_LARGE",
            )
        return packed

    def _reject(self, message: Message, error: ProtocolError) -> None:
        glimpse = Glimpse.of(message.body)
        event = Event(
            type=EventType.COMMAND_REJECTED,
            time=self._clock.time(),
            event_id=rejected_id(message.message_id),
            job_id=glimpse.job_id,
            details={"command": glimpse.command, "reason": error.code, "details": str(error)},
        )
        self._publisher.publish(event, client=self._client.name)
        self._log.warning(
            "command_rejected",
            jobId=glimpse.job_id,
            command=glimpse.command,
            code=error.code,
            error=str(error),
            messageId=message.message_id,
        )


def _short_text(value: object) -> str | None:
    return value[:_MAX_GLIMPSE] if isinstance(value, str) and value else None
