"""Makes pictures by commands of the job's own, and looks at what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from activities.media.convert_command import ConvertCommand
from activities.media.image_formats import PICTURE_FORMATS, PictureFormat
from activities.media.locations import Location
from activities.pictures.magick import Magick
from activities.sandbox.bounded import Bench
from activities.sandbox.quota import room_left
from cpe.errors import ActivityError, InvalidInput

_WORK = "activities.pictures.picture_work"
_MADE = "made"
_OWN_CODES = frozenset({"IMAGEMAGICK_FAILED", "PROCESS_KILLED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandBench:
    """Where commands are run on one picture.

    Attributes:
        bench: Where pictures are looked at.
        magick: What runs the commands.
        cores: How many processors one may use.
        scratch: Bytes that the bench's directory may hold.
        file: The picture, in that directory; it was decoded whole before.
        format: What it is by its content.
    """

    bench: Bench
    magick: Magick
    cores: int
    scratch: int
    file: str
    format: PictureFormat

    def make(
        self, command: ConvertCommand, form: PictureFormat, folder: str, *, place: Location
    ) -> tuple[str, dict[str, Any]]:
        """Make a picture in a folder of its own; return the file, and what it is.

        Args:
            command: The job's command.
            form: What shall come of it.
            folder: The folder's name; there is none yet.
            place: Where the picture will go, for messages.

        Raises:
            ActivityError: The command failed, or what came of it is no picture of the format
                (``OUTPUT_INVALID``).
        """
        directory = self.bench.directory / folder
        directory.mkdir()
        room, too_little = room_left(self.bench.directory, self.scratch)
        if not room:
            raise too_little
        try:
            self.magick.run(
                magick_arguments(command, self.file, self.format, form),
                directory,
                source=self.bench.directory / self.file,
                cancellation=self.bench.cancellation,
                cores=self.cores,
                room=room,
            )
        except InvalidInput as error:
            raise InvalidInput(f"{place}: {error}", code=error.code) from error
        except ActivityError as error:
            if error.code == "DISK_QUOTA":
                raise too_little from error
            if error.code not in _OWN_CODES:
                raise
            raise ActivityError(f"{place}: {error}", code=error.code, retryable=error.retryable) from error
        if not (directory / _MADE).is_file():
            raise _invalid(
                place,
                "was not made, or several pictures were. Have the command end in one: -crop with +X+Y, "
                "-layers flatten, or ${input_file}[0]",
            )
        made = f"{folder}/{_MADE}"
        return made, self._verified(made, form, place)

    def _verified(self, made: str, form: PictureFormat, place: Location) -> dict[str, Any]:
        """Decode what was made, and describe it."""
        try:
            said = self.bench.run(_WORK, {"file": made})
        except InvalidInput as error:
            raise _invalid(place, f"cannot be read again: {error}") from error
        found = PICTURE_FORMATS[said["extension"]].name
        if found != form.name:
            raise _invalid(place, f"came out as {found} instead of {form.name}")
        return said


def magick_arguments(
    command: ConvertCommand, file: str, source: PictureFormat, form: PictureFormat
) -> tuple[str, ...]:
    """Compose the words behind the program, which runs beside the input in a folder of its own.

    Formats are named, for the input by its content, so that ImageMagick never guesses one. Where one of the
    two holds no animation, the first picture is taken.

    Example:
        >>> command, png = ConvertCommand(settings=(), actions=("-flip",)), PICTURE_FORMATS["png"]
        >>> magick_arguments(command, "input", png, PICTURE_FORMATS["jpg"])
        ('PNG:../input[0]', '-flip', 'JPEG:made')
    """
    frames = "" if source.moves and form.moves and not command.first_frame else "[0]"
    return (
        *(*command.settings, f"{source.name}:../{file}{frames}"),
        *(*command.actions, f"{form.name}:{_MADE}"),
    )


def _invalid(place: Location, what: str) -> ActivityError:
    return ActivityError(f"{place} {what.rstrip('.')}.", code="OUTPUT_INVALID")
