"""The thread that owns the connection: it takes everything that is queued and commits it at once."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from zenotc.journal.chain import Chain
from zenotc.journal.database import JournalError
from zenotc.journal.records import Record
from zenotc.journal.schema import TABLES, Table, Values
from zenotc.models.events import JournalledEvent

__all__ = ["MAX_GROUP", "Batch", "Writer"]

MAX_GROUP = 20_000
"""Records in one transaction: bounds how long a commit takes when the writer has fallen behind."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """What is committed together or not at all; tickets rise by one."""

    ticket: int
    records: list[Record]
    events: list[JournalledEvent]


@dataclass(frozen=True, slots=True)
class _Read:
    execute: Callable[[sqlite3.Connection], Any]
    answer: Future[Any]


class Writer:
    """Commits batches in groups and answers reads, in a thread of its own.

    Parameters
    ----------
    connection
        The database; nobody else uses it until `stop` has returned.
    on_progress
        Called in the writer's thread after each commit, and once after a failure.

    Attributes
    ----------
    committed
        The ticket up to which everything is on disk.
    published
        The events of each commit, for the reader to pop from the left.
    failure
        Why nothing is written any more; what is queued after it is dropped.
    """

    def __init__(self, connection: sqlite3.Connection, on_progress: Callable[[], None]) -> None:
        self.committed = 0
        self.published: deque[list[JournalledEvent]] = deque()
        self.failure: JournalError | None = None
        self._connection = connection
        self._chain = Chain(connection)
        self._on_progress = on_progress
        self._ended = False
        self._queue: queue.SimpleQueue[Batch | _Read | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def put(self, batch: Batch) -> None:
        """Queue a batch."""
        self._queue.put(batch)

    def ask(self, execute: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Run a read on the connection after everything that has been put before it."""
        answer: Future[T] = Future()
        self._queue.put(_Read(execute, answer))
        return answer

    def stop(self, timeout: float) -> None:
        """Commit what is queued and end the thread.

        Parameters
        ----------
        timeout
            Seconds to wait at most.

        Raises
        ------
        JournalError
            If it takes longer.
        """
        self._queue.put(None)
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise JournalError(f"the journal was not written within {timeout:g} s")

    def catch_up(self) -> None:
        """Commit and answer what has come meanwhile: for a long read to call, in the writer's thread.

        Raises
        ------
        JournalError
            If the writer has been told to end.
        """
        if not self._queue.empty():
            self._work_off()
        if self._ended:
            raise JournalError("the journal is closed")

    def _run(self) -> None:
        try:
            while not self._ended:
                self._work_off()
        finally:
            if not self._ended:
                self._fail(JournalError("the journal's writer has ended"))

    def _work_off(self) -> None:
        """Commit and answer what is queued; wait for it where nothing is."""
        batches, reads, self._ended = self._drain()
        if batches and self.failure is None:
            self._commit(batches)
        for read in reads:
            self._answer(read)

    def _drain(self) -> tuple[list[Batch], list[_Read], bool]:
        """Take what is queued, and whether it was the last."""
        batches: list[Batch] = []
        reads: list[_Read] = []
        size = 0
        item = self._queue.get()
        while item is not None:
            if isinstance(item, _Read):
                reads.append(item)
            else:
                batches.append(item)
                size += len(item.records) + len(item.events)
            if size >= MAX_GROUP:
                return batches, reads, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batches, reads, False
        return batches, reads, True

    def _commit(self, batches: list[Batch]) -> None:
        rows: dict[Table[Any], list[Values]] = {}
        events: list[JournalledEvent] = []
        for batch in batches:
            events += batch.events
            for record in batch.records:
                table = TABLES[type(record)]
                rows.setdefault(table, []).append(table.row(record))
        if events:
            table = TABLES[JournalledEvent]
            rows[table] = [table.row(event) for event in events]
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._chain.extend({table: table.add(connection, values) for table, values in rows.items()})
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            self._fail(JournalError(f"the journal cannot be written: {error}"))
            return
        if events:
            self.published.append(events)
        self.committed = batches[-1].ticket
        self._on_progress()

    def _answer(self, read: _Read) -> None:
        if not read.answer.set_running_or_notify_cancel():
            return
        try:
            read.answer.set_result(read.execute(self._connection))
        except sqlite3.Error as error:
            read.answer.set_exception(JournalError(f"the journal cannot be read: {error}"))
        except Exception as error:  # noqa: BLE001 - a fault in a question is its asker's, and never the writer's end
            read.answer.set_exception(error)

    def _fail(self, failure: JournalError) -> None:
        self.failure = failure
        self._on_progress()
