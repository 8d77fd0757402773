"""The shop's domain and types, and how its processes talk to SWF."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config

DOMAIN = "shop"
DECISIONS = {"name": "decisions"}
WORK = {"name": "work"}
VERSION = "1.0"
WORKFLOWS = ("Deliver", "Produce", "Family", "Member", "Counter", "Patience", "Letter")
ACTIVITIES = ("Echo", "Flaky", "Slow", "Silent")


def connect() -> Any:
    """Make a client that outlives the 60 seconds of a long poll."""
    return boto3.client(
        "swf", config=Config(read_timeout=70, retries={"mode": "standard", "total_max_attempts": 3})
    )


def register(swf: Any) -> None:
    """Register everything the shop needs."""
    swf.register_domain(name=DOMAIN, description="A small shop", workflowExecutionRetentionPeriodInDays="2")
    for name in WORKFLOWS:
        swf.register_workflow_type(
            domain=DOMAIN,
            name=name,
            version=VERSION,
            defaultTaskList=DECISIONS,
            defaultTaskStartToCloseTimeout="60",
            defaultExecutionStartToCloseTimeout="604800",
            defaultChildPolicy="TERMINATE",
        )
    for name in ACTIVITIES:
        swf.register_activity_type(
            domain=DOMAIN,
            name=name,
            version=VERSION,
            defaultTaskList=WORK,
            defaultTaskScheduleToStartTimeout="NONE",
            defaultTaskScheduleToCloseTimeout="NONE",
            defaultTaskStartToCloseTimeout="NONE",
            defaultTaskHeartbeatTimeout="NONE",
        )


def start(swf: Any, name: str, workflow_id: str, order: Any = None, **settings: Any) -> str:
    """Start a workflow; returns the run id."""
    kind = {"name": name, "version": VERSION}
    answer = swf.start_workflow_execution(
        domain=DOMAIN, workflowId=workflow_id, workflowType=kind, input=json.dumps(order), **settings
    )
    return str(answer["runId"])
