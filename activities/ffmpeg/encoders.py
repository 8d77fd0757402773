"""The encoders of a job: those that it asks for, or what does the same here."""

from __future__ import annotations

from collections.abc import Sequence

from activities.ffmpeg.tools import Tools, choose_audio, require_burning, require_encoder
from activities.media.audio_output import AudioOutput
from activities.media.captions import CaptionMode
from activities.media.codecs import AudioEncoder
from activities.media.outputs import Output, videos_of
from activities.media.thumb_output import ThumbOutput


def choose_encoders(outputs: Sequence[Output], tools: Tools) -> dict[str, AudioEncoder]:
    """Check that this machine has all that is asked for; return the audio encoders by name.

    Raises:
        ActivityError: It lacks an encoder (``ENCODER_UNAVAILABLE``), or what draws captions
            (``CAPTIONS_BURN_UNAVAILABLE``).
    """
    audio: dict[str, AudioEncoder] = {}
    for output in outputs:
        for video in videos_of(output):
            require_encoder(video.video.name, tools)
            audio[video.audio.name] = choose_audio(video.audio, tools)
            if any(captions.mode is CaptionMode.BURN for captions in video.captions):
                require_burning(tools)
        if isinstance(output, AudioOutput):
            audio[output.audio.name] = choose_audio(output.audio, tools)
        elif isinstance(output, ThumbOutput):
            require_encoder(output.image.encoder, tools)
    return audio
