"""The journal's file: created with its mode and its epoch, checked, and locked against a second engine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from zenotc.exceptions import ZenOTCError
from zenotc.journal.chain import Chain
from zenotc.journal.schema import MIGRATIONS, SCHEMA, SCHEMA_VERSION

__all__ = [
    "Connect",
    "JournalError",
    "alone_with",
    "lock_file",
    "meta",
    "open_database",
    "remove_database",
    "sqlite_connection",
    "take_lock",
]


class JournalError(ZenOTCError):
    """The journal cannot be opened, read or written any more."""

    default_code = "journal_lost"
    default_status = 503


Connect = Callable[[Path], sqlite3.Connection]


def sqlite_connection(path: Path) -> sqlite3.Connection:
    """Open a database for one thread at a time, which begins its transactions itself."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def lock_file(path: Path) -> Path:
    """Return the file beside a journal that whoever has the journal holds a lock on."""
    return path.with_name(path.name + ".lock")


def take_lock(path: Path) -> int:
    """Lock the journal for this process and return the lock's file descriptor; closing it releases the lock.

    The lock's file says which process has it.

    Raises
    ------
    JournalError
        If another process holds it, or the lock file cannot be opened.
    """
    lock_path = lock_file(path)
    try:
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"{lock_path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(lock, 20, 0).decode()
        os.close(lock)
        raise JournalError(f"{path} is in use by another engine, process {holder}", code="journal_locked") from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def open_database(
    path: Path, now_ns: int, *, epoch: str = "", connect: Connect = sqlite_connection
) -> sqlite3.Connection:
    """Open the file, create it where there is none, and check that this version can read it.

    Parameters
    ----------
    path
        The file.
    now_ns
        When a new journal was created, ns since the Unix epoch.
    epoch
        A new journal's epoch, 16 hexadecimal digits; by default drawn.
    connect
        Opens the database.

    Raises
    ------
    JournalError
        If it cannot be opened, is not a journal, or has another version's schema.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = connect(path)
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"{path} cannot be opened: {error}") from error
    with contextlib.ExitStack() as on_error:
        on_error.callback(connection.close)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                _create(connection, now_ns, epoch or secrets.token_hex(8))
            version = _migrate(connection)
        except sqlite3.Error as error:
            raise JournalError(f"{path} is not a usable journal: {error}") from error
        if version != str(SCHEMA_VERSION):
            raise JournalError(
                f"{path} has schema version {version}, this version of zenotc reads {SCHEMA_VERSION}",
                code="journal_version",
            )
        on_error.pop_all()
    return connection


@contextlib.contextmanager
def alone_with(path: Path, now_ns: int) -> Iterator[sqlite3.Connection]:
    """Open a journal that no engine uses, and keep engines from it meanwhile; an older one is brought up.

    Raises
    ------
    JournalError
        If there is none, an engine uses it (code `journal_locked`), or it cannot be opened.
    """
    if not path.is_file():
        raise JournalError(f"there is no journal at {path}", code="no_journal")
    lock = take_lock(path)
    try:
        with contextlib.closing(open_database(path, now_ns)) as connection:
            yield connection
    finally:
        os.close(lock)


def remove_database(path: Path) -> None:
    """Remove a journal of which this process holds the lock.

    Raises
    ------
    JournalError
        If it cannot be removed.
    """
    try:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise JournalError(f"{path} cannot be removed: {error.strerror}") from error


def meta(connection: sqlite3.Connection, key: str) -> str:
    """Return a value of the `meta` table, an empty string where there is none."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""


def _create(connection: sqlite3.Connection, now_ns: int, epoch: str) -> None:
    values = [
        ("schema_version", str(SCHEMA_VERSION)),
        ("epoch", epoch),
        ("created_ns", str(now_ns)),
    ]
    quoted = ", ".join(f"('{key}', '{value}')" for key, value in values)
    connection.executescript(f"BEGIN; {SCHEMA} INSERT INTO meta VALUES {quoted}; COMMIT;")


def _migrate(connection: sqlite3.Connection) -> str:
    """Bring a journal of an earlier version up to this one, a step at a time, and return the version it has now."""
    version = meta(connection, "schema_version")
    while version.isdecimal() and int(version) in MIGRATIONS:
        following = str(int(version) + 1)
        connection.executescript(f"BEGIN; {MIGRATIONS[int(version)]}")
        Chain(connection).seal()
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (following,))
        connection.execute("COMMIT")
        version = following
    return version
