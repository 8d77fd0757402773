"""What client applications program against: send commands, read events, follow jobs.

A client needs its two queues and nothing else of the stack::

    from cpe.client import Client

    client = Client.from_config("clientConfig.json")
    job_id = client.start_job({
        "workflow": {"name": "Transcode", "version": "1.0"},
        "input_asset": {"type": "VIDEO", "bucket": "my-input", "file": "video.mp4"},
        "output_asset": {"type": "VIDEO", "bucket": "my-output", "file": "video-360p.mp4",
                         "preset": "360p-16.9-generic"},
    })
    for state in client.follow(job_id, timeout=3600):
        print(state.status, {name: activity.progress for name, activity in state.activities.items()})

Events larger than its queue come whole if the client may read the bucket in which the stack keeps them
(`payloads` in its file).

Credentials, region and endpoint are boto3's own (``AWS_*`` variables, profiles, roles).
"""

from cpe.client.client import Client
from cpe.client.config import ClientConfig, load_client_config
from cpe.client.errors import AnswerTimeout, AnswerUnread, CommandRefused, StoreFailed, Unanswered
from cpe.client.job import Job
from cpe.client.mailbox import Update
from cpe.client.reports import ActivityReport, JobReport, JobSummary
from cpe.client.runs import Runs
from cpe.client.sqlite import SqliteStore
from cpe.client.state import ActivityState, ActivityStatus, JobState, JobStatus
from cpe.client.store import MemoryStore, Store
from cpe.client.tracker import Tracker
from cpe.protocol.references import PayloadPlace

__all__ = [
    "ActivityReport",
    "ActivityState",
    "ActivityStatus",
    "AnswerTimeout",
    "AnswerUnread",
    "Client",
    "ClientConfig",
    "CommandRefused",
    "Job",
    "JobReport",
    "JobState",
    "JobStatus",
    "JobSummary",
    "MemoryStore",
    "PayloadPlace",
    "Runs",
    "SqliteStore",
    "Store",
    "StoreFailed",
    "Tracker",
    "Unanswered",
    "Update",
    "load_client_config",
]
