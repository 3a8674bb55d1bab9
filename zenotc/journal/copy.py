"""A copy of the journal as it is at one moment, made while its engine goes on writing."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from zenotc.journal.database import JournalError

__all__ = ["copy"]

_PAGES_AT_ONCE = 64
"""A quarter of a MiB: for how long a commit waits."""

_SPARE = 1.1
"""How much more room there must be than the copy takes: what fills the disk stops the engine."""


def copy(connection: sqlite3.Connection, between: Callable[[], None] = lambda: None) -> BinaryIO:
    """Return a copy of the database, open for reading; it has no name, and is gone when it is closed.

    Parameters
    ----------
    connection
        The database. What is written with it meanwhile comes into the copy as well.
    between
        Called again and again until the copy is made; what it raises ends the copying.

    Raises
    ------
    JournalError
        If there is no room, or the copy cannot be written.
    """
    (_, _, name) = connection.execute("PRAGMA database_list").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    folder = Path(name).parent
    free = shutil.disk_usage(folder).free
    if free < pages * page_size * _SPARE:
        raise JournalError(f"a copy takes {pages * page_size:,} bytes, and {folder} has {free:,}", code="disk_full")
    draft = folder / f".copy.{secrets.token_hex(4)}"
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _write(connection, draft, between)
        return draft.open("rb")
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"the journal cannot be copied: {error}", code="copy_failed") from error
    finally:
        draft.unlink(missing_ok=True)


def _write(connection: sqlite3.Connection, draft: Path, between: Callable[[], None]) -> None:
    target = sqlite3.connect(draft, isolation_level=None)
    try:
        # Whoever keeps the copy syncs it: here it would hold up every commit.
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("PRAGMA synchronous = OFF")
        connection.backup(target, pages=_PAGES_AT_ONCE, progress=lambda *_: between())
    finally:
        target.close()
