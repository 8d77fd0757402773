"""ImageMagick commands of a job's own: what is let through, and what is not. Nothing is run here."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.media.convert_command import ConvertCommand, parse_convert
from activities.media.convert_options import DEFINE, DEFINITIONS, FLAGS, OPERATORS, READING, SETTINGS
from activities.media.outputs import parse_outputs, parse_pictures
from activities.media.presets import preset_library
from cpe.errors import InvalidInput

_SHAPES = {**OPERATORS, **SETTINGS, **READING}


def _between(words: str) -> ConvertCommand:
    return parse_convert(f"convert ${{input_file}} {words} ${{output_file}}", "cmd")


@pytest.mark.parametrize("program", ["convert", "magick", "magick convert"])
def test_the_command_of_the_original(program: str) -> None:
    command = parse_convert(
        f"{program} ${{input_file}} -resize 200x200^ -gravity center -extent 200x200 -quality 80 ${{output_file}}",
        "cmd",
    )
    assert command == ConvertCommand(
        settings=(),
        actions=("-resize", "200x200^", "-gravity", "center", "-extent", "200x200", "-quality", "80"),
    )


def test_what_is_done_goes_behind_the_input_and_settings_stay_before_it() -> None:
    command = parse_convert(
        "convert -delay 20 -density 72 -resize 50% -define jpeg:size=80x60 -strip '${input_file}[0]' "
        "-background '#fff' -flatten ${output_file}",
        "cmd",
    )
    assert command.settings == ("-delay", "20", "-density", "72", "-define", "jpeg:size=80x60")
    assert command.actions == ("-resize", "50%", "-strip", "-background", "#fff", "-flatten")
    assert command.first_frame


@pytest.mark.parametrize(
    "words",
    [
        "-resize 800x600\\>",
        "-resize x600",
        "-resize 50%x25%",
        "-resize 640000@",
        "-thumbnail '100x100!'",
        "-crop 200x100+10+20 +repage",
        "-crop 50%x50%+0+0 -repage 0x0+0+0",
        "-gravity NorthWest -background none -extent 10x10-5+5",
        "-gravity SOUTH -splice 0x20",
        "-auto-orient -strip -interlace Plane -sampling-factor 4:2:0 -quality 85 -colorspace sRGB",
        "-sampling-factor 2x1,1x1,1x1",
        "-unsharp 0.25x0.25+8+0.065 -dither None -posterize 136 -colors 64",
        "-modulate 100,50 -brightness-contrast -10x20 -level 10%,90% -gamma 1.2",
        "-rotate -12.5 -rotate '90>'",
        "-fuzz 10% -transparent white -trim",
        "-fill 'rgba(255, 0, 0, 0.5)' -colorize 30",
        "-fill gray50 -opaque '#F80'",
        "-define webp:lossless=true -define webp:method=6 -define png:exclude-chunk=all",
        "-coalesce -layers OptimizeTransparency -layers trim-bounds -loop 0",
        "+profile '!icc,*'",
        "+profile '*'",
        "-bordercolor LightGrey -border 2x2",
        "-channel RGB -negate -monochrome -type TrueColor -depth 8 -units PixelsPerInch -density 300x300",
    ],
)
def test_usual_commands(words: str) -> None:
    command = _between(words)
    assert list(command.actions) == shlex.split(words)


_ALLOWED_TOLD = "Allowed are .*-resize"


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("ffmpeg -i ${input_file} ${output_file}", "ffmpeg makes videos; .* Write convert"),
        ("/usr/bin/convert ${input_file} ${output_file}", "only convert, magick"),
        ("magick mogrify ${input_file} ${output_file}", "'mogrify' is not allowed"),
        ("magick -script ${input_file} ${output_file}", "'-script' is not allowed"),
        ("identify ${input_file} ${output_file}", "only convert, magick"),
        ("convert", "must end in"),
        ("magick convert", "must end in"),
        ("", "only convert"),
        ("convert ${input_file}", "must end in"),
        ("convert ${output_file}", "must read one input"),
        ("convert ${input_file} jpg:${output_file}", "extension of the output's key"),
        ("convert ${input_file} ${output_file}.png", "must end in"),
        ("convert ${input_file} ${output_file} ${output_file}", "must end in"),
        ("convert ${input_file} ${output_file}; touch /tmp/x", "must end in"),
        ("convert png:${input_file} ${output_file}", "must read one input"),
        ("convert ${input_file}[1] ${output_file}", "must read one input"),
        ("convert ${input_file} ${input_file} ${output_file}", "must read one input"),
        ("convert /etc/passwd ${output_file}", "must read one input"),
        ("convert ${input_file} /etc/passwd ${output_file}", "'/etc/passwd' is not allowed"),
        ("convert msl:x ${input_file} ${output_file}", "'msl:x' is not allowed"),
        ("convert ${input_file} ( +clone -blur 0x8 ) ${output_file}", "parentheses are for"),
        ("convert ${input_file} -write x.png ${output_file}", r"only \$\{output_file\} is written"),
        ("convert ${input_file} -set filename:f x ${output_file}", "nothing is computed"),
        ("convert ${input_file} -profile /etc/passwd ${output_file}", "another picture or file is not read"),
        ("convert ${input_file} -draw 'image over 0,0 0,0 x' ${output_file}", "text and drawings"),
        ("convert ${input_file} -reszie 5x5 ${output_file}", "Did you mean '-resize'"),
        ("convert ${input_file} -resize ${output_file}", "-resize has no value"),
        ("convert -resize ${input_file} ${output_file}", "-resize has no value"),
        ("convert ${input_file} -define ${output_file}", "-define has no value"),
        ("convert ${input_file} -delay 5 ${output_file}", "only means something before"),
        ("convert ${input_file} 'unclosed ${output_file}", "cannot be split"),
        ("convert ${input_file}\n-flip ${output_file}", "one line"),
        ("convert ${input_file} -strip\0 ${output_file}", "printable"),
        ("convert ${input_file} " + "-strip " * 401 + "${output_file}", "words; 400"),
        ("convert ${input_file} -resize 5\u066bx5 ${output_file}", "must be a size"),
        ("convert ${input_file} -gravity we\u017ft ${output_file}", "must be one of northwest"),
    ],
)
def test_commands_that_are_refused(command: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as caught:
        parse_convert(command, "output_asset.custom_cmd")
    assert caught.value.code == "CUSTOM_CMD_REFUSED"
    assert str(caught.value).startswith("output_asset.custom_cmd")
    assert "\n" not in str(caught.value)
    if "is not allowed" in str(caught.value):
        assert re.search(_ALLOWED_TOLD, str(caught.value))


@pytest.mark.parametrize(
    "option",
    [
        "-affine",
        "-annotate",
        "-authenticate",
        "-bench",
        "-blue-primary",
        "-cache",
        "-caption",
        "-cdl",
        "-clip-mask",
        "-clut",
        "-combine",
        "-comment",
        "-composite",
        "-convolve",
        "-debug",
        "-decipher",
        "-display",
        "-distort",
        "-draw",
        "-duplicate",
        "-encipher",
        "-encoding",
        "-evaluate",
        "-extract",
        "-family",
        "-features",
        "-font",
        "-format",
        "-fx",
        "-geometry",
        "-hald-clut",
        "-help",
        "-identify",
        "-insert",
        "-label",
        "-limit",
        "-list",
        "-log",
        "-map",
        "-mask",
        "-metric",
        "-moments",
        "-monitor",
        "-morph",
        "-morphology",
        "-mosaic",
        "-path",
        "-ping",
        "-pointsize",
        "-preview",
        "-print",
        "-process",
        "-profile",
        "-read",
        "-read-mask",
        "-region",
        "-regard-warnings",
        "-remap",
        "-render",
        "-script",
        "-seed",
        "-separate",
        "-set",
        "-stegano",
        "-stroke",
        "-swap",
        "-synchronize",
        "-texture",
        "-tile",
        "-tile-offset",
        "-title",
        "-undercolor",
        "-verbose",
        "-version",
        "-view",
        "-watermark",
        "-write",
        "-write-mask",
        "+write",
        "+set",
        "+remap",
        "+swap",
        "+clone",
        "-clone",
        "+append",
        "-append",
        "+adjoin",
        "+mask",
        "+texture",
        "-exit",
        "--",
        "-",
        "-channel-fx",
        "-function",
        "-color-matrix",
        "-copy",
        "-x",
        "-silent",
        "-size",
        "-dispose",
        "-update",
        "-use-pixmap",
        "-window",
        "-weight",
    ],
)
def test_options_that_are_refused(option: str) -> None:
    assert option not in FLAGS | _SHAPES.keys()
    for words in (option, f"{option} x", f"{option} /etc/passwd", f"-strip {option} @/etc/passwd"):
        with pytest.raises(InvalidInput, match=re.escape(option)) as caught:
            _between(words)
        assert caught.value.code == "CUSTOM_CMD_REFUSED"


_HOSTILE_VALUES = [
    *(
        "@/etc/passwd",
        "@-",
        "|id",
        "`id`",
        "$(id)",
        "label:x",
        "label:@/etc/passwd",
        "caption:x",
        "msl:x",
        "mvg:x",
    ),
    *(
        "text:/etc/passwd",
        "https://127.0.0.1/x",
        "ephemeral:x",
        "inline:x",
        "/etc/passwd",
        "../x",
        "x.png",
        "-",
    ),
    *(
        "%[filename]",
        "%f",
        "%i",
        "50%[fx:w]",
        "%",
        "%%",
        "%d",
        "x%x",
        "1x1%f",
        "-write",
        "--",
        "+clone",
    ),
    *(
        "${input_file}",
        "${output_file}",
        "",
        " ",
        "1 2",
        "1\t2",
        "white\u00a0",
        "registry:x",
        "xc:white",
        "plasma:",
    ),
    *(
        "gradient:red",
        "tile:x",
        "fd:0",
        "clipboard:",
        "x:",
        "win:",
        "show:",
        "file:///etc/passwd",
        "data:,x",
        "*",
    ),
    *(
        "9" * 30,
        "1e9",
        "nan",
        "inf",
        "0x" * 9,
        "[0]",
        "'",
        '"',
        "\\",
        "#",
        "#12",
        "rgb(",
        "url(x)",
        "icc-color(x)",
    ),
]


@pytest.mark.parametrize("option", [*_SHAPES, *(f"{DEFINE} {key}" for key in DEFINITIONS)])
def test_values_that_no_option_takes(option: str) -> None:
    name, _, key = option.partition(" ")
    taken = []
    for value in _HOSTILE_VALUES:
        word = f"{key}={value}" if key else value
        before = f"{name} {shlex.quote(word)}" if name in READING else ""
        after = "" if before else f"{name} {shlex.quote(word)}"
        try:
            parse_convert(f"convert {before} ${{input_file}} {after} ${{output_file}}", "cmd")
        except InvalidInput as error:
            assert error.code == "CUSTOM_CMD_REFUSED"
        else:
            taken.append(value)
    assert set(taken) <= ({"*"} if option == "+profile" else set())


@pytest.mark.parametrize(
    "definition",
    [
        *(
            "registry:temporary-path=x",
            "jpeg:q-table=x",
            "filename:literal=true",
            "jpeg=",
            "jpeg:size",
            "=",
            "x",
        ),
        *(
            "jpeg:size=",
            "png:format=png24,jpeg:q-table=x",
            "webp:method=7",
            "delegate:bimodal=true",
            "url:x=y",
        ),
        *(
            "profile:skip=ICC",
            "pdf:use-cropbox=true",
            "svg:xml-parse-huge=true",
            "JPEG:size=5x5",
            "trim:edges=x",
        ),
    ],
)
def test_definitions_that_are_refused(definition: str) -> None:
    with pytest.raises(InvalidInput, match="-define") as caught:
        _between(f"-define {definition}")
    assert caught.value.code == "CUSTOM_CMD_REFUSED"


_WORDS = st.one_of(
    st.sampled_from(
        [*sorted(FLAGS), *_SHAPES, DEFINE, "${input_file}", "${input_file}[0]", "${output_file}", "(", ")"]
    ),
    st.sampled_from(_HOSTILE_VALUES),
    st.sampled_from(["-write", "-set", "-fx", "-draw", "-profile", "-tile", "-mask", "-script", "+write"]),
    st.sampled_from(["5x5", "50%", "white", "center", "3", "on", "jpeg:size=5x5", "webp:lossless=true"]),
    *(
        st.from_regex(shape.pattern, fullmatch=True)
        for shape in {id(s): s for s in _SHAPES.values()}.values()
    ),
    st.text(max_size=12),
)


@settings(deadline=None, max_examples=600)
@given(
    words=st.lists(_WORDS, max_size=8),
    before=st.lists(_WORDS, max_size=4),
    program=st.sampled_from(["convert", "magick", "magick convert"]),
)
def test_whatever_gets_through_has_only_what_is_on_the_list(
    words: list[str], before: list[str], program: str
) -> None:
    text = f"{program} {shlex.join(before)} ${{input_file}} {shlex.join(words)} ${{output_file}}"
    try:
        command = parse_convert(text, "cmd")
    except InvalidInput as error:
        assert error.code == "CUSTOM_CMD_REFUSED"
        assert str(error).isprintable()
        return
    rest = iter([*command.settings, *command.actions])
    kept = 0
    for word in rest:
        kept += 1
        if word in FLAGS:
            continue
        value = next(rest)
        kept += 1
        if word == DEFINE:
            key, _, value = value.partition("=")
            assert DEFINITIONS[key].fits(value)
        else:
            assert _SHAPES[word].fits(value)
        assert value.isascii()
        assert not value.startswith(("@", "|", "%"))
        assert not set(value) & set("/\\|`$<>'\"[]{};&") - set("<>")
        assert ":" not in value or re.fullmatch(r"\d:\d:\d", value)
        assert not re.search(r"(?<!\d)%", value)
    assert kept == len(before) + len(words), "nothing is lost, nothing comes in"


def _document(**changes: Any) -> dict[str, Any]:
    return {"type": "IMAGE", "bucket": "media-out", "file": "x.png", **changes}


_PLAIN = "convert ${input_file} -strip ${output_file}"


def test_an_output_with_a_command() -> None:
    (output,) = parse_pictures([("output", _document(custom_cmd=_PLAIN, tags={"a": "b"}))], custom_cmd=True)
    assert output.command == ConvertCommand(settings=(), actions=("-strip",))
    assert output.format is not None
    assert output.format.name == "PNG"
    (output,) = parse_pictures([("output", _document(file="x.*", custom_cmd=_PLAIN))], custom_cmd=True)
    assert output.named_after("a/b.webp").target.location.key == "x.webp"
    assert output.named_after("a/b.webp").command == output.command


@pytest.mark.parametrize(
    ("change", "code", "complaint"),
    [
        ({"resize": "5x5"}, "KEY_UNSUPPORTED", "unknown key 'resize'"),
        ({"quality": 5}, "KEY_UNSUPPORTED", "unknown key 'quality'"),
        ({"watermark": {}}, "KEY_UNSUPPORTED", "unknown key 'watermark'"),
        ({"file": "x.svg"}, "OUTPUT_FORMAT_UNSUPPORTED", "format of pictures"),
        ({"custom_cmd": 5}, "INPUT_INVALID", "must be a text"),
        ({"custom_cmd": ["convert"]}, "INPUT_INVALID", "must be a text"),
    ],
)
def test_the_command_says_all(change: dict[str, Any], code: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as caught:
        parse_pictures([("output", _document(custom_cmd=_PLAIN) | change)], custom_cmd=True)
    assert caught.value.code == code


def test_commands_are_off_unless_the_worker_says_otherwise() -> None:
    with pytest.raises(InvalidInput, match=r"not enabled here\. Use resize") as caught:
        parse_pictures([("output", _document(custom_cmd=_PLAIN))])
    assert caught.value.code == "CUSTOM_CMD_DISABLED"


def test_a_film_has_no_pictures_command() -> None:
    with pytest.raises(InvalidInput, match=r"only ffmpeg may be run, not 'convert'") as caught:
        parse_outputs(
            [("output", _document(type="VIDEO", file="x.mp4", custom_cmd=_PLAIN))],
            preset_library(),
            custom_cmd=True,
        )
    assert caught.value.code == "CUSTOM_CMD_REFUSED"
