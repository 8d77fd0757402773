"""A client's queues: made with what they need, and left alone when they are there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cpe.aws.faults import told
from cpe.aws.inventory import Inventory
from cpe.aws.sqs import FIFO
from cpe.errors import AwsError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

    _Attributes = dict[QueueAttributeNameType, str]

MAX_RECEIVES = 10
"""How often a message is delivered before it goes to the dead-letter queue."""

RETENTION_SECONDS = 14 * 24 * 3600
"""How long queues keep messages: the most that SQS allows."""

Side = Literal["input", "output"]

_FIFO_ATTRIBUTES: _Attributes = {
    "FifoQueue": "true",
    # Without these two a queue takes 300 calls a second, for all runs together. Ours are told apart by ids
    # that hold their group's, so it is enough to look for duplicates within it. (Developer guide, "High
    # throughput for FIFO queues")
    "DeduplicationScope": "messageGroup",
    "FifoThroughputLimit": "perMessageGroupId",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientQueues:
    """URLs of a client's two queues; one that is missing in a dry run has none: ``""``."""

    input: str
    output: str


def create_client_queues(
    sqs: SQSClient, client: str, *, fifo: tuple[Side, ...] = (), inventory: Inventory | None = None
) -> ClientQueues:
    """Create ``cpe-<client>-input`` and ``cpe-<client>-output``, each with a dead-letter queue ``…-dead``.

    Names of FIFO queues end in ``.fifo``, and so do those of their dead-letter queues. A queue that is there
    keeps its attributes, and its redrive policy if it has one; else it is given ours.

    Args:
        sqs: The client of SQS.
        client: The client's name.
        fifo: Which queues are FIFO.
        inventory: Keeps the list, and makes nothing in a dry run.

    Raises:
        AwsError: SQS refused.
    """
    maker = _Maker(sqs, inventory or Inventory())
    with told(f"queues of client {client!r}"):
        return ClientQueues(
            input=maker.with_dead_letters(f"cpe-{client}-input", fifo="input" in fifo),
            output=maker.with_dead_letters(f"cpe-{client}-output", fifo="output" in fifo),
        )


class _Maker:
    def __init__(self, sqs: SQSClient, inventory: Inventory) -> None:
        self._sqs = sqs
        self._inventory = inventory
        # SQS may not find a new queue by its name at once.
        self._urls: dict[str, str] = {}

    def with_dead_letters(self, base: str, *, fifo: bool) -> str:
        """Make a queue and its dead-letter queue; tell its URL."""
        end = FIFO if fifo else ""
        name, dead = f"{base}{end}", f"{base}-dead{end}"
        attributes: _Attributes = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
        attributes |= _FIFO_ATTRIBUTES if fifo else {}
        url = self._find(name)
        policy = None if url is None else self._redrive_policy(url)
        if policy is not None and policy["deadLetterTargetArn"].rpartition(":")[2] != dead:
            target, most = policy["deadLetterTargetArn"], policy["maxReceiveCount"]
            note = f"keeps its own redrive policy: to {target} after {most} receives"
            self._inventory.found("queue", name, note)
            return self._urls[name]
        self._ensure(dead, attributes)
        if url is None:
            note = f"dead letters go to {dead} after {MAX_RECEIVES} receives"
            self._inventory.make(
                "queue", name, lambda: self._create(name, {**attributes, **self._redrive_to(dead)}), note
            )
        elif policy is None:
            note = f"gets a redrive policy: to {dead} after {MAX_RECEIVES} receives"
            self._inventory.change(
                "queue",
                name,
                lambda: self._sqs.set_queue_attributes(QueueUrl=url, Attributes=self._redrive_to(dead)),
                note,
            )
        else:
            self._inventory.found("queue", name)
        return self._urls.get(name, "")

    def _ensure(self, name: str, attributes: _Attributes) -> None:
        if self._find(name) is not None:
            self._inventory.found("queue", name)
        else:
            self._inventory.make("queue", name, lambda: self._create(name, attributes))

    def _create(self, name: str, attributes: _Attributes) -> None:
        self._urls[name] = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def _find(self, name: str) -> str | None:
        try:
            with told(f"queue {name}"):
                self._urls[name] = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        except AwsError as error:
            if error.code != "QUEUE_NOT_FOUND":
                raise
        return self._urls.get(name)

    def _redrive_policy(self, url: str) -> dict[str, Any] | None:
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        text = answer.get("Attributes", {}).get("RedrivePolicy")
        policy: dict[str, Any] | None = json.loads(text) if text else None
        return policy

    def _redrive_to(self, dead: str) -> _Attributes:
        answer = self._sqs.get_queue_attributes(QueueUrl=self._urls[dead], AttributeNames=["QueueArn"])
        arn = answer["Attributes"]["QueueArn"]
        return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})}
