"""Lets trading time pass for simulated venues and the engine, one thing after another."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from zenotc.runtime.clock import TradingClock
from zenotc.runtime.vitals import Vitals
from zenotc.venues.venue import SimulatedVenue

__all__ = ["Driver"]

_SLICE_NS = 10_000_000
"""How long it may hold the event loop, ns of the wall clock."""

_LONGEST_COMMIT_SECONDS = 0.1
"""How long time waits for the journal, s of the wall clock."""

_LONGEST_SLEEP_SECONDS = 1.0
"""How long it may do nothing, s of the wall clock: who watches it must see that it is alive."""


class Timed(Protocol):
    """Something beside the venues that wants to be called in time."""

    @property
    def next_timer(self) -> int:
        """When, ns."""

    def on_timer(self, now_ns: int) -> None:
        """Do what is due."""


class Driver:
    """Steps from one thing that happens to the next, as the clock allows.

    Before trading time passes, everything that was decided has left: no time passes at a simulated venue while the
    journal commits, so that the same inputs give the same outputs at any speed. A journal that stands still does not
    hold time up for long, because cancels must arrive without it.

    Parameters
    ----------
    clock
        Trading time.
    venues
        What moves.
    timed
        The engine's timers.
    send_pending
        Waits for the journal and sends what waits for it; returns at once where nothing does.
    vitals
        Where it says that it has turned, where somebody asks.
    """

    def __init__(
        self,
        clock: TradingClock,
        venues: Sequence[SimulatedVenue],
        timed: Timed,
        send_pending: Callable[[], Awaitable[None] | None],
        vitals: Vitals | None = None,
    ) -> None:
        self._clock = clock
        self._venues = venues
        self._timed = timed
        self._send_pending = send_pending
        self._vitals = vitals or Vitals()
        self._wake = asyncio.Event()
        self._sending: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """Look again at what is next: somebody has sent something."""
        self._wake.set()

    async def run(self) -> None:
        """Let time pass until the task is cancelled."""
        try:
            await self._run()
        finally:
            if self._sending is not None:
                self._sending.cancel()

    async def _run(self) -> None:
        slice_ends_ns = self._turn()
        while True:
            if self._sending is None:
                waiting = self._send_pending()
                if waiting is not None:
                    await self._send(waiting)
            if self._sending is not None and self._sending.done():
                self._sending.result()
                self._sending = None
                continue
            next_ns, venue = self._next()
            seconds = self._clock.seconds_until(next_ns)
            if seconds > 0:
                await self._sleep(min(seconds, _LONGEST_SLEEP_SECONDS))
                slice_ends_ns = self._turn()
                continue
            if venue is not None:
                venue.advance(next_ns)
            else:
                self._timed.on_timer(next_ns)
            if time.monotonic_ns() >= slice_ends_ns:
                await asyncio.sleep(0)
                slice_ends_ns = self._turn()

    def _turn(self) -> int:
        """Begin a slice of work, and return when it ends, monotonic, ns."""
        self._vitals.turned_ns = time.monotonic_ns()
        return self._vitals.turned_ns + _SLICE_NS

    async def _send(self, waiting: Awaitable[None]) -> None:
        """Wait for what is being sent; what takes longer goes on beside, and is looked at again when it is done.

        As fast as it goes, time waits however long it takes: it would be far ahead in no time.
        """
        sending = asyncio.ensure_future(waiting)
        self._sending = sending
        await asyncio.wait({sending}, timeout=None if self._clock.unbounded else _LONGEST_COMMIT_SECONDS)
        if not sending.done():
            sending.add_done_callback(lambda _: self.wake())

    def _next(self) -> tuple[int, SimulatedVenue | None]:
        """Return what happens next and when, ns; `None` stands for the timers, which give way to venues."""
        earliest: int | None = None
        first: SimulatedVenue | None = None
        for venue in self._venues:
            time_ns = venue.next_time()
            if time_ns is not None and (earliest is None or time_ns < earliest):
                earliest, first = time_ns, venue
        if earliest is None:
            # The recordings are over; what is left happens in real time.
            self._clock.slow_down()
        timer_ns = self._timed.next_timer
        return (timer_ns, None) if earliest is None or timer_ns < earliest else (earliest, first)

    async def _sleep(self, seconds: float) -> None:
        self._wake.clear()
        # Not `wait_for`, which in Python 3.11 loses a cancellation that comes together with a wake.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
