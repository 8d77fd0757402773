"""Captions that anybody wrote become ours."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.media.cues import (
    MAX_BYTES,
    Cue,
    CueError,
    decode,
    parse_cues,
    part_of,
    write_srt,
    write_webvtt,
)


def _cue(start: str, end: str, text: str) -> Cue:
    return Cue(start=Fraction(start), end=Fraction(end), text=text)


def test_srt_with_marks_of_its_time() -> None:
    content = (
        b"\xef\xbb\xbf1\r\n00:00:01,5 --> 00:00:02,250\r\n<font color=red>One</font>\r\n<I>two</I>\r\n\r\n"
    )
    assert parse_cues(decode(content, None)) == (_cue("1.5", "2.25", "One\n<i>two</i>"),)


def test_webvtt_without_its_notes_styles_settings_and_voices() -> None:
    text = """WEBVTT - a film

STYLE
::cue { background-image: url(http://127.0.0.1/x) }

NOTE 00:00:01.000 is a time

first
00:01.000 --> 00:02.000 align:start position:0%
<v Fred>Fish &amp; <b>chips</b> &lt;3

1:00:03.000 --> 1:00:04.000
<c.loud>Later<00:03.500> yet</c>
"""
    assert parse_cues(text) == (
        _cue("1", "2", "Fish & <b>chips</b> <3"),
        _cue("3603", "3604", "Later yet"),
    )


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (r"{\\an8}{\\pos(10,10)}Up", "Up"),
        ("a --> b", "a → b"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("2 < 3 > 1", "2 < 3 > 1"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("<b>bold", "<b>bold"),
    ],
)
def test_markup_that_is_not_kept(line: str, text: str) -> None:
    (cue,) = parse_cues(f"1\n00:00:01,000 --> 00:00:02,000\n{line.replace(chr(92) * 2, chr(92))}\n")
    assert cue.text == text


def test_what_is_damaged_is_left_out() -> None:
    text = (
        "1\n00:00:02,000 --> 00:00:01,000\nbackwards\n\nno times\n\n3\n00:00:05,000 --> 00:00:06,000\n\n4\n"
    )
    with pytest.raises(CueError, match="no captions"):
        parse_cues(text)
    assert parse_cues(text + "00:00:08,000 --> 00:00:09,000\nok")[0].text == "ok"


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        ("größer".encode(), None, "größer"),
        ("größer".encode("cp1252"), None, "größer"),
        ("größer".encode("utf-16"), None, "größer"),
        ("größer".encode("utf-8-sig"), "iso-8859-1", "größer"),
        ("Ещё".encode("cp1251"), "cp1251", "Ещё"),
    ],
)
def test_encodings(content: bytes, encoding: str | None, text: str) -> None:
    assert decode(content, encoding) == text


def test_what_cannot_be_decoded() -> None:
    with pytest.raises(CueError, match="not written in utf-8"):
        decode(b"gr\xf6\xdfer", "utf-8")
    with pytest.raises(CueError, match="Windows-1252"):
        decode(b"\x81\x8d", None)
    with pytest.raises(CueError, match="more than 4194304 bytes"):
        decode(bytes(5 * 1024 * 1024), None)


def test_too_many() -> None:
    with pytest.raises(CueError, match="more than 20000"):
        parse_cues("00:00:01,000 --> 00:00:02,000\nx\n\n" * 20_001)


def test_those_of_a_part() -> None:
    cues = (_cue("0", "1", "a"), _cue("1", "3", "b"), _cue("4", "9", "c"), _cue("9", "10", "d"))
    assert part_of(cues, Fraction(2), Fraction(4)) == (_cue("0", "1", "b"), _cue("2", "4", "c"))
    assert part_of(cues, Fraction(9), None) == (_cue("0", "1", "d"),)


def test_how_they_are_written() -> None:
    cues = (_cue("1.5", "3661.25", "<i>a</i> & <b\nc"),)
    assert write_srt(cues) == "1\n00:00:01,500 --> 01:01:01,250\n<i>a</i> & <b\nc\n\n"
    assert write_webvtt(cues) == "WEBVTT\n\n00:00:01.500 --> 01:01:01.250\n<i>a</i> &amp; &lt;b\nc\n\n"


@given(st.text(st.characters(codec="utf-8"), max_size=200))
@settings(deadline=None)
def test_any_text_is_written_so_that_it_reads_the_same(text: str) -> None:
    try:
        cues = parse_cues(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n")
    except CueError:
        return
    written = write_srt(cues)
    assert parse_cues(written) == cues
    assert "\0" not in written
    assert [cue.text for cue in parse_cues(write_webvtt(cues))] == [cue.text for cue in cues]


@pytest.mark.parametrize(
    "unit", ["<a", "{\\", "x\n", "\n", " ", "<b>", "&#x", "1:", "00:00:01,000 --> 00:00:02,000\n<a b>\n\n"]
)
def test_a_file_of_nothing_but_traps_is_read_at_once(unit: str) -> None:
    """The work grows with the size and no faster; else some of these would take minutes."""
    text = "1\n00:00:01,000 --> 00:00:02,000\n" + unit * (MAX_BYTES // len(unit) // 4)
    try:
        cues = parse_cues(text)
    except CueError:
        return
    assert sum(len(cue.text) for cue in cues) <= 50_000
