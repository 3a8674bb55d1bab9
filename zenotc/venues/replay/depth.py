"""The level-2 book of a recording, rebuilt from a snapshot, the diffs after it and the bookTickers between them."""

from __future__ import annotations

from collections import deque

from zenotc.models.market import Book, Instrument
from zenotc.venues.replay.recording import Diff, Snapshot, Touch

__all__ = ["RecordedBook"]

BUFFERED_DIFFS = 10_000


class RecordedBook:
    """A book and its place in the sequence of updates.

    Diffs wait until a snapshot has come; those that it contains are dropped and the rest applied. A diff that
    does not follow the one before it empties the book, which stays empty, and so unusable, until a snapshot
    that the diffs continue. A bookTicker that is newer than the last diff sets the touch and removes what is
    better than it, until the next diff brings back what the diffs say.

    Parameters
    ----------
    instrument
        The market.

    Attributes
    ----------
    book
        What is displayed now.
    synchronised
        Whether the book follows the sequence.
    gaps
        How many times the sequence broke.
    event_ms
        The exchange's time up to which the diffs tell the book, ms since the Unix epoch.
    """

    __slots__ = (
        "_covered_asks",
        "_covered_bids",
        "_follows_diff",
        "_last_id",
        "_waiting",
        "book",
        "event_ms",
        "gaps",
        "synchronised",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.book = Book(instrument, includes_own_orders=False)
        self.gaps = 0
        # What the diffs say of the levels that a bookTicker has changed.
        self._covered_bids: dict[int, int] = {}
        self._covered_asks: dict[int, int] = {}
        self._waiting: deque[Diff] = deque(maxlen=BUFFERED_DIFFS)
        self.reset()

    def reset(self) -> None:
        """Empty the book and wait for a snapshot."""
        self.book.clear()
        self._covered_bids.clear()
        self._covered_asks.clear()
        self._waiting.clear()
        self._last_id = 0
        self._follows_diff = False
        self.synchronised = False
        self.event_ms = 0

    def apply_snapshot(self, snapshot: Snapshot) -> bool:
        """Begin from a snapshot, unless the book needs none; return whether the book has changed."""
        if self.synchronised:
            return False
        waiting = [diff for diff in self._waiting if diff.last_id > snapshot.last_id]
        if waiting and waiting[0].previous_id > snapshot.last_id:
            return False  # too old: the diffs that would follow it are missing
        self.reset()
        self.synchronised = True
        self._last_id = snapshot.last_id
        self.book.update(snapshot.bids, snapshot.asks)
        for diff in waiting:
            self.apply_diff(diff)
        return True

    def apply_diff(self, diff: Diff) -> bool:
        """Apply a diff in its turn; return whether the displayed book may have changed."""
        if not self.synchronised:
            self._waiting.append(diff)
            return False
        if self._follows_diff:
            follows = diff.previous_id == self._last_id
        elif diff.last_id <= self._last_id:
            return False  # the snapshot contains it
        else:
            follows = diff.previous_id <= self._last_id
        if not follows:
            self.gaps += 1
            self.reset()
            self._waiting.append(diff)
            return True
        self._uncover()
        self.book.update(diff.bids, diff.asks)
        self._last_id = diff.last_id
        self._follows_diff = True
        self.event_ms = diff.event_ms
        return True

    def apply_touch(self, touch: Touch) -> bool:
        """Let a newer bookTicker correct the touch; return whether the displayed book has changed."""
        update_id, bid, bid_lots, ask, ask_lots = touch
        if update_id <= self._last_id or not self.synchronised:
            return False
        book = self.book
        bids, asks = book.bids, book.asks
        changed = False
        while (best := book.best_bid) is not None and best > bid:
            self._covered_bids.setdefault(best, bids[best])
            book.set_bid(best, 0)
            changed = True
        if (before := bids.get(bid, 0)) != bid_lots:
            self._covered_bids.setdefault(bid, before)
            book.set_bid(bid, bid_lots)
            changed = True
        while (best := book.best_ask) is not None and best < ask:
            self._covered_asks.setdefault(best, asks[best])
            book.set_ask(best, 0)
            changed = True
        if (before := asks.get(ask, 0)) != ask_lots:
            self._covered_asks.setdefault(ask, before)
            book.set_ask(ask, ask_lots)
            changed = True
        return changed

    def _uncover(self) -> None:
        """Bring back what the diffs say of the levels that bookTickers have changed."""
        if self._covered_bids or self._covered_asks:
            self.book.update(self._covered_bids.items(), self._covered_asks.items())
            self._covered_bids.clear()
            self._covered_asks.clear()
