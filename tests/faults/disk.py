"""The journal's disk is full, fails or stands still under a desk that quotes: the stop is latched, nothing rests."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw

from tests.faults.row import Outcome, Row
from tests.faults.sqlite_files import connector
from tests.runtime.desks import SETTINGS, START, VENUE, head, new
from tests.waiting import until
from zenotc.exceptions import ZenOTCError
from zenotc.journal import Journal, JournalError
from zenotc.journal.database import alone_with
from zenotc.journal.records import StrategyRecord
from zenotc.journal.verify import verify
from zenotc.models.commands import PauseStrategy
from zenotc.models.orders import Amend, Place, Request
from zenotc.runtime.desk import Desk
from zenotc.runtime.emergency_latch import EmergencyLatch
from zenotc.venues.sandbox import SandboxExchange, quiet_market

__all__ = ["ROWS"]

AT_ONCE = 10
STALL_SECONDS = 7.0
WITHIN_SECONDS = 20.0
QUOTES_GONE_SECONDS = 3.0
"""How long quotes may rest on a journal that stands still: 1 s, and what a busy machine takes."""


class BadDisk:
    """Does as a good one until it is broken.

    Parameters
    ----------
    fault
        What a write or a sync meets then.
    on_sync
        Whether a sync meets it too.
    """

    def __init__(self, fault: Callable[[], None], *, on_sync: bool = True) -> None:
        self.broken_since: float | None = None
        self._fault = fault
        self._on_sync = on_sync
        self._left: int | None = None

    def breaks_after(self, operations: int) -> None:
        """Break after so many more operations; -1 repairs it."""
        self._left = None if operations < 0 else operations

    def opening(self, name: str) -> None:
        """Opening always works."""

    def writing(self, name: str, offset: int, data: bytes) -> None:
        self._operate()

    def truncating(self, name: str, size: int) -> None:
        self._operate()

    def syncing(self, name: str) -> None:
        if self._on_sync:
            self._operate()

    def deleting(self, name: str) -> None:
        """Deleting always works."""

    def _operate(self) -> None:
        if self._left is None:
            return
        if self._left > 0:
            self._left -= 1
            return
        if self.broken_since is None:
            self.broken_since = time.monotonic()
        self._fault()


class Exchange(SandboxExchange):
    """A quiet exchange that notes which orders it got while the stop was in force."""

    def __init__(self) -> None:
        super().__init__(VENUE, markets=[quiet_market("BTC", 120_000, 120_001, 10_000)], start_ns=START)
        self.stopped: Callable[[], bool] = lambda: False
        self.after_the_stop: list[Request] = []

    def send(self, request: Request, now_ns: int) -> None:
        if isinstance(request, Place | Amend) and self.stopped():
            self.after_the_stop.append(request)
        super().send(request, now_ns)

    @property
    def resting(self) -> int:
        return len(list(self.account.open_orders))


def _full() -> None:
    raise apsw.FullError("database or disk is full")


def _io_error() -> None:
    raise apsw.IOError("disk I/O error")


class _Stall:
    """Stands still once."""

    def __init__(self) -> None:
        self._over = False

    def __call__(self) -> None:
        if not self._over:
            self._over = True
            time.sleep(STALL_SECONDS)


async def _try(kind: str, chance: random.Random, folder: Path) -> tuple[str | None, float]:
    """Break the disk under a desk; returns what did not hold, and after how many seconds nothing rested any more."""
    disk = {
        "disk-full": lambda: BadDisk(_full, on_sync=False),
        "io-error": lambda: BadDisk(_io_error),
        "stall": lambda: BadDisk(_Stall()),
    }[kind]()
    exchange = Exchange()
    latch = folder / "latch"
    journal = Journal.open(folder / "journal.db", now_ns=START, connect=connector(disk))
    desk = Desk([exchange], journal, EmergencyLatch(latch), SETTINGS)
    failure: str | None = None
    gone_seconds = 0.0
    try:
        await desk.start()
        await until(lambda: desk.status().ready, WITHIN_SECONDS)
        exchange.stopped = lambda: desk.engine.state.emergency.active
        await desk.execute(new(quote_layers=2))
        await until(lambda: exchange.resting == 4, WITHIN_SECONDS)
        disk.breaks_after(chance.randrange(8))
        asking = asyncio.create_task(_ask(desk, chance, disk))
        await until(lambda: disk.broken_since is not None, WITHIN_SECONDS)
        assert disk.broken_since is not None
        await until(lambda: exchange.resting == 0, WITHIN_SECONDS)
        gone_seconds = time.monotonic() - disk.broken_since
        await until(lambda: desk.status().emergency_stop.active and latch.exists(), WITHIN_SECONDS)
        reason = str(desk.status().emergency_stop.operator)
        expected = {"disk-full": "disk is full", "io-error": "disk I/O error", "stall": "written nothing for"}[kind]
        if expected not in reason:
            failure = f"the reason is {reason!r}"
        await asking
    except TimeoutError:
        stop = desk.status().emergency_stop
        failure = f"{exchange.resting} orders rest, the stop is {stop.active}, latched {latch.exists()}"
    finally:
        await desk.stop()
        disk.breaks_after(-1)
        with contextlib.suppress(JournalError):
            await asyncio.to_thread(journal.close, STALL_SECONDS + WITHIN_SECONDS)
    if exchange.after_the_stop:
        failure = f"{len(exchange.after_the_stop)} orders were sent after the stop"
    if gone_seconds > QUOTES_GONE_SECONDS:
        failure = f"quotes rested for {gone_seconds:.1f} s"
    return failure or _left_behind(folder), gone_seconds


async def _ask(desk: Desk, chance: random.Random, disk: BadDisk) -> None:
    """Ask for what has to be written, until the disk breaks at it."""
    for number in itertools.count():
        if disk.broken_since is not None:
            return
        command = (
            PauseStrategy(**head(), strategy_id="s1") if chance.random() < 0.1 else new(f"x{number}", enabled=False)
        )
        with contextlib.suppress(ZenOTCError):
            await desk.execute(command)


def _left_behind(folder: Path) -> str | None:
    """Return what is wrong with the journal that is left."""
    try:
        with alone_with(folder / "journal.db", START) as connection:
            verify(connection)
        with Journal.open(folder / "journal.db", now_ns=START) as journal:
            if "s1" not in {record.strategy_id for record in journal.records(StrategyRecord)}:
                return "a strategy whose creation was confirmed is lost"
    except (ZenOTCError, sqlite3.Error) as error:
        return f"the journal that is left: {error}"
    return None


async def _try_all(kind: str, count: int, seed: int) -> Outcome:
    outcome = Outcome()
    seconds: list[float] = []
    for first in range(0, count, AT_ONCE):
        tries = range(first, min(first + AT_ONCE, count))
        with contextlib.ExitStack() as folders:
            paths = [Path(folders.enter_context(tempfile.TemporaryDirectory())) for _ in tries]
            found = await asyncio.gather(
                *(
                    _try(kind, random.Random(f"{seed} {number}"), path)
                    for number, path in zip(tries, paths, strict=True)
                )
            )
        for number, (failure, gone_seconds) in zip(tries, found, strict=True):
            outcome.tried += 1
            seconds.append(gone_seconds)
            if failure is not None:
                outcome.failures.append(f"try {number}: {failure}")
    outcome.figures["longest quotes rested, s"] = max(seconds)
    return outcome


def _run(kind: str, count: int, seed: int) -> Outcome:
    return asyncio.run(_try_all(kind, count, seed))


_HOLDS = "the stop is latched and says why, nothing rests, nothing is sent after it, the journal that is left is intact"
ROWS = tuple(Row(kind, _HOLDS, 50, partial(_run, kind)) for kind in ("disk-full", "io-error", "stall"))
