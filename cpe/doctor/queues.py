"""Clients' queues: there, allowed, with a dead-letter queue, with sane attributes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from cpe.aws.probe import Probe
from cpe.config import Client, Settings
from cpe.doctor.check import Check
from cpe.doctor.finding import Finding, Part, fault, told_by, well
from cpe.errors import AwsError

LEAST_RECEIVES = 3
"""Deliveries before a message is put aside: a passing fault takes one or two."""

LEAST_VISIBILITY = 30
"""Seconds; what SQS gives a queue by default."""

LEAST_RETENTION = 24 * 3600
"""Seconds."""

_DAY = 24 * 3600


def queue_checks(probe: Probe, settings: Settings) -> tuple[Check, ...]:
    """What is looked at: both queues of each client, and the queue of all others' events."""
    checks: list[Check] = []
    for client in settings.clients:
        checks += _checks_of(probe, client)
    known = {client.output_queue for client in settings.clients}
    if settings.output_queue is not None and settings.output_queue not in known:
        subject = "output of other clients"
        look = partial(_look_at_output, probe, subject, settings.output_queue)
        checks.append(Check(part=Part.QUEUES, subject=subject, look=look))
    if not settings.clients:
        none = fault(Part.QUEUES, "clients", "NO_CLIENTS", "no client is known", only_warn=True)
        checks.append(Check(part=Part.QUEUES, subject="clients", look=lambda: (none,)))
    return tuple(checks)


def judge_input(subject: str, attributes: Mapping[str, str]) -> Iterator[Finding]:
    """Judge the attributes of an input queue."""
    visibility = int(attributes.get("VisibilityTimeout", LEAST_VISIBILITY))
    if visibility < LEAST_VISIBILITY:
        what = f"messages are invisible for {visibility} s only"
        yield fault(Part.QUEUES, subject, "VISIBILITY_SHORT", what, only_warn=True)
    yield from judge_queue(subject, attributes)


def judge_queue(subject: str, attributes: Mapping[str, str]) -> Iterator[Finding]:
    """Judge what matters of either queue: how long it keeps messages, and when it puts them aside."""
    retention = int(attributes.get("MessageRetentionPeriod", LEAST_RETENTION))
    if retention < LEAST_RETENTION:
        what = f"messages are kept for {retention} s only"
        yield fault(Part.QUEUES, subject, "RETENTION_SHORT", what, only_warn=True)
    policy = redrive_policy(attributes)
    if policy is None:
        yield fault(Part.QUEUES, subject, "DLQ_MISSING", "the queue has no dead-letter queue", only_warn=True)
    elif (most := int(policy.get("maxReceiveCount", LEAST_RECEIVES))) < LEAST_RECEIVES:
        what = f"a message goes to the dead-letter queue after {most} receives"
        yield fault(Part.QUEUES, subject, "DLQ_TOO_EAGER", what, only_warn=True)


def redrive_policy(attributes: Mapping[str, str]) -> dict[str, Any] | None:
    """Read where a queue's messages go that nobody can handle; None if nowhere."""
    text = attributes.get("RedrivePolicy")
    policy: dict[str, Any] | None = json.loads(text) if text else None
    return policy


def _checks_of(probe: Probe, client: Client) -> Iterator[Check]:
    for side, url, look in (
        ("input", client.input_queue, _look_at_input),
        ("output", client.output_queue, _look_at_output),
    ):
        subject = f"{side} of {client.name}"
        yield Check(part=Part.QUEUES, subject=subject, look=partial(look, probe, subject, url))
    if client.input_queue == client.output_queue:
        subject = f"queues of {client.name}"
        alike = fault(Part.QUEUES, subject, "QUEUES_ALIKE", "input and output are one queue")
        yield Check(part=Part.QUEUES, subject=subject, look=lambda: (alike,))


def _look_at_input(probe: Probe, subject: str, url: str) -> Iterator[Finding]:
    attributes = probe.queue(url)
    probe.may_read(url)
    found = [*judge_input(subject, attributes), *_look_at_dead_letters(probe, subject, attributes)]
    yield from found or [well(Part.QUEUES, subject, f"{url} can be read and has a dead-letter queue")]


def _look_at_output(probe: Probe, subject: str, url: str) -> Iterator[Finding]:
    attributes = probe.queue(url)
    probe.may_send(url)
    days = int(attributes.get("MessageRetentionPeriod", LEAST_RETENTION)) / _DAY
    kept = f"{url} can be written, keeps messages for {days:g} days, and has a dead-letter queue"
    found = [*judge_queue(subject, attributes), *_look_at_dead_letters(probe, subject, attributes)]
    yield from found or [well(Part.QUEUES, subject, kept)]


def _look_at_dead_letters(probe: Probe, subject: str, attributes: Mapping[str, str]) -> Iterator[Finding]:
    policy = redrive_policy(attributes)
    if policy is None:
        return
    arn = str(policy["deadLetterTargetArn"])
    try:
        dead = probe.queue_of(arn)
    except AwsError as error:
        if error.code != "QUEUE_NOT_FOUND":
            yield told_by(Part.QUEUES, subject, error)
        else:
            what = f"there is no dead-letter queue {arn}"
            yield fault(Part.QUEUES, subject, "DLQ_NOT_FOUND", what)
        return
    if waiting := int(dead.get("ApproximateNumberOfMessages", 0)):
        what = f"about {waiting} messages lie in the dead-letter queue"
        yield fault(Part.QUEUES, subject, "DLQ_NOT_EMPTY", what, only_warn=True)
