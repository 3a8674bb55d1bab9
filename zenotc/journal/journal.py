"""The journal: what is appended is committed in groups, and heard of only after that.

One thread owns the connection. `append` numbers the events and queues the rows; the writer takes everything that
is queued, commits it in one transaction and wakes the appender's thread, which is the event loop's where one is
bound. Reads take the same queue, so that they see everything that was appended before them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import BinaryIO, Self, TypeVar

from zenotc.journal.copy import copy
from zenotc.journal.database import (
    Connect,
    JournalError,
    meta,
    open_database,
    remove_database,
    sqlite_connection,
    take_lock,
)
from zenotc.journal.reads import Reads
from zenotc.journal.records import Record
from zenotc.journal.writer import Batch, Writer
from zenotc.models.events import JournalledEvent, StrategyEvent
from zenotc.models.wire import encode

__all__ = ["Journal", "JournalError"]

COPY_TIMEOUT = 600.0
"""Seconds that a copy of the whole file may take."""

T = TypeVar("T")


class Journal(Reads):
    """The durable log of one engine; `append`, `wait`, `flush` and `lag_seconds` belong to one thread.

    Parameters
    ----------
    connection, lock
        The open database and the descriptor that locks it; the journal owns both. Use `open`.
    on_commit
        Called with the events of each commit, in order, in the appender's thread: by the bound loop, or within
        the next `append` or `flush` where none is bound.
    on_failure
        Called once in the same way when the journal can no longer be written.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        lock: int,
        *,
        on_commit: Callable[[list[JournalledEvent]], None] | None = None,
        on_failure: Callable[[JournalError], None] | None = None,
    ) -> None:
        self.on_commit = on_commit
        self.on_failure = on_failure
        self._connection = connection
        self._lock = lock
        self.epoch = meta(connection, "epoch")
        self.last_seq: int = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]
        self._ticket = 0
        self._uncommitted: deque[tuple[int, float]] = deque()
        self._failure_told = False
        self._copying = False
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake_pending = False
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._writer = Writer(connection, self._wake)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        now_ns: int,
        epoch: str = "",
        afresh: bool = False,
        connect: Connect = sqlite_connection,
        on_commit: Callable[[list[JournalledEvent]], None] | None = None,
        on_failure: Callable[[JournalError], None] | None = None,
    ) -> Self:
        """Open the journal at this path, mode 0600, and create it where there is none.

        Parameters
        ----------
        path
            The file; its lock and its write-ahead log stand beside it.
        now_ns
            The present time, ns since the Unix epoch, which a new journal remembers as its creation.
        epoch
            A new journal's epoch, 16 hexadecimal digits, which order ids begin with; by default drawn.
        afresh
            Whether to put away what is there.
        connect
            Opens the database.
        on_commit, on_failure
            See the class; both may be set later, before the first `append`.

        Raises
        ------
        JournalError
            If another engine has it, it cannot be opened, or it has another version's schema.
        """
        lock = take_lock(path)
        with contextlib.ExitStack() as on_error:
            on_error.callback(os.close, lock)
            if afresh:
                remove_database(path)
            connection = open_database(path, now_ns, epoch=epoch, connect=connect)
            on_error.callback(connection.close)
            try:
                journal = cls(connection, lock, on_commit=on_commit, on_failure=on_failure)
            except sqlite3.Error as error:
                raise JournalError(f"{path} is not a usable journal: {error}") from error
            on_error.pop_all()
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def committed(self) -> int:
        """The ticket up to which everything is on disk."""
        return self._writer.committed

    @property
    def lag_seconds(self) -> float:
        """The age of the oldest append that is not on disk yet, s; 0 where everything is."""
        self._forget_committed()
        return time.monotonic() - self._uncommitted[0][1] if self._uncommitted else 0.0

    @property
    def failure(self) -> JournalError | None:
        """Why the journal can no longer be written, `None` while it can."""
        return self._writer.failure

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Publish on this event loop from now on, or within `append` and `flush` for `None`."""
        self._loop = loop
        self._deliver()

    # Writing -----------------------------------------------------------------------------------------------------

    def append(self, records: Sequence[Record | StrategyEvent]) -> int:
        """Number the events, queue everything for one commit, and return the ticket to wait with.

        Raises
        ------
        JournalError
            If the journal is closed or can no longer be written.
        TypeError
            If an event has no JSON form; nothing is queued then.
        """
        if self._loop is None:
            self._deliver()
        self._check()
        rows: list[Record] = []
        events: list[JournalledEvent] = []
        seq = self.last_seq
        for record in records:
            if isinstance(record, StrategyEvent):
                seq += 1
                record.seq = seq
                events.append(JournalledEvent(seq, record.strategy_id, encode(record)))
            else:
                rows.append(record)
        self.last_seq = seq
        self._ticket += 1
        self._forget_committed()
        self._uncommitted.append((self._ticket, time.monotonic()))
        self._writer.put(Batch(self._ticket, rows, events))
        return self._ticket

    async def wait(self, ticket: int) -> None:
        """Wait on the bound loop until the ticket is on disk.

        Raises
        ------
        JournalError
            If the journal can no longer be written.
        """
        if ticket <= self.committed:
            return
        self._check()
        if self._loop is None:
            raise RuntimeError("no event loop is bound; use flush")
        future = self._loop.create_future()
        self._waiters.append((ticket, future))
        await future

    def flush(self, timeout: float) -> None:
        """Block until everything appended is on disk, and publish it.

        Parameters
        ----------
        timeout
            Seconds to wait at most.

        Raises
        ------
        JournalError
            If the journal can no longer be written, or not within the time.
        """
        if self.committed < self._ticket:
            self._read_now(lambda _: None, timeout)
        self._deliver()
        if self.failure is not None:
            raise self.failure

    def close(self, timeout: float = 10.0) -> None:
        """Commit what is queued, publish it, close the file and give up the lock.

        Parameters
        ----------
        timeout
            Seconds to wait at most.

        Raises
        ------
        JournalError
            If something appended could not be written, or not within the time.
        """
        if self._closed:
            return
        self._closed = True
        self._writer.stop(timeout)
        self._connection.close()
        os.close(self._lock)
        self._deliver()
        if self.failure is not None:
            raise self.failure

    async def copy(self) -> BinaryIO:
        """Return a copy of the file as it is when it is made, open for reading; it is gone when it is closed.

        Commits go on meanwhile, and so do reads.

        Raises
        ------
        JournalError
            If one is being made already, there is no room for it, or it cannot be written.
        """
        if self._copying:
            raise JournalError("the journal is being copied already", code="copy_in_progress", status_code=409)
        self._copying = True
        try:
            answer = self._ask(lambda connection: copy(connection, self._writer.catch_up))
            return await asyncio.wait_for(asyncio.wrap_future(answer), COPY_TIMEOUT)
        except TimeoutError:
            raise JournalError(f"the journal was not copied within {COPY_TIMEOUT:g} s") from None
        finally:
            self._copying = False

    def _ask(self, execute: Callable[[sqlite3.Connection], T]) -> Future[T]:
        if self._closed:
            raise JournalError("the journal is closed")
        return self._writer.ask(execute)

    # The appender's thread ---------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._closed:
            raise JournalError("the journal is closed")
        if self.failure is not None:
            raise self.failure

    def _forget_committed(self) -> None:
        """Keep the times of those appends only that are not on disk yet."""
        committed, uncommitted = self.committed, self._uncommitted
        while uncommitted and uncommitted[0][0] <= committed:
            uncommitted.popleft()

    def _deliver(self) -> None:
        """Publish what has been committed, and wake who waits for it."""
        self._wake_pending = False
        committed, failure = self.committed, self.failure
        published = self._writer.published
        while published:
            events = published.popleft()
            if self.on_commit is not None:
                self.on_commit(events)
        if self._waiters:
            self._wake_waiters(committed, failure)
        if failure is not None and not self._failure_told:
            self._failure_told = True
            if self.on_failure is not None:
                self.on_failure(failure)

    def _wake_waiters(self, committed: int, failure: JournalError | None) -> None:
        waiting = []
        for ticket, future in self._waiters:
            if future.done():
                continue
            if ticket <= committed:
                future.set_result(None)
            elif failure is not None:
                future.set_exception(failure)
            else:
                waiting.append((ticket, future))
        self._waiters = waiting

    # The writer's thread -----------------------------------------------------------------------------------------

    def _wake(self) -> None:
        loop = self._loop
        if loop is None or self._wake_pending:
            return
        self._wake_pending = True
        # A loop that has been closed hears nothing any more; what is committed waits for `flush` or `close`.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._deliver)
