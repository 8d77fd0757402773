"""What is published: the wheel, the lock, the licence, the image."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

import cpe
from cpe import shipped
from cpe.errors import ConfigError

REPOSITORY = Path(__file__).parents[2]
LOCK = (REPOSITORY / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_everything_that_runs(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for tree, place in (("plans", "cpe/shipped_data/plans"), ("config", "cpe/shipped_data/config")):
        files = [path for path in (REPOSITORY / tree).rglob("*") if path.is_file()]
        assert files
        assert {f"{place}/{path.relative_to(REPOSITORY / tree)}" for path in files} <= names
    for tree in ("cpe", "activities"):
        for path in (REPOSITORY / tree).rglob("*"):
            if path.suffix in {".py", ".json", ".typed"}:
                assert str(path.relative_to(REPOSITORY)) in names
    assert not [name for name in names if name.startswith(("tests/", "client_example/", "plans/", "config/"))]


def test_a_wheel_finds_what_is_shipped_with_it(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    code = "from cpe import shipped; print(shipped.plans()); print(shipped.sample_config().exists())"
    told = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.split()
    assert told == [str(tmp_path / "cpe" / "shipped_data" / "plans"), "True"]


def test_the_metadata_names_licence_and_scripts(wheel: zipfile.ZipFile) -> None:
    (info,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    metadata = message_from_string(wheel.read(f"{info}/METADATA").decode())
    assert metadata["Name"] == "cloud-processing-engine"
    assert metadata["Version"] == cpe.__version__ == PROJECT["version"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    scripts = wheel.read(f"{info}/entry_points.txt").decode()
    assert {line.split(" ")[0] for line in scripts.splitlines()[1:] if line} == set(PROJECT["scripts"])


def test_a_checkout_finds_what_is_shipped_with_it() -> None:
    assert shipped.plans() == REPOSITORY / "plans"
    assert shipped.sample_config() == REPOSITORY / "config" / "cpe.yml"
    assert shipped.sample_config().is_file()


def test_an_incomplete_installation_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shipped, "_PLACES", (tmp_path,))
    with pytest.raises(ConfigError, match="has no plans/ folder"):
        shipped.plans()


def requirements() -> list[str]:
    """The lock's requirements, each with its hashes, as one line."""
    lines = [line for line in LOCK.replace("\\\n", " ").splitlines() if line.strip()]
    return [line for line in lines if not line.lstrip().startswith("#")]


def test_every_locked_requirement_has_hashes() -> None:
    assert len(requirements()) > 40
    for requirement in requirements():
        assert re.match(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==\S+", requirement), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement


def test_the_lock_names_no_host() -> None:
    assert "://" not in LOCK
    assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host", LOCK)


def test_the_lock_covers_every_dependency() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(name for extra in project["project"]["optional-dependencies"].values() for name in extra),
        *project["dependency-groups"]["dev"],
    ]
    locked = {normal(re.match(r"[A-Za-z0-9._-]+", line).group()) for line in requirements()}  # type: ignore[union-attr]  # tested above
    assert {normal(re.match(r"[A-Za-z0-9._-]+", name).group()) for name in wanted} <= locked  # type: ignore[union-attr]  # requirements start so


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_image_is_fit_for_production() -> None:
    text = (REPOSITORY / "Dockerfile").read_text("utf-8")
    assert len(re.findall(r"^FROM ", text, re.MULTILINE)) > 1
    final = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER \d+:\d+$", final, re.MULTILINE), "not root, and by number"
    assert re.search(r"^STOPSIGNAL SIGTERM$", final, re.MULTILINE)
    assert "--require-hashes" in text
    assert not re.search(r"^FROM (?!python:[\w.-]+( AS \w+)?$)", text, re.MULTILINE)


def test_the_image_has_libreoffice_on_demand() -> None:
    text = (REPOSITORY / "Dockerfile").read_text("utf-8")
    final = text[text.rindex("\nFROM ") :]
    install = final[final.index("RUN ") : final.index("rm -rf")]
    (packages,) = re.findall(r"\$\{LIBREOFFICE:\+([^}]*)\}", install)
    assert {"libreoffice-writer-nogui", "libreoffice-calc-nogui"} <= set(packages.split())
    assert re.search(r'^ARG LIBREOFFICE=""$', final, re.MULTILINE), "of this stage, and not by default"
    shell = install.removeprefix("RUN ").replace("apt-get", "echo").removesuffix(" \\\n && ")
    for value, count in (("", 0), ("1", len(packages.replace("\\", "").split()))):
        told = subprocess.run(
            ["/bin/sh", "-c", shell], env={"LIBREOFFICE": value}, check=True, capture_output=True
        )
        assert len(told.stdout.decode().splitlines()[1].split()) == 6 + count


def test_the_image_is_made_from_nothing_but_the_project() -> None:
    rules = [
        line for line in (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines() if line[:1] != "#"
    ]
    assert rules[0] == "*"
    taken = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    text = (REPOSITORY / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    assert {name for names in copied for name in names.split()} == taken
    assert all((REPOSITORY / name).exists() for name in taken)


def test_a_missing_extra_is_said_with_the_way_out() -> None:
    code = "import sys; sys.modules['moto'] = None; from cpe.cli.main import main; main()"
    told = subprocess.run(
        [sys.executable, "-c", code, "local"],
        cwd=REPOSITORY,
        check=False,
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert told.returncode == 2
    assert told.stdout == ""
    assert told.stderr == (
        "cpe: the local AWS needs moto, which is not installed; "
        "install it with: pip install 'cloud-processing-engine[local]'\n"
    )
