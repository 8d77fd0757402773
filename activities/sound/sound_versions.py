"""Makes the sound of videos that are made together: once for each version that one of them wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from activities.ffmpeg.workshop import Workshop
from activities.media.codecs import AudioEncoder
from activities.media.progress import Progress
from activities.media.segment_command import measuring_arguments, sound_arguments
from activities.media.split import SoundVersion
from activities.sound.sound import measure_loudness
from activities.source.source import Source


def encode_sounds(
    workshop: Workshop,
    source: Source,
    versions: Sequence[SoundVersion],
    files: Sequence[str],
    *,
    audio: Mapping[str, AudioEncoder],
    report: Callable[[Progress], None],
) -> list[SoundVersion]:
    """Encode the whole sound in each version, from one decoding.

    Args:
        workshop: FFmpeg.
        source: The input; it has a sound.
        versions: What to make.
        files: What to write, for each version.
        audio: For the name of each encoder asked for, the one this machine has.
        report: Takes the progress.

    Return what was made: the versions, with the encoders of this machine.

    Raises:
        ActivityError: It could not be made.
    """
    stream = source.audio
    made = [replace(version, encoder=audio[version.encoder.name]) for version in versions]
    measured = {
        channels: measure_loudness(
            workshop, measuring_arguments(channels, source.info, stream, file=source.file)
        )
        for channels in dict.fromkeys(version.channels for version in made if version.loudness is not None)
    }
    arguments = sound_arguments(made, source.info, stream, file=source.file, files=files, measured=measured)
    # The file's own duration may be that of the picture alone.
    workshop.encode(arguments, duration=stream.duration, report=report)
    return made
