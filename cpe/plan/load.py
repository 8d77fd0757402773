"""Loading plans: YAML text in, a checked :class:`~cpe.plan.model.Plan` or all findings out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from cpe.errors import PlanError
from cpe.plan.check import check_source
from cpe.plan.findings import PlanRefused
from cpe.plan.model import Plan
from cpe.plan.yaml_text import read_source
from cpe.source import Finding


def parse_plan(text: str, file: str = "plan.yml") -> Plan:
    """Check a plan's text.

    Args:
        text: YAML.
        file: The name to use in findings.

    Raises:
        PlanRefused: With every finding, a line each.
    """
    return check_source(read_source(text, file))


def load_plan(path: Path, *, name: str | None = None, version: str | None = None) -> Plan:
    """Read and check a plan file.

    Args:
        path: A YAML file.
        name, version: Used instead of the plan's own.

    Raises:
        PlanRefused: With every finding, a line each.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise PlanRefused(
            [Finding(str(path), 1, 1, "FILE_UNREADABLE", f"cannot read the plan: {reason}")]
        ) from None
    plan = parse_plan(text, str(path))
    return replace(plan, name=name or plan.name, version=version or plan.version)


def load_plans(
    paths: Iterable[Path], *, on_refused: Callable[[PlanError], None] | None = None
) -> dict[tuple[str, str], Plan]:
    """Load plan files and all plans of directories (``*.yml``, ``*.yaml``).

    Args:
        paths: Files and directories.
        on_refused: Told of each plan that is refused; the others are loaded. Without it the first one raises.

    Returns:
        Plans by name and version.

    Raises:
        PlanRefused: A plan has findings, or two files hold the same name and version.
    """
    plans: dict[tuple[str, str], Plan] = {}
    files: dict[tuple[str, str], Path] = {}
    for file in _plan_files(paths):
        try:
            plan = load_plan(file)
            key = (plan.name, plan.version)
            if key in plans:
                message = f"{plan.name} {plan.version} stands in {files[key]} already"
                raise PlanRefused([Finding(str(file), 1, 1, "DUPLICATE_PLAN", message)])
        except PlanError as error:
            if on_refused is None:
                raise
            on_refused(error)
            continue
        plans[key], files[key] = plan, file
    return plans


def _plan_files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(file for file in path.iterdir() if file.suffix in (".yml", ".yaml"))
        else:
            files.append(path)
    return files
