"""The replay as a venue: orders, their latency, the book's sequence, heartbeats, the end and the loop."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.recordings import MS, SECOND, START, Tape, Trader, write_lines
from zenotc.models.market import BUY, SELL, Side
from zenotc.models.orders import (
    Amend,
    AmendRejected,
    Balances,
    Cancel,
    CancelAfter,
    CancelAfterSet,
    CancelAll,
    CancelledAll,
    CancelRejected,
    FillHistory,
    OpenOrders,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    Place,
    Positions,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
    TimeInForce,
)
from zenotc.venues.replay import RecordingError, ReplayVenue

LATENCY_MS = 5
BIDS = {"100.00": "1.0", "99.99": "2.0"}
ASKS = {"100.02": "1.0", "100.03": "2.0"}


def a_tape(symbol: str = "BTCUSDT") -> Tape:
    """Return a tape whose book stands from 10 ms on: 100.00 x 1 to 100.02 x 1."""
    tape = Tape(symbol)
    tape.diff(0)
    tape.snapshot(10, BIDS, ASKS)
    return tape


def a_trader(tmp_path: Path, *tapes: Tape, loop: bool = False, latency_ms: int = LATENCY_MS) -> Trader:
    files = [tape.write(tmp_path / f"{number}.gz") for number, tape in enumerate(tapes)]
    return Trader(ReplayVenue(files, order_latency_ns=latency_ms * MS, loop=loop))


def place(
    name: str,
    side: Side,
    price_ticks: int,
    lots: int,
    *,
    time_in_force: TimeInForce = "GTC",
    post_only: bool = False,
) -> Place:
    return Place("replay", "BTC", name, side, price_ticks, lots, time_in_force, post_only)


def kinds(trader: Trader) -> list[str]:
    return [type(report).__name__ for _, report in trader.reports]


# Orders ---------------------------------------------------------------------------------------------------------------


def test_a_request_and_its_report_each_take_the_latency(tmp_path: Path) -> None:
    tape = a_tape()
    tape.trade(29, "99.99", "5", taker="sell")
    tape.trade(31, "99.99", "0.5", taker="sell")
    tape.diff(100)
    trader = a_trader(tmp_path, tape)
    trader.at(25, place("a", BUY, 10_000, 100_000))
    trader.finish()
    assert [((time - START) // MS, type(report)) for time, report in trader.reports] == [
        (35, OrderAccepted),
        (36, OrderFilled),
    ]
    assert trader.fills == [("a", 10_000, 50_000)]  # the trade at 29 ms came before the order


def test_post_only_is_refused_where_it_would_take_and_rests_inside_the_spread(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("takes", BUY, 10_002, 1, post_only=True))
    trader.at(20, place("rests", BUY, 10_001, 1, post_only=True))
    trader.finish()
    (_, refused), (_, accepted) = trader.reports
    assert isinstance(refused, OrderRejected)
    assert refused.code == "POST_ONLY_WOULD_CROSS"
    assert isinstance(accepted, OrderAccepted)


def test_ioc_takes_what_is_displayed_within_its_price_and_cancels_the_rest(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("a", BUY, 10_003, 400_000, time_in_force="IOC"))
    trader.at(21, QueryPositions("replay", "p"))
    trader.at(21, QueryBalances("replay", "b"))
    trader.finish()
    assert trader.fills == [("a", 10_002, 100_000), ("a", 10_003, 200_000)]
    cancelled = trader.reports[3][1]
    assert isinstance(cancelled, OrderCancelled)
    assert (cancelled.remaining_lots, cancelled.reason) == (100_000, "ioc")
    notional = Decimal("100.02") * 1 + Decimal("100.03") * 2
    assert trader.reports[4][1] == Positions("replay", "p", (("BTC", Decimal(3)),))
    assert trader.reports[5][1] == Balances("replay", "b", Decimal(1_000_000) - notional * Decimal("1.0004"))


def test_what_was_taken_is_not_there_again_until_the_feed_updates_the_level(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(60, asks={"100.03": "2.0"})
    tape.diff(100, asks={"100.02": "0.4"})
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    for at_ms, name in ((20, "a"), (30, "b"), (70, "c"), (110, "d")):
        trader.at(at_ms, place(name, BUY, 10_002, 70_000, time_in_force="IOC"))
    trader.finish()
    assert trader.fills == [("a", 10_002, 70_000), ("b", 10_002, 30_000), ("d", 10_002, 40_000)]


def test_a_marketable_order_takes_and_then_rests(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(50, asks={"100.02": "0"})
    tape.trade(60, "100.02", "0.5", taker="sell")
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("a", BUY, 10_002, 120_000))
    trader.finish()
    fills = [report.fill for _, report in trader.reports if isinstance(report, OrderFilled)]
    assert [(fill.quantity_lots, fill.maker) for fill in fills] == [(100_000, False), (20_000, True)]


def test_own_orders_never_meet(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("rests", SELL, 10_001, 1))
    trader.at(21, place("maker", BUY, 10_001, 1, post_only=True))
    trader.at(22, place("taker", BUY, 10_002, 1, time_in_force="IOC"))
    trader.at(23, Cancel("replay", "BTC", "rests"))
    trader.at(24, place("deep", SELL, 10_003, 1))
    trader.at(25, place("sweep", BUY, 10_003, 150_000))
    trader.finish()
    refused = [report for _, report in trader.reports if isinstance(report, OrderRejected)]
    assert [(report.client_order_id, report.code) for report in refused] == [
        ("maker", "SELF_TRADE"),
        ("taker", "SELF_TRADE"),
    ]
    assert trader.fills == [("sweep", 10_002, 100_000)]
    last = trader.reports[-1][1]
    assert isinstance(last, OrderCancelled)
    assert (last.client_order_id, last.remaining_lots, last.reason) == ("sweep", 50_000, "self_trade")


@pytest.mark.parametrize(
    ("price_ticks", "total_lots", "filled"),
    [
        (10_000, 60_000, 20_000),  # smaller at the same price: only the 0.8 that were left ahead go first
        (10_000, 120_000, 0),  # larger: behind all of the level again
        (9_999, 100_000, 0),
    ],
)
def test_an_amend_keeps_the_place_only_for_a_smaller_size(
    tmp_path: Path, price_ticks: int, total_lots: int, filled: int
) -> None:
    tape = a_tape()
    tape.trade(40, "100.00", "0.2", taker="sell")
    tape.trade(80, "100.00", "1.0", taker="sell")
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("a", BUY, 10_000, 100_000, post_only=True))
    trader.at(50, Amend("replay", "BTC", "a", price_ticks, total_lots))
    trader.finish()
    assert trader.reports[1][1] == OrderAmended("replay", "BTC", "a", price_ticks, total_lots)
    assert sum(lots for _, _, lots in trader.fills) == filled


def test_an_amend_that_would_take_leaves_the_order_and_one_below_the_filled_part_ends_it(tmp_path: Path) -> None:
    tape = a_tape()
    tape.trade(30, "99.98", "0.3", taker="sell")
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("a", BUY, 10_000, 100_000, post_only=True))
    trader.at(40, Amend("replay", "BTC", "a", 10_002, 100_000))
    trader.at(50, Amend("replay", "BTC", "a", 10_000, 30_000))
    trader.at(60, Amend("replay", "BTC", "a", 10_000, 50_000))
    trader.at(61, Cancel("replay", "BTC", "a"))
    trader.finish()
    assert kinds(trader) == [
        "OrderAccepted",
        "OrderFilled",
        "AmendRejected",
        "OrderCancelled",
        "AmendRejected",
        "CancelRejected",
    ]
    codes = [report.code for _, report in trader.reports if isinstance(report, AmendRejected | CancelRejected)]
    assert codes == ["POST_ONLY_WOULD_CROSS", "UNKNOWN_ORDER", "UNKNOWN_ORDER"]
    assert trader.reports[3][1] == OrderCancelled("replay", "BTC", "a", 70_000, "amended_away")


def test_cancel_all_reports_each_order_and_then_that_it_is_done(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("a", BUY, 9_999, 1))
    trader.at(20, place("b", SELL, 10_005, 1))
    trader.at(30, CancelAll("replay", "r"))
    trader.at(30, QueryOpenOrders("replay", "q"))
    trader.finish()
    assert [report for _, report in trader.reports[2:]] == [
        OrderCancelled("replay", "BTC", "a", 1, "requested"),
        OrderCancelled("replay", "BTC", "b", 1, "requested"),
        CancelledAll("replay", "r"),
        OpenOrders("replay", "q", ()),
    ]


def test_queries_tell_what_the_account_has(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("a", BUY, 10_002, 100_001))
    trader.at(30, QueryOrder("replay", "BTC", "a", "1"))
    trader.at(30, QueryOrder("replay", "BTC", "nobody", "2"))
    trader.at(30, QueryFills("replay", "3"))
    trader.at(30, QueryFills("replay", "4", after_trade_id="1"))
    trader.at(40, Cancel("replay", "BTC", "a"))
    trader.at(50, QueryOrder("replay", "BTC", "a", "5"))
    trader.finish()
    history, order, unknown, fills, later, cancelled, again, end = (report for _, report in trader.reports[2:])
    assert isinstance(history, FillHistory)
    assert isinstance(order, OpenOrders)
    assert (order.orders[0].quantity_lots, order.orders[0].filled_lots) == (100_001, 100_000)
    assert unknown == OrderNotFound("replay", "BTC", "nobody", "2")
    assert fills == FillHistory("replay", "3", history.fills)
    assert later == FillHistory("replay", "4", ())
    assert cancelled == OrderCancelled("replay", "BTC", "a", 1, "requested")
    assert again == FillHistory("replay", "5", history.fills)
    assert end == cancelled


def test_our_silence_cancels_everything_unless_we_speak_again(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(900)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("a", BUY, 9_999, 1))
    trader.at(20, CancelAfter("replay", "1", 100 * MS))
    trader.at(90, CancelAfter("replay", "2", 100 * MS))
    trader.at(300, place("b", BUY, 9_999, 1))
    trader.at(300, CancelAfter("replay", "3", 100 * MS))
    trader.at(350, CancelAfter("replay", "4", 0))
    trader.finish()
    assert [
        ((time - START) // MS, report) for time, report in trader.reports if not isinstance(report, OrderAccepted)
    ] == [
        (30, CancelAfterSet("replay", "1")),
        (100, CancelAfterSet("replay", "2")),
        (200, OrderCancelled("replay", "BTC", "a", 1, "silence")),
        (310, CancelAfterSet("replay", "3")),
        (360, CancelAfterSet("replay", "4")),
    ]


def test_silence_also_cancels_after_the_recording_has_ended(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(100)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("a", BUY, 9_999, 1))
    trader.at(20, CancelAfter("replay", "1", 5 * SECOND))
    trader.finish()
    assert trader.reports[-1] == (START + 5 * SECOND + 30 * MS, OrderCancelled("replay", "BTC", "a", 1, "silence"))
    assert trader.venue.next_time() is None


def test_a_restored_replay_has_the_account_of_the_earlier_one(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(500)
    earlier = a_trader(tmp_path, tape)
    earlier.at(20, place("a", BUY, 10_003, 150_000))
    earlier.finish()
    fills = [report.fill for _, report in earlier.reports if isinstance(report, OrderFilled)]
    later = a_trader(tmp_path, tape)
    later.venue.restore([*fills, *fills])
    later.at(20, place("b", BUY, 10_002, 1, time_in_force="IOC"))
    later.at(30, QueryFills("replay", "q", fills[0].trade_id))
    later.at(30, QueryPositions("replay", "p"))
    later.finish()
    history, positions = (report for _, report in later.reports[-2:])
    assert isinstance(history, FillHistory)
    assert [fill.trade_id for fill in history.fills] == ["2", "3"]
    assert positions == Positions("replay", "p", (("BTC", Decimal("1.50001")),))


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (place("a", BUY, 0, 1), "INVALID_PRICE"),
        (place("a", BUY, 1, 0), "INVALID_QUANTITY"),
        (Place("replay", "SOL", "a", BUY, 1, 1), "UNKNOWN_MARKET"),
    ],
)
def test_a_bad_order_is_refused(tmp_path: Path, request_: Place, code: str) -> None:
    tape = a_tape()
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    trader.at(20, request_)
    trader.finish()
    (_, report) = trader.reports[0]
    assert isinstance(report, OrderRejected)
    assert report.code == code


def test_an_order_id_is_good_once(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(500)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("a", BUY, 9_999, 1))
    trader.at(20, place("a", BUY, 9_999, 1))
    trader.finish()
    assert kinds(trader) == ["OrderAccepted", "OrderRejected"]


# The book -------------------------------------------------------------------------------------------------------------


def test_diffs_before_the_snapshot_wait_for_it(tmp_path: Path) -> None:
    tape = Tape()
    tape.diff(0, bids={"100.00": "9"})
    covered = tape.last_id
    tape.diff(5, bids={"100.01": "3"})
    tape.snapshot(10, BIDS, ASKS, last_id=covered)
    tape.diff(20, asks={"100.02": "0"})
    trader = a_trader(tmp_path, tape)
    trader.finish()
    assert [touch for _, _, *touch in trader.books] == [[10_001, 10_002], [10_001, 10_003]]
    with pytest.raises(RuntimeError):
        ReplayVenue([tmp_path / "0.gz"]).advance(START)


def test_a_book_ticker_removes_what_it_contradicts_until_the_next_diff(tmp_path: Path) -> None:
    tape = a_tape()
    tape.touch(20, ("99.99", "1.5"), ("100.01", "4"))
    tape.touch(30, ("99.99", "1.5"), ("100.01", "4"), ahead=2)  # nothing new
    tape.touch(40, ("99.00", "7"), ("99.01", "7"), ahead=-1)  # older than the book
    tape.diff(50, bids={"99.98": "1"})
    trader = a_trader(tmp_path, tape)
    sizes: list[tuple[dict[int, int], dict[int, int]]] = []
    trader.watch = lambda book, _: sizes.append((dict(book.bids), dict(book.asks)))
    trader.finish()
    assert [touch for _, _, *touch in trader.books] == [[10_000, 10_002], [9_999, 10_001], [10_000, 10_002]]
    assert sizes[1][0] == {9_999: 150_000}
    assert sizes[2] == (
        {10_000: 100_000, 9_999: 200_000, 9_998: 100_000},
        {10_002: 100_000, 10_003: 200_000},
    )


def test_a_gap_empties_the_book_until_a_snapshot(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(20)
    tape.diff(30, bids={"100.01": "1"}, skip=1)
    tape.touch(40, ("100.01", "1"), ("100.02", "1"))
    tape.diff(50)
    tape.snapshot(60, BIDS, ASKS)
    tape.diff(100)
    trader = a_trader(tmp_path, tape)
    trader.at(25, place("rests", BUY, 9_990, 1))
    trader.at(40, place("refused", BUY, 9_990, 1))
    trader.finish()
    assert [touch for _, _, *touch in trader.books] == [
        [10_000, 10_002],
        [10_000, 10_002],
        [None, None],
        [10_000, 10_002],
        [10_000, 10_002],
    ]
    refused = trader.reports[-1][1]
    assert isinstance(refused, OrderRejected)
    assert refused.code == "MARKET_CLOSED"


def test_futures_diffs_follow_by_their_previous_id(tmp_path: Path) -> None:
    def diff(at_ms: int, first: int, last: int, previous: int) -> tuple[int, dict[str, object]]:
        ids = {"U": first, "u": last, "pu": previous, "E": (START + at_ms * MS) // MS}
        data = {"e": "depthUpdate", "s": "BTCUSDT", **ids, "b": [["100.0", "1"]], "a": [["100.1", "1"]]}
        return START + at_ms * MS, {"stream": "btcusdt@depth@0ms", "data": data}

    tape = Tape()
    tape.lines = [diff(0, 5, 9, 3), (START + MS, {"lastUpdateId": 7, "bids": [], "asks": []})]
    tape.lines += [diff(2, 15, 20, 9), diff(3, 30, 31, 19)]
    trader = a_trader(tmp_path, tape)
    trader.finish()
    assert trader.venue.instruments["BTC"].tick_size == Decimal("0.1")
    assert [touch for _, _, *touch in trader.books] == [[1_000, 1_001], [1_000, 1_001], [None, None]]


def test_files_of_one_market_continue_one_another_and_markets_are_merged_by_time(tmp_path: Path) -> None:
    whole, other = a_tape(), a_tape("ETHUSDT")
    for at_ms in range(100, 1_000, 100):
        whole.diff(at_ms, bids={"100.00": f"{at_ms}"})
        other.diff(at_ms + 50)
    first, second = Tape(), Tape()
    first.lines, second.lines = whole.lines[:6], whole.lines[6:]
    trader = a_trader(tmp_path, second, other, first)
    trader.finish()
    assert list(trader.venue.instruments) == ["BTC", "ETH"]
    assert [asset for _, asset, _, _ in trader.books] == ["BTC", "ETH"] * 10
    assert None not in {best_bid for _, _, best_bid, _ in trader.books}


# Time -----------------------------------------------------------------------------------------------------------------


def test_trading_time_is_the_exchanges(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(500)
    for _, message in tape.lines:
        if "data" in message:
            message["data"]["E"] += 1_270
    trader = a_trader(tmp_path, tape)
    assert trader.venue.start_ns == START + 1_270 * MS


def test_heartbeats_come_every_second_but_not_in_a_hole(tmp_path: Path) -> None:
    tape = a_tape()
    for at_s in (2, 5, 10, 20, 22):
        tape.diff(at_s * 1_000)
    trader = a_trader(tmp_path, tape)
    trader.finish()
    seconds = [(time - START) // SECOND for time in trader.heartbeats]
    assert seconds == [*range(1, 10), 20, 21]
    assert trader.ended == [(START + 22 * SECOND, "BTC", "replay_finished")]
    assert trader.venue.next_time() is None


def test_after_the_end_orders_are_refused_and_cancels_still_work(tmp_path: Path) -> None:
    tape = a_tape()
    tape.diff(100)
    trader = a_trader(tmp_path, tape)
    trader.at(20, place("a", BUY, 9_999, 1))
    trader.at(200, place("b", BUY, 9_999, 1))
    trader.at(200, Cancel("replay", "BTC", "a"))
    trader.finish()
    assert kinds(trader) == ["OrderAccepted", "OrderRejected", "OrderCancelled"]


def test_a_loop_goes_round_in_rising_time_and_cancels_what_rests(tmp_path: Path) -> None:
    tape = a_tape()
    tape.trade(30, "100.00", "0.1", taker="sell")
    tape.diff(100)
    trader = a_trader(tmp_path, tape, loop=True)
    trader.at(20, place("a", BUY, 10_000, 1))
    trader.until(3_000)
    assert trader.times == sorted(trader.times)
    assert not trader.ended
    assert [(time - START) // MS for time, _ in trader.trades] == [30, 1_130, 2_230]
    assert trader.reports[-1][1] == OrderCancelled("replay", "BTC", "a", 1, "replay_restarted")
    touches = [(best_bid, best_ask) for _, _, best_bid, best_ask in trader.books]
    assert touches[:6] == [(10_000, 10_002), (10_000, 10_002), (None, None)] * 2


PRICES = st.sampled_from(["99.98", "99.99", "100.00", "100.01", "100.02", "100.03"])
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), PRICES, st.integers(1, 30), st.sampled_from([BUY, SELL])),
        st.tuples(st.just("order"), PRICES, st.integers(1, 30), st.sampled_from([BUY, SELL])),
    ),
    max_size=30,
)


@settings(max_examples=50, deadline=None)
@given(events=EVENTS, latency_ms=st.integers(0, 20))
def test_a_replay_is_deterministic_and_makers_get_no_more_than_was_traded(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str, int, Side]], latency_ms: int
) -> None:
    tape = a_tape()
    for number, (what, price, tenths, side) in enumerate(events):
        if what == "trade":
            tape.trade(20 + number, price, str(Decimal(tenths) / 10), taker=side)
    tape.diff(200)
    folder = tmp_path_factory.mktemp("replay")

    def run() -> Trader:
        trader = a_trader(folder, tape, latency_ms=latency_ms)
        for number, (what, price, tenths, side) in enumerate(events):
            if what == "order":
                ticks = int(Decimal(price) * 100)
                trader.at(20 + number, place(str(number), side, ticks, tenths * 10_000, post_only=True))
        trader.finish()
        return trader

    trader = run()
    again = run()
    assert (trader.reports, trader.books, trader.heartbeats) == (again.reports, again.books, again.heartbeats)
    assert trader.times == sorted(trader.times)
    for now_ns, trade in trader.trades:
        fills = [report.fill for _, report in trader.reports if isinstance(report, OrderFilled)]
        assert sum(f.quantity_lots for f in fills if f.time_ns == now_ns and f.maker) <= trade.quantity_lots


# What cannot be read --------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_a_file_is_said_with_its_name_and_line(tmp_path: Path) -> None:
    good = a_tape()
    good.diff(100)
    path = good.write(tmp_path / "good.gz")
    lines = gzip.decompress(path.read_bytes()).splitlines()

    def problem(name: str) -> str:
        with pytest.raises(RecordingError) as caught:
            Trader(ReplayVenue([tmp_path / name])).finish()
        return str(caught.value)

    assert "no such file" in problem("missing.gz")
    (tmp_path / "plain").write_bytes(lines[0])
    assert "plain" in problem("plain")
    (tmp_path / "cut.gz").write_bytes(path.read_bytes()[:-20])
    assert "ends in the middle" in problem("cut.gz")
    (tmp_path / "empty.gz").write_bytes(gzip.compress(b""))
    assert "empty" in problem("empty.gz")
    off_tick = lines[0].replace(b'"b":[]', b'"b":[["100.001","1"]]')
    for name, bad in (
        ("text", b"hello"),
        ("json", lines[0][:-5]),
        ("array", b"%d []" % (START + SECOND)),
        ("other", lines[0].replace(b"BTCUSDT", b"ETHUSDT")),
        ("field", lines[0].replace(b'"u":', b'"v":')),
        ("tick", off_tick),
        ("back", b"%d %s" % (START - 1, orjson.dumps(good.lines[0][1]))),
    ):
        write_lines(tmp_path / name, [*lines, bad])
        assert f"line {len(lines) + 1}" in problem(name), name


def test_two_markets_of_one_asset_and_no_file_are_refused(tmp_path: Path) -> None:
    files = [a_tape(symbol).write(tmp_path / symbol) for symbol in ("BTCUSDT", "BTCUSDC")]
    with pytest.raises(RecordingError, match="already replayed"):
        ReplayVenue(files)
    with pytest.raises(RecordingError, match="no recording"):
        ReplayVenue([])
    with pytest.raises(ValueError, match="SOL"):
        ReplayVenue(files[:1]).subscribe(["SOL"], Trader(ReplayVenue(files[:1])))
