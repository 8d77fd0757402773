"""Elastic Transcoder's settings of sound as ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.migration.document import Document

_AUDIO_CODECS = {"aac": "aac", "mp3": "libmp3lame", "vorbis": "libvorbis", "flac": "flac", "pcm": "pcm_s16le"}


def read_sound(audio: Document, *, alone: bool) -> Mapping[str, Any] | None:
    """Read the sound: keys of an AUDIO output, or what of them a video has; None if there is none."""
    notes, keys = audio.notes, dict[str, Any]()
    name = audio.text("Codec", "AAC").lower()
    codec = _AUDIO_CODECS.get(name)
    if codec is None:
        codec = "aac"
        notes.changed("AUDIO_CODEC", audio.place("Codec"), f"{name} cannot be made; it is AAC instead")
    options = audio.child("CodecOptions")
    depth = options.text("BitDepth", "16") if options is not None else "16"
    if options is not None:
        _options(options, name)
    if codec == "pcm_s16le" and depth == "24":
        codec = "pcm_s24le"
    elif depth not in ("16", "24"):
        notes.changed("BIT_DEPTH", audio.place("CodecOptions.BitDepth"), f"{depth} bits become 16")
    keys["audio_codec"] = codec
    rate = audio.text("BitRate", "128")
    lossless = codec in ("flac", "pcm_s16le", "pcm_s24le")
    if not lossless or not alone:
        keys["audio_bitrate"] = f"{rate if rate.isdigit() else '128'}k"
    channels = audio.text("Channels", "auto").lower()
    if channels == "0":
        audio.ignore("SampleRate", "AudioPackingMode")
        audio.finish()
        return None
    if channels.isdigit():
        keys["channels" if alone else "audio_channels"] = int(channels)
    if audio.text("SampleRate", "auto").lower() != "auto":
        if alone:
            keys["sample_rate"] = int(audio.text("SampleRate"))
        else:
            notes.changed("SAMPLE_RATE", audio.place("SampleRate"), "the sound of a video keeps the source's")
    if audio.text("AudioPackingMode", "SingleTrack") != "SingleTrack":
        notes.lost("TRACKS", audio.place("AudioPackingMode"), "an output has one track of sound")
    audio.finish()
    return keys


def _options(options: Document, codec: str) -> None:
    if codec == "aac" and options.text("Profile", "auto") not in ("auto", "AAC-LC"):
        options.notes.changed("AAC_PROFILE", options.place("Profile"), "AAC is made as AAC-LC")
    if (
        options.text("BitOrder", "LittleEndian") != "LittleEndian"
        or options.text("Signed", "Signed") != "Signed"
    ):
        options.notes.changed("SAMPLES", options.place("BitOrder"), "samples are signed, little-endian")
    options.ignore("Profile", "BitDepth")
    options.finish()


def fitting_codec(container: str, codec: str, document: Document) -> str:
    """Return a codec of sound that goes into the container of a video."""
    allowed = {
        "webm": ("libvorbis",),
        "flv": ("aac", "libmp3lame"),
        "ts": ("aac", "libmp3lame"),
    }.get(container, ("aac", "libmp3lame", "flac"))
    if codec in allowed:
        return codec
    if "Audio" in document:
        document.notes.changed(
            "AUDIO_CODEC", document.place("Audio.Codec"), f"{codec} is made as {allowed[0]} here"
        )
    return allowed[0]
