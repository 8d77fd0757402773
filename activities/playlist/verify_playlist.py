"""Checks a ladder before anybody sees it: plays it as far as that goes without a player."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from activities.ffmpeg.workshop import Workshop
from activities.media.hls import IFRAMES, PLAYLIST
from activities.media.playlist_reading import Listing, read_main, read_manifest, read_media
from activities.playlist.packager import StreamFiles
from activities.playlist.segment_cipher import SegmentCipher, chunks, code
from activities.sandbox.ffmpeg import FFmpegError
from activities.verify.verify import invalid_output

_ROUNDING = Fraction(1, 1_000_000)
_HALF = Fraction(1, 2)


def verify_listings(
    streams: Sequence[StreamFiles],
    *,
    main: str | None,
    manifest: str | None,
    folder: str,
    texts: Sequence[str] = (),
) -> None:
    """Read all playlists back and compare them with the files.

    Args:
        streams: The ladder.
        main: The main playlist of HLS, if there is one.
        manifest: The manifest of DASH, if there is one.
        folder: The name of the ladder's folder, as the main playlists call it.
        texts: The names of its tracks of text.

    Raises:
        ActivityError: They do not say what was made, ``OUTPUT_INVALID``.
    """
    named = {files.stream.name: files for files in streams}
    if main is not None:
        listed = read_main(main)
        wanted = {f"{folder}/{name}/{PLAYLIST}" for name in (*named, *texts)}
        optional = {f"{folder}/{name}/{IFRAMES}" for name in named}
        if not wanted <= set(listed) <= wanted | optional:
            raise invalid_output("has a main playlist that does not list its streams")
        for name, files in named.items():
            listing = _read(files.folder / PLAYLIST, read_media)
            _compare(f"{name}/{PLAYLIST}", listing, files)
    if manifest is not None:
        listings = read_manifest(manifest)
        if listings.keys() != {*named, *texts}:
            raise invalid_output("has a manifest that does not list its streams")
        for name, files in named.items():
            _compare(name, listings[name], files, prefix=f"{folder}/{name}/")


def verify_alignment(streams: Sequence[StreamFiles]) -> None:
    """Check that the videos of a ladder are cut at the same points, to a frame.

    Raises:
        ActivityError: They are not, ``OUTPUT_INVALID``.
    """
    videos = [files.stream for files in streams if files.stream.track.kind == "video"]
    frame = max(1 / video.frame_rate for video in videos)
    first = [segment.start for segment in videos[0].segments]
    for video in videos[1:]:
        starts = [segment.start for segment in video.segments]
        if len(starts) != len(first) or any(
            abs(one - other) > frame for one, other in zip(starts, first, strict=True)
        ):
            raise invalid_output(f"has {video.name} cut at other points than {videos[0].name}")


def verify_segments(
    workshop: Workshop,
    streams: Sequence[StreamFiles],
    cipher: SegmentCipher | None,
    decodable: Callable[[str], bool],
) -> None:
    """Check that the first, the middle and the last segment of each stream decode by themselves.

    Args:
        workshop: FFmpeg.
        streams: The ladder.
        cipher: How it is encrypted, if it is.
        decodable: Whether a codec, by its RFC 6381 name, can be decoded here.

    Raises:
        ActivityError: One does not, ``OUTPUT_INVALID``.
    """
    directory = workshop.directory
    alone: list[str] = []
    for files in streams:
        if not decodable(files.stream.track.codec):
            continue
        paths = files.segments
        for number in sorted({0, len(paths) // 2, len(paths) - 1}):
            name = f"{files.folder.parent.name}-alone-{len(alone)}"
            alone.append(name)
            with (directory / name).open("wb") as file, paths[number].open("rb") as segment:
                file.write(files.initialization.read_bytes())
                coder = cipher.decryptor(files.starts[number]) if cipher is not None else None
                try:
                    code(coder, chunks(segment), file)
                except ValueError as error:
                    raise invalid_output("has a segment that cannot be decrypted") from error
    try:
        if not workshop.decodes_each(alone):
            raise invalid_output("has segments that cannot be decoded by themselves")
    except FFmpegError as error:
        raise invalid_output(f"has segments that cannot be decoded: {error.tail}") from error
    finally:
        for name in alone:
            (directory / name).unlink()


def _read(path: Path, reader: Callable[[str], Listing]) -> Listing:
    try:
        return reader(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError) as error:
        raise invalid_output(f"has a playlist {path.name} that {error}") from error


def _compare(what: str, listing: Listing, files: StreamFiles, *, prefix: str = "") -> None:
    names = [f"{prefix}{path.name}" for path in files.segments]
    there = all(path.is_file() for path in (files.initialization, *files.segments))
    if (
        not there
        or [entry.file for entry in listing.entries] != names
        or listing.initialization != f"{prefix}{files.initialization.name}"
    ):
        raise invalid_output(f"has a listing {what} of other files than its segments")
    wanted = [segment.duration for segment in files.stream.segments]
    found = [entry.seconds for entry in listing.entries]
    if any(abs(one - other) > _ROUNDING for one, other in zip(found, wanted, strict=True)):
        raise invalid_output(f"has a listing {what} of other durations than its segments have")
    if listing.target is not None and int(max(found) + _HALF) > listing.target:
        raise invalid_output(f"has a segment in {what} that is longer than players are told")
