"""Elastic Transcoder's presets, pipelines and jobs become ours; what cannot is told by name."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from activities.media.outputs import parse_outputs
from activities.media.presets import Preset, PresetLibrary, parse_preset, preset_library
from cpe.errors import ConfigError
from cpe.migration import Import, Level, import_documents
from tests.migration.elastic_transcoder import JOB, PIPELINE, PRESET

FILES = [("job.json", JOB), ("preset.json", PRESET), ("pipeline.json", PIPELINE)]


def imported(*files: tuple[str, Any], **options: Any) -> Import:
    return import_documents(files, **options)


def job_of(change: dict[str, Any], *, outputs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    job = {"PipelineId": "p", "Input": {"Key": "a.mov"}, "Outputs": outputs or [output({})]}
    return {**job, **change}


def output(change: dict[str, Any]) -> dict[str, Any]:
    return {"Key": "made.mp4", "PresetId": "1351620000001-000010", **change}


def spoken(
    *sources: dict[str, Any], forms: list[dict[str, Any]] | None = None, preset: str = "1351620000001-000010"
) -> dict[str, Any]:
    """A job with files of captions, English unless a source says otherwise, for one output."""
    english = {"Key": "en.srt", "Language": "en"}
    return {
        "Input": {
            "Key": "a.mov",
            "InputCaptions": {
                "MergePolicy": "Override",
                "CaptionSources": [{**english, **source} for source in sources],
            },
        },
        "Outputs": [
            output({"PresetId": preset, "Captions": {"CaptionFormats": forms or [{"Format": "webvtt"}]}})
        ],
    }


def of_job(job: dict[str, Any]) -> Import:
    return imported(("job.json", job), input_bucket="films", output_bucket="made")


def found(done: Import) -> set[tuple[str, str, str]]:
    return {(note.level.value, note.code, note.where.removeprefix("job.json: ")) for note in done.notes}


class Library(PresetLibrary):
    """The shipped presets, and those of an import."""

    def __init__(self, done: Import) -> None:
        own: dict[str, Preset] = {
            name: parse_preset(name, preset, name) for name, preset in done.presets.items()
        }
        self.presets = {**preset_library().presets, **own}


def accepted(done: Import) -> None:
    """TranscodeAsset takes what was made."""
    for name, data in done.jobs.items():
        documents = [(f"{name}[{index}]", one) for index, one in enumerate(data["output_assets"])]
        parse_outputs(documents, Library(done))


def test_a_job_with_all_that_belongs_to_it() -> None:
    done = imported(*FILES)
    accepted(done)
    assert done.presets == {
        "Our-540p-logo": {
            "name": "Our-540p-logo",
            "description": "What the site plays",
            "size": "960x540",
            "frame_rate": "auto",
            "video_bitrate": "1600k",
            "audio_bitrate": "96k",
            "video_codec": "libx264",
            "audio_codec": "aac",
            "video_codec_options": "MaxReferenceFrames:3,Profile:high,Level:3.1",
        }
    }
    data = done.jobs["job"]
    assert data["workflow"] == {"name": "TranscodeOutputs", "version": "1.0"}
    assert data["input_asset"] == {"type": "VIDEO", "bucket": "films", "file": "/in/film.mov"}
    assert data["user_metadata"] == {"film": "7"}
    own, shots, known, sound, playlist = data["output_assets"]
    assert own == {
        "type": "VIDEO",
        "bucket": "made",
        "file": "/out/film-540.mp4",
        "s3_encrypt": True,
        "kms_key_id": "arn:aws:kms:us-east-1:123456789012:key/1",
        "preset": "Our-540p-logo",
        "max_bitrate": "2200k",
        "sizing": "Fit",
        "padding": True,
        "audio_channels": 2,
        "start": "00:00:05.000",
        "duration": "10.5",
        "rotate": 90,
        "watermark": {
            "bucket": "films",
            "file": "/logo.png",
            "size": "96:-1",
            "opacity": 0.555,
            "x": -20,
            "y": -27,
        },
    }
    assert shots == {
        "type": "THUMB",
        "bucket": "thumbs",
        "file": "/out/shots/film-.jpg",
        "s3_rrs": True,
        "mode": "intervals",
        "intervals": 30.0,
        "size": "192:108",
    }
    assert known == {"type": "VIDEO", "bucket": "made", "file": "/out/film-720.mp4", "preset": "720p-generic"}
    assert (sound["type"], sound["start"]) == ("AUDIO", "7")
    assert (sound["file"], sound["audio_codec"], sound["audio_bitrate"]) == (
        "/out/film.mp3",
        "libmp3lame",
        "192k",
    )
    assert playlist == {
        "type": "PLAYLIST",
        "bucket": "made",
        "file": "/out/film.m3u8",
        "renditions": [
            {"preset": "hls2M-generic", "frame_rate": "auto", "max_bitrate": "1872k"},
            {"preset": "hls400k-generic", "frame_rate": "auto", "max_bitrate": "272k"},
        ],
        "formats": ["hls"],
        "segment_seconds": 10,
        "encryption": {"method": "AES-128", "key_url": "https://keys.example.com/film"},
    }


def _hls(span: dict[str, str] | None = None) -> dict[str, Any]:
    clip = {"Composition": [{"TimeSpan": span}]} if span else {}
    rendition: dict[str, Any] = {"PresetId": "1351620000001-200050", "SegmentDuration": "6"}
    outputs = [{"Key": "a", **rendition}, {"Key": "b", **rendition, **clip}]
    return {
        "Input": {"Key": "in.mov", "TimeSpan": {"StartTime": "10.5", "Duration": "30"}},
        "Outputs": [output(one) for one in outputs],
        "Playlists": [{"Name": "ladder", "Format": "HLSv3", "OutputKeys": ["a", "b"]}],
    }


def test_a_playlist_of_a_part_of_the_input() -> None:
    done = of_job(_hls())
    accepted(done)
    (playlist,) = done.jobs["job"]["output_assets"]
    assert (playlist["start"], playlist["duration"]) == ("10.5", "30")
    assert "start" not in playlist["renditions"][0]
    assert "TIME_SPAN" not in {note.code for note in done.notes}


def test_renditions_of_different_parts_of_the_input() -> None:
    done = of_job(_hls({"StartTime": "3"}))
    accepted(done)
    assert ("lost", "TIME_SPAN", "Playlists[0]") in found(done)


def test_what_is_not_as_it_was_is_told() -> None:
    told = {(note.level.value, note.code, note.where) for note in imported(*FILES).notes}
    assert told == {
        ("changed", "NOTIFICATIONS", "pipeline.json: Notifications"),
        ("changed", "MAX_FRAME_RATE", "preset.json: Video.MaxFrameRate"),
        ("changed", "BUFFER_SIZE", "preset.json: Video.CodecOptions.BufferSize"),
        ("changed", "KEY_FRAMES", "preset.json: Video.KeyframesMaxDist"),
        ("changed", "SAMPLE_RATE", "preset.json: Audio.SampleRate"),
        ("changed", "WATERMARK_PERCENT", "preset.json: Video.Watermarks[0]"),
        ("changed", "WATERMARK_SIZE", "preset.json: Video.Watermarks[0]"),
        ("changed", "THUMBNAIL_COUNT", "job.json: Outputs[0].ThumbnailPattern"),
        ("lost", "TIME_SPAN", "job.json: Outputs[0]"),
        ("changed", "SOUND_ONCE", "job.json: Playlists[0]"),
        ("changed", "SEGMENTS", "job.json: Playlists[0]"),
    }


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"Input": {"Key": "a.mov", "FrameRate": "25"}}, ("changed", "INPUT_PROBED", "Input.FrameRate")),
        ({"Input": {"Key": "a.wav"}, "Outputs": [output({"Key": "a.mp3", "PresetId": "1351620000001-300040"})]},
         ("changed", "INPUT_TYPE", "Input.Key")),
        ({"Input": {"Key": "a.mov", "InputCaptions": {"MergePolicy": "MergeRetain"}}},
         ("lost", "CAPTIONS_EMBEDDED", "Input.InputCaptions.MergePolicy")),
        (spoken({"TimeOffset": "-1.5"}),
         ("lost", "CAPTION_OFFSET", "Input.InputCaptions.CaptionSources[0].TimeOffset")),
        (spoken({"Label": "English"}), ("changed", "CAPTION_LABEL", "Input.InputCaptions.CaptionSources[0].Label")),
        (spoken({"Language": "pt-BR"}),
         ("changed", "CAPTION_LANGUAGE", "Input.InputCaptions.CaptionSources[0].Language")),
        (spoken({"Key": "en.scc"}), ("lost", "CAPTION_SOURCE", "Input.InputCaptions.CaptionSources[0].Key")),
        (spoken({"Encryption": {"Mode": "aes-ctr"}}),
         ("lost", "CAPTION_SOURCE", "Input.InputCaptions.CaptionSources[0].Encryption")),
        (spoken({}, {}), ("lost", "CAPTION_SOURCE", "Input.InputCaptions.CaptionSources[1]")),
        (spoken({"Novelty": 1}), ("lost", "KEY_UNKNOWN", "Input.InputCaptions.CaptionSources[0].Novelty")),
        (spoken({}, forms=[{"Format": "dfxp"}]),
         ("lost", "CAPTION_FORMAT", "Outputs[0].Captions.CaptionFormats[0]")),
        (spoken({}, forms=[{"Format": "srt", "Pattern": "x-{language}"}]),
         ("changed", "CAPTION_NAMES", "Outputs[0].Captions.CaptionFormats[0]")),
        (spoken({}, forms=[{"Format": "srt", "Encryption": {"Mode": "aes-ctr"}}]),
         ("changed", "ENCRYPTION", "Outputs[0].Captions.CaptionFormats[0].Encryption")),
        (spoken({}, preset="1351620000001-300040"), ("lost", "CAPTIONS", "Outputs[0].Captions")),
        ({"Input": {"Key": "a.mov", "Encryption": {"Mode": "aes-cbc-pkcs7"}}},
         ("refused", "INPUT_ENCRYPTED", "Input.Encryption")),
        ({"Input": None, "Inputs": [{"Key": "a.mov"}, {"Key": "b.mov"}]}, ("refused", "INPUTS", "Inputs")),
        ({"Outputs": [output({"PresetId": "1500000000000-absent"})]},
         ("refused", "PRESET_UNKNOWN", "Outputs[0].PresetId")),
        ({"Outputs": [output({"PresetId": "1351620000001-100200"})]},
         ("refused", "PRESET_UNUSABLE", "Outputs[0].PresetId")),
        ({"Outputs": [output({"AlbumArt": {"MergePolicy": "Replace"}})]}, ("lost", "ALBUMART", "Outputs[0].AlbumArt")),
        ({"Outputs": [output({"Captions": {"CaptionFormats": [{"Format": "srt"}]}})]},
         ("lost", "CAPTIONS_EMBEDDED", "Outputs[0].Captions")),
        ({"Outputs": [output({"Encryption": {"Mode": "aes-ctr", "Key": "…"}})]},
         ("lost", "ENCRYPTION", "Outputs[0].Encryption")),
        ({"Outputs": [output({"Watermarks": [{"PresetWatermarkId": "Left", "InputKey": "l.png"}]})]},
         ("lost", "WATERMARK_UNKNOWN", "Outputs[0].Watermarks[0]")),
        ({"Outputs": [output({"Composition": [{"TimeSpan": {"Duration": "1"}}, {"TimeSpan": {"Duration": "2"}}]})]},
         ("lost", "COMPOSITION", "Outputs[0].Composition")),
        ({"Outputs": [output({"Key": "made"})]}, ("changed", "EXTENSION", "Outputs[0].Key")),
        ({"Outputs": [output({"ThumbnailPattern": "{count}-{resolution}"})]},
         ("changed", "THUMBNAIL_NAMES", "Outputs[0].ThumbnailPattern")),
        ({"Outputs": [output({"Novelty": "yes"})]}, ("lost", "KEY_UNKNOWN", "Outputs[0].Novelty")),
        ({"Novelty": {"a": 1}}, ("lost", "KEY_UNKNOWN", "Novelty")),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_over(change: dict[str, Any], note: tuple[str, str, str]) -> None:
    done = of_job(job_of(change))
    assert note in found(done)
    accepted(done)


def test_captions_beside_and_in_a_video() -> None:
    german = {"Key": "subs/de.VTT", "Language": "ger", "TimeOffset": "00:00:00.000"}
    forms = [{"Format": "srt"}, {"Format": "webvtt"}, {"Format": "mov-text"}]
    done = of_job(job_of(spoken({}, german, forms=forms)))
    accepted(done)
    assert not done.notes
    english = {"bucket": "films", "file": "/en.srt", "language": "eng"}
    other = {"bucket": "films", "file": "/subs/de.VTT", "language": "ger"}
    (video,) = done.jobs["job"]["output_assets"]
    assert video["captions"] == [
        {**file, **form}
        for form in ({"format": "srt"}, {"format": "vtt"}, {"mode": "embed"})
        for file in (english, other)
    ]


def test_captions_that_an_output_names_itself_come_before_those_of_the_input() -> None:
    job = job_of(spoken({}, {"Key": "fr.srt", "Language": "fr"}))
    job["Outputs"][0]["Captions"]["CaptionSources"] = [{"Key": "own.srt", "Language": "eng"}]
    done = of_job(job)
    accepted(done)
    (video,) = done.jobs["job"]["output_assets"]
    assert [captions["file"] for captions in video["captions"]] == ["/own.srt", "/fr.srt"]


def test_outputs_that_want_no_captions_have_none() -> None:
    done = of_job(job_of({**spoken({}), "Outputs": [output({})]}))
    accepted(done)
    assert all("captions" not in made for made in done.jobs["job"]["output_assets"])
    assert not done.notes


@pytest.mark.parametrize("together", [True, False])
def test_captions_of_streams_are_tracks_of_their_playlist(together: bool) -> None:
    forms = {"CaptionFormats": [{"Format": "webvtt", "Pattern": "x"}]}
    rungs = [
        {"Key": f"hls/{number}", "PresetId": preset, "SegmentDuration": "6", "Captions": forms}
        for number, preset in enumerate(("1351620000001-200010", "1351620000001-200050"))
    ]
    job = job_of(spoken({}, {"Key": "fr.srt", "Language": "fr"}), outputs=rungs) | {"Outputs": rungs}
    if together:
        job["Playlists"] = [{"Name": "film", "Format": "HLSv4", "OutputKeys": ["hls/0", "hls/1"]}]
    done = of_job(job)
    accepted(done)
    outputs = done.jobs["job"]["output_assets"]
    assert len(outputs) == (1 if together else 2)
    for made in outputs:
        assert made["type"] == "PLAYLIST"
        assert [(track["file"], track["language"]) for track in made["captions"]] == [
            ("/en.srt", "eng"),
            ("/fr.srt", "fra"),
        ]
    assert {code for _, code, _ in found(done)} == {"SEGMENTS"}


LADDER = [
    {"Key": "dash/4.8m", "PresetId": "1351620000001-500020", "SegmentDuration": "7"},
    {"Key": "dash/600k", "PresetId": "1351620000001-500050", "SegmentDuration": "7"},
    {"Key": "dash/sound", "PresetId": "1351620000001-500060", "SegmentDuration": "7"},
]
KEYS = [one["Key"] for one in LADDER]


def playlists(*wanted: dict[str, Any]) -> tuple[Import, list[dict[str, Any]]]:
    done = of_job(job_of({"Playlists": list(wanted)}, outputs=LADDER))
    accepted(done)
    return done, done.jobs["job"]["output_assets"]


def test_a_ladder_for_dash() -> None:
    done, outputs = playlists({"Name": "film", "Format": "MPEG-DASH", "OutputKeys": KEYS})
    (playlist,) = outputs
    assert (playlist["file"], playlist["formats"], playlist["segment_seconds"]) == ("/film.mpd", ["dash"], 8)
    assert [one["preset"] for one in playlist["renditions"]] == [
        "MPEG-Dash-Video-4.8M",
        "MPEG-Dash-Video-600k",
    ]
    assert done.presets.keys() == {"MPEG-Dash-Video-4.8M", "MPEG-Dash-Video-600k"}
    assert ("changed", "SEGMENT_DURATION", "Outputs[0].SegmentDuration") in found(done)


def test_one_ladder_for_all_players() -> None:
    done, outputs = playlists(
        {"Name": "film", "Format": "MPEG-DASH", "OutputKeys": KEYS},
        {"Name": "film-apple", "Format": "HLSv4", "OutputKeys": KEYS},
    )
    (playlist,) = outputs
    assert (playlist["file"], playlist["formats"]) == ("/film.m3u8", ["hls", "dash"])
    assert ("changed", "PLAYLISTS_JOINED", "Playlists[1]") in found(done)


def test_smooth_streaming_becomes_dash_and_hls() -> None:
    done, (playlist,) = playlists(
        {
            "Name": "film",
            "Format": "Smooth",
            "OutputKeys": KEYS,
            "PlayReadyDrm": {"Format": "microsoft", "Key": "…", "LicenseAcquisitionUrl": "https://x.example"},
        }
    )
    assert playlist["formats"] == ["hls", "dash"]
    assert {("lost", "SMOOTH", "Playlists[0].Format"), ("lost", "DRM", "Playlists[0].PlayReadyDrm")} <= found(
        done
    )


def test_an_output_of_segments_alone_is_a_playlist() -> None:
    done = of_job(job_of({}, outputs=[{**LADDER[0], "PresetId": "1351620000001-200010"}]))
    accepted(done)
    (playlist,) = done.jobs["job"]["output_assets"]
    assert (playlist["type"], playlist["file"], playlist["formats"]) == (
        "PLAYLIST",
        "/dash/4.8m.m3u8",
        ["hls"],
    )


@pytest.mark.parametrize(
    ("path", "value", "note"),
    [
        (("Video", "Codec"), "gif", ("refused", "CODEC_UNSUPPORTED", "Video.Codec")),
        (("Container",), "mxf", ("refused", "CONTAINER_UNSUPPORTED", "Container")),
        (("Video", "BitRate"), "auto", ("changed", "BIT_RATE", "Video.BitRate")),
        (("Video", "CodecOptions", "Level"), "1b", ("changed", "CODEC_OPTION", "Video.CodecOptions.Level")),
        (("Video", "CodecOptions", "InterlacedMode"), "TopFirst",
         ("changed", "INTERLACED", "Video.CodecOptions.InterlacedMode")),
        (("Video", "CodecOptions", "ColorSpaceConversionMode"), "Bt601ToBt709",
         ("lost", "COLOUR_CONVERSION", "Video.CodecOptions.ColorSpaceConversionMode")),
        (("Video", "CodecOptions", "ChromaSubsampling"), "yuv422p",
         ("lost", "CHROMA", "Video.CodecOptions.ChromaSubsampling")),
        (("Video", "DisplayAspectRatio"), "16:9", ("changed", "ASPECT_RATIO", "Video.DisplayAspectRatio")),
        (("Video", "Novelty"), "x", ("lost", "KEY_UNKNOWN", "Video.Novelty")),
        (("Audio", "Codec"), "mp2", ("changed", "AUDIO_CODEC", "Audio.Codec")),
        (("Audio", "AudioPackingMode"), "OneChannelPerTrack", ("lost", "TRACKS", "Audio.AudioPackingMode")),
        (("Audio", "CodecOptions", "Profile"), "HE-AAC", ("changed", "AAC_PROFILE", "Audio.CodecOptions.Profile")),
        (("Thumbnails", "SizingPolicy"), "Fill", ("changed", "THUMBNAIL_SIZING", "Thumbnails.SizingPolicy")),
        (("Thumbnails", "PaddingPolicy"), "Pad", ("changed", "THUMBNAIL_PADDING", "Thumbnails.PaddingPolicy")),
    ],
)  # fmt: skip
def test_what_a_preset_says_that_ours_cannot(
    path: tuple[str, ...], value: str, note: tuple[str, str, str]
) -> None:
    preset = copy.deepcopy(PRESET)
    place = preset["Preset"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    done = imported(("job.json", preset))
    assert note in found(done)
    for name, ours in done.presets.items():
        parse_preset(name, ours, name)


def test_a_whole_list_of_presets() -> None:
    other = copy.deepcopy(PRESET["Preset"])
    other.update({"Id": "1500000000000-mine02", "Name": "720p-generic"})
    other["Video"]["BitRate"] = "900"
    system = {"Id": "1351620000001-000001", "Type": "System", "Name": "…", "Container": "mp4"}
    done = imported(("all.json", {"Presets": [PRESET["Preset"], other, system]}))
    assert done.presets.keys() == {"Our-540p-logo", "720p-generic-et"}  # ours of that name stays what it is


def test_what_read_job_prints_is_read_too() -> None:
    told = {"Job": {**JOB, "Id": "1", "Arn": "arn", "Status": "Complete", "Timing": {"SubmitTimeMillis": 1}}}
    told["Job"]["Outputs"] = [
        {**one, "Id": "1", "Status": "Complete", "Width": 960} for one in JOB["Outputs"]
    ]
    done = imported(("job.json", told), *FILES[1:])
    assert done.jobs == imported(*FILES).jobs
    assert done.notes == imported(*FILES).notes


def test_nobody_says_where_things_lie() -> None:
    with pytest.raises(ConfigError, match="--input-bucket and --output-bucket") as caught:
        imported(("job.json", JOB))
    assert caught.value.code == "BUCKETS_UNKNOWN"


@pytest.mark.parametrize("value", [[], {}, {"a": 1}, "text", {"Job": []}])
def test_what_is_none_of_them(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"x\.json is no preset, pipeline or job"):
        imported(("x.json", value))


def test_the_same_again_is_the_same() -> None:
    first, second = imported(*FILES), imported(*reversed(FILES))
    assert (first.presets, first.jobs) == (second.presets, second.jobs)
    assert {note.level for note in first.notes} == {Level.CHANGED, Level.LOST}
