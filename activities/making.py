"""What every output is made with."""

from __future__ import annotations

from dataclasses import dataclass

from activities.settings import MediaSettings
from activities.stopwatch import Stopwatch
from activities.workshop import Workshop
from cpe.activity import ActivityContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """One task of TranscodeAsset, whatever it makes.

    Attributes:
        context: The task.
        settings: The activity's settings.
        workshop: FFmpeg, in the task's scratch directory.
        stopwatch: Takes the times of fetching, probing, encoding and verifying.
    """

    context: ActivityContext
    settings: MediaSettings
    workshop: Workshop
    stopwatch: Stopwatch
