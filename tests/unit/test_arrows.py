"""Imports point down only: the arrows of the architecture, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TREES = ("cpe", "activities", "client_example")


def _under(*names: str) -> set[str]:
    return {f"activities.{name}" for name in names}


#: What each part may import of the project. A part is a module or package; the longest name that fits a module
#: counts. Parts of themselves are always allowed, and so are `cpe` (its version) and `cpe.errors`.
ARROWS: dict[str, set[str]] = {
    "cpe": set(),
    "cpe.errors": set(),
    "cpe.clock": set(),
    "cpe.languages": set(),
    "cpe.logs": set(),
    "cpe.machine": set(),
    "cpe.shipped": set(),
    "cpe.config": {"cpe.machine", "cpe.protocol", "cpe.source"},
    "cpe.activity": set(),
    "cpe.protocol": set(),
    "cpe.source": set(),
    "cpe.plan": {"cpe.protocol", "cpe.source"},
    "cpe.decider": {"cpe.plan", "cpe.protocol"},
    "cpe.aws": {"cpe.activity", "cpe.protocol"},
    "cpe.client": {"cpe.protocol", "cpe.aws.session", "cpe.aws.sqs", "cpe.aws.payloads"},
    "cpe.jobs": {"cpe.aws", "cpe.decider", "cpe.plan", "cpe.protocol"},
    "cpe.daemons": {
        *("cpe.aws", "cpe.jobs", "cpe.decider", "cpe.plan", "cpe.protocol", "cpe.activity"),
        *("cpe.clock", "cpe.config", "cpe.logs", "cpe.machine"),
    },
    "cpe.doctor": {
        *("cpe.aws", "cpe.config", "cpe.plan", "cpe.protocol", "cpe.activity", "cpe.daemons.activities"),
    },
    "cpe.testing": {"cpe.activity", "cpe.local"},
    "cpe.local": set(),
    "cpe.simulation": {"cpe.decider", "cpe.plan", "cpe.protocol", "cpe.local", "cpe.source"},
    "cpe.migration": {"cpe.languages"},
    "cpe.stack": {"cpe.config", "cpe.machine", "cpe.plan", "cpe.protocol"},
    "cpe.cli": {
        *("cpe.daemons", "cpe.jobs", "cpe.aws", "cpe.decider", "cpe.plan", "cpe.protocol", "cpe.activity"),
        *("cpe.clock", "cpe.config", "cpe.logs", "cpe.local", "cpe.shipped", "cpe.simulation", "cpe.stack"),
        *("cpe.source", "cpe.doctor", "cpe.machine", "cpe.migration"),
    },
    "activities.media": {"cpe.activity", "cpe.languages"},
    "activities.sandbox": {"cpe.activity"},
    "activities.ffmpeg": {"cpe.activity", "activities.media", "activities.sandbox"},
    "activities.task": {"cpe.activity", "cpe.machine", *_under("media", "sandbox", "ffmpeg")},
    "activities.transfer": {"cpe.activity", *_under("media", "sandbox", "task")},
    "activities.source": {"cpe.activity", *_under("media", "sandbox", "ffmpeg")},
    "activities.pictures": {"cpe.activity", *_under("media", "sandbox", "task", "transfer")},
    "activities.documents": {"cpe.activity", *_under("media", "sandbox", "task", "transfer", "pictures")},
    "activities.verify": {"cpe.activity", *_under("media", "sandbox", "ffmpeg", "pictures")},
    "activities.sound": {
        "cpe.activity",
        *_under("media", "sandbox", "ffmpeg", "task", "transfer", "source", "verify"),
    },
    "activities.video": {
        "cpe.activity",
        *_under("media", "sandbox", "ffmpeg", "task", "transfer", "source", "verify", "pictures", "sound"),
    },
    "activities.playlist": {
        "cpe.activity",
        *_under("media", "sandbox", "ffmpeg", "task", "transfer", "source", "verify", "sound", "video"),
    },
    "activities.fleet": {
        "cpe.activity",
        *_under("media", "sandbox", "ffmpeg", "task", "transfer", "source", "verify", "sound", "video"),
        "activities.playlist",
    },
    # The activities themselves, and what makes a film's outputs whatever they are.
    "activities": {
        *("cpe.activity", "cpe.machine"),
        *_under("media", "sandbox", "ffmpeg", "task", "transfer", "source", "verify"),
        *_under("pictures", "documents", "sound", "video", "playlist", "fleet"),
    },
    "client_example": {"cpe.client", "cpe.protocol"},
}

#: Who may use what of the outside; a part that is not named may not use it at all.
OUTSIDE: dict[str, set[str]] = {
    "boto3": {"cpe.aws", "client_example"},
    "botocore": {"cpe.aws", "cpe.local.swf.model", "client_example"},
    "moto": {"cpe.local"},
    "flask": {"cpe.local"},
    "click": {"cpe.cli", "client_example"},
    "subprocess": {"cpe.stack.supervisor", "activities.sandbox.ffmpeg", "client_example"},
}

#: What these parts only compute: no clock, no chance, no processes, no network, no threads, no logs.
PURE = (
    *("cpe.decider", "activities.media", "cpe.local.swf.engine"),
    *("cpe.local.swf.registry", "cpe.local.swf.visibility", "cpe.local.swf.paging"),
)
IMPURE = {
    *("time", "random", "secrets", "socket", "threading", "asyncio", "concurrent", "subprocess"),
    *("logging", "structlog", "boto3", "botocore", "requests", "urllib3"),
}

#: Who touches the environment. `cpe up` clears and sets it for the daemons that it starts; the examples are
#: programs of their own.
READS_ENVIRONMENT = ("cpe.config", "cpe.cli.up", "cpe.cli.tables", "client_example")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A module that imports another; `line` is where."""

    module: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.module} (line {self.line}) imports {self.imported}"


def modules() -> Iterator[tuple[str, Path]]:
    for tree in TREES:
        for path in sorted((REPOSITORY / tree).rglob("*.py")):
            parts = path.relative_to(REPOSITORY).with_suffix("").parts
            yield ".".join(part for part in parts if part != "__init__"), path


def imports(module: str, path: Path) -> Iterator[Import]:
    """Every import, those inside functions and for type checkers too."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module=module, imported=alias.name, line=node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                yield Import(module=module, imported=f"{base}.{alias.name}", line=node.lineno)


ALL_IMPORTS = [each for module, path in modules() for each in imports(module, path)]


def part_of(name: str) -> str | None:
    """Tell the part a module belongs to: the longest name in the table that fits."""
    fitting = [part for part in ARROWS if is_in(name, part)]
    return max(fitting, key=len, default=None)


def is_in(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


def is_ours(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in TREES


def is_allowed(each: Import) -> bool:
    part = part_of(each.module)
    assert part is not None
    own = part_of(each.imported) == part
    everybodys = is_in(each.imported, "cpe.errors") or each.imported in {"cpe", "cpe.__version__"}
    return own or everybodys or any(is_in(each.imported, allowed) for allowed in ARROWS[part])


def test_every_module_belongs_to_a_part() -> None:
    # The bare package `cpe` is a part of its own: whoever adds a module there says what it may import.
    strays = [name for name, _ in modules() if part_of(name) in {None, "cpe"} and name != "cpe"]
    assert strays == []


def test_imports_point_down() -> None:
    wrong = {str(each) for each in ALL_IMPORTS if is_ours(each.imported) and not is_allowed(each)}
    assert not wrong, "\n".join(sorted(wrong))


def test_the_engine_never_imports_activities_or_examples() -> None:
    assert [
        str(each)
        for each in ALL_IMPORTS
        if is_in(each.module, "cpe")
        and each.imported.split(".")[0] in {"activities", "client_example", "tests"}
    ] == []


@pytest.mark.parametrize("library", OUTSIDE)
def test_the_outside_is_touched_in_one_place(library: str) -> None:
    assert [
        str(each)
        for each in ALL_IMPORTS
        if is_in(each.imported, library) and not any(is_in(each.module, place) for place in OUTSIDE[library])
    ] == []


def is_pure(module: str) -> bool:
    return any(is_in(module, part) for part in PURE)


def test_what_computes_does_nothing_else() -> None:
    assert [
        str(each)
        for each in ALL_IMPORTS
        if is_pure(each.module) and each.imported.split(".", maxsplit=1)[0] in IMPURE
    ] == []


def test_what_computes_asks_no_clock() -> None:
    # `datetime` is what SWF's timestamps are; reading the time would be another thing.
    assert {name for name in uses({"now", "utcnow", "today"}) if is_pure(name)} == set()


def test_the_decider_opens_no_files() -> None:
    files = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}
    assert {name for name in uses(files) if is_in(name, "cpe.decider")} == set()


def test_one_place_reads_the_environment() -> None:
    readers = uses({"environ", "getenv"}, of="os")
    assert {name for name in readers if not any(is_in(name, place) for place in READS_ENVIRONMENT)} == set()


def uses(attributes: set[str], *, of: str | None = None) -> set[str]:
    """Tell the modules that name one of these attributes, of the module `of` if that is given."""
    return {
        name
        for name, path in modules()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in attributes
        and (of is None or (isinstance(node.value, ast.Name) and node.value.id == of))
    }


def test_the_arrows_make_no_circle() -> None:
    def reachable(part: str, seen: frozenset[str]) -> Iterator[str]:
        for target in ARROWS[part]:
            below = part_of(target)
            assert below is not None
            assert below not in seen, f"{part} and {below} import each other"
            yield below
            yield from reachable(below, seen | {below})

    for part in ARROWS:
        assert part not in set(reachable(part, frozenset({part})))


@pytest.mark.parametrize(
    ("module", "imported", "allowed"),
    [
        ("cpe.decider.walk", "cpe.plan.Plan", True),
        ("cpe.decider.walk", "cpe.aws.swf.SwfGateway", False),
        ("cpe.local.server", "cpe.errors.ConfigError", True),
        ("cpe.local.server", "cpe.config.load_settings", False),
        ("activities.transcode_asset", "cpe.activity.Activity", True),
        ("activities.transcode_asset", "cpe.protocol.Event", False),
        ("client_example.demo", "cpe.client.Client", True),
        ("client_example.demo", "cpe.aws.sqs.Queue", False),
        ("cpe.client.client", "cpe.aws.sqs.Queue", True),
        ("cpe.client.client", "cpe.aws.swf.SwfGateway", False),
        ("cpe.aws.sqs", "cpe.daemons.loop.Loop", False),
    ],
)
def test_the_table_says_what_it_should(module: str, imported: str, allowed: bool) -> None:
    assert is_allowed(Import(module=module, imported=imported, line=1)) is allowed
