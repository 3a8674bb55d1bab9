"""The journal's own code on SQLite files whose writes and syncs pass through the test's hands.

The standard library's SQLite has no way in below it; apsw has one. What `Journal.open` gets is a connection of apsw
that looks like one of `sqlite3`, as far as the journal uses it.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

import apsw

__all__ = ["Files", "connector"]

_numbers = itertools.count()


class Files(Protocol):
    """Hears what SQLite is about to do to its files; what it raises is what the disk answers."""

    def opening(self, name: str) -> None:
        """A file is opened, and created where there is none."""

    def writing(self, name: str, offset: int, data: bytes) -> None:
        """Bytes are written to a file."""

    def truncating(self, name: str, size: int) -> None:
        """A file is cut."""

    def syncing(self, name: str) -> None:
        """What was written to a file goes to the disk."""

    def deleting(self, name: str) -> None:
        """A file is deleted."""


def connector(
    files: Files, *, synchronous: str = "FULL", checkpoint_pages: int = 1_000
) -> Callable[[Path], sqlite3.Connection]:
    """Return what opens a database whose files are watched.

    Parameters
    ----------
    files
        Hears of everything before it is done.
    synchronous
        In place of what the journal asks for.
    checkpoint_pages
        How long the log grows, in pages, before it goes into the database.
    """
    vfs = _Vfs(f"watched-{next(_numbers)}", files)
    return lambda path: cast(sqlite3.Connection, _Connection(path, vfs, synchronous, checkpoint_pages))


class _File(apsw.VFSFile):
    def __init__(self, files: Files, name: Any, flags: list[int]) -> None:
        self._name = os.path.basename(name.filename() if isinstance(name, apsw.URIFilename) else name or "")
        self._files = files
        files.opening(self._name)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._files.writing(self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._files.truncating(self._name, newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._files.syncing(self._name)
        super().xSync(flags)


class _Vfs(apsw.VFS):
    def __init__(self, name: str, files: Files) -> None:
        self.name = name
        self._files = files
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        return _File(self._files, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._files.deleting(os.path.basename(filename))
        super().xDelete(filename, syncdir)


class _Result:
    def __init__(self, rows: Sequence[tuple[Any, ...]], rowcount: int) -> None:
        self.rowcount = rowcount
        self._rows = iter(rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)


class _Connection:
    def __init__(self, path: Path, vfs: _Vfs, synchronous: str, checkpoint_pages: int) -> None:
        self._vfs = vfs  # lives as long as its files
        self._synchronous = synchronous
        with _as_sqlite3():
            self._connection = apsw.Connection(str(path), vfs=vfs.name)
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")

    def execute(self, sql: str, arguments: Sequence[Any] = ()) -> _Result:
        if sql.startswith("PRAGMA synchronous"):
            sql = f"PRAGMA synchronous = {self._synchronous}"
        with _as_sqlite3():
            rows = self._connection.execute(sql, tuple(arguments)).fetchall()
            return _Result(rows, self._connection.changes())

    executescript = execute

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with _as_sqlite3():
            self._connection.executemany(sql, [tuple(row) for row in rows])

    def close(self) -> None:
        with _as_sqlite3():
            self._connection.close()


@contextmanager
def _as_sqlite3() -> Iterator[None]:
    """Raise what `sqlite3` would raise."""
    try:
        yield
    except apsw.Error as error:
        raise sqlite3.OperationalError(str(error)) from error
