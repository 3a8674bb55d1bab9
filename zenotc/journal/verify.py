"""Whether a journal is what was written, row by row and commit by commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from zenotc.journal.chain import digest, link, root
from zenotc.journal.database import JournalError
from zenotc.journal.schema import TABLES, Row, Table

__all__ = ["Verified", "verify"]

_TOLD_EVERY = 10_000


@dataclass(frozen=True, slots=True)
class Verified:
    """What has been found intact: so many commits and rows, and the hash of the last commit, hexadecimal."""

    commits: int
    rows: int
    head: str


def verify(
    connection: sqlite3.Connection,
    *,
    noted: str = "",
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Verified:
    """Compare every row of a journal with the chain that was written with it.

    Parameters
    ----------
    connection
        The database; nobody else may write to it meanwhile.
    noted
        A hash that was the last one at an earlier time, hexadecimal; it must be in the chain.
    on_progress
        Called now and then with the commits that are done, and how many there are.

    Raises
    ------
    JournalError
        With the first difference, code `journal_broken`.
    """
    try:
        return _Walk(connection).run(noted.strip().lower(), on_progress)
    except sqlite3.Error as error:
        raise _broken(f"the file is damaged: {error}") from error


class _Walk:
    """One pass over the chain, with a cursor in every table.

    Parameters
    ----------
    connection
        The database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tables = {table.name: table for table in TABLES.values()}
        self._cursors = {
            table.name: connection.execute(table.select) for table in self._tables.values() if not table.keyed
        }
        self._passed = dict.fromkeys(self._cursors, 0)
        self._newest: dict[str, dict[str, str]] = {table.name: {} for table in self._tables.values() if table.keyed}

    def run(self, noted: str, on_progress: Callable[[int, int], None]) -> Verified:
        state = self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if state != "ok":
            raise _broken(f"the file is damaged: {state}")
        of = self._connection.execute("SELECT count(*) FROM chain").fetchone()[0]
        head = root(self._connection)
        seen = noted in ("", head.hex())
        done = 0
        for number, contents, sealed in self._connection.execute("SELECT number, contents, hash FROM chain ORDER BY 1"):
            if number != done + 1:
                raise _broken(f"commit {done + 1} is missing")
            head = self._commit(f"commit {number} of {of}", head, contents, sealed)
            done = number
            seen = seen or head.hex() == noted
            if done % _TOLD_EVERY == 0:
                on_progress(done, of)
        for table in self._tables.values():
            self._check_end(table)
            self._check_types(table)
        if not seen:
            raise _broken(f"no commit has the hash {noted}: this is not the journal that it was noted of, or no more")
        on_progress(done, of)
        return Verified(done, sum(self._passed.values()), head.hex())

    def _commit(self, name: str, before: bytes, contents: bytes, sealed: bytes) -> bytes:
        """Read the rows of a commit, and return its hash."""
        try:
            rows = self._rows(name, orjson.loads(contents))
            if link(before, contents, rows.values()) == sealed:
                return sealed
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise _broken(f"{name}: its seal or its rows cannot be read") from error
        added = ", ".join(
            f"{table} {self._passed[table] - len(new) + 1} to {self._passed[table]}" for table, new in rows.items()
        )
        raise _broken(f"{name}: its seal does not fit what stands there now: {added or 'measures'}")

    def _rows(self, name: str, contents: dict[str, Any]) -> dict[str, list[Row]]:
        rows: dict[str, list[Row]] = {}
        for table, added in contents.items():
            if table in self._newest:
                self._newest[table] |= added
                continue
            rows[table] = self._cursors[table].fetchmany(added)
            self._passed[table] += len(rows[table])
            if len(rows[table]) < added:
                raise _broken(f"{name}: {table} ends at row {self._passed[table]}, and more were written")
        return rows

    def _check_end(self, table: Table[Any]) -> None:
        """Look for rows that no commit has written, and for those that are not the newest."""
        if not table.keyed:
            if self._cursors[table.name].fetchone() is not None:
                raise _broken(f"{table.name}: no commit has written row {self._passed[table.name] + 1}")
            return
        found = {row[0]: digest(row) for row in self._connection.execute(table.select)}
        for key in sorted(found.keys() | self._newest[table.name].keys()):
            if found.get(key) != self._newest[table.name].get(key):
                raise _broken(f"{table.name}: the row of {key} is not the newest that was written")

    def _check_types(self, table: Table[Any]) -> None:
        """Look for text where there were bytes, and bytes where there was text: as JSON they are the same."""
        wrong = " OR ".join(f"(typeof({name}) = 'blob') != {name in table.blobs}" for name in table.names)
        if self._connection.execute(f"SELECT 1 FROM {table.name} WHERE {wrong} LIMIT 1").fetchone() is not None:
            raise _broken(f"{table.name}: a row has text in the place of bytes, or bytes in the place of text")


def _broken(message: str) -> JournalError:
    return JournalError(message, code="journal_broken")
