"""The configuration's file: read, checked, and refused with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cpe.config.check import find_problems
from cpe.errors import ConfigError
from cpe.source import Finding, Source, Unreadable, read_json, read_yaml
from cpe.source.findings import told

_NOUN = "configuration"


class ConfigRefused(ConfigError):
    """A configuration with findings; the message has a line for each, in the order of their places."""

    default_code = "CONFIG_INVALID"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = told(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def check_file(path: Path) -> Source:
    """Read and check a file: JSON if its name ends in ``.json``, else YAML.

    Raises:
        ConfigError: ``CONFIG_NOT_READABLE``.
        ConfigRefused: It has findings.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(
            f"configuration {path} cannot be read: {reason}; correct --config or CPE_CONFIG",
            code="CONFIG_NOT_READABLE",
        ) from error
    read = read_json if path.suffix == ".json" else read_yaml
    try:
        source = read(text, str(path), noun=_NOUN)
    except Unreadable as error:
        raise ConfigRefused([error.finding]) from None
    findings = list(source.findings)
    if source.value is not None:
        findings += [
            source.finding(problem.path, problem.code, problem.message, key=problem.key)
            for problem in find_problems(source.value)
        ]
    if findings:
        raise ConfigRefused(findings)
    return source
