"""A journal that was cut off, overwritten or shortened is recovered up to its last whole record, and says so."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from cpe.errors import ConfigError
from cpe.local.swf.engine.changes import ExecutionFilter
from cpe.local.swf.registered import Domain
from cpe.local.swf.store.journal import FILE, Journal
from cpe.local.swf.store.wal import torn_bytes
from tests.unit.swf_changes import events, lived, recorded

WAL = f"{FILE}-wal"


def as_killed(journal: Journal, folder: Path) -> Path:
    """What a process that was killed now would leave behind."""
    folder.mkdir(parents=True)
    for name in (FILE, WAL):
        if (journal.path.parent / name).exists():
            shutil.copy(journal.path.parent / name, folder / name)
    return folder


def lengths(journal: Journal) -> dict[str, int]:
    """How many events each open execution has; they are whole."""
    found = {each.workflow_id: list(each.events) for each in journal.load().executions}
    for name, history in found.items():
        assert history == events(1, len(history)), name
    return {name: len(history) for name, history in found.items()}


def test_a_killed_process_leaves_a_whole_journal(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "data")) as journal:
        journal.save([recorded("a", 1, 2)])
        left = as_killed(journal, tmp_path / "killed")
    assert torn_bytes(left / WAL) == 0
    with closing(Journal(left)) as again:
        assert again.recovered is None
        assert lengths(again) == {"a": 2}


def test_a_log_cut_anywhere_ends_with_the_last_whole_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Journal(tmp_path / "data")) as journal:
        journal.save([recorded("a", 1, 2)])
        whole = (journal.path.parent / WAL).stat().st_size
        journal.save([recorded("a", 3, 300), recorded("b", 1, 1)])
        left = as_killed(journal, tmp_path / "killed")
    content = (left / WAL).read_bytes()
    cuts = [whole + 1, whole + 17, len(content) - 1, *Random(3).sample(range(whole + 1, len(content)), 20)]
    for cut in cuts:
        folder = shutil.copytree(left, tmp_path / str(cut))
        (folder / WAL).write_bytes(content[:cut])
        caplog.clear()
        with closing(Journal(folder)) as again:
            assert lengths(again) == {"a": 2}
            assert again.recovered is not None
            assert f"ended in mid-record; its last {cut - whole} bytes were dropped" in again.recovered
            assert again.recovered in caplog.text
            again.save([recorded("a", 3, 4)])
        with closing(Journal(folder)) as again:
            assert (again.recovered, lengths(again)) == (None, {"a": 4})


def test_a_log_overwritten_in_its_middle(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "data")) as journal:
        journal.save([recorded("a", 1, 2)])
        whole = (journal.path.parent / WAL).stat().st_size
        for first in range(3, 50):
            journal.save([recorded("a", first, first)])
        left = as_killed(journal, tmp_path / "killed")
    with (left / WAL).open("r+b") as log:
        log.seek(whole + 100)
        log.write(b"\xff" * 10)
    size = (left / WAL).stat().st_size
    with closing(Journal(left)) as again:
        assert lengths(again) == {"a": 2}
        assert again.recovered is not None
        assert f"its last {size - whole} bytes were dropped" in again.recovered


def test_what_an_earlier_log_left_in_the_file_is_no_damage(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "data")) as journal:
        for first in range(1, 200):
            journal.save([recorded("a", first, first)])
        journal._connection.execute("PRAGMA wal_checkpoint(RESTART)")
        size = (journal.path.parent / WAL).stat().st_size
        journal.save([recorded("b", 1, 1)])
        left = as_killed(journal, tmp_path / "killed")
    assert (left / WAL).stat().st_size == size
    with closing(Journal(left)) as again:
        assert again.recovered is None
        assert lengths(again) == {"a": 199, "b": 1}


@pytest.mark.parametrize("header", [b"", b"x", b"x" * 40])
def test_a_log_without_a_header(tmp_path: Path, header: bytes) -> None:
    with closing(Journal(tmp_path)) as journal:
        journal.save([recorded("a", 1, 2)])
    (tmp_path / WAL).write_bytes(header)
    with closing(Journal(tmp_path)) as again:
        assert (again.recovered is None) == (not header)
        assert lengths(again) == {"a": 2}


def filled(folder: Path) -> Path:
    """A journal of 40 open executions and 40 closed ones, closed in good order."""
    with closing(Journal(folder)) as journal:
        journal.save([Domain(name="media", retention="1")])
        for step in range(20):
            for number in range(40):
                journal.save([recorded(f"w{number}", 1 + step * 2, 2 + step * 2)])
            for number in range(step * 2, step * 2 + 2):
                journal.save(lived(f"c{number}", length=60, tags=("x",)))
    return folder / FILE


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8, 0.9, 0.99])
def test_a_shortened_file_keeps_its_whole_records(tmp_path: Path, part: float) -> None:
    path = filled(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with closing(Journal(tmp_path)) as journal:
        assert journal.recovered is not None
        assert "the whole records in it were recovered" in journal.recovered
        assert f"{FILE}.damaged-1" in journal.recovered
        found = lengths(journal)
        closed = list(journal.closed_infos("media", ExecutionFilter(closed_from=0.0, tag="x")))
        histories = [journal.closed_history("media", info.workflow_id, info.run_id) for info in closed]
        for history in histories:
            assert history is not None
            assert list(history) == events(1, len(history))
        kept = sum(found.values()) + sum(len(history or ()) for history in histories)
        assert kept >= (40 * 40 + 40 * 60) * (part - 0.1) * part
        journal.save([recorded("new", 1, 1)])
        assert list(journal.load().registry) == [Domain(name="media", retention="1")]
    assert (tmp_path / f"{FILE}.damaged-1").stat().st_size == int(len(content) * part)
    with closing(Journal(tmp_path)) as again:
        assert again.recovered is None
        assert lengths(again) == found | {"new": 1}


def test_a_hole_takes_no_more_than_its_own_rows(tmp_path: Path) -> None:
    """Each page in turn: whichever it is, most of everything is there."""
    path = filled(tmp_path / "whole")
    content = path.read_bytes()
    size = 1024
    for page in range(1, len(content) // size, 7):
        folder = tmp_path / str(page)
        folder.mkdir()
        holed = content[: page * size] + b"\x55" * size + content[(page + 1) * size :]
        (folder / FILE).write_bytes(holed)
        with closing(Journal(folder)) as journal:
            found = lengths(journal)
            closed = list(journal.closed_infos("media", ExecutionFilter(closed_from=0.0)))
        # A page names up to thirty executions.
        assert len(found) + len(closed) >= 80 - 30


def test_a_log_is_taken_before_a_damaged_file_is_read(tmp_path: Path) -> None:
    path = filled(tmp_path / "data")
    with closing(Journal(path.parent)) as journal:
        journal.save([recorded("late", 1, 2)])
        left = as_killed(journal, tmp_path / "killed")
    with (left / FILE).open("r+b") as file:
        file.seek(file.seek(0, 2) // 2 // 1024 * 1024)
        file.write(b"\x55" * 1024)
    with closing(Journal(left)) as again:
        assert again.recovered is not None
        assert lengths(again)["late"] == 2


def test_an_overwritten_file_is_recovered_and_each_damaged_one_kept(tmp_path: Path) -> None:
    path = filled(tmp_path)
    for number in (1, 2):
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.write(b"\x55" * 8192)
        with closing(Journal(tmp_path)) as journal:
            assert journal.recovered is not None
            assert f"{FILE}.damaged-{number}" in journal.recovered
            assert len(lengths(journal)) > 20


def damaged(content: bytes, random: Random) -> bytes:
    """Cut, overwrite or shift something somewhere; more often at the beginning, where the headers are."""
    place = random.randrange(min(len(content), random.choice([200, len(content)])))
    noise = random.randbytes(random.choice([1, 4, 100, 5000]))
    match random.randrange(3):
        case 0:
            return content[:place]
        case 1:
            return content[:place] + noise + content[place + len(noise) :]
        case _:
            return content[:place] + noise[:50] + content[place + random.randrange(3000) :]


def test_whatever_is_damaged_it_goes_on_or_says_why(tmp_path: Path) -> None:
    path, random = filled(tmp_path / "data"), Random(11)
    with closing(Journal(path.parent)) as journal:
        for number in range(30):
            journal.save([recorded(f"late{number}", 1, 30)])
        left = as_killed(journal, tmp_path / "killed")
    whole = {name: (left / name).read_bytes() for name in (FILE, WAL)}
    for number in range(100):
        folder = tmp_path / str(number)
        folder.mkdir()
        spoiled = random.choice([FILE, WAL])
        for name, content in whole.items():
            (folder / name).write_bytes(damaged(content, random) if name == spoiled else content)
        try:
            with closing(Journal(folder)) as journal:
                lengths(journal)
                journal.save([recorded("new", 1, 1)])
        except ConfigError as refused:
            assert refused.code == "JOURNAL_UNREADABLE"
            continue
        with closing(Journal(folder)) as again:
            assert again.recovered is None
            assert lengths(again)["new"] == 1


def test_a_file_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    path = filled(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\x55" * (len(content) - 100))
    with pytest.raises(ConfigError, match="nothing in it can be read") as refused:
        Journal(tmp_path)
    assert refused.value.code == "JOURNAL_UNREADABLE"
    assert path.stat().st_size == len(content)


def test_the_lock_ends_with_the_process(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from cpe.local.swf.store.journal import Journal\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(ConfigError, match=f"in use by process {holder.pid}; "):
            Journal(tmp_path)
        holder.kill()
    Journal(tmp_path).close()
