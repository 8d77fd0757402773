"""Playlists by a fleet: what SplitAsset, TranscodeSegment and JoinAsset make is what TranscodeAsset makes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from activities.discard_segments import DiscardSegments
from activities.media.playlist_reading import Listing, read_manifest, read_media
from activities.transcode_asset import TranscodeAsset
from cpe.errors import ActivityError, InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.fleet import (
    FILMS,
    cut_and_join,
    encode_part,
    frames_of,
    job_of,
    join_parts,
    made_file,
    split_film,
)
from tests.media.ladders import CODECS, SMALL, SMALLER, preset


def _playlist(folder: str, **changes: Any) -> dict[str, Any]:
    output = {"type": "PLAYLIST", "bucket": "media-out", "file": f"{folder}/movie.m3u8"}
    return {**output, "renditions": [SMALL, SMALLER], "segment_seconds": 2, **changes}


@dataclass(frozen=True, slots=True)
class Ladder:
    """A published ladder, as a player loads it."""

    environment: ActivityEnvironment
    folder: str

    def get(self, name: str) -> bytes:
        """Return one of its objects."""
        return self.environment.storage.get("media-out", f"{self.folder}/{name}")

    @property
    def names(self) -> list[str]:
        """All its objects."""
        keys = self.environment.storage.keys("media-out")
        return [key.removeprefix(f"{self.folder}/") for key in keys if key.startswith(f"{self.folder}/")]

    def listing(self, stream: str) -> Listing:
        """Return the playlist of a stream."""
        return read_media(self.get(f"movie/{stream}/playlist.m3u8").decode())

    def segments(self, stream: str) -> list[bytes]:
        """Return the segments of a stream."""
        return [self.get(f"movie/{stream}/{entry.file}") for entry in self.listing(stream).entries]

    def frames(self, stream: str, clips: ClipMaker, folder: Path) -> list[tuple[str, str]]:
        """Decode a whole picture; return times and hashes of its frames."""
        return frames_of(clips, self._whole(stream, folder))

    def sound(self, stream: str, clips: ClipMaker, folder: Path) -> list[tuple[float, str]]:
        """Return the times and the hashes of the packets of a whole sound."""
        path = self._whole(stream, folder)
        packets = clips.probe(path, "-show_packets", "-show_data_hash", "md5")["packets"]
        return [(float(packet["pts_time"]), packet["data_hash"]) for packet in packets]

    def _whole(self, stream: str, folder: Path) -> Path:
        path = folder / f"{self.folder}-{stream}.mp4"
        path.write_bytes(self.get(f"movie/{stream}/init.mp4") + b"".join(self.segments(stream)))
        return path


@pytest.mark.parametrize("name", [name for name in FILMS if name != "25"])
@pytest.mark.usefixtures("lossless")
def test_a_ladder_is_what_one_worker_makes(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, name: str
) -> None:
    source = FILMS[name](clips)
    renditions = [SMALL, {**SMALLER, "frame_rate": 50}, {**SMALLER, "audio_bitrate": "32k", "loudness": -30}]
    changes = {"renditions": renditions, "iframes": True}
    joined = cut_and_join(environment, source, [_playlist("joined", **changes)])["outputs"]
    whole: Any = environment.run(TranscodeAsset(), job_of(source, [_playlist("whole", **changes)]))
    assert [output["key"] for output in joined] == ["joined/movie.mpd", "joined/movie.m3u8"]
    for one, other in zip(joined, whole["outputs"], strict=True):
        assert one.keys() == other.keys()
        assert [one[key] for key in ("streams", "segments")] == [
            other[key] for key in ("streams", "segments")
        ]
        assert one["duration"] == pytest.approx(other["duration"], abs=0.001)
    fleet, single = Ladder(environment, "joined"), Ladder(environment, "whole")
    assert fleet.names == single.names
    for stream in ("video-1", "video-2", "video-3"):
        assert fleet.frames(stream, clips, tmp_path) == single.frames(stream, clips, tmp_path)
        seconds = [[entry.seconds for entry in ladder.listing(stream).entries] for ladder in (fleet, single)]
        # Where a film starts between two frames, the grid of one run may lie a frame beside that of cuts.
        assert seconds[0] == pytest.approx(seconds[1], abs=0.021)
    for stream in ("audio-1", "audio-2"):
        if f"movie/{stream}/init.mp4" in single.names:
            assert fleet.listing(stream) == single.listing(stream)
            heard = [ladder.sound(stream, clips, tmp_path) for ladder in (fleet, single)]
            assert [size for _, size in heard[0]] == [size for _, size in heard[1]]
            starts = [[start for start, _ in packets] for packets in heard]
            assert starts[0] == pytest.approx(starts[1], abs=0.001), "MP4 rounds to a millisecond"
    assert environment.storage.keys("media-out") == sorted(
        f"{ladder.folder}/{key}" for ladder in (fleet, single) for key in ladder.names
    ), "the parts are gone"


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec != "h264"])
def test_ladders_of_other_codecs(environment: ActivityEnvironment, clips: ClipMaker, codec: str) -> None:
    sound = "opus" if codec == "vp9" else "aac"
    renditions = [{"preset": preset(codec, audio_codec=sound), "size": size} for size in ("160x90", "128x72")]
    result = cut_and_join(environment, FILMS["25"](clips), [_playlist("out", renditions=renditions)])
    assert [output["segments"] for output in result["outputs"]] == [9, 9]
    ladder = Ladder(environment, "out")
    manifest = read_manifest(ladder.get("movie.mpd").decode())
    assert manifest.keys() == {"video-1", "video-2", "audio-1"}
    assert [float(entry.seconds) for entry in manifest["video-2"].entries] == [2, 2, 2]


def test_videos_and_playlists_of_one_job(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    source = FILMS["29.97"](clips)
    video = {"type": "VIDEO", "bucket": "media-out", "file": "x.mp4", **SMALLER, "audio_bitrate": "32k"}
    secret = _playlist("secret", encryption="AES-128", formats=["hls"], renditions=[SMALL])
    result = cut_and_join(environment, source, [secret, video, _playlist("plain")])
    keys = ["secret/movie.m3u8", "x.mp4", "plain/movie.mpd", "plain/movie.m3u8"]
    assert [output["key"] for output in result["outputs"]] == keys
    wanted = len(frames_of(clips, source))
    assert len(frames_of(clips, made_file(environment, "x.mp4", tmp_path))) == wanted
    plain = Ladder(environment, "plain")
    for stream in ("video-1", "video-2"):
        assert len(plain.frames(stream, clips, tmp_path)) == wanted
    assert len(Ladder(environment, "secret").get("movie.key")) == 16
    assert plain.segments("audio-1")[0] not in Ladder(environment, "secret").segments("audio-1")
    assert [key for key in environment.storage.keys("media-out") if key.startswith("cpe-work")] == []
    done = {
        event.result["output"] for event in environment.events if event.result and "part" not in event.result
    }
    assert done == {"secret/movie.m3u8", "x.mp4", "plain/movie.m3u8"}


_SRT = b"1\n00:00:01,000 --> 00:00:03,500\nOne & <i>two</i>\n\n2\n00:00:04,000 --> 00:00:30,000\nThree\n"


def test_captions_beside_and_as_tracks(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    inside = tmp_path / "inside.srt"
    inside.write_bytes(_SRT)
    source = clips.run(
        "titled.mp4",
        *("-i", FILMS["25"](clips), "-i", inside, "-c", "copy", "-c:s", "mov_text"),
        *("-metadata:s:s:0", "language=fra"),
    )
    environment.storage.put("media-in", "c.srt", _SRT)
    captions = [{"bucket": "media-in", "file": "c.srt", "language": "eng"}, {"stream": "auto"}]
    video = {"type": "VIDEO", "bucket": "media-out", **SMALLER, "captions": captions}

    def outputs(folder: str) -> list[dict[str, Any]]:
        return [{**video, "file": f"{folder}/x.mp4"}, _playlist(folder, captions=captions)]

    joined = cut_and_join(environment, source, outputs("joined"))["outputs"]
    whole: Any = environment.run(TranscodeAsset(), job_of(source, outputs("whole")))
    facts = [
        [(one["key"].partition("/")[2], one.get("language"), one.get("captions")) for one in outputs]
        for outputs in (joined, whole["outputs"])
    ]
    assert facts[0] == facts[1]
    fleet, single = Ladder(environment, "joined"), Ladder(environment, "whole")
    assert fleet.names == single.names
    texts = [name for name in fleet.names if name.endswith(".vtt")]
    assert {"x.eng.vtt", "x.vtt", "movie/text-2/captions.vtt"} < set(texts)
    assert [fleet.get(name) for name in texts] == [single.get(name) for name in texts]
    assert b"One &amp; <i>two</i>" in fleet.get("movie/text-2/captions.vtt")
    assert [key for key in environment.storage.keys("media-out") if key.startswith("cpe-work")] == []


def test_captions_that_are_not_there_are_told_before_anything_is_made(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    with pytest.raises(InvalidInput) as caught:
        split_film(environment, FILMS["25"](clips), [_playlist("out", captions={"stream": "auto"})])
    assert caught.value.code == "CAPTIONS_NOT_FOUND"


def test_captions_in_the_work_folder_are_read_with_care(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    source = FILMS["25"](clips)
    environment.storage.put("media-in", "c.srt", _SRT)
    split = split_film(
        environment, source, [_playlist("out", captions={"bucket": "media-in", "file": "c.srt"})]
    )
    (key,) = environment.storage.keys("media-out")
    assert key.endswith("/captions-0")
    environment.storage.put("media-out", key, b"none")
    with pytest.raises(InvalidInput) as caught:
        join_parts(environment, source, split)
    assert caught.value.code == "CAPTIONS_INVALID"
    environment.run(DiscardSegments(), {"split": split["split"], "parts": split["parts"]})
    assert environment.storage.keys("media-out") == []


def test_nothing_of_a_playlist_is_published_while_a_part_is_missing(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    source = FILMS["25"](clips)
    split = split_film(environment, source, [_playlist("out")])
    for part in split["parts"][:-1]:
        encode_part(environment, source, split, part)
    with pytest.raises(ActivityError, match="segment-0002") as caught:
        join_parts(environment, source, split)
    assert caught.value.code == "OBJECT_NOT_FOUND"
    ladder = Ladder(environment, "out")
    assert ladder.names == []
    encode_part(environment, source, split, split["parts"][-1])
    before = environment.storage.keys("media-out")
    encode_part(environment, source, split, split["parts"][1])
    assert environment.storage.keys("media-out") == before, "a part that is made again replaces itself"
    join_parts(environment, source, split)
    assert len(ladder.segments("video-2")) == 3


def test_a_part_with_other_frames_is_not_packaged(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    source = FILMS["25"](clips)
    split = split_film(environment, source, [_playlist("out")])
    for part in split["parts"]:
        encode_part(environment, source, split, part)
    environment.storage.put("media-out", f"{split['split']['folder']}/segment-0001/output-1", source)
    with pytest.raises(ActivityError) as caught:
        join_parts(environment, source, split)
    assert caught.value.code == "OUTPUT_INVALID"
    assert Ladder(environment, "out").names == []


def test_a_playlist_that_is_there_is_left(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    environment.storage.put("media-out", "there/movie.m3u8", b"x")
    there, new = _playlist("there", on_exists="skip"), _playlist("new", on_exists="skip")
    split = split_film(environment, FILMS["25"](clips), [there, new])
    assert (split["outputs"], split["others"]) == ([new], [there])
