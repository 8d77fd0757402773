"""ValidateAsset: what it accepts, and all that it must not accept."""

from __future__ import annotations

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from activities.transcode_asset import TranscodeAsset
from activities.validate_asset import ValidateAsset
from cpe.errors import ConfigError, InvalidInput
from cpe.protocol.references import MAX_SWF_DATA
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker

_TEXT = "not a film\n" * 100
_HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{secret}\n#EXT-X-ENDLIST\n"
_CONCAT = "ffconcat version 1.0\nfile '{secret}'\n"
_MPD = '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>'


def _asset(file: str, kind: str = "VIDEO") -> dict[str, Any]:
    return {"input_asset": {"type": kind, "bucket": "media-in", "file": file}}


def test_a_film_is_described(environment: ActivityEnvironment, clip: Path) -> None:
    environment.storage.put("media-in", "clip.mp4", clip)
    outputs = [{"type": "VIDEO", "bucket": "media-out", "file": "x.mp4"}]
    result = environment.run(
        ValidateAsset(), _asset("/clip.mp4") | {"output_assets": outputs, "client": {"name": "A"}}
    )
    assert result["input_asset"] == {"type": "VIDEO", "bucket": "media-in", "file": "/clip.mp4"}
    assert result["output_assets"] == outputs
    assert result["metadata"] == result["input_metadata"]
    metadata = result["metadata"]
    assert (metadata["mime"], metadata["type"]) == ("video/mp4", "VIDEO")
    assert float(metadata["format"]["duration"]) == pytest.approx(2, abs=0.05)
    assert "filename" not in metadata["format"]
    assert [stream["codec_name"] for stream in metadata["streams"]] == ["h264", "aac"]
    assert environment.event_types == ["PREPARING"]


def test_what_it_says_can_go_into_transcode_asset(environment: ActivityEnvironment, clip: Path) -> None:
    environment.storage.put("media-in", "clip.mp4", clip)
    validated = environment.run(ValidateAsset(), _asset("clip.mp4"))
    output = {"type": "THUMB", "bucket": "media-out", "file": "t.jpg", "size": "32:-1"}
    environment.run(
        TranscodeAsset(), _asset("clip.mp4") | {"output_asset": output, "input_asset_metadata": validated}
    )
    assert environment.storage.keys("media-out") == ["t.jpg"]


def test_rotation_is_told(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    flat = clips.mp4("upright.mp4", seconds=0.4)
    turned = clips.turned("sideways.mp4", flat, 90)
    environment.storage.put("media-in", "x.mp4", turned)
    result = environment.run(ValidateAsset(), _asset("x.mp4"))
    assert result["metadata"]["streams"][0]["rotation"] == 90


def test_sound_alone(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    song = clips.run("song.flac", "-f", "lavfi", "-i", "sine=duration=1")
    environment.storage.put("media-in", "song.flac", song)
    result = environment.run(ValidateAsset(), _asset("song.flac", "AUDIO"))
    assert (result["metadata"]["type"], result["metadata"]["mime"]) == ("AUDIO", "audio/flac")
    with pytest.raises(InvalidInput) as caught:
        environment.run(ValidateAsset(), _asset("song.flac", "VIDEO"))
    assert caught.value.code == "INPUT_NO_VIDEO"


def test_a_raw_stream(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    raw = clips.run("raw.h264", "-f", "lavfi", "-i", "testsrc2=size=64x64:duration=1", "-pix_fmt", "yuv420p")
    environment.storage.put("media-in", "film", raw)
    assert environment.run(ValidateAsset(), _asset("film"))["metadata"]["streams"][0]["codec_name"] == "h264"


@pytest.mark.parametrize("container", ["mkv", "ts", "mov", "avi", "flv", "wmv"])
def test_containers(environment: ActivityEnvironment, clips: ClipMaker, container: str) -> None:
    film = clips.mp4(f"film.{container}", seconds=0.8)
    environment.storage.put("media-in", "film", film)
    assert environment.run(ValidateAsset(), _asset("film"))["metadata"]["mime"].startswith("video/")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "INPUT_EMPTY"),
        (_TEXT.encode(), "INPUT_NOT_MEDIA"),
        (b"\x00\x01\x02" * 5000, "INPUT_NOT_MEDIA"),
        (b"%PDF-1.7\n\xff\xfe\x00", "INPUT_TYPE_MISMATCH"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "INPUT_TRUNCATED"),
    ],
)
def test_what_is_no_film(environment: ActivityEnvironment, content: bytes, code: str) -> None:
    environment.storage.put("media-in", "film.mp4", content)
    with pytest.raises(InvalidInput) as caught:
        environment.run(ValidateAsset(), _asset("film.mp4"))
    assert caught.value.code == code
    assert str(environment.scratch) not in str(caught.value)


@pytest.mark.parametrize("activity", [ValidateAsset(), TranscodeAsset()], ids=["validate", "transcode"])
@pytest.mark.parametrize("text", [_HLS, _CONCAT, _MPD, "\0" + _CONCAT, _HLS + "\0\xff"])
def test_a_playlist_in_disguise_reads_nothing(
    environment: ActivityEnvironment, clip: Path, activity: ValidateAsset | TranscodeAsset, text: str
) -> None:
    environment.storage.put("media-in", "film.mp4", text.format(secret=clip).encode("latin-1"))
    output = {"type": "VIDEO", "bucket": "media-out", "file": "x.mp4", "preset": "320x240-generic"}
    with pytest.raises(InvalidInput) as caught:
        environment.run(activity, _asset("film.mp4") | {"output_asset": output})
    assert caught.value.code == "INPUT_NOT_MEDIA"
    assert environment.storage.keys("media-out") == []


@pytest.mark.parametrize("activity", [ValidateAsset(), TranscodeAsset()], ids=["validate", "transcode"])
@pytest.mark.parametrize(
    ("container", "share"), [("mp4", 0.5), ("mp4", 0.93), ("mkv", 0.5), ("mkv", 0.93), ("flv", 0.5)]
)
def test_a_film_that_is_cut_off(
    environment: ActivityEnvironment,
    clips: ClipMaker,
    activity: ValidateAsset | TranscodeAsset,
    container: str,
    share: float,
) -> None:
    content = clips.mp4(f"whole.{container}", seconds=8).read_bytes()
    environment.storage.put("media-in", "film", content[: int(len(content) * share)])
    output = {"type": "VIDEO", "bucket": "media-out", "file": "x.mp4", "preset": "320x240-generic"}
    with pytest.raises(InvalidInput) as caught:
        environment.run(activity, _asset("film") | {"output_asset": output})
    assert caught.value.code == "INPUT_TRUNCATED"


def test_a_stream_that_does_not_decode(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    film = bytearray(clips.mp4("sound.mp4", "-an", seconds=0.4).read_bytes())
    start = film.index(b"mdat") + 4
    film[start:] = bytes(len(film) - start)
    environment.storage.put("media-in", "film.mp4", bytes(film))
    with pytest.raises(InvalidInput) as caught:
        environment.run(ValidateAsset(), _asset("film.mp4"))
    assert caught.value.code == "INPUT_UNDECODABLE"


def test_a_text_is_told_from_its_first_bytes(
    environment: ActivityEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.storage.put("media-in", "film.mp4", _TEXT.encode())
    monkeypatch.delattr(type(environment.storage), "download")
    with pytest.raises(InvalidInput, match="is a text"):
        environment.run(ValidateAsset(), _asset("film.mp4"))


def test_a_result_may_be_longer_than_swf_carries(environment: ActivityEnvironment, clip: Path) -> None:
    environment.storage.put("media-in", "clip.mp4", clip)
    outputs = [{"type": "VIDEO", "bucket": "media-out", "file": f"{'x' * 900}{n}.mp4"} for n in range(40)]
    result = environment.run(ValidateAsset(), _asset("clip.mp4") | {"output_assets": outputs})
    assert len(json.dumps(result)) > MAX_SWF_DATA


def test_noise_in_a_file_does_not_fill_the_result(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    noisy = clips.mp4(
        "noisy.mkv", "-metadata", "comment=" + "x" * 40_000, "-metadata", "title=" + "y" * 999, seconds=0.4
    )
    environment.storage.put("media-in", "film", noisy)
    result = environment.run(ValidateAsset(), _asset("film"))
    assert len(json.dumps(result)) < 10_000
    assert result["metadata"]["format"]["tags"]["title"] == "y" * 200


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"ffmpeg": "/no/such/ffmpeg"}, "FFMPEG_NOT_FOUND"),
        ({"ffmpg": "x"}, "SETTINGS_INVALID"),
        ({"max_input_bytes": "many"}, "SETTINGS_INVALID"),
        ({"presets": "/no/such/folder"}, "PRESETS_INVALID"),
    ],
)
def test_a_worker_that_cannot_work_does_not_start(settings: dict[str, Any], code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TranscodeAsset().check_worker(settings)
    assert caught.value.code == code


def test_an_input_above_the_limit(tmp_path: Path, tools: object, clip: Path) -> None:
    environment = ActivityEnvironment(tmp_path, settings={"max_input_bytes": 1000})
    environment.storage.put("media-in", "clip.mp4", clip)
    with pytest.raises(InvalidInput) as caught:
        environment.run(ValidateAsset(), _asset("clip.mp4"))
    assert caught.value.code == "INPUT_TOO_LARGE"


def test_a_web_address_in_a_closed_network(environment: ActivityEnvironment) -> None:
    value = {"input_asset": {"type": "VIDEO", "http": "http://169.254.169.254/latest/meta-data/"}}
    with pytest.raises(InvalidInput) as caught:
        environment.run(ValidateAsset(), value)
    assert caught.value.code == "URL_FORBIDDEN"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def test_an_input_from_the_web(tmp_path: Path, clip: Path) -> None:
    environment = ActivityEnvironment(tmp_path, settings={"allow_private_networks": True})
    handler = partial(_Quiet, directory=str(clip.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/{clip.name}"
            result = environment.run(ValidateAsset(), {"input_asset": {"type": "VIDEO", "http": address}})
        finally:
            server.shutdown()
            thread.join()
    assert result["input_asset"] == {"type": "VIDEO", "http": address}
    assert result["metadata"]["mime"] == "video/mp4"
