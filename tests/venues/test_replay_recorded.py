"""The rebuilt book against real recordings: the exchange's own bookTicker is the oracle."""

from __future__ import annotations

import pytest

from tests.venues.recordings import Trader, recorded
from zenotc.models.market import Book
from zenotc.venues.replay import ReplayVenue
from zenotc.venues.replay.depth import RecordedBook
from zenotc.venues.replay.recording import Diff, Snapshot, Touch, open_recordings

SPOT_BTC = ("spot/btcusdt_20240808.gz", "spot/btcusdt_20240809.gz")
SPOT_ETH = ("spot/ethusdt_20240808.gz", "spot/ethusdt_20240809.gz")


def touch_of(book: Book) -> tuple[int, int, int, int]:
    """Return the touch as a bookTicker writes it."""
    assert book.best_bid is not None and book.best_ask is not None
    return book.best_bid, book.bids[book.best_bid], book.best_ask, book.asks[book.best_ask]


@pytest.mark.parametrize(
    ("names", "agreements"),
    [
        (SPOT_BTC[:1], 564),
        (SPOT_BTC, 1072),
        (SPOT_ETH, 1056),
        (("usdm/btcusdt_20240808.gz",), 629),
        (("usdm/ethusdt_20240808.gz",), 551),
    ],
)
def test_after_a_depth_message_the_book_equals_the_book_ticker_of_the_same_update(
    names: tuple[str, ...], agreements: int
) -> None:
    (recording,) = open_recordings(recorded(*names))
    venue = ReplayVenue(recorded(*names))
    recorded_book = RecordedBook(venue.instruments[recording.asset])
    book = recorded_book.book
    tickers: dict[int, tuple[int, int, int, int]] = {}
    applied_id = compared = 0
    for _, message in recording.messages():
        if isinstance(message, Touch):
            # Futures send some bookTickers after the depth message that they belong to.
            if message.update_id == applied_id and message.update_id not in tickers:
                assert touch_of(book) == message[1:]
                compared += 1
            tickers[message.update_id] = message[1:]
            recorded_book.apply_touch(message)
        elif isinstance(message, Snapshot):
            recorded_book.apply_snapshot(message)
        elif isinstance(message, Diff):
            recorded_book.apply_diff(message)
            applied_id = message.last_id if recorded_book.synchronised else 0
            if message.last_id in tickers and recorded_book.synchronised:
                assert touch_of(book) == tickers[message.last_id]
                compared += 1
        if recorded_book.synchronised:
            assert book.best_bid is not None and book.best_ask is not None
            assert book.best_bid < book.best_ask
    assert recorded_book.gaps == 0
    assert compared == agreements


def test_the_whole_session_replays_in_the_exchanges_time() -> None:
    venue = ReplayVenue([*recorded(*SPOT_BTC), *recorded(*SPOT_ETH)])
    trader = Trader(venue)
    crossed = []

    def watch(book: Book, now_ns: int) -> None:
        if book.best_bid is None or book.best_ask is None or book.best_bid >= book.best_ask:
            crossed.append(now_ns)

    trader.watch = watch
    trader.finish()
    assert not crossed
    # The first event time is 23:54:15.208 and the recorder wrote it down at 23:54:13.937 by its own clock.
    assert 0 <= venue.start_ns - 1_723_161_255_208_000_000 < 10_000_000
    assert venue.messages_read == 99_574 + 79_744
    assert len(trader.trades) == 19_904 + 14_515
    assert len(trader.heartbeats) == 650
    assert trader.times == sorted(trader.times)
    assert [(asset, reason) for _, asset, reason in trader.ended] == [
        ("BTC", "replay_finished"),
        ("ETH", "replay_finished"),
    ]
    assert {asset for _, asset, _, _ in trader.books} == {"BTC", "ETH"}
