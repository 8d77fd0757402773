"""Every key of PLAYLIST, by what FFmpeg makes of it."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from activities.ffmpeg.tools import decoders
from activities.media.locations import COMMON_KEYS
from activities.media.playlist_output import ENCRYPTION_KEYS, PLAYLIST_KEYS
from activities.media.playlist_reading import read_manifest
from cpe.errors import ActivityError, InvalidInput
from tests.media.clips import ClipMaker
from tests.media.ladders import CODECS, SMALLER, ClipsAt, LadderShop, preset

_PROVEN: set[str] = set()


def _proves(*keys: str) -> None:
    """Note which keys a test tries; the last test compares them with those that the parser reads."""
    _PROVEN.update(keys)


_SRT = b"1\n00:00:01,000 --> 00:00:07,500\nOne & two\n\n2\n00:00:12,000 --> 00:00:30,000\nThree\n"


def test_captions_are_tracks_of_text(shop: LadderShop, film: Path) -> None:
    _proves("captions")
    shop.environment.storage.put("media-in", "c.srt", _SRT)
    captions = {"bucket": "media-in", "file": "/c.srt", "language": "eng"}
    result = shop.run(film, captions=[captions, {**captions, "language": "deu"}, captions])
    files = ("00001.vtt", "00002.vtt", "00003.vtt", "captions.vtt", "playlist.m3u8")
    texts = ("text-1", "text-2", "text-3")
    assert [key for key in shop.keys if "/text-" in key] == [
        f"out/movie/{text}/{file}" for text in texts for file in files
    ]
    assert result["outputs"][-1]["captions"] == ["eng", "deu", "eng"]
    assert shop.text("out/movie/text-1/captions.vtt") == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:07.500\nOne &amp; two\n\n00:00:12.000 --> 00:00:13.000\nThree\n\n"
    )
    clock = "X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"
    one, two = (
        "00:00:01.000 --> 00:00:07.500\nOne &amp; two\n\n",
        "00:00:12.000 --> 00:00:13.000\nThree\n\n",
    )
    for number, cue in enumerate((one, one, two), start=1):
        assert shop.text(f"out/movie/text-1/{number:05d}.vtt") == f"WEBVTT\n{clock}\n{cue}"
    listing = shop.media("text-2")
    assert [entry.file for entry in listing.entries] == list(files[:3])
    assert [float(entry.seconds) for entry in listing.entries] == [6, 6, pytest.approx(1, abs=0.05)]
    main = shop.text("out/movie.m3u8")
    assert re.findall(r'TYPE=SUBTITLES,.*NAME="([^"]*)",LANGUAGE="(\w+)".*URI="([^"]*)"', main) == [
        ("eng", "en", "movie/text-1/playlist.m3u8"),
        ("deu", "de", "movie/text-2/playlist.m3u8"),
        ("eng 2", "en", "movie/text-3/playlist.m3u8"),
    ]
    assert all(variant["SUBTITLES"] == "text" for variant in shop.variants())
    manifest = shop.text("out/movie.mpd")
    assert re.findall(r'contentType="text" mimeType="text/vtt" lang="(\w+)"', manifest) == ["en", "de", "en"]
    assert "<BaseURL>movie/text-3/captions.vtt</BaseURL>" in manifest
    options = shop.environment.storage.options["media-out", "out/movie/text-1/00001.vtt"]
    assert options.content_type == "text/vtt; charset=utf-8"


@pytest.mark.parametrize("together", [True, False], ids=["together", "by itself"])
def test_a_part_of_the_film(
    shop: LadderShop, film: Path, media: ClipsAt, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    _proves("start", "duration")
    shop.environment.storage.put("media-in", "c.srt", _SRT)
    if not together:
        monkeypatch.setattr("activities.film.read_frames", lambda *_: None)
    captions = {"bucket": "media-in", "file": "/c.srt", "language": "eng"}
    (said,) = shop.run(film, captions=captions, start=2, duration="8.2")["outputs"][-1:]
    planned = "ladder.planned" in [event for _, event, _ in shop.environment.log.records]
    assert planned is together
    for stream in ("video-1", "video-2", "audio-1"):
        lasts = sum(float(entry.seconds) for entry in shop.media(stream).entries)
        assert lasts == pytest.approx(8.2, abs=0.05)
    assert said["duration"] == pytest.approx(8.2, abs=0.05)
    assert shop.text("out/movie/text-1/captions.vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:05.500\nOne &amp; two\n\n"
    )


def test_a_sound_that_ends_with_a_packet_of_its_own(shop: LadderShop, clips: ClipMaker) -> None:
    """FFmpeg takes the first packet of AAC for silence before the sound; the last segment may have no other."""
    video = ("-f", "lavfi", "-i", "testsrc2=d=6.2:s=160x90:r=25")
    for seconds in (6.1, 6.11, 6.12, 6.14, 6.16):
        sound = ("-f", "lavfi", "-i", f"sine=frequency=400:sample_rate=48000:duration={seconds}")
        film = clips.run("end.mp4", *video, *sound, "-c:v", "libx264", "-c:a", "aac")
        shop.run(film)


def test_a_part_that_no_film_has(shop: LadderShop, film: Path) -> None:
    for wish in ({"start": 60}, {"start": 1, "duration": "0.001"}):
        with pytest.raises(InvalidInput, match=r"The part (that )?starts at") as refused:
            shop.run(film, **wish)
        assert refused.value.code == "START_OUT_OF_RANGE"


def test_captions_of_the_film_itself_for_one_kind_of_player(shop: LadderShop, clips: ClipMaker) -> None:
    subtitles = clips.folder / "inside.srt"
    subtitles.write_bytes(_SRT)
    film = clips.run(
        "inside.mp4",
        *("-i", clips.mp4("outside.mp4", seconds=5), "-i", subtitles, "-c", "copy", "-c:s", "mov_text"),
        *("-metadata:s:s:0", "language=fra"),
    )
    shop.run(film, captions={"stream": "auto"}, formats=["hls"])
    assert "out/movie/text-1/captions.vtt" not in shop.keys
    assert "One &amp; two" in shop.text("out/movie/text-1/00001.vtt")
    assert 'LANGUAGE="fr"' in shop.text("out/movie.m3u8")


def test_a_ladder_and_its_names(shop: LadderShop, film: Path, media: ClipsAt) -> None:
    _proves("renditions", "formats", "segment_seconds")
    result = shop.run(film)
    streams = ("video-1", "video-2", "audio-1")
    files = ("00001.m4s", "00002.m4s", "00003.m4s", "init.mp4", "playlist.m3u8")
    assert shop.keys == sorted(
        [
            *("out/movie.m3u8", "out/movie.mpd"),
            *(f"out/movie/{stream}/{file}" for stream in streams for file in files),
        ]
    )
    assert shop.listed() == [f"movie/{stream}/playlist.m3u8" for stream in ("audio-1", "video-1", "video-2")]
    assert {output["key"]: output["content_type"] for output in result["outputs"]} == {
        "out/movie.m3u8": "application/vnd.apple.mpegurl",
        "out/movie.mpd": "application/dash+xml",
    }
    main = result["outputs"][-1]
    assert (main["streams"], main["segments"], main["duration"]) == (3, 9, pytest.approx(13, abs=0.05))
    assert [(one["width"], one["codecs"]) for one in main["renditions"]] == [
        (160, "avc1.64000C,mp4a.40.2"),
        (96, "avc1.640009,mp4a.40.2"),
    ]
    for stream in streams[:2]:
        listing = shop.media(stream)
        assert [entry.seconds for entry in listing.entries] == [6, 6, 1]
        assert listing.target == 6
        init = shop.get(f"out/movie/{stream}/{listing.initialization}")
        for number, entry in enumerate(listing.entries):
            frames = media.frames(init, shop.get(f"out/movie/{stream}/{entry.file}"))
            assert len(frames) == entry.seconds * 25
            assert frames[0]["key_frame"] == 1
            assert Fraction(frames[0]["pts_time"]) == 6 * number
    sound = shop.media("audio-1")
    assert float(sum(entry.seconds for entry in sound.entries)) == pytest.approx(13, abs=0.03)


def test_what_the_main_playlist_says_is_so(shop: LadderShop, film: Path) -> None:
    shop.run(film)
    for variant, stream, size in zip(
        shop.variants(), ("video-1", "video-2"), ("160x90", "96x54"), strict=True
    ):
        rates = [
            len(shop.get(f"out/movie/{stream}/{entry.file}")) * 8 / entry.seconds
            for entry in shop.media(stream).entries
        ]
        sounds = [
            len(shop.get(f"out/movie/audio-1/{entry.file}")) * 8 / entry.seconds
            for entry in shop.media("audio-1").entries
        ]
        assert int(variant["BANDWIDTH"]) == pytest.approx(float(max(rates) + max(sounds)), abs=2)
        assert max(rates) > int(variant["AVERAGE-BANDWIDTH"]) - max(sounds)
        assert (variant["RESOLUTION"], variant["FRAME-RATE"]) == (size, "25.000")
        assert variant["AUDIO"] == "audio-1"


@pytest.mark.parametrize(
    ("keys", "main", "listed"),
    [
        ({"formats": ["hls"]}, ["out/movie.m3u8"], True),
        ({"formats": "dash", "file": "out/movie.mpd"}, ["out/movie.mpd"], False),
        ({"formats": ["DASH", "HLS"], "file": "out/movie.mpd"}, ["out/movie.m3u8", "out/movie.mpd"], True),
    ],
)
def test_formats(
    shop: LadderShop, clips: ClipMaker, keys: dict[str, Any], main: list[str], listed: bool
) -> None:
    _proves("formats", "file")
    shop.run(clips.mp4("three.mp4", seconds=3), **keys)
    assert [key for key in shop.keys if key.count("/") == 1] == main
    assert ("out/movie/video-1/playlist.m3u8" in shop.keys) is listed
    assert "out/movie/video-2/00001.m4s" in shop.keys


@pytest.mark.parametrize(
    ("seconds", "durations"), [(2, [2] * 6 + [1]), ("4", [4, 4, 4, 1]), (10, [10, 3]), (60, [13])]
)
def test_segment_seconds(shop: LadderShop, film: Path, seconds: Any, durations: list[int]) -> None:
    _proves("segment_seconds")
    shop.run(film, segment_seconds=seconds)
    for stream in ("video-1", "video-2"):
        listing = shop.media(stream)
        assert [entry.seconds for entry in listing.entries] == durations
    for name, listing in read_manifest(shop.text("out/movie.mpd")).items():
        # The sound is cut at a frame of its own near the same point.
        slack = 0 if name.startswith("video") else 0.6
        assert [float(entry.seconds) for entry in listing.entries] == pytest.approx(durations, abs=slack)


@pytest.mark.parametrize("codec", CODECS)
def test_codecs(shop: LadderShop, media: ClipsAt, codec: str) -> None:
    _proves("renditions")
    made = {"preset": preset(codec), "audio_codec": "opus" if codec == "vp9" else "aac"}
    shop.run(
        media.clips.mp4("five.mp4", seconds=5),
        renditions=[made, made | {"size": "128:-1"}],
        segment_seconds=2,
    )
    sound = "opus" if codec == "vp9" else "mp4a.40.2"
    names = {
        "h264": r"avc1\.6400[0-9A-F]{2}",
        "vp9": r"vp09\.00\.\d\d\.08",
        "hevc": r"hvc1\.1\.6\.L\d\d\.90",
        "av1": r"av01\.0\.00M\.08",
    }
    for variant in shop.variants():
        assert re.fullmatch(f"{names[codec]},{re.escape(sound)}", variant["CODECS"])
    for stream in ("video-1", "video-2"):
        listing = shop.media(stream)
        assert [entry.seconds for entry in listing.entries] == [2, 2, 1]
        if codec != "av1" or {"libdav1d", "libaom-av1"} & decoders(media.clips.tools):
            init = shop.get(f"out/movie/{stream}/init.mp4")
            for entry in listing.entries:
                frames = media.frames(init, shop.get(f"out/movie/{stream}/{entry.file}"))
                assert len(frames) == entry.seconds * 25


def test_renditions_by_name_and_with_changes(shop: LadderShop, clips: ClipMaker) -> None:
    _proves("renditions")
    source = clips.mp4("big.mp4", seconds=3, size="320x180")
    shop.run(
        source,
        renditions=[
            "320x240-generic",
            {"preset": "320x240-generic", "size": "160x90", "frame_rate": "auto", "audio_bitrate": "32k"},
        ],
    )
    first, second = shop.variants()
    assert (first["RESOLUTION"], first["FRAME-RATE"], first["AUDIO"]) == ("320x180", "21.000", "audio-1")
    assert (second["RESOLUTION"], second["FRAME-RATE"], second["AUDIO"]) == ("160x90", "25.000", "audio-2")
    starts = [[entry.seconds for entry in shop.media(stream).entries] for stream in ("video-1", "video-2")]
    assert [len(durations) for durations in starts] == [1, 1]


def test_iframes(shop: LadderShop, film: Path, media: ClipsAt) -> None:
    _proves("iframes")
    shop.run(film, iframes=True)
    main = shop.text("out/movie.m3u8")
    lines = [line for line in main.splitlines() if line.startswith("#EXT-X-I-FRAME-STREAM-INF")]
    assert ['URI="movie/video-1/iframes.m3u8"' in lines[0], 'URI="movie/video-2/iframes.m3u8"' in lines[1]]
    assert "RESOLUTION=96x54" in lines[1]
    assert 'CODECS="avc1.640009"' in lines[1]
    text = shop.text("out/movie/video-1/iframes.m3u8")
    assert "#EXT-X-I-FRAMES-ONLY" in text
    listing = shop.media("video-1", playlist="iframes.m3u8")
    assert [entry.seconds for entry in listing.entries] == [2, 2, 2, 2, 2, 2, 1]
    init = shop.get("out/movie/video-1/init.mp4")
    for number, entry in enumerate(listing.entries):
        assert entry.offset is not None
        assert entry.size is not None
        content = shop.get(f"out/movie/video-1/{entry.file}")[entry.offset : entry.offset + entry.size]
        assert content[4:8] == b"moof"
        frame = media.frames(init, content)[0]
        assert (frame["key_frame"], float(frame["pts_time"])) == (1, 2.0 * number)


@pytest.mark.parametrize(
    ("wish", "place", "uri"),
    [
        ("AES-128", "media-out/out/movie.key", "../../movie.key"),
        ({"method": "aes-128"}, "media-out/out/movie.key", "../../movie.key"),
        ({"path": "keys", "file": "/a b"}, "media-out/keys/a b", "../../../keys/a%20b"),
        (
            {"bucket": "media-keys", "file": "7", "key_url": "https://keys.example/7?a=b"},
            "media-keys/7",
            "https://keys.example/7?a=b",
        ),
    ],
)
def test_encryption(shop: LadderShop, media: ClipsAt, wish: Any, place: str, uri: str) -> None:
    _proves("encryption", *(wish if isinstance(wish, dict) else ()))
    shop.environment.storage.make_bucket("media-keys")
    result = shop.run(media.clips.mp4("five.mp4", seconds=5), encryption=wish, segment_seconds=4)
    assert "out/movie.mpd" not in shop.keys
    bucket, _, name = place.partition("/")
    key = shop.environment.storage.get(bucket, name)
    assert len(key) == 16
    starts = set()
    for stream in ("video-1", "video-2", "audio-1"):
        init = shop.get(f"out/movie/{stream}/init.mp4")
        assert init[4:8] == b"ftyp", "it is not encrypted: the key comes after it"
        assert shop.text(f"out/movie/{stream}/playlist.m3u8").index("EXT-X-MAP") < shop.text(
            f"out/movie/{stream}/playlist.m3u8"
        ).index("EXT-X-KEY")
        for entry in shop.media(stream).entries:
            assert entry.key == uri
            assert entry.start is not None
            starts.add(entry.start)
            stored = shop.get(f"out/movie/{stream}/{entry.file}")
            assert b"moof" not in stored
            decryptor = Cipher(algorithms.AES128(key), modes.CBC(entry.start)).decryptor()
            unpadder = padding.PKCS7(128).unpadder()
            plain = unpadder.update(decryptor.update(stored) + decryptor.finalize()) + unpadder.finalize()
            assert plain[4:8] == b"styp"
            assert media.frames(init, plain)
    assert len(starts) == 6, "a start value of its own for each segment"
    for variant in shop.variants():
        assert int(variant["BANDWIDTH"]) > 0
    told = json.dumps([result, [event.result for event in shop.environment.events]])
    assert key.hex() not in told
    assert repr(key) not in told


def test_a_key_is_made_for_each_ladder(shop: LadderShop, clips: ClipMaker) -> None:
    keys = set()
    for _ in range(2):
        shop.run(clips.mp4("three.mp4", seconds=3), encryption="AES-128", renditions=[SMALLER])
        keys.add(shop.get("out/movie.key"))
    assert len(keys) == 2


def test_a_player_never_sees_half_a_ladder(
    shop: LadderShop, clips: ClipMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    upload = shop.environment.storage.upload

    def note(path: Path, bucket: str, key: str, *rest: Any) -> None:
        order.append(key)
        upload(path, bucket, key, *rest)

    monkeypatch.setattr(shop.environment.storage, "upload", note)
    shop.run(clips.mp4("five.mp4", seconds=5), encryption="AES-128", segment_seconds=2)
    kinds = [key.rpartition("/")[2].partition(".")[2] or key for key in order]
    places = {kind: [place for place, one in enumerate(kinds) if one == kind] for kind in set(kinds)}
    assert order[-1] == "out/movie.m3u8"
    assert max(places["m4s"] + places["key"]) < min(places["mp4"])
    assert max(places["mp4"]) < len(order) - 1


@pytest.mark.parametrize("wish", ["skip", "fail"])
def test_a_ladder_that_is_there(shop: LadderShop, clips: ClipMaker, wish: str) -> None:
    """Its main playlist tells; segments alone are what is left of an earlier try."""
    source = clips.mp4("three.mp4", seconds=3)
    shop.environment.storage.put("media-out", "out/movie/video-1/00001.m4s", b"left over")
    shop.run(source, on_exists=wish, encryption="AES-128")
    assert shop.get("out/movie/video-1/00001.m4s") != b"left over"
    before = {key: shop.get(key) for key in shop.keys}
    for key, content in before.items():  # as if another job had stored it
        shop.environment.storage.put("media-out", key, content)
    if wish == "fail":
        with pytest.raises(ActivityError) as caught:
            shop.run(source, on_exists=wish, encryption="AES-128")
        assert caught.value.code == "OUTPUT_EXISTS"
    else:
        result = shop.run(source, on_exists=wish, encryption="AES-128")
        assert result["outputs"] == [{"bucket": "media-out", "key": "out/movie.m3u8", "skipped": True}]
    assert {key: shop.get(key) for key in shop.keys} == before, "the key above all"


def test_keys_of_every_output(shop: LadderShop, clips: ClipMaker) -> None:
    _proves("type", "bucket", "file", "path", "s3_rrs", "s3_encrypt", "content_type", "metadata")
    shop.run(
        clips.mp4("three.mp4", seconds=3),
        path="/p/q/",
        file="a b.m3u8",
        s3_rrs=True,
        s3_encrypt="true",
        metadata={"a": "b"},
        content_type="application/x-own",
    )
    assert {key.rpartition("/")[0] for key in shop.keys} == {
        "p/q",
        *(f"p/q/a b/{stream}" for stream in ("video-1", "video-2", "audio-1")),
    }
    assert "a%20b/video-1/playlist.m3u8" in shop.text("p/q/a b.m3u8")
    assert 'media="a%20b/video-1/$Number%05d$.m4s"' in shop.text("p/q/a b.mpd")
    options = shop.environment.storage.options
    types = {key.rpartition(".")[2]: options["media-out", key].content_type for key in shop.keys}
    assert types["m4s"] == "video/iso.segment"
    assert types["mpd"] == "application/dash+xml"
    assert options["media-out", "p/q/a b.m3u8"].content_type == "application/x-own"
    assert options["media-out", "p/q/a b/audio-1/init.mp4"].content_type == "audio/mp4"
    assert (
        options["media-out", "p/q/a b/video-1/playlist.m3u8"].content_type == "application/vnd.apple.mpegurl"
    )
    for key in shop.keys:
        stored = options["media-out", key]
        assert (stored.reduced_redundancy, stored.encrypt, stored.metadata) == (True, True, {"a": "b"})


def test_every_key_is_proven() -> None:
    """Runs last in this file. What all outputs have in common is tried with VIDEO too."""
    wanted = (PLAYLIST_KEYS - COMMON_KEYS) | ENCRYPTION_KEYS
    if not {"iframes", "encryption", "metadata"} <= _PROVEN:
        pytest.skip("only a part of this file was run")
    assert wanted <= _PROVEN
