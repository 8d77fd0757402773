"""Segments and playlists as values and texts, and what is found when they do not fit together."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from activities.ffmpeg.tools import Tools
from activities.ffmpeg.workshop import Workshop
from activities.media.boxes import BoxError, Fragment, boxes, read_fragments
from activities.media.dash import manifest
from activities.media.fragment_command import Kind, TrackCopy, fragment_arguments, sample_arguments
from activities.media.hls import (
    Cipher,
    Variant,
    iframe_playlist,
    main_playlist,
    media_playlist,
    segment_name,
    target_seconds,
)
from activities.media.packaging import STYLE, PackagedStream, last_cell, package
from activities.media.playlist_reading import read_main, read_manifest, read_media
from activities.media.track import Track, read_track
from activities.playlist.packager import Packager, StreamFiles
from activities.playlist.segment_cipher import SegmentCipher, code
from activities.playlist.verify_playlist import verify_alignment, verify_listings, verify_segments
from cpe.activity import Cancellation
from cpe.errors import ActivityError
from tests.media.clips import ClipMaker
from tests.media.test_command import _LIMITS, _RUN

_VIDEO = Track(kind="video", timescale=1000, codec="avc1.64001F", size=(640, 360))
_AUDIO = Track(kind="audio", timescale=48000, codec="mp4a.40.2", sample_rate=48000, channels=2)


def _fragments(
    *starts: int, length: int, samples: int, size: int, before: int = 0, key: bool = True
) -> list[Fragment]:
    return [
        Fragment(
            start=number * size,
            head=100,
            size=size,
            first=50,
            clock=number * size + 60,
            decoded=start,
            shown=start + before,
            end=start + before + length,
            samples=samples,
            key=key,
        )
        for number, start in enumerate(starts)
    ]


def _video(name: str = "video-1", size: int = 10_000) -> PackagedStream:
    return package(name, _VIDEO, _fragments(0, 2000, 4000, length=2000, samples=50, size=size), seconds=4)


def _audio(language: str | None = "eng") -> PackagedStream:
    starts = [number * 24_576 for number in range(12)]
    fragments = _fragments(*starts, length=24_576, samples=24, size=1000)
    return package("audio-1", _AUDIO, fragments, seconds=4, language=language)


def _times(stream: PackagedStream) -> list[tuple[float, float]]:
    return [(float(segment.start), float(segment.duration)) for segment in stream.segments]


def test_the_command_that_makes_fragments() -> None:
    copies = [
        TrackCopy(source="a", target="b", codec="h264", kind=Kind.VIDEO),
        TrackCopy(source="c", target="d", codec="hevc", kind=Kind.VIDEO),
        TrackCopy(source="a", target="e", codec="aac", kind=Kind.AUDIO, language="eng"),
    ]
    flags = "-movflags +frag_discont+delay_moov+default_base_moof+skip_trailer"
    assert " ".join(fragment_arguments(copies)) == (
        f"{_RUN} -copyts -progress pipe:1 -stats_period 0.5 "
        f"{_LIMITS} -i a {_LIMITS} -i c {_LIMITS} -i a "
        f"-map 0:v:0 -c copy -map_metadata -1 -map_chapters -1 {flags}+frag_keyframe -f mp4 b "
        f"-map 1:v:0 -c copy -map_metadata -1 -map_chapters -1 -tag:v hvc1 {flags}+frag_keyframe -f mp4 d "
        "-map 2:a:0 -c copy -map_metadata -1 -map_chapters -1 -metadata:s:a:0 language=eng "
        f"{flags} -frag_duration 500000 -f mp4 e"
    )


def test_the_command_that_looks_at_segments() -> None:
    whole = "-flags2 +skip_manual"
    frame = "-frames:v 1 -frames:a 1 -fps_mode passthrough -f framecrc pipe:1"
    assert " ".join(sample_arguments(["a", "b"])) == (
        f"{_RUN} -copyts {_LIMITS} {whole} -i a {_LIMITS} {whole} -i b -map 0:0 {frame} -map 1:0 {frame}"
    )


def test_segments_begin_together_as_near_as_samples_allow() -> None:
    video, audio = _video(), _audio()
    assert _times(video) == [(0, 4), (4, 2)]
    # Fragments of sound are 0.512 s long; the first after 4 s starts at 4.096 s.
    assert [float(segment.start) for segment in audio.segments] == [0, 4.096]
    assert float(audio.duration) == 6.144
    assert video.segments[0].size == len(STYLE) + 20_000
    assert (video.peak, video.average) == (40_096, 40_064)
    assert (float(video.frame_rate), target_seconds([video, audio])) == (25, 4)
    assert [(frame.segment, frame.offset, frame.size) for frame in video.key_frames()] == [
        (0, 24, 150),
        (0, 10_024, 150),
        (1, 24, 150),
    ]


def test_what_is_decoded_before_the_start_is_not_heard() -> None:
    """AAC: 1024 samples before 0 in the first fragment; the clock is put forward by as many."""
    stream = package(
        "audio-1", _AUDIO, _fragments(-1024, 23_552, length=24_576, samples=24, size=1000), seconds=2
    )
    assert stream.shift == 1024
    assert _times(stream) == [(0, 48_128 / 48_000)]


def test_frames_in_another_order_than_they_are_shown_in() -> None:
    track = replace(_VIDEO, before=80)
    fragments = _fragments(0, 2000, length=2000, samples=50, size=9, before=80)
    stream = package("video-1", track, fragments, seconds=2)
    assert _times(stream) == [(0, 2), (2, 2)]
    assert [frame.start for frame in stream.key_frames()] == [0, 2]


def test_a_frame_after_the_end_of_another_video_belongs_to_the_last_segment() -> None:
    ends, longer = (
        _fragments(0, 2000, length=2000, samples=50, size=9),
        _fragments(0, 2000, 4000, length=2000, samples=50, size=9),
    )
    late = [*longer[:2], replace(longer[2], end=4040, samples=1)]
    last = last_cell([(_VIDEO, ends), (_VIDEO, late)], 2)
    assert last == 1
    assert _times(package("v", _VIDEO, late, seconds=2, last=last)) == [(0, 2), (2, 2.04)]
    # A second and more is missing in the other.
    assert len(_times(package("v", _VIDEO, longer, seconds=2, last=last))) == 3


def test_tracks_that_cannot_be_cut() -> None:
    with pytest.raises(BoxError, match="no samples"):
        package("video-1", _VIDEO, [], seconds=2)
    with pytest.raises(BoxError, match="no key frame at the start of a segment"):
        package("v", _VIDEO, _fragments(0, 2000, length=2000, samples=50, size=9, key=False), seconds=2)


def test_a_playlist_of_segments() -> None:
    text = media_playlist(_video(), target=4)
    assert text == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        '#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI="init.mp4"\n'
        "#EXTINF:4.000000,\n00001.m4s\n#EXTINF:2.000000,\n00002.m4s\n#EXT-X-ENDLIST\n"
    )
    listing = read_media(text)
    assert (listing.initialization, listing.target) == ("init.mp4", 4)
    assert [(entry.file, float(entry.seconds), entry.key) for entry in listing.entries] == [
        ("00001.m4s", 4, None),
        ("00002.m4s", 2, None),
    ]


def test_the_key_comes_after_what_is_not_encrypted() -> None:
    starts = [bytes(range(16)), bytes(16)]
    text = media_playlist(_video(), target=4, cipher=Cipher(url="../k?a=1", starts=starts))
    assert '#EXT-X-MAP:URI="init.mp4"\n#EXT-X-KEY:METHOD=AES-128,URI="../k?a=1",IV=0x000102' in text
    assert [(entry.key, entry.start) for entry in read_media(text).entries] == [
        ("../k?a=1", start) for start in starts
    ]


def test_a_playlist_of_key_frames() -> None:
    text = iframe_playlist(_video(), target=4)
    assert "#EXT-X-I-FRAMES-ONLY\n" in text
    assert "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:150@10024\n00001.m4s\n" in text
    assert [(entry.offset, entry.size) for entry in read_media(text).entries] == [
        (24, 150),
        (10_024, 150),
        (24, 150),
    ]


def test_a_main_playlist() -> None:
    audio = _audio()
    variants = [Variant(video=_video(), audio=audio), Variant(video=_video("video-2", 5000), audio=audio)]
    text = main_playlist(variants, folder="a%20b", iframes=True)
    assert text.splitlines()[:4] == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio-1",NAME="eng",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,'
        'CHANNELS="2",URI="a%20b/audio-1/playlist.m3u8"',
    ]
    bandwidth = variants[0].video.peak + audio.peak
    assert (
        f"#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},AVERAGE-BANDWIDTH={variants[0].average},"
        'CODECS="avc1.64001F,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=25.000,AUDIO="audio-1"\n'
        "a%20b/video-1/playlist.m3u8\n"
    ) in text
    assert read_main(text) == [
        *("a b/audio-1/playlist.m3u8", "a b/video-1/playlist.m3u8", "a b/video-2/playlist.m3u8"),
        *("a b/video-1/iframes.m3u8", "a b/video-2/iframes.m3u8"),
    ]


def test_a_manifest() -> None:
    text = manifest([_video(), _video("video-2", 5000), _audio()], folder="a%20b", segment_seconds=4)
    assert 'mediaPresentationDuration="PT6.144S" minBufferTime="PT4.000S"' in text
    assert text.count("<AdaptationSet") == 2
    assert 'contentType="audio" mimeType="audio/mp4" lang="en"' in text
    listings = read_manifest(text)
    assert listings.keys() == {"video-1", "video-2", "audio-1"}
    assert listings["video-2"].initialization == "a b/video-2/init.mp4"
    assert [(entry.file, float(entry.seconds)) for entry in listings["video-1"].entries] == [
        ("a b/video-1/00001.m4s", 4),
        ("a b/video-1/00002.m4s", 2),
    ]


def test_equal_segments_are_counted() -> None:
    starts = [number * 2000 for number in range(5)]
    fragments = [
        *_fragments(*starts[:4], length=2000, samples=50, size=9),
        *_fragments(starts[4], length=500, samples=12, size=9),
    ]
    text = manifest([package("video-1", _VIDEO, fragments, seconds=2)], folder="a", segment_seconds=2)
    assert '<S t="0" d="2000" r="3"/>' in text
    assert '<S d="500"/>' in text
    assert [entry.seconds for entry in read_manifest(text)["video-1"].entries] == [2, 2, 2, 2, Fraction(1, 2)]


def test_an_encrypted_segment_is_what_it_was() -> None:
    cipher = SegmentCipher()
    start = cipher.new_start()
    stored, plain = io.BytesIO(), io.BytesIO()
    code(cipher.encryptor(start), [b"abc" * 7, b"d"], stored)
    assert len(stored.getvalue()) == 32
    code(cipher.decryptor(start), [stored.getvalue()[:5], stored.getvalue()[5:]], plain)
    assert plain.getvalue() == b"abc" * 7 + b"d"
    with pytest.raises(ValueError, match=r"."):
        code(SegmentCipher().decryptor(start), [stored.getvalue()[:-1]], plain)
    assert cipher.key.hex() not in repr(cipher)
    assert repr(cipher.key) not in repr(cipher)


@pytest.mark.parametrize("content", [b"\0\0\0\x04free", b"\0\0\0\x20free", b"\0\0\0\x01free" + b"\0" * 8])
def test_boxes_that_are_none(content: bytes) -> None:
    with pytest.raises(BoxError):
        list(boxes(content))


@pytest.fixture
def workshop(tools: Tools, tmp_path: Path) -> Workshop:
    return Workshop(tools=tools, directory=tmp_path, cancellation=Cancellation(), encode_seconds=60)


@pytest.fixture
def made(workshop: Workshop, clips: ClipMaker) -> list[StreamFiles]:
    """A ladder of two videos and a sound, 5 s long, on the disk."""
    grid = ("-force_key_frames", "expr:gte(t,n_forced*2)", "-sc_threshold", "0", "-g", "500")
    shutil.copy(clips.mp4("ladder.mp4", *grid, seconds=5), workshop.directory / "one")
    shutil.copy(workshop.directory / "one", workshop.directory / "two")
    packager = Packager(workshop=workshop, folder=workshop.directory / "x-streams", seconds=2, cipher=None)
    streams = packager.pack(
        [
            ("video-1", TrackCopy(source="one", target="c1", codec="h264", kind=Kind.VIDEO)),
            ("video-2", TrackCopy(source="two", target="c2", codec="h264", kind=Kind.VIDEO)),
            ("audio-1", TrackCopy(source="one", target="c3", codec="aac", kind=Kind.AUDIO)),
        ]
    )
    target = target_seconds([files.stream for files in streams])
    for files in streams:
        (files.folder / "playlist.m3u8").write_text(media_playlist(files.stream, target=target))
    return streams


def _texts(streams: list[StreamFiles]) -> tuple[str, str]:
    tracks = [files.stream for files in streams]
    variants = [Variant(video=video, audio=tracks[2]) for video in tracks[:2]]
    return (
        main_playlist(variants, folder="m", iframes=False),
        manifest(tracks, folder="m", segment_seconds=2),
    )


def _check(workshop: Workshop, streams: list[StreamFiles]) -> None:
    main, mpd = _texts(streams)
    verify_alignment(streams)
    verify_listings(streams, main=main, manifest=mpd, folder="m")
    verify_segments(workshop, streams, None, lambda _: True)


def test_a_sound_ladder_passes(workshop: Workshop, made: list[StreamFiles]) -> None:
    _check(workshop, made)
    assert [len(files.segments) for files in made] == [3, 3, 3]
    assert not [
        path.name for path in workshop.directory.iterdir() if "alone" in path.name or path.name[0] == "c"
    ]
    with made[0].segments[1].open("rb") as file:
        (fragment,) = read_fragments(file)
    assert (fragment.samples, fragment.key) == (50, True)
    assert read_track(made[2].initialization.read_bytes()).before == 1024


def test_a_segment_that_is_not_there(workshop: Workshop, made: list[StreamFiles]) -> None:
    made[1].segments[1].unlink()
    with pytest.raises(ActivityError, match="of other files than its segments"):
        _check(workshop, made)


def test_a_playlist_that_lacks_a_segment(workshop: Workshop, made: list[StreamFiles]) -> None:
    path = made[0].folder / "playlist.m3u8"
    path.write_text(path.read_text().replace(f"{segment_name(2)}\n", ""))
    with pytest.raises(ActivityError, match="of other files than its segments"):
        _check(workshop, made)


def test_a_playlist_that_says_other_durations(workshop: Workshop, made: list[StreamFiles]) -> None:
    path = made[0].folder / "playlist.m3u8"
    path.write_text(path.read_text().replace("#EXTINF:1.", "#EXTINF:1.9"))
    with pytest.raises(ActivityError, match="other durations than its segments"):
        _check(workshop, made)


def test_a_playlist_that_is_cut_off(workshop: Workshop, made: list[StreamFiles]) -> None:
    path = made[0].folder / "playlist.m3u8"
    path.write_text(path.read_text().replace("#EXT-X-ENDLIST\n", ""))
    with pytest.raises(ActivityError, match="no playlist that ends"):
        _check(workshop, made)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_segment_whose_samples_are_damaged(
    workshop: Workshop, made: list[StreamFiles], number: int
) -> None:
    path = made[0].segments[number]
    content = path.read_bytes()
    start = content.index(b"mdat") + 4
    path.write_bytes(content[:start] + b"\xff" * (len(content) - start))
    with pytest.raises(ActivityError, match="cannot be decoded"):
        _check(workshop, made)


def test_videos_that_are_cut_at_other_points(made: list[StreamFiles]) -> None:
    stream = made[1].stream
    late = [replace(segment, start=segment.start + Fraction(1, 20)) for segment in stream.segments]
    moved = replace(made[1], stream=replace(stream, segments=late))
    with pytest.raises(ActivityError, match="video-2 cut at other points than video-1"):
        verify_alignment([made[0], moved])
