"""Nothing can be changed in a journal, taken out of it, or moved within it, without being found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.journal import version_1
from tests.journal.samples import EVERY_KIND, T0, event, fill, mark, order
from zenotc.journal import Journal, JournalError
from zenotc.journal.database import open_database
from zenotc.journal.records import CommandRecord, FillRecord, MarkRecord, MeasuresRecord
from zenotc.journal.schema import TABLES, Table
from zenotc.journal.verify import Verified, verify

CHAINED = [table for table in TABLES.values() if not table.keyed]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of a dozen commits, with rows of every kind in several of them."""
    path = tmp_path / "journal.db"
    with Journal.open(path, now_ns=T0) as journal:
        for number in range(1, 5):
            journal.append([replace(order(), client_order_id=f"o{number}"), event(), fill(number), mark("s1", T0)])
            journal.flush(5)
        for _ in range(2):
            for record in EVERY_KIND[::-1]:
                journal.append([record if type(record) is not type(order()) else order(journal.last_seq + 10), event()])
            journal.append([MeasuresRecord("s2", T0, b"{}"), MeasuresRecord("s1", T0 + 1, b'{"peak":1}')])
            journal.flush(5)
    return path


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(path, T0)
    try:
        yield connection
    finally:
        connection.close()


def verified(path: Path, noted: str = "") -> Verified:
    with opened(path) as connection:
        return verify(connection, noted=noted)


def tamper(path: Path, *statements: str) -> None:
    with opened(path) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, statement


def test_what_was_written_is_found_intact(path: Path) -> None:
    whole = verified(path)
    assert whole.commits >= 6
    with opened(path) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0] for table in CHAINED]
    assert min(counts) >= 2
    assert whole.rows == sum(counts)


def test_the_chain_goes_on_after_a_restart_and_keeps_what_was_noted(path: Path) -> None:
    noted = verified(path).head
    with Journal.open(path, now_ns=T0 + 1) as journal:
        journal.append([event()])
    later = verified(path, noted)
    assert later.head != noted
    with pytest.raises(JournalError, match="no commit has the hash"):
        verified(path, "ab" * 32)


def test_an_execution_that_was_reported_twice_is_no_difference(path: Path) -> None:
    before = verified(path)
    with Journal.open(path, now_ns=T0) as journal:
        journal.append([replace(fill(), price=Decimal(1))])
        journal.flush(5)
        assert len(journal.records(FillRecord)) == 4
    assert verified(path) == before


@pytest.mark.parametrize("table", CHAINED, ids=lambda table: table.name)
def test_any_change_to_any_row_of_any_table_is_found(path: Path, table: Table[Any]) -> None:
    with opened(path) as connection:
        rowids = [row[0] for row in connection.execute(f"SELECT rowid FROM {table.name}")]
        for rowid in rowids:
            for column in table.names:
                connection.execute("BEGIN")
                number = f"typeof({column}) IN ('integer', 'real')"
                changed = f"CASE WHEN {number} THEN {column} + 1000000 ELSE coalesce({column}, '') || '~' END"
                connection.execute(f"UPDATE {table.name} SET {column} = {changed} WHERE rowid = {rowid}")
                with pytest.raises(JournalError, match=table.name):
                    verify(connection)
                connection.execute("ROLLBACK")
            connection.execute("BEGIN")
            connection.execute(f"DELETE FROM {table.name} WHERE rowid = {rowid}")
            with pytest.raises(JournalError, match=table.name):
                verify(connection)
            connection.execute("ROLLBACK")
        verify(connection)


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE fills SET rowid = 100 WHERE rowid = 2", "UPDATE fills SET rowid = 2 WHERE rowid = 3"),
        ("UPDATE events SET seq = -seq WHERE seq = 3",),
        ("UPDATE events SET body = CAST(body AS TEXT) WHERE seq = 3",),
        ("UPDATE orders SET side = CAST(side AS BLOB) WHERE rowid = 1",),
        ("INSERT INTO events VALUES (100000, NULL, x'7b7d')",),
        ("INSERT INTO marks SELECT * FROM marks LIMIT 1",),
        ("UPDATE measures SET body = x'7b7d' WHERE strategy_id = 's1'",),
        ("DELETE FROM measures WHERE strategy_id = 's2'",),
        ("INSERT INTO measures VALUES ('s3', 1, x'7b7d')",),
        ("DELETE FROM chain WHERE number = 2",),
        ("DELETE FROM chain WHERE number = 1",),
        ("DELETE FROM chain WHERE number = (SELECT max(number) FROM chain)",),
        ("UPDATE chain SET contents = x'7b7d' WHERE number = 3",),
        ("UPDATE chain SET contents = x'00' WHERE number = 3",),
        ("UPDATE chain SET hash = zeroblob(32) WHERE number = 3",),
        ("UPDATE chain SET number = 1000 WHERE number = 2", "UPDATE chain SET number = 2 WHERE number = 3"),
        ("UPDATE meta SET value = 'another' WHERE key = 'epoch'",),
    ],
)  # fmt: skip
def test_moving_adding_and_cutting_are_found(path: Path, statements: tuple[str, ...]) -> None:
    tamper(path, *statements)
    with pytest.raises(JournalError) as failure:
        verified(path)
    assert failure.value.code == "journal_broken"


def test_the_first_break_is_named(path: Path) -> None:
    tamper(path, "UPDATE fills SET price = '1' WHERE trade_id = 't3'")
    with pytest.raises(JournalError, match=r"^commit 3 of \d+: .*fills 3 to 3"):
        verified(path)


def test_a_damaged_page_is_found(path: Path) -> None:
    with opened(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(JournalError, match="the file is damaged"):
        verified(path)


def test_what_is_cut_off_the_end_with_its_seals_is_found_by_a_hash_that_was_noted(path: Path) -> None:
    noted = verified(path).head
    with Journal.open(path, now_ns=T0) as journal:
        journal.append([event()])
    longer = verified(path, noted)
    tamper(
        path,
        "DELETE FROM chain WHERE number = (SELECT max(number) FROM chain)",
        "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)",
    )
    assert verified(path).head == noted
    with pytest.raises(JournalError, match="no commit has the hash"):
        verified(path, longer.head)


def test_a_journal_of_version_1_is_brought_up_and_sealed_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    version_1.create(path)
    with Journal.open(path, now_ns=T0) as journal:
        assert (journal.epoch, journal.last_seq) == ("a0a1a2a3a4a5a6a7", 2)
        assert journal.records(CommandRecord) == [CommandRecord("c1", 8, "trader", "pause", "s1", b"{}", "", "")]
        assert [(m.strategy_id, m.at_ns) for m in journal.records(MarkRecord)] == [("s1", 5), ("s2", 5), ("s1", 10)]
        journal.append(EVERY_KIND[:10])
    before = verified(path)
    assert before.rows == 14 + 9
    tamper(path, "UPDATE fills SET price = '1'")
    with pytest.raises(JournalError, match="fills 1 to 1"):
        verified(path)


def test_a_journal_that_was_brought_up_has_the_schema_of_a_new_one(tmp_path: Path) -> None:
    version_1.create(tmp_path / "old")
    shapes = []
    for name in ("old", "new"):
        with opened(tmp_path / name) as connection:
            tables = [
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
            ]
            columns = [connection.execute(f"PRAGMA table_info({table})").fetchall() for table in tables]
            indexes = connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' ORDER BY 1")
            shapes.append((tables, columns, indexes.fetchall()))
    assert shapes[0] == shapes[1]
