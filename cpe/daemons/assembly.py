"""The daemons, put together and ready to run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from cpe.activity import Activity, Logger
from cpe.aws.claims import Claims
from cpe.aws.direct import DirectJson
from cpe.aws.payloads import Payloads
from cpe.aws.registry import SwfRegistry
from cpe.aws.s3 import S3Storage, transfer_manager
from cpe.aws.session import AwsSession
from cpe.aws.sqs import Message, Queue
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import ActivityTask
from cpe.clock import SystemClock
from cpe.config import ActivitySettings, Settings
from cpe.daemons.activities import load_activity
from cpe.daemons.attempts import Attempts
from cpe.daemons.commands import Commands
from cpe.daemons.daemon import Daemon
from cpe.daemons.decider import Decider
from cpe.daemons.heartbeat import heartbeat_interval
from cpe.daemons.inputpoller import BATCHES, InputPoller
from cpe.daemons.loop import Loop, Stop
from cpe.daemons.publisher import Publisher
from cpe.daemons.ranks import Ranks
from cpe.daemons.registration import register_activity, register_plans, require_domain
from cpe.daemons.scratch import Scratch
from cpe.daemons.slots import Room, slots
from cpe.daemons.starter import Starter
from cpe.daemons.task import TaskRunner
from cpe.daemons.turns import Turns
from cpe.daemons.watcher import Watcher
from cpe.errors import AwsError, ConfigError
from cpe.jobs import Jobs
from cpe.logs import get_logger
from cpe.machine import measure
from cpe.plan import Plan
from cpe.protocol.references import PayloadPlace


def assemble_decider(
    aws: AwsSession,
    settings: Settings,
    *,
    plans: Mapping[tuple[str, str], Plan],
    domain: str,
    task_list: str,
    concurrency: int = 1,
) -> Daemon:
    """Make a decider, after registering the domain and the plans' workflow types.

    Args:
        aws: Where to.
        settings: Say who the clients are.
        plans: By name and version of the workflow type.
        domain: The SWF domain.
        task_list: Where decision tasks come from.
        concurrency: How many executions are decided at once.

    Raises:
        CpeError: SWF cannot be reached or refuses.
    """
    log = get_logger()
    calls = aws.swf()
    register_plans(SwfRegistry(calls), plans.values(), domain=domain, task_list=task_list, log=log)
    stop = Stop()
    swf = SwfGateway(polls=aws.swf_polls(), calls=calls)
    payloads = Payloads(aws.s3(), settings.payloads)
    publisher = _publisher(aws, settings, payloads, log)
    decider = Decider(
        swf=swf,
        plans=plans,
        publisher=publisher,
        payloads=payloads,
        domain=domain,
        task_list=task_list,
        clock=SystemClock(),
        wait=time.sleep,
        log=log,
    )
    watcher = Watcher(
        swf=swf,
        plans=plans,
        publisher=publisher,
        payloads=payloads,
        domain=domain,
        clock=SystemClock(),
        wait=stop.wait,
        log=log,
    )
    loops: list[Loop[Any]] = [
        *(
            Loop(name=f"decider-{number}", poll=decider.poll, handle=decider.handle, stop=stop, log=log)
            for number in range(1, concurrency + 1)
        ),
        Loop(name="watcher", poll=watcher.poll, handle=watcher.handle, stop=stop, log=log),
    ]
    about = {
        "domain": domain,
        "task_list": task_list,
        "concurrency": concurrency,
        "payloads": _url(settings.payloads),
        "plans": [f"{name} {version}" for name, version in sorted(plans)],
    }
    return Daemon(loops, stop=stop, log=log, about=about)


def assemble_inputpoller(aws: AwsSession, settings: Settings) -> Daemon:
    """Make an input poller with one loop per client.

    Raises:
        CpeError: No client is configured, none of their input queues can be read, or there is no such domain.
    """
    log = get_logger()
    if not settings.clients:
        raise ConfigError(
            "no client is configured; set INPUT_QUEUE and OUTPUT_QUEUE and give --name, "
            "or list `clients` in the configuration (--config)",
            code="NO_CLIENTS",
        )
    calls, sqs = aws.swf(), aws.sqs()
    if settings.domain is not None:
        require_domain(SwfRegistry(calls), settings.domain)
    swf = SwfGateway(polls=calls, calls=calls, direct=aws.direct_swf(log))
    s3 = aws.s3()
    payloads = Payloads(s3, settings.payloads)
    direct_sqs = aws.direct_sqs(log)
    publisher = _publisher(aws, settings, payloads, log, direct_sqs)
    claims = None if settings.payloads is None else Claims(s3, settings.payloads, direct=aws.direct_s3(log))
    ranks = Ranks(swf=swf, clock=SystemClock(), log=log)
    starter = Starter(claims=claims, clock=time.time, ranks=ranks)

    def jobs_of(domain: str) -> Jobs:
        return Jobs(swf=swf, payloads=payloads, domain=domain, claims=claims)

    stop, turns = Stop(), Turns()
    queues = {client.name: Queue(sqs, client.input_queue, direct=direct_sqs) for client in settings.clients}
    _check_queues(queues, log)
    loops: list[Loop[list[Message]]] = []
    for client in settings.clients:
        client_log = get_logger(client=client.name)
        commands = Commands(
            client=client, jobs_of=jobs_of, starter=starter, domain=settings.domain, clock=SystemClock()
        )
        poller = InputPoller(
            client=client.name,
            queue=queues[client.name],
            commands=commands,
            publisher=publisher,
            turns=turns,
            clock=SystemClock(),
            log=client_log,
        )
        loops += (
            Loop(
                name=f"client-{client.name}-{number}",
                poll=poller.poll,
                handle=poller.handle,
                stop=stop,
                log=client_log,
            )
            for number in range(1, BATCHES + 1)
        )
    about = {"clients": sorted(queues), "domain": settings.domain, "payloads": _url(settings.payloads)}
    return Daemon(loops, stop=stop, log=log, about=about)


@contextmanager
def assemble_worker(
    aws: AwsSession,
    settings: Settings,
    *,
    domain: str,
    activities: Sequence[tuple[str, str]],
    task_list: str | None = None,
    room: Room | None = None,
) -> Iterator[Daemon]:
    """Make a worker, after registering its activity types; its scratch directory lives as long as the block.

    Args:
        aws: Where to.
        settings: Say what the activities are.
        domain: The SWF domain.
        activities: Which it runs, by name and version.
        task_list: Where the tasks of its only activity come from; ``<name>-<version>`` by default.
        room: What its tasks may use; the whole machine by default.

    Raises:
        CpeError: An activity is not configured, cannot be loaded, lacks something on this machine, or SWF
            refuses.
    """
    room = room or Room(machine=measure())
    loaded = [_load(settings.activity(name, version)) for name, version in activities]
    calls, s3 = aws.swf(), aws.s3()
    swf = SwfGateway(polls=aws.swf_polls(), calls=calls)
    transfers = transfer_manager(s3)
    payloads = Payloads(s3, settings.payloads)
    stop, budget = Stop(), room.budget()
    log = get_logger()
    with Scratch(settings.scratch_root()) as scratch:
        if scratch.swept:
            log.info("scratch_swept", directories=list(scratch.swept))
        publisher = _publisher(aws, settings, payloads, log)
        loops: list[Loop[ActivityTask]] = []
        runners: list[TaskRunner] = []
        lists: dict[str, int] = {}
        for known, activity in loaded:
            its_log = get_logger(activity=known.name, version=known.version)
            its_list = task_list or f"{known.name}-{known.version}"
            register_activity(SwfRegistry(calls), known, domain=domain, task_list=its_list, log=its_log)
            runner = TaskRunner(
                activity=activity,
                settings=known.settings,
                cores=room.cores_of(known),
                swf=swf,
                attempt_of=Attempts(swf=swf, payloads=payloads, domain=domain, log=its_log).of,
                publisher=publisher,
                scratch=scratch,
                payloads=payloads,
                storage=lambda cancellation: S3Storage(s3, transfers, cancellation),
                heartbeat_interval=heartbeat_interval(
                    known.default_timeouts.get("defaultTaskHeartbeatTimeout")
                ),
                clock=SystemClock(),
                wait=time.sleep,
                bind=its_log.bind,
            )
            lists[its_list] = room.slots_of(known)
            loops += slots(
                name=f"slot-{its_list}",
                number=lists[its_list],
                budget=budget,
                need=room.need_of(known),
                poll=partial(swf.poll_activity, domain, its_list),
                handle=runner.handle,
                stop=stop,
                log=its_log,
            )
            runners.append(runner)
        about = {
            "domain": domain,
            "task_lists": lists,
            "scratch": str(scratch.path),
            "payloads": _url(settings.payloads),
        }

        def hand_back() -> None:
            for runner in runners:
                runner.hand_back()

        yield Daemon(loops, stop=stop, log=log, about=about, hand_back=hand_back)


def _load(known: ActivitySettings) -> tuple[ActivitySettings, Activity]:
    activity = load_activity(known)
    activity.check_worker(known.settings)
    return known, activity


def _publisher(
    aws: AwsSession, settings: Settings, payloads: Payloads, log: Logger, direct: DirectJson | None = None
) -> Publisher:
    if not settings.clients and settings.output_queue is None:
        log.warning(
            "no_output_queue",
            note="no client will hear of anything; set CPE_CONFIG (a file with clients) or OUTPUT_QUEUE",
        )
    sqs = aws.sqs()
    return Publisher(settings, lambda url: Queue(sqs, url, direct=direct), log, payloads)


def _url(place: PayloadPlace | None) -> str | None:
    return None if place is None else place.url


def _check_queues(queues: Mapping[str, Queue], log: Logger) -> None:
    """Log input queues that cannot be read; raise if none can.

    One client's queue must not stop the others'.
    """
    errors: dict[str, AwsError] = {}
    for client, queue in queues.items():
        try:
            queue.check()
        except AwsError as error:
            errors[client] = error
    for client, found in errors.items():
        if len(errors) == len(queues):
            raise found
        log.error("queue_unreadable", client=client, code=found.code, error=str(found))
