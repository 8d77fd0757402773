"""Bodies of commands that are wrong, or that reach for what is another client's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

from cpe.config import Client


class Make(Protocol):
    """Makes a START_JOB of which nothing is wrong, its `time` 1.5."""

    def __call__(self, job_id: str, **data: Any) -> dict[str, Any]: ...


def bad_bodies(make: Make) -> Iterator[str]:
    """Bodies without end of which each is refused, each with a kind of fault of its own, again and again."""
    number = 0
    while True:
        number += 1
        good = make(f"bad-{number}")
        deep: Any = "x"
        for _ in range(100):
            deep = {"in": deep}
        data, workflow = good["data"], good["data"]["workflow"]
        large = {"signal": "s", "input": "x" * 100_000}
        yield from (
            "no JSON at all",
            json.dumps(good)[:-2],
            "[" * 50_000,
            json.dumps([good]),
            json.dumps({**good, "data": {**data, "deep": deep}}),
            json.dumps({**good, "jobId": "bad\0"}),
            json.dumps({**good, "jobId": "b" * 300}),
            json.dumps({**good, "data": {**data, "text": "half \ud800"}}),
            json.dumps({**good, "type": "MAKE_TEA"}),
            json.dumps({**good, "type": 7}),
            json.dumps({**good, "jobId": ["bad"]}),
            json.dumps({**good, "time": "soon"}),
            json.dumps({**good, "data": "text"}),
            json.dumps({**good, "data": {"workflow": {**workflow, "version": None}}}),
            json.dumps({**good, "data": {"workflow": {**workflow, "name": "Absent"}}}),
            json.dumps({**good, "data": {"workflow": {**workflow, "taskList": "a|b"}}}),
            json.dumps({**good, "data": {**data, "client": {"name": "ClientZ"}}}),
            json.dumps({**good, "data": {**data, "client": {"queues": {"output": "https://q/1/z"}}}}),
            json.dumps({"time": 1, "type": "SIGNAL_JOB", "jobId": f"bad-{number}", "data": large}),
            json.dumps({**good, "requestId": {"a": 1}}),
            json.dumps({"time": 1, "type": "SIGNAL_JOB", "jobId": f"bad-{number}", "data": {"signal": []}}),
            json.dumps({"time": 1, "type": "GET_JOB_LIST", "jobId": "x", "data": {"page": "!", "limit": 1}}),
            json.dumps({"time": 1, "type": "RETRY_JOB", "jobId": "a/b", "data": {}}),
            json.dumps(good).replace('"time": 1.5', '"time": NaN'),
            json.dumps(good).replace('"time": 1.5', '"time": 1.5, "time": 1.5'),
            json.dumps(good).replace('"time": 1.5', f'"time": {"9" * 5000}'),
        )


FORGERIES = 50


def forgeries(
    make: Make, victim: Client, *, job_id: str, run_id: str, page: str, step: str, signal: str
) -> list[str]:
    """Bodies that reach for another client's queues and jobs.

    Args:
        make: Makes a good START_JOB of the forger's own.
        victim: The other client.
        job_id: An open job of that client.
        run_id: The job's run.
        page: The token of a page of that client's list.
        step: A step of the job.
        signal: What the job waits for.
    """
    theirs = {
        "name": victim.name,
        "queues": {"input": victim.input_queue, "output": victim.output_queue},
    }
    stolen: dict[str, Any] = {
        "$ref": f"s3://cpe-payloads/payloads/{victim.name}/{'0' * 64}",
        "size": 2,
        "sha256": "0" * 64,
    }
    bodies: list[dict[str, Any]] = [
        make("f1", client=theirs),
        make("f2", client={"name": victim.name}),
        make("f3", client={"queues": {"output": victim.output_queue}}),
        make("f4", client=victim.name),
        make("f5", client=stolen),
        make(f"{victim.name}.{job_id}/1"),
        make(f"x|{victim.name}.{job_id}"),
        make("f8", input_asset=stolen, **{"$ref": stolen["$ref"]}),
        {**make("f9"), "client": theirs},
        {**make("f10"), "workflowId": f"{victim.name}.{job_id}", "runId": run_id},
    ]
    reached: tuple[tuple[str, dict[str, Any]], ...] = (
        ("GET_JOB_STATUS", {}),
        ("GET_ACTIVITY_LIST", {}),
        ("GET_ACTIVITY_STATUS", {"activityId": step}),
        ("CANCEL_JOB", {}),
        ("CANCEL_JOB", {"runId": run_id}),
        ("CANCEL_ACTIVITY", {"activityId": step}),
        ("SIGNAL_JOB", {"signal": signal, "input": {"ok": True, "by": "nobody"}}),
        ("RETRY_JOB", {}),
    )
    for kind, data in reached:
        bodies += [
            {"time": 1, "type": kind, "jobId": forged, "data": data}
            for forged in (job_id, f"{victim.name}.{job_id}", f"../{victim.name}.{job_id}")
        ]
        named = {**data, "client": theirs, "workflowId": f"{victim.name}.{job_id}", "runId": run_id}
        bodies.append({"time": 1, "type": kind, "jobId": job_id, "client": victim.name, "data": named})
    listing = {"time": 1, "type": "GET_JOB_LIST", "jobId": "list"}
    bodies += [
        {**listing, "data": {"page": page}},
        {**listing, "data": {"page": page, "limit": 100, "status": "OPEN"}},
        {**listing, "data": {"page": page, "client": theirs}},
        {**listing, "client": victim.name, "data": {"page": page}},
        {**listing, "data": {"client": victim.name}},
        {**listing, "data": {"client": theirs, "tag": victim.name, "workflowId": f"{victim.name}.{job_id}"}},
        {**listing, "jobId": f"{victim.name}.{job_id}", "data": {}},
        {**listing, "jobId": victim.name, "data": {"since": 0, "limit": 100}},
    ]
    return [json.dumps(body) for body in bodies]
