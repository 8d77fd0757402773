"""The index of Matroska files: what FFmpeg writes, what others may, and what nobody should."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.ffmpeg.tools import find_tools
from activities.media.matroska import HEADER, Cue, Layout, cues_length, read_cues, read_layout
from tests.media.clips import ClipMaker


def _size(length: int) -> bytes:
    """Write a size in eight bytes, as live streams do, so that it may be anything."""
    return (length | 1 << 56).to_bytes(8)


def _element(name: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return bytes.fromhex(name) + _size(len(body)) + body


def _number(name: str, value: int) -> bytes:
    return _element(name, value.to_bytes(max((value.bit_length() + 7) // 8, 1)))


def _cue(time: int, track: int, place: int) -> bytes:
    positions = _element("b7", _number("f7", track), _number("f1", place))
    return _element("bb", _number("b3", time), positions)


_EBML = _element("1a45dfa3")
_SEEK_CUES = _element(
    "114d9b74", _element("4dbb", _element("53ab", bytes.fromhex("1c53bb6b")), _number("53ac", 777))
)
_SOUND = _element("ae", _number("d7", 1), _number("83", 2))
_PICTURE = _element("ae", _number("d7", 2), _number("83", 1))
_TRACKS = _element("1654ae6b", _SOUND, _PICTURE)
_CLUSTERS = bytes.fromhex("1f43b675") + b"\x01" + b"\xff" * 7 + b"frames"


def _file(*content: bytes, size: bytes = b"\x01" + b"\xff" * 7) -> bytes:
    return _EBML + bytes.fromhex("18538067") + size + b"".join(content)


_BASE = len(_file())


def test_the_beginning_tells_where_the_cues_are() -> None:
    layout = read_layout(_file(_SEEK_CUES, _TRACKS, _CLUSTERS))
    assert layout == Layout(base=_BASE, cues=_BASE + 777, video=2, tick=Fraction(1, 1000))


def test_ticks_may_be_others_than_milliseconds() -> None:
    info = _element("1549a966", _number("2ad7b1", 100_000))
    layout = read_layout(_file(_SEEK_CUES, info, _TRACKS, _CLUSTERS))
    assert layout is not None
    assert layout.tick == Fraction(1, 10_000)


def test_cues_in_front_are_found_where_they_lie() -> None:
    before = _file(_TRACKS)
    layout = read_layout(_file(_TRACKS, _element("1c53bb6b", _cue(0, 2, 99)), _CLUSTERS))
    assert layout is not None
    assert layout.cues == len(before)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x00" * 64,
        _EBML,
        _file(),
        _file(_TRACKS, _CLUSTERS),
        _file(_SEEK_CUES, _CLUSTERS),
        _file(_SEEK_CUES, _CLUSTERS, _TRACKS),
        _file(_SEEK_CUES, _element("1654ae6b", _SOUND), _CLUSTERS),
        _file(_SEEK_CUES, _element("1654ae6b", _PICTURE, _PICTURE), _CLUSTERS),
        _file(_SEEK_CUES, _element("1549a966", _number("2ad7b1", 0)), _TRACKS, _CLUSTERS),
        _file(_SEEK_CUES, _TRACKS)[:-3],
    ],
    ids=lambda head: f"{len(head)} bytes",
)
def test_what_does_not_tell_tells_nothing(head: bytes) -> None:
    assert read_layout(head) is None


def test_cues_of_the_picture_in_order_of_time() -> None:
    layout = Layout(base=50, cues=0, video=2, tick=Fraction(1, 1000))
    cues = _element("1c53bb6b", _cue(4000, 2, 700), _cue(2000, 2, 300), _cue(3000, 1, 500), _element("bb"))
    assert cues_length(cues[:HEADER]) == len(cues)
    assert read_cues(layout, cues) == [Cue(Fraction(2), 350), Cue(Fraction(4), 750)]


@pytest.mark.parametrize("header", [b"", b"\x00" * HEADER, bytes.fromhex("1c53bb6b"), _CLUSTERS[:HEADER]])
def test_what_are_no_cues_have_no_length(header: bytes) -> None:
    assert cues_length(header) is None


@settings(deadline=None)
@given(data=st.data())
def test_anything_may_stand_there(data: st.DataObject) -> None:
    whole = bytearray(_file(_SEEK_CUES, _TRACKS, _element("1c53bb6b", _cue(1, 2, 3)), _CLUSTERS))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=8)):
        whole[place] = data.draw(st.integers(0, 255))
    content = bytes(whole) if data.draw(st.booleans()) else data.draw(st.binary(max_size=200))
    layout = read_layout(content)
    if layout is not None:
        assert layout.tick > 0
        assert all(cue.place >= layout.base for cue in read_cues(layout, content[layout.cues :]))


@pytest.fixture(scope="module")
def film(clips: ClipMaker) -> Path:
    return clips.make("film.mkv", "-c:v", "libx264", "-g", "20", "-bf", "2", "-c:a", "libopus", seconds=5)


@pytest.mark.parametrize(
    "options",
    [(), ("-cues_to_front", "1"), ("-reserve_index_space", "5000")],
    ids=["behind", "front", "reserved"],
)
def test_files_of_ffmpeg(clips: ClipMaker, film: Path, options: tuple[str, ...]) -> None:
    name = f"film{len(options)}{options[:1]}.mkv"
    content = clips.run(name, "-i", str(film), "-c", "copy", *options).read_bytes()
    layout = read_layout(content[:10_000])
    assert layout is not None
    length = cues_length(content[layout.cues : layout.cues + HEADER])
    assert length is not None
    cues = read_cues(layout, content[layout.cues : layout.cues + length])
    assert [cue.time for cue in cues] == _key_frames(clips.folder / name)
    assert all(content[cue.place :].startswith(bytes.fromhex("1f43b675")) for cue in cues)


def test_a_webm_without_cues(clips: ClipMaker, film: Path) -> None:
    path = clips.run("live.mkv", "-i", str(film), "-c", "copy", "-live", "1")
    assert read_layout(path.read_bytes()[:10_000]) is None


def _key_frames(path: Path) -> list[Fraction]:
    asked = ("-select_streams", "v", "-show_entries", "packet=pts_time,flags", "-of", "json")
    ffprobe = find_tools(None, None).ffprobe
    done = subprocess.run([ffprobe, "-v", "error", *asked, path], capture_output=True, check=True)
    packets = json.loads(done.stdout)["packets"]
    return [Fraction(one["pts_time"]) for one in packets if "K" in one["flags"]]
