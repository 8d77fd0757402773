"""Hundreds of hostile strings in every text of a job: nothing is executed, and nothing is written elsewhere.

The strings are made of what shells, FFmpeg's and ImageMagick's options, filter graphs, and paths mean something by. First each stands
at each place of a job, and the job must be refused or come out of the parsers as the values it has; then those that
are legal names are used for real, while everything that the process starts and writes is watched.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from activities.ffmpeg.tools import Tools, encoders
from activities.media.convert_options import DEFINE, FLAGS, OPERATORS, READING, SETTINGS
from activities.media.job import parse_job
from activities.media.outputs import Output, parse_outputs, parse_pictures
from activities.media.presets import preset_library
from activities.transcode_asset import TranscodeAsset
from cpe.errors import CpeError, InvalidInput
from cpe.testing import ActivityEnvironment

_CANARY = "cpe-canary"

_COMMANDS = [
    f"touch {_CANARY}",
    "id",
    f"cat /etc/passwd>{_CANARY}",
    "sleep 60",
    f"python -c 'open(chr(120),chr(119))'>{_CANARY}",
]
_SHELL = [
    mask.format(command)
    for command in _COMMANDS
    for mask in (
        *(
            "; {0}",
            "& {0}",
            "&& {0}",
            "| {0}",
            "|| {0}",
            "`{0}`",
            "$({0})",
            "${{IFS}}{0}",
            "\n{0}",
            "\r\n{0}",
        ),
        *(
            '"; {0}; "',
            "'; {0}; '",
            "'$({0})'",
            '"$({0})"',
            "x;{0};.mp4",
            "<({0})",
            ">({0})",
            "{0} #",
            "\\$({0})",
        ),
    )
]
_OPTIONS = r"""
-y
--
-
-h
-version
-i /etc/passwd
-i
-f tee
-f lavfi
-f concat
-f hls
-attach /etc/passwd
-dump_attachment:t x
-progress http://127.0.0.1:1/
-passlogfile /tmp/x
-vstats_file /tmp/x
-report
-filter_script /etc/passwd
-/vf /etc/passwd
-filter_complex_script x
-protocol_whitelist all
-format_whitelist ALL
-sdp_file /tmp/x
-init_hw_device vaapi:/dev/x
-metadata x=/etc/passwd
-map 0:t -c copy
-c:v libx264 -x264-params stats=/tmp/x
-vpre /etc/passwd
-x264opts cqmfile=/etc/passwd
-x265-params csv=/tmp/x
-hls_segment_filename /tmp/x
-f segment
-f fifo
-f mpegts udp://127.0.0.1:1
-method PUT
-headers x
-listen 1
-stats_file /tmp/x
""".strip().split("\n")
_GRAPHS = r"""
movie=/etc/passwd
null,movie=/etc/passwd
[in]amovie=/etc/passwd[out]
subtitles=/etc/passwd
ass=/etc/passwd
lut3d=/etc/passwd
lut3d=file=/etc/passwd
drawtext=textfile=/etc/passwd
null;movie=x
'movie'=x
m\ovie=x
mov'i'e=x
null'
null\
];[0]movie=x[
scale='/w=x'
scale=/w=/etc/passwd
scale=w=1:/h=/etc/passwd
loudnorm=stats_file=x
curves=psfile=/etc/passwd
curves=plot=/tmp/x
metadata=print:file=/tmp/x
ametadata=mode=print:file=/tmp/x
sendcmd=f=/etc/passwd
zmq
frei0r=x
ladspa=file=x
sofalizer=sofa=x
psnr=stats_file=/tmp/x
ssim=f=/tmp/x
signature=filename=/tmp/x
vidstabdetect=result=/tmp/x
removelogo=/etc/passwd
find_rect=x
cover_rect=x
ocr=datapath=/
dnn_processing=model=x
haldclut
streamselect=map=0
afir=gtype=x
arnndn=m=/etc/passwd
avectorscope
color=c=red
testsrc
""".strip().split("\n")
_PATHS = r"""
../x
../../../../etc/passwd
/../x
a/../../x.mp4
./x
a/./x.mp4
..
.
/
//
\..\x
/etc/passwd
/proc/self/environ
/dev/stdin
/dev/tcp/127.0.0.1/1
~/x.mp4
~root/x
%2e%2e%2fx.mp4
file:///etc/passwd
file:x.mp4
concat:/etc/passwd|x
subfile,,start,0,end,9,,:/etc/passwd
pipe:0
pipe:
http://127.0.0.1:1/x.mp4
http://169.254.169.254/latest
https://[::1]/x
tcp://127.0.0.1:1
udp://127.0.0.1:1
data:text/plain,x
crypto:/etc/passwd
async:/etc/passwd
cache:x
md5:x
tee:x
unix:/tmp/x
gopher://x
rtmp://127.0.0.1/x
ftp://127.0.0.1/x
s3://media-in/x
\\host\share
C:\x.mp4
CON
x%s%n.mp4
x%06d.mp4
x.mp4/..
""".strip().split("\n")
# Each is written with escapes: many look like other characters.
_ESCAPED = r"""
\x00
x\x00.mp4
\x1b[2J
\x7f
\u202egpj.exe
\ufeffx
\u2028x
\uff46\uff49\uff4c\uff45\uff1a\uff0f\uff0fx
\u2024\u2024/x.mp4
\ud800.mp4
\U0001f4a9.mp4
\uff11\uff12\uff18\uff10x\uff17\uff12\uff10
\u0661\u0662
\xbd
\u221e
nan
inf
-inf
1e999
0x10
1_000
{{7*7}}
${jndi:ldap://127.0.0.1/x}
%(x)s
{0.__class__}
<?php ?>
<script>
' OR 1=1 --
__proto__
$HOME
$(id)
"""
_UNICODE = [
    *(text.encode().decode("unicode_escape") for text in _ESCAPED.strip().split("\n")),
    "\u00e9" * 600 + ".mp4",
    "x" * 1100 + ".mp4",
]
# The same behind what a careless pattern lets pass, and before what it does not look at.
_MIXED = [mask.format(text) for text in (*_OPTIONS, *_GRAPHS, *_PATHS) for mask in ("640x360 {}", "{}\n")]
STRINGS = list(dict.fromkeys([*_SHELL, *_OPTIONS, *_GRAPHS, *_PATHS, *_UNICODE, *_MIXED]))

_PLACES: Mapping[str, str] = {
    "file": "{}",
    "file with an extension": "{}.mp4",
    "path": "{}",
    "bucket": "{}",
    **dict.fromkeys(
        (
            *(
                "preset",
                "size",
                "video_codec",
                "audio_codec",
                "video_bitrate",
                "audio_bitrate",
                "max_bitrate",
                "crf",
            ),
            *("frame_rate", "audio_channels", "sizing", "padding", "rotate", "start", "duration", "loudness"),
            *(
                "two_pass",
                "tone_map",
                "keep_ratio",
                "content_type",
                "kms_key_id",
                "storage_class",
                "on_exists",
                "type",
            ),
            *(
                "watermark.file",
                "watermark.bucket",
                "watermark.size",
                "watermark.opacity",
                "watermark.x",
                "watermark.y",
            ),
            *("captions.file", "captions.bucket", "captions.stream", "captions.language", "captions.mode"),
            *("captions.format", "captions.encoding", "metadata.name", "tags.name"),
        ),
        "{}",
    ),
    "metadata": "{}",
    "tags": "{}",
    "watermark": "{}",
    "captions": "{}",
}
_IN_COMMANDS = [
    "{}",
    "ffmpeg {} -i ${{input_file}} ${{output_file}}",
    "ffmpeg -i ${{input_file}} {} ${{output_file}}",
    "ffmpeg -i {} ${{output_file}}",
    "ffmpeg -i ${{input_file}} {}",
    "ffmpeg -i ${{input_file}} ${{output_file}} {}",
    "ffmpeg -i ${{input_file}} -vf {} ${{output_file}}",
    "ffmpeg -i ${{input_file}} -vf '{}' ${{output_file}}",
    'ffmpeg -i ${{input_file}} -filter_complex "null,{}" ${{output_file}}',
    "ffmpeg -i ${{input_file}} -vf 'scale={}' ${{output_file}}",
    "ffmpeg -i ${{input_file}} -c:v '{}' ${{output_file}}",
    "ffmpeg -i ${{input_file}} -metadata 'title={}' -c copy ${{output_file}}",
    "ffmpeg -i ${{input_file}} -f '{}' ${{output_file}}",
    "{} -i ${{input_file}} ${{output_file}}",
]
_MAGICK = r"""
label:@/etc/passwd
caption:x
msl:/tmp/x
MSL:x
mvg:/etc/passwd
text:/etc/passwd
@/etc/passwd
ephemeral:/etc/passwd
inline:data:image/png;base64,AAAA
https://127.0.0.1:1/x.png
url:x
xc:white
gradient:
plasma:fractal
pango:@/etc/passwd
fd:0
|id
-write /tmp/x
+write x
-set filename:f /tmp/x
-set option:x @/etc/passwd
-fx u
-fx @/etc/passwd
-script /etc/passwd
-profile /etc/passwd
-texture x
-tile x
-mask /etc/passwd
-remap x
-draw @/etc/passwd
-draw 'image over 0,0 0,0 "/etc/passwd"'
-annotate 0 @/etc/passwd
-label @/etc/passwd
-comment @/etc/passwd
-fill /etc/passwd
-fill msl:x
-background @/etc/passwd
-define jpeg:q-table=/etc/passwd
-define registry:temporary-path=/tmp
-define delegate:x=id
-format %[filename] -write info:/tmp/x
-resize %[fx:w]
-resize @/etc/passwd
-crop %f
-gravity @x
-limit memory 9GB
-process x
-print @/etc/passwd
-clip-path x
-distort x @/etc/passwd
-morphology x @/etc/passwd
-color-matrix @/etc/passwd
-layers composite
-authenticate x
-debug all
-log %e
-read x
-evaluate-sequence x
( -clone 0 )
{ x }
""".strip().split("\n")
_IN_CONVERT = [
    "{}",
    "convert {} ${{input_file}} ${{output_file}}",
    "convert ${{input_file}} {} ${{output_file}}",
    "convert ${{input_file}} '{}' ${{output_file}}",
    "convert {} ${{output_file}}",
    "convert ${{input_file}} {}",
    "convert ${{input_file}} ${{output_file}} {}",
    "magick {} ${{input_file}} ${{output_file}}",
    "convert ${{input_file}} -resize '{}' ${{output_file}}",
    "convert ${{input_file}} -crop '{}' ${{output_file}}",
    "convert ${{input_file}} -fill '{}' -opaque red ${{output_file}}",
    "convert ${{input_file}} -background {} -flatten ${{output_file}}",
    "convert ${{input_file}} -gravity '{}' ${{output_file}}",
    "convert ${{input_file}} -define '{}' ${{output_file}}",
    "convert ${{input_file}} -define 'jpeg:size={}' ${{output_file}}",
    "convert ${{input_file}} +profile '{}' ${{output_file}}",
    "{} ${{input_file}} ${{output_file}}",
]
_VIDEO = {"type": "VIDEO", "bucket": "media-out", "file": "x.mp4", "preset": "hls400k-generic"}


def test_there_are_five_hundred_of_them() -> None:
    assert len(STRINGS) >= 500


def _document(place: str, text: str) -> dict[str, Any]:
    key, _, inner = place.partition(".")
    key = key.removesuffix(" with an extension")
    objects = {
        "watermark": {"bucket": "media-in", "file": "mark.png"},
        "captions": {"bucket": "media-in", "file": "c.srt"},
    }
    if key in ("metadata", "tags"):
        return {**_VIDEO, key: {text: "x"} if inner else {"name": text}}
    if inner:
        if inner == "stream":
            return {**_VIDEO, key: {"stream": text}}
        return {**_VIDEO, key: {**objects[key], inner: text}}
    return {**_VIDEO, key: text}


def _parse(document: Mapping[str, Any]) -> Output | None:
    try:
        job = parse_job(
            {
                "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "clip"},
                "output_asset": document,
            }
        )
        (output,) = parse_outputs(job.outputs, preset_library(), custom_cmd=True)
    except InvalidInput as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 700
        return None
    return output


@pytest.mark.parametrize("place", _PLACES)
def test_no_place_takes_what_it_should_not(place: str) -> None:
    """What is accepted is a name in a bucket or a text that S3 keeps; else it is one of our own values."""
    accepted = []
    for text in STRINGS:
        output = _parse(_document(place, _PLACES[place].format(text)))
        if output is not None:
            accepted.append(text)
            key = output.target.location.key
            assert not key.startswith("/")
            assert not {"", ".", ".."} & {key.split("/")[-1], *key.split("/")[:-1]} - {""}
            assert key.isprintable()
    # Keys, tags and metadata are texts that S3 keeps, whatever they say.
    if place.split(".", maxsplit=1)[0] not in {
        "file",
        "file with an extension",
        "path",
        "metadata",
        "tags",
    } and not (place.endswith(".file")):
        assert len(accepted) <= 25, accepted
        # A MIME type has a slash.
        means = set(";|&`$<>'\"\\") if place == "content_type" else set(";|&`$<>'\"\\/")
        assert not [text for text in accepted if set(text) & means], accepted


def test_commands_take_only_what_opens_nothing() -> None:
    accepted = []
    for mask in _IN_COMMANDS:
        for text in STRINGS:
            command = mask.format(text)
            if (
                _parse({"type": "VIDEO", "bucket": "media-out", "file": "x.mp4", "custom_cmd": command})
                is not None
            ):
                accepted.append(command)
    for command in accepted:
        # A title may say anything; it is one word of a list, and no shell ever reads it.
        rest = command.split("-metadata")[0]
        assert not [word for word in ("movie", "/etc", "/tmp", "://", "file=") if word in rest], command


def test_commands_for_pictures_take_only_words_of_their_list() -> None:
    allowed = FLAGS | {*OPERATORS, *SETTINGS, *READING, DEFINE}
    refused = 0
    for mask in _IN_CONVERT:
        for text in (*STRINGS, *_MAGICK):
            document = {
                "type": "IMAGE",
                "bucket": "media-out",
                "file": "x.png",
                "custom_cmd": mask.format(text),
            }
            try:
                (output,) = parse_pictures([("output", document)], custom_cmd=True)
            except InvalidInput as error:
                assert "\n" not in str(error)
                refused += 1
                continue
            assert output.command is not None
            rest = iter((*output.command.settings, *output.command.actions))
            for word in rest:
                assert word in allowed, document
                value = "" if word in FLAGS else next(rest)
                assert not set(value) & set("/\\|;&`$'\"{}[]\n\0"), document
                assert not value.startswith(("@", "-", "%")), document
    assert refused > len(_IN_CONVERT) * len(STRINGS) * 0.9


@dataclass
class _Watch:
    """What this process starts, and the files that it opens to write them."""

    active: bool = False
    started: list[tuple[str, list[str]]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event == "subprocess.Popen":
            self.started.append((os.fsdecode(arguments[0]), [os.fsdecode(word) for word in arguments[1]]))
        elif event in ("os.system", "os.exec", "os.posix_spawn", "os.fork"):
            self.started.append((event, []))
        elif (
            event == "open" and isinstance(arguments[0], str | bytes) and _writes(arguments[1], arguments[2])
        ):
            self.written.append(os.fsdecode(arguments[0]))


def _writes(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


_WATCH = _Watch()
sys.addaudithook(_WATCH)


@pytest.fixture
def watch() -> Iterator[_Watch]:
    """Watch this process; an audit hook stays for ever, so there is one that is told when to look."""
    _WATCH.started, _WATCH.written, _WATCH.active = [], [], True
    yield _WATCH
    _WATCH.active = False


def _legal_names() -> list[str]:
    names = [f"{text}.jpg" for text in STRINGS]
    return [
        name
        for name in names
        if _parse({"type": "THUMB", "size": "16:-1", "bucket": "media-out", "file": name})
    ]


def test_legal_names_are_names_and_no_more(
    environment: ActivityEnvironment,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    watch: _Watch,
) -> None:
    """A job whose outputs, captions and input have such names, and a command with such a title."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    names = _legal_names()[:90:3]
    assert len(names) == 30
    source = names[0]
    environment.settings = {"custom_cmd": True}
    environment.storage.put("media-in", source, clip)
    environment.storage.put(
        "media-in", names[1], b"1\n00:00:00,100 --> 00:00:01,000\n$(touch cpe-canary); `id`\n"
    )
    title = f"$(touch {_CANARY}); `id` | cat"
    command = f"ffmpeg -i ${{input_file}} -c copy -metadata title='{title}' ${{output_file}}"
    outputs: list[dict[str, Any]] = [
        *({"type": "THUMB", "size": "16:-1", "file": name} for name in names),
        {
            **_VIDEO,
            "file": f"{names[2]}.mp4",
            "captions": {"bucket": "media-in", "file": names[1], "mode": "embed"},
        },
        {"type": "VIDEO", "file": f"{names[3]}.mkv", "custom_cmd": command},
    ]
    result = environment.run(
        TranscodeAsset(),
        {
            "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": source},
            "output_assets": [{"bucket": "media-out", **output} for output in outputs],
        },
    )
    watch.active = False
    stored = {name.lstrip("/") for name in (*names, f"{names[2]}.mp4", f"{names[3]}.mkv")}
    assert set(environment.storage.keys("media-out")) == stored
    assert {output["key"] for output in result["outputs"]} == stored
    assert not list(home.iterdir())
    assert not [path for path in tmp_path.rglob("*") if path.name == _CANARY]
    assert not environment.scratch.exists()
    for program, words in watch.started:
        assert program == sys.executable, "nothing is started but Python, which becomes FFmpeg"
        assert not [word for word in words if any(name in word for name in names)], (
            "no name of a job is a word"
        )
    elsewhere = [
        path
        for path in watch.written
        if not Path(path).absolute().is_relative_to(tmp_path) and path not in (os.devnull, "/dev/null")
    ]
    assert not elsewhere


def test_a_hostile_input_name_that_is_not_there_is_just_not_there(
    environment: ActivityEnvironment, tools: Tools, watch: _Watch
) -> None:
    encoders(tools)  # what FFmpeg can do is asked once in a process
    watch.started.clear()
    for text in STRINGS:
        job = {
            "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": text},
            "output_asset": {**_VIDEO, "file": "x.mp4"},
        }
        with pytest.raises(CpeError):
            environment.run(TranscodeAsset(), job)
    assert not watch.started
