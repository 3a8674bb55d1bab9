"""`zenotc journal`, as a process of its own, on a journal without an engine and on one that an engine uses."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.engine_process import engine
from tests.journal.samples import EVERY_KIND, T0, event
from zenotc.journal import Journal


def zenotc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zenotc", "journal", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with a journal that no engine uses."""
    directory = tmp_path / "state"
    directory.mkdir(mode=0o700)
    with Journal.open(directory / "journal.db", now_ns=T0) as journal:
        for record in EVERY_KIND:
            journal.append([record, event()])
            journal.flush(5)
    return directory


def test_a_journal_that_is_intact_is_said_to_be_and_a_break_is_named(state: Path) -> None:
    intact = zenotc("verify", "--state-dir", state, "--json")
    assert intact.returncode == 0, intact
    found = json.loads(intact.stdout)
    assert found["commits"] == len(EVERY_KIND)
    assert zenotc("verify", "--state-dir", state, "--noted", found["hash"]).stdout.startswith("intact: ")
    with sqlite3.connect(state / "journal.db") as connection:
        connection.execute("UPDATE fills SET price = '1'")
    broken = zenotc("verify", "--state-dir", state)
    assert (broken.returncode, broken.stdout) == (1, "")
    assert broken.stderr.startswith("zenotc: commit 13 of 16: ") and "fills 1 to 1" in broken.stderr


def test_an_export_goes_to_standard_output_or_a_new_private_file(state: Path, tmp_path: Path) -> None:
    printed = zenotc("export", "--format", "jsonl", "--state-dir", state)
    assert printed.returncode == 0, printed
    lines = [json.loads(line) for line in printed.stdout.splitlines()]
    assert len(lines) == 3 + 2 * len(EVERY_KIND)
    output = tmp_path / "journal.jsonl"
    assert zenotc("export", "--state-dir", state, "--output", output).returncode == 0
    assert output.read_text() == printed.stdout
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    again = zenotc("export", "--state-dir", state, "--output", output)
    assert (again.returncode, again.stderr) == (1, f"zenotc: {output} cannot be written: File exists\n")
    assert zenotc("export", "--state-dir", state, "--format", "csv").returncode == 2


def test_a_backup_is_private_whole_and_never_in_the_place_of_another_file(state: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    made = zenotc("backup", backup, "--state-dir", state)
    assert made.returncode == 0, made
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    before = backup.read_bytes()
    again = zenotc("backup", backup, "--state-dir", state)
    assert again.returncode == 1 and "File exists" in again.stderr
    assert backup.read_bytes() == before
    assert zenotc("verify", "--journal", backup).stdout == zenotc("verify", "--state-dir", state).stdout
    assert {file.name for file in tmp_path.iterdir()} == {"state", "backup.db", "backup.db.lock"}


def test_where_there_is_no_journal_none_is_made(tmp_path: Path) -> None:
    for command in (["verify"], ["export"], ["backup", tmp_path / "backup.db"]):
        asked = zenotc(*command, "--state-dir", tmp_path / "none")
        assert asked.returncode == 1 and "there is no journal at" in asked.stderr, asked
    assert list(tmp_path.iterdir()) == []


def test_beside_a_running_engine_it_is_backed_up_and_the_backup_verified(tmp_path: Path) -> None:
    state, backup = tmp_path / "state", tmp_path / "backup.db"
    state.mkdir(mode=0o700)
    with engine(state, "--speed", "20") as process:
        refused = zenotc("verify", "--state-dir", state)
        assert refused.returncode == 1
        assert f"in use by another engine, process {process.pid}" in refused.stderr
        assert "zenotc journal backup FILE" in refused.stderr
        made = zenotc("backup", backup, "--state-dir", state)
        assert made.returncode == 0, made
        assert process.poll() is None
    copied = json.loads(zenotc("verify", "--journal", backup, "--json").stdout)
    assert copied["rows"] > 0
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    # What the copy ended with is in the chain that the engine went on with.
    assert zenotc("verify", "--state-dir", state, "--noted", copied["hash"]).returncode == 0
