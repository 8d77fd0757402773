"""A Python environment of its own for each rival, made on first use and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

_PINS = Path(__file__).parent
_PATIENCE = 300.0
_STAMP = ".complete"


class RivalMissingError(Exception):
    """A rival cannot be measured; the message says why."""


def python_of(rival: str) -> Path:
    """Tell the interpreter of a rival's environment; make the environment if need be.

    The versions are those of ``RIVAL.txt`` beside this file, checked by their hashes. A change of that file
    makes a new environment.

    Raises:
        RivalMissingError: It cannot be installed, for want of a package index, say.
    """
    pins = _PINS / f"{rival}.txt"
    digest = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = _cache() / f"{rival}-{digest}"
    python = folder / "bin" / "python"
    if not (folder / _STAMP).exists():
        venv.create(folder, clear=True, with_pip=False, symlinks=True)
        _install(rival, pins, python)
        (folder / _STAMP).touch()
    return python


def version_of(rival: str) -> str:
    """Tell the pinned version of a rival."""
    for line in (_PINS / f"{rival}.txt").read_text().splitlines():
        name, _, rest = line.partition("==")
        if name.lower() == rival:
            return rest.split()[0]
    raise ValueError(f"{rival}.txt does not pin {rival}")


def _cache() -> Path:
    place = os.environ.get("XDG_CACHE_HOME")
    return (Path(place) if place else Path.home() / ".cache") / "cpe-benchmarks"


def _install(rival: str, pins: Path, python: Path) -> None:
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-input"]
    try:
        done = subprocess.run(
            [*command, "--require-hashes", "-r", str(pins)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RivalMissingError(f"installing it took more than {_PATIENCE:g} s") from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = errors[-1].removeprefix("ERROR: ") if errors else f"pip ended with status {done.returncode}"
        raise RivalMissingError(f"{rival} {version_of(rival)} could not be installed: {reason}")
