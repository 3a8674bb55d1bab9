"""What the console's memory does over eight hours, which pass as fast as it can take them in.

Its clocks are ours. Each half second brings a frame of 250 events as the stream has it, 14.4 million in all; each four
seconds a change of all 500 strategies, a book, the engine's status and a repaint; each minute a key, which selects,
turns to another tab or sorts. What is resident is read from the system after an hour, and then every quarter.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import orjson

from console.app import ConsoleApp
from tests.benchmarks.loaded_desk import BOOK_DEPTH, LoadedDesk
from tests.benchmarks.report import Target, progress, publish
from tests.console.detail_double import DetailEngine
from zenotc.models.quotes import OrderBook
from zenotc.models.wire import encode
from zenotc.sdk.client import ZenOTCClient
from zenotc.sdk.frames import read_message

STRATEGIES = 500
FRAME = 250
FRAMES = 400
"""So many different ones come round and round."""

BOOKS = 50
FRAME_SECONDS = 0.5
STEP_SECONDS = 4
QUARTER_SECONDS = 900
HOURS = 8
KEYS = ("j", "l", "j", "o")
BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Tape:
    """What a busy desk has said, to be said again and again."""

    def __init__(self) -> None:
        desk = LoadedDesk(STRATEGIES)
        self.wire = {strategy.id: strategy.to_wire() for strategy in desk.held.values()}
        self.frames: list[bytes] = []
        self.books: list[OrderBook] = []
        for number in range(FRAMES):
            desk.commit_events(FRAME)
            bodies = [orjson.Fragment(event.body[:-1] + b',"prevSeq":%d}' % (event.seq - 1)) for event in desk.journal]
            self.frames.append(encode({"channel": "events", "id": "s1", "events": bodies}))
            desk.journal.clear()
            if number % (FRAMES // BOOKS) == 0:
                desk.move()
                self.books.append(desk.order_book("BTC", BOOK_DEPTH))

    def changes(self, step: int) -> dict[str, dict[str, Any]]:
        """Return all strategies as they have changed at a step."""
        for number, (strategy_id, fields) in enumerate(self.wire.items()):
            pnl = Decimal((number * 37 + step * 11) % 9973 - 4000) / 100
            position = Decimal((number + step // 7) % 50) / 1000
            fresh = {"totalPnl": pnl, "dailyPnl": pnl, "unrealizedPnl": pnl, "currentPosition": position}
            self.wire[strategy_id] = fields | fresh
        return self.wire


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Return the seconds since the beginning."""
        return self.seconds

    def utc_now(self) -> datetime:
        """Return the time of day."""
        return BEGAN + timedelta(seconds=self.seconds)


def _resident_megabytes() -> float:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * _PAGE / 1e6


async def _measure(hours: float) -> list[float]:
    """Let the hours pass; return what is resident at the end of each quarter, MB."""
    tape, clock, keys = Tape(), Clock(), itertools.cycle(KEYS)
    frames, books = itertools.cycle(tape.frames), itertools.cycle(tape.books)
    app = ConsoleApp(
        cast("ZenOTCClient", DetailEngine(list(tape.wire.values()))), operator="jo", clock=clock.monotonic,
        utc_now=clock.utc_now,
    )  # fmt: skip
    resident: list[float] = []
    async with app.run_test(size=(120, 40)) as pilot:
        while app.store.live_after_seq is None:  # noqa: ASYNC110 - until the link has begun to follow
            await asyncio.sleep(0.01)
        await pilot.press("l")
        for step in _steps(hours):
            for _ in range(round(STEP_SECONDS / FRAME_SECONDS)):
                clock.seconds += FRAME_SECONDS
                app.store.events_came(read_message(next(frames))["events"])
            _say(app, tape, step, next(books), clock)
            app.repaint()
            await asyncio.sleep(0)
            if clock.seconds % 60 == 0:
                await pilot.press(next(keys))
            if clock.seconds % QUARTER_SECONDS == 0:
                resident.append(round(_resident_megabytes(), 1))
                progress(f"  after {clock.seconds / 3600:.2f} h: {resident[-1]} MB resident")
    return resident


def _steps(hours: float) -> Iterator[int]:
    return iter(range(round(hours * 3600 / STEP_SECONDS)))


def _say(app: ConsoleApp, tape: Tape, step: int, book: OrderBook, clock: Clock) -> None:
    """Tell what is not an event."""
    store = app.store
    store.heard()
    store.strategies_changed(tape.changes(step), (), complete=False)
    store.book_changed(book)
    if store.status is not None:
        store.status = store.status.model_copy(update={"trading_time": clock.utc_now()})
    strategy = store.strategy(store.history.strategy_id)
    if strategy is not None:
        store.history.append(clock.utc_now().timestamp(), float(strategy.total_pnl))


def main() -> None:
    """Print what is resident over the hours."""
    began, cpu = time.perf_counter(), time.process_time()
    resident = asyncio.run(_measure(HOURS))
    warm = resident[3600 // QUARTER_SECONDS - 1]
    growth = round(max(resident[-4:]) - warm, 1)
    figures = {
        "hours": HOURS,
        "events": round(HOURS * 3600 / FRAME_SECONDS) * FRAME,
        "resident_mb_by_quarter": resident,
        "processor_seconds": round(time.process_time() - cpu),
        "wall_seconds": round(time.perf_counter() - began),
    }
    target = Target("MB that are resident more in the last hour than after the first", growth, "at most", 5)
    publish("console_hours", figures, [target])


if __name__ == "__main__":
    main()
