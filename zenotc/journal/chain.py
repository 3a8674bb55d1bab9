"""The hash chain over the journal: each commit seals the rows that it has added, and every commit before it.

A row of `chain` says in `contents` how many rows a commit has added to each table, and holds

    hash = SHA-256(hash of the commit before | contents | the rows as JSON, table by table as in contents)

The first commit follows on the hash of the journal's epoch and time of creation. Rows are only ever added, so that the
counts say which rows are a commit's. Of `measures`, where a new row takes the place of an old one, `contents` has a
digest of every row that was written; the newest is what must be found in the table.

Whoever can write the file can also write another chain. That nobody has is proved by a hash that was noted elsewhere:
it must still be in the chain.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any

import orjson

from zenotc.journal.schema import TABLES, Table, Values

__all__ = ["Chain", "canonical", "digest", "link", "root"]

_SEALED_AT_ONCE = 10_000

canonical = partial(orjson.dumps, default=bytes.decode)
"""Rows, or what a commit has written, as the bytes that are hashed."""


def digest(row: Values) -> str:
    """Return what stands for a row of a table whose rows are replaced."""
    return sha256(canonical(tuple(row))).hexdigest()


def root(connection: sqlite3.Connection) -> bytes:
    """Return the hash that the first commit follows on."""
    query = "SELECT key, value FROM meta WHERE key IN ('created_ns', 'epoch') ORDER BY key"
    return sha256(canonical(connection.execute(query).fetchall())).digest()


def link(before: bytes, contents: bytes, rows: Iterable[Sequence[Values]]) -> bytes:
    """Return the hash of a commit that follows on another."""
    hashed = sha256(before)
    hashed.update(contents)
    for added in rows:
        hashed.update(canonical(added))
    return hashed.digest()


class Chain:
    """The end of a journal's chain, to which its writer adds.

    Parameters
    ----------
    connection
        The database.

    Attributes
    ----------
    length
        How many commits are sealed.
    head
        The hash of the last one.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        last = connection.execute("SELECT number, hash FROM chain ORDER BY number DESC LIMIT 1").fetchone()
        self.length: int = last[0] if last else 0
        self.head: bytes = last[1] if last else root(connection)

    def extend(self, added: Mapping[Table[Any], Sequence[Values]]) -> None:
        """Seal the rows that the open transaction has added to tables."""
        contents = {
            table.name: {row[0]: digest(row) for row in rows} if table.keyed else len(rows)
            for table, rows in added.items()
            if rows
        }
        if not contents:
            return
        said = canonical(contents)
        self.head = link(self.head, said, [rows for table, rows in added.items() if rows and not table.keyed])
        self.length += 1
        self._connection.execute("INSERT INTO chain VALUES (?, ?, ?)", (self.length, said, self.head))

    def seal(self) -> None:
        """Seal everything that stands in a journal which had no chain."""
        for table in TABLES.values():
            cursor = self._connection.execute(table.select)
            while rows := cursor.fetchmany(_SEALED_AT_ONCE):
                self.extend({table: rows})
