"""`cpe import`: from other transcoders' files to ours."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cpe.cli import options
from cpe.cli.json_text import json_text, print_json
from cpe.errors import ConfigError

if TYPE_CHECKING:
    from cpe.migration import Import


@click.group("import")
def import_group() -> None:
    """Turn files of other transcoders into presets and jobs."""


@import_group.command("elastic-transcoder")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="imported",
    show_default=True,
    help="Folder that gets presets/ and jobs/.",
)
@click.option("--input-bucket", help="Where inputs lie.  [default: the pipeline's]")
@click.option("--output-bucket", help="Where outputs go.  [default: the pipeline's]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def elastic_transcoder(
    *, files: tuple[Path, ...], out: Path, input_bucket: str | None, output_bucket: str | None, as_json: bool
) -> None:
    """Turn Elastic Transcoder's presets and jobs into ours.

    FILES are JSON: presets (read-preset, list-presets), pipelines (read-pipeline) and jobs (what create-job
    takes, or read-job prints), in any order. System presets need no file. Tells of all that is not as it was:
    changed, lost, or refused. docs/migration.md lists it.

    Ends with 0 if nothing was left out, with 1 if something was, with 2 if a file cannot be read.
    """
    from cpe.migration import Level, import_documents

    done = import_documents(
        [(path.name, _read(path)) for path in files], input_bucket=input_bucket, output_bucket=output_bucket
    )
    written = _write(done, out)
    if as_json:
        notes = [
            {"level": str(note.level), "code": note.code, "where": note.where, "message": note.message}
            for note in done.notes
        ]
        told = {
            "presets": sorted(done.presets),
            "jobs": {name: str(path) for name, path in written.items()},
            "notes": notes,
        }
        print_json(told)
    else:
        _print(done, out, written)
    if any(note.level is not Level.CHANGED for note in done.notes):
        sys.exit(options.EXIT_FAILURE)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read as JSON: {error}", code="IMPORT_INVALID") from error


def _write(done: Import, out: Path) -> dict[str, Path]:
    """Write presets and jobs; tell the jobs' files."""
    written: dict[str, Path] = {}
    try:
        for name, preset in done.presets.items():
            _dump(out / "presets" / f"{name}.json", preset)
        for name, data in done.jobs.items():
            written[name] = out / "jobs" / f"{name}.json"
            _dump(written[name], data)
    except OSError as error:
        raise ConfigError(
            f"{out} cannot be written: {error.strerror}; choose another folder with --out",
            code="FOLDER_NOT_WRITABLE",
        ) from error
    return written


def _dump(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json_text(value) + "\n", "utf-8")


def _print(done: Import, out: Path, written: dict[str, Path]) -> None:
    if done.presets:
        click.echo(f"presets in {out / 'presets'}: {', '.join(sorted(done.presets))}")
        click.echo(
            "  name that folder as the setting `presets` of TranscodeAsset, in the worker's configuration"
        )
    for path in written.values():
        click.echo(f"cpe job start TranscodeOutputs:1.0 --data {shlex.quote(str(path))}")
    for note in done.notes:
        click.echo(f"{note.level}: {note.code}: {note.where}: {note.message}", err=True)
