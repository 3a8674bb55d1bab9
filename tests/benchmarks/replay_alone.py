"""How fast a recorded session replays with nobody trading: parse, book, queues and merge. Prints JSON.

Run as `python -m tests.benchmarks.replay_alone [FILE...]`; without files, the recorded BTC spot session.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from zenotc.models.market import Book, PublicTrade
from zenotc.models.orders import Report
from zenotc.venues.replay import ReplayVenue

DATA = Path(os.environ.get("ZENOTC_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
SESSION = sorted((DATA / "binance-raw-2024-08" / "spot").glob("btcusdt_*.gz"))
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
    """Print the best and the median of several runs."""
    files = [Path(name) for name in sys.argv[1:]] or SESSION
    if not files:
        sys.exit(f"no recorded session under {DATA}")
    figures = sorted(messages_per_second(files) for _ in range(RUNS))
    print(json.dumps({"replay_messages_per_second": {"best": round(figures[-1]), "median": round(figures[RUNS // 2])}}))


if __name__ == "__main__":
    main()
