"""Why each fault matters, and the way out: one table, by the fault's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """Why a fault matters, and what to do about it.

    Attributes:
        why: Why it matters.
        way_out: What to do about it.
        optional: Whether a stack is sound without it, so that it is a warning where an activity tells it.
    """

    why: str
    way_out: str
    optional: bool = False


_NO_DAEMON_STARTS = "no daemon starts"
_PROVISION = "run `cpe provision`, or create it and name it in the configuration"
_PERMISSIONS = "give the permissions that docs/operations.md lists under Permissions"

ADVICE: Mapping[str, Advice] = {
    "CONFIG_INVALID": Advice(
        _NO_DAEMON_STARTS, "correct the place that is named; `cpe config check FILE` tells all of them"
    ),
    "CONFIG_NOT_READABLE": Advice(_NO_DAEMON_STARTS, "correct --config or CPE_CONFIG"),
    "PLAN_INVALID": Advice(
        "the decider serves the other plans only", "correct it; `cpe plan validate` tells all findings"
    ),
    "NO_CLIENTS": Advice(
        "no command is taken",
        "name the configuration with --config or CPE_CONFIG, or set INPUT_QUEUE and OUTPUT_QUEUE and "
        "give --name",
    ),
    "AWS_CREDENTIALS_MISSING": Advice(
        _NO_DAEMON_STARTS,
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role is attached; "
        'for the local AWS: eval "$(cpe env)"',
    ),
    "AWS_CREDENTIALS_REFUSED": Advice(
        "AWS answers nothing", "renew the credentials; a session token may have expired"
    ),
    "AWS_PROFILE_NOT_FOUND": Advice(_NO_DAEMON_STARTS, "correct AWS_PROFILE, or ~/.aws/config"),
    "AWS_REGION_MISSING": Advice(
        _NO_DAEMON_STARTS, "set AWS_DEFAULT_REGION, such as us-east-1, or a region in your AWS profile"
    ),
    "REGION_UNKNOWN": Advice(
        "SWF cannot be reached in a region that has none",
        "correct AWS_DEFAULT_REGION; a region newer than the installed boto3 works all the same",
    ),
    "ENDPOINT_INVALID": Advice(
        _NO_DAEMON_STARTS, "set AWS_ENDPOINT_URL to a URL such as http://localhost:4566, or unset it"
    ),
    "ENDPOINT_UNREACHABLE": Advice(
        "every daemon waits until it can be reached",
        "check the network, proxies and AWS_ENDPOINT_URL; start the local AWS with `cpe up` or `cpe local`",
    ),
    "NOT_AWS": Advice(
        "daemons would take its answers for AWS's",
        "correct AWS_ENDPOINT_URL, or unset it to use AWS itself; look for a proxy that answers instead",
    ),
    "CLOCK_SKEWED": Advice(
        "AWS refuses requests that are signed more than five minutes off",
        "set this machine's clock; let NTP (chrony, systemd-timesyncd) keep it",
    ),
    "QUEUE_NOT_FOUND": Advice(
        "its client's commands or events go nowhere",
        f"{_PROVISION}; check the region and account in the queue's URL",
    ),
    "ACCESS_DENIED": Advice("the daemons that need it cannot work", _PERMISSIONS),
    "QUEUES_ALIKE": Advice(
        "the input poller would take events for commands", "give the client two queues of its own"
    ),
    "DLQ_MISSING": Advice(
        "a message that cannot be handled comes again and again until it expires, and then is lost; on a "
        "FIFO queue it holds up its group as long",
        "run `cpe provision`, or give the queue a redrive policy, with ten receives say",
    ),
    "DLQ_NOT_FOUND": Advice(
        "messages that cannot be handled cannot be put aside",
        "create the dead-letter queue that the redrive policy names, or correct the policy",
    ),
    "DLQ_TOO_EAGER": Advice(
        "a message is put aside when AWS or a client is in trouble for a moment",
        "raise maxReceiveCount of the redrive policy to five or more",
    ),
    "DLQ_NOT_EMPTY": Advice(
        "these commands were not carried out, or the client did not take in these events, and nobody was "
        "told",
        "look at them with `cpe dlq list`; `cpe dlq redrive` sends them again",
    ),
    "VISIBILITY_SHORT": Advice(
        "a command is delivered again while it is still being carried out",
        "raise the queue's VisibilityTimeout to 30 s or more",
    ),
    "RETENTION_SHORT": Advice(
        "what waits is lost while daemons or clients are down",
        "raise MessageRetentionPeriod of the queue to a day or more; 14 days are the most",
    ),
    "DOMAIN_UNKNOWN": Advice(
        "each command has to name its domain, and none can be looked at here",
        "set `domain` in the configuration, or give --domain",
    ),
    "DOMAIN_NOT_FOUND": Advice(
        "no job can start", "start cpe-decider, which registers it, run `cpe provision`, or correct the name"
    ),
    "DOMAIN_DEPRECATED": Advice(
        "no job can start", "take another domain, or undeprecate this one (aws swf undeprecate-domain)"
    ),
    "DOMAIN_FORGETS_EARLY": Advice(
        "a command that SQS delivers after that starts its job once more",
        "take a domain that keeps closed executions for 15 days or more; SWF cannot change it later",
    ),
    "WORKFLOW_TYPE_NOT_REGISTERED": Advice(
        "START_JOB is rejected with UNKNOWN_WORKFLOW", "start cpe-decider with this plan, which registers it"
    ),
    "ACTIVITY_TYPE_NOT_REGISTERED": Advice(
        "a plan's step with it fails", "start cpe-worker for this activity, which registers it"
    ),
    "ACTIVITY_NOT_CONFIGURED": Advice(
        "a plan's step waits for a worker that nobody can start from this configuration",
        "add the activity to the configuration, or correct the plan",
    ),
    "PAYLOADS_NOT_CONFIGURED": Advice(
        "inputs, results and events that SWF and SQS do not carry are refused",
        "set `payloads` in the configuration, or CPE_PAYLOADS",
    ),
    "BUCKET_NOT_FOUND": Advice("what SWF and SQS do not carry is refused", _PROVISION),
    "ACTIVITY_NOT_LOADED": Advice(
        "its worker does not start here",
        "correct `class` or `file`; install what is missing, or start from the folder of its module",
    ),
    "ACTIVITY_CHECK_FAILED": Advice("its worker does not start here", "correct the activity's check_worker"),
    "FFMPEG_NOT_FOUND": Advice(
        "its worker does not start here",
        "install FFmpeg, name it in the activity's settings, or "
        "pip install 'cloud-processing-engine[ffmpeg]'",
    ),
    "FFMPEG_BROKEN": Advice("its worker does not start here", "install an FFmpeg that runs on this machine"),
    "ENCODER_UNAVAILABLE": Advice(
        "jobs that ask for it fail", "install an FFmpeg that has it, or take other presets"
    ),
    "DEMUXER_UNAVAILABLE": Advice(
        "inputs of these formats are refused as no media", "install an FFmpeg that has them"
    ),
    "IMAGEMAGICK_UNAVAILABLE": Advice(
        "jobs with custom_cmd for a picture fail; everything else works",
        "install ImageMagick, name it in the activity's setting imagemagick, or take custom_cmd out of its "
        "settings",
        optional=True,
    ),
    "SANDBOX_INCOMPLETE": Advice(
        "a hole in FFmpeg would do more harm; everything works",
        "run workers on Linux 5.13 or later with Landlock, and let the container use it and seccomp",
    ),
    "SCRATCH_UNWRITABLE": Advice(
        "no worker starts here", "name a folder that can be written with CPE_SCRATCH, or `scratch`"
    ),
    "SCRATCH_FULL": Advice(
        "activities fail with SCRATCH_FULL",
        "make room, or name a larger place with CPE_SCRATCH; a task needs its input and its outputs",
    ),
    "SCRATCH_LOW": Advice(
        "an activity with a large input fails",
        "make room, or name a larger place with CPE_SCRATCH; a task needs its input and its outputs",
    ),
    "LOCKS_BROKEN": Advice(
        "a worker that starts removes what others are working on",
        "take a local file system, or a network one that has flock, with CPE_SCRATCH",
    ),
    "CHECK_FAILED": Advice(
        "nothing is known of it", "look whether the endpoint is AWS; otherwise report it as a fault of CPE"
    ),
    "CHECK_TIMED_OUT": Advice(
        "nothing is known of it", "try again; give more time with --timeout, or check the network"
    ),
}
"""Every code that the doctor gives on purpose."""

_OTHER = Advice("what needs it cannot work", "correct what the message names")


def advice(code: str) -> Advice:
    """Tell what goes with a code; something general for codes of AWS and activities that are not known."""
    return ADVICE.get(code, _OTHER)
