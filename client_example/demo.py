"""One real job through the whole stack: ``python -m client_example.demo [--input FILE]``.

Starts a stack on this machine, puts a video and a watermark into its S3, asks for a 360p MP4 with the
watermark and a thumbnail, follows the job, and fetches what came of it. Writes nothing but the output folder
and `.cpe`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from client_example.demo_stack import DemoStack
from client_example.demo_view import ActivityBars, outputs_table
from client_example.display import reason_words
from client_example.objects import Objects
from cpe.client import Client, JobState, JobStatus
from cpe.errors import ConfigError, CpeError

_INPUT_BUCKET = "cpe-input"
_OUTPUT_BUCKET = "cpe-output"
_WATERMARK_KEY = "input/watermark.png"
_JOB_SECONDS = 3600.0
_INTERRUPTED = 130


def demo_job(input_key: str) -> dict[str, Any]:
    """The demo's job: a 360p MP4 with a watermark, and a thumbnail."""
    name = Path(input_key).stem
    return {
        "workflow": {
            "name": "TranscodeOutputs",
            "version": "1.0",
            "domain": "SADomain",
            "taskList": "basic_transcode",
        },
        "input_asset": {"type": "VIDEO", "bucket": _INPUT_BUCKET, "file": input_key},
        "output_assets": [
            {
                "type": "VIDEO",
                "bucket": _OUTPUT_BUCKET,
                "file": f"output/{name}-360p.mp4",
                "preset": "360p-16.9-generic",
                "watermark": {
                    "bucket": _INPUT_BUCKET,
                    "file": _WATERMARK_KEY,
                    "size": "96:-1",
                    "opacity": 0.8,
                    "x": -12,
                    "y": -12,
                },
            },
            {
                "type": "THUMB",
                "mode": "snapshot",
                "bucket": _OUTPUT_BUCKET,
                "file": f"output/{name}.jpg",
                "snapshot_sec": 1,
                "size": "-1:360",
            },
        ],
    }


class Demo:
    """The steps of the demo.

    Args:
        console: Shows them.
        folder: For the stack's files and the samples.
        output: For the outputs.
    """

    def __init__(self, console: Console, folder: Path, output: Path) -> None:
        self._console = console
        self._folder = folder
        self._output = output

    def run(self, video: Path | None) -> int:
        """Run it; returns the exit code.

        Raises:
            CpeError: Something other than the job failed.
        """
        started = time.monotonic()
        stack = DemoStack(self._folder)
        with stack.running():
            with self._console.status("starting the stack") as status:
                video, watermark = self._material(video, status)
                status.update("starting the stack")
                _enter(stack.wait_until_ready())
                status.update("uploading the input")
                input_key = f"input/{video.name}"
                objects = Objects()
                objects.upload(video, _INPUT_BUCKET, input_key)
                objects.upload(watermark, _INPUT_BUCKET, _WATERMARK_KEY)
            job = self._follow(Client.from_config(stack.client_config), demo_job(input_key))
            if job.status is not JobStatus.COMPLETED:
                self._explain(job, stack.log)
                return 1
            outputs = _outputs(job)
            files = self._fetch(objects, outputs)
        self._console.print(outputs_table(outputs, files))
        self._console.print(f"done in {time.monotonic() - started:.0f} s", style="green")
        return 0

    def _material(self, video: Path | None, status: Status) -> tuple[Path, Path]:
        """The video and the watermark; made unless given."""
        watermark = self._folder / "watermark.png"
        _make_sample("--watermark", watermark)
        if video is None:
            status.update("making a sample clip")
            video = self._folder / "sample.mp4"
            _make_sample(video)
        return video, watermark

    def _follow(self, client: Client, order: Mapping[str, Any]) -> JobState:
        job_id = client.start_job(order)
        self._console.print(f"job {job_id}", highlight=False)
        with ActivityBars(self._console) as bars:
            for state in client.follow(job_id, timeout=_JOB_SECONDS):
                bars.show(state)
        return state

    def _fetch(self, objects: Objects, outputs: Sequence[Mapping[str, Any]]) -> list[Path]:
        files = []
        for output in outputs:
            file = self._output / Path(output["key"]).name
            objects.download(output["bucket"], output["key"], file)
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            if digest != output["sha256"]:
                raise CpeError(
                    f"{file} is not what the worker made: its SHA-256 differs", code="OUTPUT_DIFFERS"
                )
            files.append(file)
        return files

    def _explain(self, job: JobState, log: Path) -> None:
        """Say why a job did not succeed."""
        faults = [
            f"{activity.activity_id}: {reason_words(activity.reason, activity.details)}"
            for activity in job.activities.values()
            if activity.reason or activity.details
        ]
        self._console.print(f"the job ended {job.status}", style="red", highlight=False)
        for fault in faults or [reason_words(job.reason, job.details)]:
            self._console.print(f"  {fault}", markup=False, highlight=False, soft_wrap=True)
        self._console.print(f"  the stack's log: {log}", markup=False, highlight=False, soft_wrap=True)


def _enter(environment: Mapping[str, str]) -> None:
    """Reach the stack, and nothing else: a profile or an endpoint of one's own must not lead elsewhere."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(environment)


def _make_sample(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "activities.sample_clip", *map(str, arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CpeError(done.stderr.strip() or "no sample could be made", code="SAMPLE_FAILED")


def _outputs(job: JobState) -> list[Mapping[str, Any]]:
    """What the activities' results say was made."""
    results = [activity.result for activity in job.activities.values() if isinstance(activity.result, dict)]
    return [output for result in results for output in result.get("outputs", [])]


def _check_input(video: Path | None) -> None:
    if video is None:
        return
    try:
        with video.open("rb") as content:
            content.read(1)
    except OSError as error:
        raise ConfigError(f"{video}: {error.strerror}", code="FILE_UNUSABLE") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="demo", description="Run one real job through the whole stack.")
    parser.add_argument("--input", type=Path, metavar="FILE", help="a video (default: a generated clip)")
    parser.add_argument(
        "--output-dir", type=Path, default=Path("demo-output"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--dir",
        type=Path,
        default=Path(".cpe/demo"),
        metavar="DIR",
        help="of the stack (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _check_input(options.input)
        return Demo(Console(), options.dir, options.output_dir).run(options.input)
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except (CpeError, TimeoutError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
