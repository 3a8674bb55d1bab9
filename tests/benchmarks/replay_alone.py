"""How fast a recorded session replays with nobody trading: parse, book, queues and merge, on one core.

`python -m tests.benchmarks.replay_alone [FILE...]`; without files, the recorded BTC spot session.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from tests.benchmarks.report import RECORDED_BTC, pin_to_one_core, progress, publish, skip
from zenotc.models.market import Book, PublicTrade
from zenotc.models.orders import Report
from zenotc.venues.replay import ReplayVenue

RUNS = 5


class Deaf:
    """A sink that does nothing."""

    def on_book(self, book: Book, now_ns: int) -> None:
        """Ignore it."""

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None:
        """Ignore it."""

    def on_heartbeat(self, venue: str, now_ns: int) -> None:
        """Ignore it."""

    def on_feed_ended(self, venue: str, asset: str, reason: str, now_ns: int) -> None:
        """Ignore it."""

    def on_report(self, report: Report, now_ns: int) -> None:
        """Ignore it."""


def messages_per_second(files: list[Path]) -> float:
    """Replay the files once and return the messages per second of processor time."""
    venue = ReplayVenue(files)
    venue.subscribe(venue.instruments, Deaf())
    started = time.process_time()
    while (next_ns := venue.next_time()) is not None:
        venue.advance(next_ns + 1_000_000_000)
    return venue.messages_read / (time.process_time() - started)


def main() -> None:
    """Print the best and the median of several runs; there is no target of its own."""
    files = [Path(name) for name in sys.argv[1:]] or RECORDED_BTC
    if not files:
        skip("replay_alone", "the recorded session is absent")
        return
    pin_to_one_core()
    rates = []
    for run in range(RUNS):
        rates.append(messages_per_second(files))
        progress(f"  run {run + 1} of {RUNS}: {rates[-1]:,.0f} messages a second")
    figures = {"messages_per_cpu_second": {"best": round(max(rates)), "median": round(statistics.median(rates))}}
    publish("replay_alone", figures, [])


if __name__ == "__main__":
    main()
