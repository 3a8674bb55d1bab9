"""A copy that is whole while the journal goes on, and lines that another program can read."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.journal.samples import EVERY_KIND, T0, event, fill
from zenotc.journal import Journal, JournalError
from zenotc.journal.database import alone_with
from zenotc.journal.export import lines
from zenotc.journal.schema import TABLES
from zenotc.journal.verify import Verified, verify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def kept(source: BinaryIO, path: Path) -> Verified:
    """Write a copy to a file, and verify it."""
    with source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    with alone_with(path, T0) as connection:
        return verify(connection)


async def test_a_copy_holds_what_was_appended_before_it(path: Path, tmp_path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        journal.append(EVERY_KIND)
        copied = kept(await journal.copy(), tmp_path / "copy")
    assert copied.rows == len(EVERY_KIND) - 1  # the measures are one row, and counted by their digest
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".copy")]


async def test_commits_go_on_while_a_large_journal_is_copied(path: Path, tmp_path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        journal.bind(asyncio.get_running_loop())
        for _ in range(20):
            await journal.wait(journal.append([event(reason="x" * 10_000) for _ in range(200)]))
        before = journal.last_seq
        copying = asyncio.create_task(journal.copy())
        longest = 0.0
        while not copying.done():
            started = asyncio.get_running_loop().time()
            await journal.wait(journal.append([event(), fill(journal.last_seq)]))
            assert await journal.events(after_seq=journal.last_seq - 1, limit=2)
            longest = max(longest, asyncio.get_running_loop().time() - started)
        assert journal.last_seq > before + 5
        assert longest < 0.5
        kept(await copying, tmp_path / "copy")
    with alone_with(tmp_path / "copy", T0) as connection:
        (last,) = connection.execute("SELECT max(seq) FROM events").fetchone()
    assert before < last <= journal.last_seq


async def test_one_copy_at_a_time(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        first = asyncio.create_task(journal.copy())
        await asyncio.sleep(0)
        with pytest.raises(JournalError, match="already"):
            await journal.copy()
        (await first).close()
        (await journal.copy()).close()


async def test_a_journal_that_is_closed_ends_its_copy(path: Path) -> None:
    journal = Journal.open(path, now_ns=T0)
    journal.append([event(reason="x" * 1_000_000) for _ in range(50)])
    copying = asyncio.create_task(journal.copy())
    await asyncio.sleep(0)
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        await copying
    assert set(os.listdir(path.parent)) == {"journal.db", "journal.db.lock"}


async def test_a_copy_that_would_fill_the_disk_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 5_000, 5_000))
        with pytest.raises(JournalError, match="a copy takes"):
            await journal.copy()
        journal.append([event()])
        journal.flush(5)


def test_the_export_has_every_table_with_exact_decimals(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        journal.append([*EVERY_KIND, event()])
    with alone_with(path, T0) as connection:
        text = list(lines(connection))
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in text)
    exported = [json.loads(line) for line in text]
    assert [line["key"] for line in exported if line["table"] == "meta"] == ["created_ns", "epoch", "schema_version"]
    assert {line["table"] for line in exported} == {"meta", *(table.name for table in TABLES.values())}
    assert len(exported) == 3 + len(EVERY_KIND) + 1
    (execution,) = [line for line in exported if line["table"] == "fills"]
    assert Decimal(execution["fee"]) == Decimal("-0.0000000001") and execution["price"] == "61842.10"
    assert exported[-1]["body"]["type"] == "error"


def test_the_same_rows_give_the_same_lines_however_they_were_committed(tmp_path: Path) -> None:
    exports = []
    for name in "ab":
        with Journal.open(tmp_path / name, now_ns=T0, epoch="0123456789abcdef") as journal:
            for record in EVERY_KIND:
                journal.append([record, event()])
                if name == "b":
                    journal.flush(5)
        with alone_with(tmp_path / name, T0) as connection:
            exports.append(b"".join(lines(connection)))
    assert exports[0] == exports[1]


def test_an_export_takes_little_memory(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        for _ in range(20):
            journal.append([event(reason="x" * 10_000) for _ in range(100)])
    with alone_with(path, T0) as connection:
        tracemalloc.start()
        size = sum(len(line) for line in lines(connection))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert size > 20_000_000
    assert peak < 1_000_000


def test_there_is_nothing_to_be_alone_with(path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal"), alone_with(path, T0):
        pass
    assert not path.exists()
    refused = pytest.raises(JournalError, match="in use by another engine, process")
    with Journal.open(path, now_ns=T0), refused, alone_with(path, T0):
        pass


def test_an_unused_journal_can_be_looked_at_by_sqlite_too(path: Path) -> None:
    Journal.open(path, now_ns=T0).close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
