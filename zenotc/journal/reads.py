"""What can be asked of a journal."""

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar

from zenotc.journal.database import JournalError
from zenotc.journal.records import CommandOutcomeRecord, CommandRecord, MarkRecord, Record
from zenotc.journal.schema import TABLES, Row
from zenotc.models.events import JournalledEvent

__all__ = ["Reads"]

READ_TIMEOUT = 10.0
"""Seconds that a read may take, the commits queued before it included."""

_PAGE = 20_000
_EVENTS_AT_ONCE = 1_000
_INTERVALS_AT_ONCE = 200
"""For a few milliseconds a commit waits for them, and the loop for what is made of them."""

_LAST_MARKS = f"""
WITH RECURSIVE intervals (number) AS (SELECT :first UNION ALL SELECT number + 1 FROM intervals WHERE number < :last)
SELECT {TABLES[MarkRecord].columns} FROM intervals JOIN marks ON marks.rowid = (
    SELECT rowid FROM marks
    WHERE strategy_id = :strategy_id
    AND at_ns >= max(number * :resolution_ns, :start_ns) AND at_ns < min((number + 1) * :resolution_ns, :end_ns)
    ORDER BY at_ns DESC, rowid DESC LIMIT 1
) ORDER BY number
"""

Arguments = Sequence[object] | Mapping[str, object]
R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Reads(ABC):
    """Questions to a journal; each sees everything that was appended before it."""

    @abstractmethod
    def _ask(self, execute: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Run a read in the thread that owns the connection."""

    async def events(self, *, after_seq: int, limit: int, strategy_id: str | None = None) -> list[JournalledEvent]:
        """Return the first `limit` events after a number, of one strategy or of all, in order."""
        query = "SELECT seq, strategy_id, body FROM events WHERE seq > ?"
        arguments: tuple[object, ...] = ()
        if strategy_id is not None:
            query += " AND strategy_id = ?"
            arguments = (strategy_id,)
        events: list[JournalledEvent] = []
        while len(events) < limit:
            wanted = min(_EVENTS_AT_ONCE, limit - len(events))
            rows = await self._fetch(f"{query} ORDER BY seq LIMIT ?", (after_seq, *arguments, wanted))
            events += [JournalledEvent(*row) for row in rows]
            if len(rows) < wanted:
                break
            after_seq = rows[-1][0]
        return events

    async def marked(self, strategy_id: str, *, start_ns: int, end_ns: int) -> tuple[int, int] | None:
        """Return the times of the first and the last mark in `[start_ns, end_ns)`, `None` where there is none."""
        marks = "FROM marks WHERE strategy_id = :strategy_id AND at_ns >= :start_ns AND at_ns < :end_ns"
        ((first_ns, last_ns),) = await self._fetch(
            f"SELECT (SELECT min(at_ns) {marks}), (SELECT max(at_ns) {marks})",
            {"strategy_id": strategy_id, "start_ns": start_ns, "end_ns": end_ns},
        )
        return None if first_ns is None else (first_ns, last_ns)

    async def history(
        self, strategy_id: str, *, start_ns: int, end_ns: int, resolution_ns: int
    ) -> AsyncIterator[list[MarkRecord]]:
        """Yield the last mark of each interval of `resolution_ns` in `[start_ns, end_ns)`, in order of time.

        Some intervals at a time, each looked up on its own: commits go in between, and how much was written into an
        interval makes no difference.
        """
        table = TABLES[MarkRecord]
        intervals = range(start_ns // resolution_ns, -(-end_ns // resolution_ns))
        for first in intervals[::_INTERVALS_AT_ONCE]:
            rows = await self._fetch(
                _LAST_MARKS,
                {
                    "strategy_id": strategy_id,
                    "first": first,
                    "last": min(first + _INTERVALS_AT_ONCE, intervals.stop) - 1,
                    "resolution_ns": resolution_ns,
                    "start_ns": start_ns,
                    "end_ns": end_ns,
                },
            )
            yield table.restore(rows)

    def requests(self, *, since_ns: int, limit: int) -> list[tuple[CommandRecord, CommandOutcomeRecord | None]]:
        """Return the newest commands of clients with what they came to, the oldest first; blocks.

        Parameters
        ----------
        since_ns
            Received at that time or later, wall clock, ns.
        limit
            So many at most.
        """
        query = (
            f"SELECT {_columns('c', CommandRecord)}, {_columns('o', CommandOutcomeRecord)} "
            "FROM commands c LEFT JOIN command_outcomes o "
            # What was refused without being carried out may have been asked for again under the same id.
            "ON o.command_id = c.command_id AND o.completed_ns >= c.received_ns "
            "WHERE c.idempotency_key != '' AND c.received_ns >= ? ORDER BY c.rowid DESC, o.rowid DESC LIMIT ?"
        )
        width = len(TABLES[CommandRecord].names)
        return [
            (CommandRecord(*row[:width]), None if row[width] is None else CommandOutcomeRecord(*row[width:]))
            for row in reversed(self.read(_query(query, (since_ns, limit))))
        ]

    def read(self, execute: Callable[[sqlite3.Connection], T]) -> T:
        """Run a read after everything that was appended before it, and return its answer; blocks.

        Raises
        ------
        JournalError
            If the journal is closed, cannot be read, or does not answer in time.
        """
        return self._read_now(execute, READ_TIMEOUT)

    def records(self, kind: type[R]) -> list[R]:
        """Return every record of a kind in the order in which they were written; blocks."""
        table = TABLES[kind]
        rows: list[Row] = self.read(_query(table.select, ()))
        return table.restore(rows)

    def all_events(self) -> Iterator[JournalledEvent]:
        """Yield every event in order; blocks."""
        seq = 0
        query = "SELECT seq, strategy_id, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
        while rows := self.read(_query(query, (seq, _PAGE))):
            for row in rows:
                yield JournalledEvent(*row)
            seq = rows[-1][0]

    async def _fetch(self, query: str, arguments: Arguments) -> list[Row]:
        answer = self._ask(_query(query, arguments))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(answer), READ_TIMEOUT)
        except TimeoutError:
            raise JournalError(f"the journal did not answer within {READ_TIMEOUT:g} s") from None

    def _read_now(self, execute: Callable[[sqlite3.Connection], T], timeout: float) -> T:
        try:
            return self._ask(execute).result(timeout)
        except TimeoutError:
            raise JournalError(f"the journal did not answer within {timeout:g} s") from None


def _query(query: str, arguments: Arguments) -> Callable[[sqlite3.Connection], list[Row]]:
    return lambda connection: connection.execute(query, arguments).fetchall()


def _columns(alias: str, kind: type[Record]) -> str:
    return ", ".join(f"{alias}.{name}" for name in TABLES[kind].names)
