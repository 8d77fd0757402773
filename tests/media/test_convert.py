"""Commands for pictures, run for real: a job from end to end, and what a command that got through could reach."""

from __future__ import annotations

import io
import json
import shlex
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from activities.media.image_formats import PICTURE_FORMATS
from activities.pictures.magick import Magick, find_magick
from activities.sandbox import landlock
from activities.transcode_asset import TranscodeAsset
from cpe.activity import Cancellation
from cpe.errors import ActivityCancelled, ActivityError, InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.magicks import BLUE, LIME, RED, Darkroom, magick_of, quadrants, sources, written

_SECRET = "canary-7d20c4"
_ORIGINAL = "convert ${input_file} -resize 20x20^ -gravity center -extent 20x20 -quality 80 ${output_file}"

needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


@pytest.fixture(params=[6, 7])
def magick(request: pytest.FixtureRequest) -> Magick:
    found = magick_of(request.param)
    if found is None:
        pytest.skip(f"ImageMagick {request.param} is not installed")
    return found


@pytest.fixture
def shop(tmp_path: Path, tools: object, magick: Magick) -> ActivityEnvironment:
    return _environment(tmp_path, imagemagick=str(magick.program))


def _environment(folder: Path, **settings: Any) -> ActivityEnvironment:
    environment = ActivityEnvironment(folder, settings={"custom_cmd": True, **settings})
    environment.storage.make_bucket("media-in")
    environment.storage.make_bucket("media-out")
    return environment


def _run(
    environment: ActivityEnvironment, content: bytes, *outputs: dict[str, Any], source: str = "in.png"
) -> list[dict[str, Any]]:
    environment.storage.put("media-in", source, content)
    job: dict[str, Any] = {
        "input_asset": {"type": "IMAGE", "bucket": "media-in", "file": source},
        "output_assets": [{"type": "IMAGE", "bucket": "media-out", **output} for output in outputs],
    }
    said: list[dict[str, Any]] = environment.run(TranscodeAsset(), job)["outputs"]
    return said


def _picture(environment: ActivityEnvironment, key: str) -> Image.Image:
    return Image.open(io.BytesIO(environment.storage.get("media-out", key)))


def _program(folder: Path, name: str, said: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{said}\n")
    program.chmod(0o755)
    return program


_SAYS = "echo 'Version: ImageMagick {} Q16 x86_64 https://imagemagick.org'"


def test_a_job_with_commands_and_without(shop: ActivityEnvironment) -> None:
    said = _run(
        shop,
        sources()["quadrants"],
        {"file": "a.jpg", "custom_cmd": _ORIGINAL},
        {"file": "b.png", "resize": "40x40"},
        {"file": "c.*", "custom_cmd": "magick ${input_file} -flip ${output_file}"},
        {"file": "d.webp", "custom_cmd": "magick convert -rotate 90 ${input_file} ${output_file}"},
    )
    assert [(one["key"], one["width"], one["height"], one["codecs"]) for one in said] == [
        ("a.jpg", 20, 20, {"image": "jpeg"}),
        ("b.png", 40, 30, {"image": "png"}),
        ("c.png", 80, 60, {"image": "png"}),
        ("d.webp", 60, 80, {"image": "webp"}),
    ]
    assert [_picture(shop, one["key"]).format for one in said] == ["JPEG", "PNG", "PNG", "WEBP"]
    assert [one["content_type"] for one in said] == ["image/jpeg", "image/png", "image/png", "image/webp"]
    assert all(one["size"] and len(one["sha256"]) == 64 for one in said)
    assert _picture(shop, "c.png").convert("RGB").getpixel((5, 5)) == BLUE
    assert not shop.scratch.exists()


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_formats(shop: ActivityEnvironment, source: str) -> None:
    half = "convert ${input_file} -resize 50% ${output_file}"
    said = _run(
        shop,
        written(quadrants(), source),
        *({"file": f"a.{extension}", "custom_cmd": half} for extension in PICTURE_FORMATS),
        source="named-otherwise.xyz",
    )
    for one in said:
        made = _picture(shop, one["key"]).convert("RGB")
        assert made.size == (one["width"], one["height"]) == (40, 30)
        for place, colour in (((5, 5), RED), ((35, 5), LIME), ((5, 25), BLUE)):
            found = made.getpixel(place)
            assert isinstance(found, tuple)
            assert all(abs(one - other) < 30 for one, other in zip(found, colour, strict=True))


def test_an_animation_stays_one_where_it_can(shop: ActivityEnvironment) -> None:
    content = sources()["moving"]
    small = "convert ${input_file} -coalesce -resize 20x20 -layers optimize ${output_file}"
    said = _run(
        shop,
        content,
        {"file": "a.gif", "custom_cmd": small},
        {"file": "b.jpg", "custom_cmd": small},
        {"file": "c.gif", "custom_cmd": "convert ${input_file}[0] -strip ${output_file}"},
        source="in.gif",
    )
    assert [one.get("frames") for one in said] == [3, None, None]
    assert said[0]["width"] == 20


def test_only_the_first_page_is_read(shop: ActivityEnvironment) -> None:
    pages = [Image.new("RGB", (30, 20), colour) for colour in (RED, LIME, BLUE)]
    content = written(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    _run(shop, content, {"file": "a.tiff", "custom_cmd": "convert ${input_file} -strip ${output_file}"})
    made = _picture(shop, "a.tiff")
    assert getattr(made, "n_frames", 1) == 1
    assert made.convert("RGB").getpixel((5, 5)) == RED


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        ("-crop 20x20", "OUTPUT_INVALID", r"s3://media-out/a\.png was not made, or several"),
        ("-resize 70000x", "OUTPUT_TOO_LARGE", "larger picture than is made"),
        ("-scale 60000x60000!", "OUTPUT_TOO_LARGE", "larger picture than is made"),
    ],
)
def test_what_cannot_be_made(shop: ActivityEnvironment, words: str, code: str, complaint: str) -> None:
    with pytest.raises(ActivityError, match=complaint) as caught:
        _run(
            shop,
            sources()["quadrants"],
            {"file": "a.png", "custom_cmd": f"convert ${{input_file}} {words} ${{output_file}}"},
        )
    assert caught.value.code == code
    assert not caught.value.retryable
    assert shop.storage.keys("media-out") == []


@pytest.mark.parametrize(
    ("scratch", "content", "words"),
    [
        (3_000_000, written(quadrants(), "PNG"), "-resize 3000x"),
        (20_000_000, written(quadrants().resize((9000, 6000)), "PNG"), "-scale 30000x20000!"),
        (300_000, written(quadrants(), "PNG"), "-resize 1000x"),
    ],
)
def test_too_little_room(tmp_path: Path, magick: Magick, scratch: int, content: bytes, words: str) -> None:
    environment = _environment(tmp_path, imagemagick=str(magick.program), max_scratch_bytes=scratch)
    with pytest.raises(ActivityError, match=f"the {scratch} bytes of scratch space") as caught:
        _run(
            environment,
            content,
            {"file": "a.bmp", "custom_cmd": f"convert ${{input_file}} {words} ${{output_file}}"},
        )
    assert caught.value.code == "DISK_QUOTA"


def _bomb() -> bytes:
    content = bytearray(written(Image.new("L", (8, 8)), "BMP"))
    content[18:26] = (20_000).to_bytes(4, "little") * 2
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (written(quadrants(), "JPEG"), "came out as JPEG instead of BMP"),
        (written(quadrants(), "BMP")[:500], "cannot be read again: The picture is cut off"),
        (b"label:@/etc/passwd", "cannot be read again: The input is no picture"),
        (_bomb(), "cannot be read again: .* 134217728 pixels"),
        (None, "was not made, or several pictures were"),
    ],
)
def test_what_was_made_is_looked_at(
    tmp_path: Path, tools: object, content: bytes | None, complaint: str
) -> None:
    """A program that says it is ImageMagick, and makes something else."""
    made = tmp_path / "lib" / "made"
    made.parent.mkdir()
    made.write_bytes(content or b"")
    does = f"cp {made} made" if content else "true"
    program = _program(
        tmp_path / "bin", "convert", f"{_SAYS.format('6.9.11-60')}\n[ $1 = -version ] || {does}"
    )
    environment = _environment(tmp_path, imagemagick=str(program))
    with pytest.raises(ActivityError, match=rf"s3://media-out/a\.bmp {complaint}") as caught:
        _run(environment, sources()["quadrants"], {"file": "a.bmp", "custom_cmd": _ORIGINAL})
    assert caught.value.code == "OUTPUT_INVALID"
    assert environment.storage.keys("media-out") == []


def test_one_that_fails_publishes_none(shop: ActivityEnvironment) -> None:
    with pytest.raises(ActivityError):
        _run(
            shop,
            sources()["quadrants"],
            {"file": "a.png", "custom_cmd": _ORIGINAL},
            {"file": "b.png", "resize": "5x5"},
            {"file": "c.png", "custom_cmd": "convert ${input_file} -crop 20x20 ${output_file}"},
        )
    assert shop.storage.keys("media-out") == []


_DRAWINGS = {
    "SVG": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{secret}"/></svg>',
    "MVG": "push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 9,9 '{address}'\npop graphic-context\n",
    "MSL": '<?xml version="1.0"?><image><read filename="{secret}"/><write filename="{canary}"/></image>',
    "EPS": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({secret}) (r) file\n",
    "PDF": "%PDF-1.4\n1 0 obj <</F ({secret})>> endobj\n",
    "a list of files": "{secret}\n{secret}\n",
    "PLT": "@{secret}",
}


@pytest.mark.parametrize("drawing", _DRAWINGS)
@pytest.mark.parametrize("name", ["in.png", "msl:in.svg"])
def test_what_is_no_picture_never_gets_to_imagemagick(
    tmp_path: Path, tools: object, drawing: str, name: str
) -> None:
    noted = tmp_path / "noted"
    fake = tmp_path / "convert"
    fake.write_text(
        f'#!/bin/sh\necho "Version: ImageMagick 6.9.11-60"\n[ "$1" = -version ] || touch {noted}\n'
    )
    fake.chmod(0o755)
    text = _DRAWINGS[drawing].format(secret="/etc/passwd", address="http://127.0.0.1:1/", canary=noted)
    with pytest.raises(InvalidInput) as caught:
        _run(
            _environment(tmp_path, imagemagick=str(fake)),
            text.encode(),
            {"file": "a.png", "custom_cmd": _ORIGINAL},
            source=name,
        )
    assert caught.value.code == "INPUT_NOT_MEDIA"
    assert not noted.exists()


def test_a_bomb_never_gets_to_imagemagick(shop: ActivityEnvironment) -> None:
    with pytest.raises(InvalidInput) as caught:
        _run(shop, _bomb(), {"file": "a.png", "custom_cmd": _ORIGINAL})
    assert caught.value.code in {"INPUT_TOO_LARGE", "INPUT_TRUNCATED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """What a command could reach: a planted text, a planted picture, a server, and a place to write."""

    text: Path
    picture: Path
    canary: Path
    server: socket.socket

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.getsockname()[1]}"

    def was_called(self) -> bool:
        try:
            self.server.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def site(tmp_path: Path) -> Iterator[_Site]:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret.txt").write_text(f"{_SECRET}\n" * 5)
    (folder / "secret.png").write_bytes(written(Image.new("RGB", (33, 33), (1, 2, 3)), "PNG"))
    (folder / "x.msl").write_text(
        f'<image><read filename="{folder}/secret.png"/><write filename="PNG:{folder}/canary"/></image>'
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield _Site(
            text=folder / "secret.txt",
            picture=folder / "secret.png",
            canary=folder / "canary",
            server=server,
        )


_ATTACKS = """
    label:@{text}
    caption:@{text}
    text:{text}
    TXT:{text}
    msl:{folder}/x.msl
    MSL:{folder}/x.msl
    mvg:{text}
    @{text}
    ephemeral:{picture}
    https://{address}/x.png
    http://{address}/x.png
    ftp://{address}/x.png
    url:http://{address}/x.png
    PNG:{picture}
    {picture}
    inline:data:image/png;base64,AAAA
    fd:0
    pango:@{text}
    '|touch${{IFS}}{canary}'
    '-write' PNG:{canary}
    '-write' 'PNG:|touch${{IFS}}{canary}'
    '-write' msl:{folder}/x.msl
    '-write' https://{address}/x
    '-write' info:{canary}
    '-profile' {text}
    '-texture' {picture}
    '-tile' {picture} '-draw' 'rectangle 0,0 9,9'
    '-fill' {picture} '-draw' 'rectangle 0,0 9,9'
    '-mask' {picture}
    '-draw' 'image over 0,0 9,9 "{picture}"'
    '-draw' 'image over 0,0 9,9 "https://{address}/x"'
    '-draw' @{text}
    '-annotate' 0 @{text}
    '-set' comment @{text}
    '-set' filename:x {canary} '-write' 'PNG:%[filename:x]'
    '-fx' @{text}
    '-script' {text}
    '-process' analyze
    '-remap' {picture}
    '-print' @{text}
    '-format' @{text} '-write' info:made.txt
    '-comment' @{text}
    '-label' @{text}
"""


@needs_landlock
@pytest.mark.parametrize("attack", [line.strip() for line in _ATTACKS.strip().splitlines()])
def test_what_gets_past_the_list_of_words_reaches_nothing(
    tmp_path: Path, magick: Magick, site: _Site, attack: str
) -> None:
    """The second and the third wall alone: hostile words go to ImageMagick as they are."""
    text = attack.format(
        text=site.text,
        picture=site.picture,
        canary=site.canary,
        folder=site.text.parent,
        address=site.address,
    )
    words = shlex.split(text)
    task = tmp_path / "task"
    directory = task / "output-0"
    directory.mkdir(parents=True)
    (task / "input").write_bytes(sources()["quadrants"])
    (task / "other").write_text(f"of another output {_SECRET}")
    told = _attack(magick, ["PNG:../input", *words, "PNG:made"], directory)
    assert not site.canary.exists()
    assert not site.was_called()
    assert _SECRET not in told
    for left in directory.iterdir():
        content = left.read_bytes()
        assert _SECRET.encode() not in content
        assert _SECRET.encode().hex().encode() not in content
        if content.startswith(b"\x89PNG"):
            with Image.open(io.BytesIO(content)) as made:
                assert made.size == (80, 60), "no other picture comes out"
                assert (1, 2, 3) not in [colour for _, colour in made.convert("RGB").getcolors(1 << 16) or []]
                assert _SECRET not in json.dumps({str(key): str(value) for key, value in made.info.items()})
    assert sorted(path.name for path in site.text.parent.iterdir()) == ["secret.png", "secret.txt", "x.msl"]


def _attack(magick: Magick, arguments: Sequence[str], directory: Path) -> str:
    try:
        magick.run(
            arguments,
            directory,
            source=directory.parent / "input",
            cancellation=Cancellation(),
            cores=1,
            room=100_000_000,
        )
    except ActivityError as error:
        return str(error)
    return ""


@needs_landlock
def test_a_picture_that_names_a_profile_gets_none(tmp_path: Path, magick: Magick, site: _Site) -> None:
    """PNG texts that ImageMagick of 2022 took for names of files."""
    info = PngImagePlugin.PngInfo()
    info.add_text("profile", str(site.text))
    content = written(quadrants(), "PNG", pnginfo=info)
    made = Darkroom(magick=magick, folder=tmp_path).make("-resize 50%", content=content)
    assert _SECRET.encode() not in made.content
    texts = json.dumps({str(key): str(value) for key, value in made.image.info.items()})
    assert _SECRET not in texts
    assert _SECRET.encode().hex() not in texts


def test_it_is_stopped_at_once(tmp_path: Path, magick: Magick) -> None:
    (tmp_path / "input").write_bytes(written(Image.effect_noise((3000, 3000), 50), "PNG"))
    directory = tmp_path / "output-0"
    directory.mkdir()
    cancellation = Cancellation()
    running = threading.Thread(target=_request_when_it_runs, args=(directory, cancellation))
    running.start()
    with pytest.raises(ActivityCancelled):
        magick.run(
            ["PNG:../input", "-paint", "60", "PNG:made"],
            directory,
            source=tmp_path / "input",
            cancellation=cancellation,
            cores=1,
            room=10**9,
        )
    running.join(10)
    assert not (directory / "made").exists()


def _request_when_it_runs(directory: Path, cancellation: Cancellation) -> None:
    waiting = threading.Event()
    for _ in range(500):
        if (directory / "policy.xml").exists():
            break
        waiting.wait(0.01)
    cancellation.request(ActivityCancelled("stop"))


def test_a_worker_without_imagemagick(tmp_path: Path, tools: object) -> None:
    environment = _environment(tmp_path, imagemagick=str(tmp_path / "none"))
    with pytest.raises(ActivityError, match=r"has no ImageMagick, .* or use resize, thumbnail") as caught:
        _run(environment, sources()["quadrants"], {"file": "a.png", "custom_cmd": _ORIGINAL})
    assert caught.value.code == "IMAGEMAGICK_UNAVAILABLE"
    assert not caught.value.retryable
    said = _run(environment, sources()["quadrants"], {"file": "a.png", "resize": "5x5"})
    assert said[0]["width"] == 5


def test_it_is_a_shortcoming_where_commands_are_allowed(tmp_path: Path, tools: object) -> None:
    settings = {"imagemagick": str(tmp_path / "none"), "custom_cmd": True}
    TranscodeAsset().check_worker(settings)
    (told,) = TranscodeAsset().shortcomings(settings)
    assert told.code == "IMAGEMAGICK_UNAVAILABLE"
    assert not list(TranscodeAsset().shortcomings(settings | {"custom_cmd": False}))


@pytest.mark.parametrize(
    "said",
    [
        "echo 'convert: ImageMagick is not installed here' >&2; exit 1",
        "exit 0",
        "echo 'Stands in for ImageMagick. Version: ImageMagick 6.9.11-60'",
        "echo 'GraphicsMagick 1.4 http://www.GraphicsMagick.org/'",
        _SAYS.format("6.7.8-9"),
        _SAYS.format("5.5.7"),
        _SAYS.format("7.0.1-0"),
    ],
)
def test_what_only_has_its_name_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    program = _program(tmp_path / "first", "convert", said)
    monkeypatch.setenv("PATH", str(tmp_path / "first"))
    with pytest.raises(ActivityError, match=r"is not ImageMagick|is older than") as caught:
        find_magick(None)
    assert caught.value.code == "IMAGEMAGICK_UNAVAILABLE"
    assert str(program) in str(caught.value)
    real = _program(tmp_path / "second", "convert", _SAYS.format("6.9.11-60"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    assert find_magick(None) == Magick(program=real, version=(6, 9, 11))
    newer = _program(tmp_path / "second", "magick", _SAYS.format("7.1.1-43"))
    assert find_magick(None) == Magick(program=newer, version=(7, 1, 1))
    assert find_magick(str(real)).program == real
