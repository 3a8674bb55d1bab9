"""The sandbox exchange as a venue, mostly in a quiet market: BTC 60,000.0 / 60,000.5, ten levels of one BTC."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.venues.listener import Listener
from zenotc.models.market import BUY, SELL, Book, PublicTrade, Side, sign
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
    Fill,
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
    Report,
    Request,
)
from zenotc.venues.sandbox import SandboxExchange, demo_venues, quiet_market

START = 1_700_000_000_000_000_000
MS = 1_000_000
LATENCY = 5 * MS
BID, ASK = 120_000, 120_001


class Bench:
    """A quiet exchange, somebody who listens, and the time."""

    def __init__(self, start_ns: int = START) -> None:
        market = quiet_market("BTC", BID, ASK, 1000)
        self.exchange = SandboxExchange(markets=[market], latency_ns=LATENCY, start_ns=start_ns)
        self.listener = Listener()
        self.exchange.subscribe(["BTC"], self.listener)
        self.now_ns = start_ns
        self.run()

    def run(self) -> list[Report]:
        """Let the requests arrive and the answers come back; return the answers."""
        self.listener.heard.clear()
        self.now_ns += 20 * MS
        self.exchange.advance(self.now_ns)
        return self.reports

    @property
    def reports(self) -> list[Report]:
        return [what for _, what in self.listener.heard if type(what).__module__ == "zenotc.models.orders"]  # type: ignore[misc]

    def ask(self, *requests: Request) -> list[Report]:
        for request in requests:
            self.exchange.send(request, self.now_ns)
        return self.run()

    def others(self, side: Side, price_ticks: int, lots: int) -> list[Report]:
        self.exchange.send_for_others("BTC", side, price_ticks, lots, self.now_ns)
        return self.run()

    def cash_from_fills(self) -> Fraction:
        instrument = self.exchange.instruments["BTC"]
        total = Fraction(10_000_000)
        for fill in self.exchange.account.fills:
            notional = (
                Fraction(instrument.tick_size) * fill.price_ticks * Fraction(instrument.lot_size) * fill.quantity_lots
            )
            rate = instrument.maker_fee_rate if fill.maker else instrument.taker_fee_rate
            assert Fraction(fill.fee) == notional * Fraction(rate)
            total -= sign(fill.side) * notional + notional * Fraction(rate)
        return total


@pytest.fixture
def bench() -> Bench:
    return Bench()


def place(
    name: str,
    side: Side,
    price_ticks: int,
    lots: int,
    *,
    post_only: bool = False,
    ioc: bool = False,
    asset: str = "BTC",
) -> Place:
    return Place("sandbox", asset, name, side, price_ticks, lots, "IOC" if ioc else "GTC", post_only)


def amend(name: str, price_ticks: int, lots: int) -> Amend:
    return Amend("sandbox", "BTC", name, price_ticks, lots)


def cancel(name: str) -> Cancel:
    return Cancel("sandbox", "BTC", name)


def test_the_link_delays_both_ways_and_the_book_is_never_ahead(bench: Bench) -> None:
    sent = bench.now_ns
    bench.exchange.send(place("a", BUY, BID - 3, 7, post_only=True), sent)
    bench.listener.heard.clear()
    bench.exchange.advance(sent + 2 * LATENCY - 1)
    assert bench.listener.heard == []
    bench.exchange.advance(sent + 2 * LATENCY)
    (time, accepted), (book_time, book) = bench.listener.heard
    assert time == book_time == sent + 2 * LATENCY
    assert isinstance(accepted, OrderAccepted) and accepted.client_order_id == "a"
    assert isinstance(book, tuple) and (BID - 3, 1007) in book[1]


def test_the_book_is_up_to_date_when_a_report_is_heard() -> None:
    exchange = SandboxExchange(markets=[quiet_market("BTC", BID, ASK, 1000)], start_ns=START)

    class Reader(Listener):
        book: Book | None = None
        seen: int | None = None

        def on_book(self, book: Book, now_ns: int) -> None:
            self.book = book

        def on_report(self, report: Report, now_ns: int) -> None:
            if self.book is not None and isinstance(report, OrderAccepted):
                self.seen = self.book.bids[BID]

    reader = Reader()
    exchange.subscribe(["BTC"], reader)
    exchange.advance(START + 20 * MS)
    exchange.send(place("a", BUY, BID, 5), START + 20 * MS)
    exchange.advance(START + 40 * MS)
    assert reader.seen == 1005


def test_what_happens_at_the_exchange_is_heard_in_that_order(bench: Bench) -> None:
    bench.exchange.send(place("a", BUY, BID, 5, post_only=True), bench.now_ns)
    bench.exchange.send_for_others("BTC", SELL, BID, 1003, bench.now_ns + 1)
    bench.exchange.send(cancel("a"), bench.now_ns + 2)
    bench.run()
    kinds = [type(what).__name__ for _, what in bench.listener.heard]
    assert kinds == [
        "OrderAccepted",
        "tuple",
        "OrderFilled",
        "PublicTrade",
        "PublicTrade",
        "tuple",
        "OrderCancelled",
        "tuple",
    ]
    assert [trade.quantity_lots for trade in bench.listener.of(PublicTrade)] == [1000, 3]
    assert all(trade.taker_side == SELL for trade in bench.listener.of(PublicTrade))


def test_a_request_never_overtakes_an_earlier_one_and_never_arrives_in_the_past(bench: Bench) -> None:
    first, second = bench.ask(place("a", BUY, BID, 1), cancel("a"))
    assert isinstance(first, OrderAccepted) and isinstance(second, OrderCancelled)
    bench.exchange.send(QueryBalances("sandbox", "late"), bench.now_ns - 1000 * MS)
    bench.run()
    assert bench.listener.heard[0][0] >= bench.now_ns - 20 * MS + LATENCY


def test_the_sink_may_send_while_it_listens() -> None:
    exchange = SandboxExchange(markets=[quiet_market("BTC", BID, ASK, 1000)], start_ns=START, latency_ns=LATENCY)

    class Canceller(Listener):
        def on_report(self, report: Report, now_ns: int) -> None:
            super().on_report(report, now_ns)
            if isinstance(report, OrderAccepted):
                exchange.send(cancel(report.client_order_id), now_ns)

    sink = Canceller()
    exchange.subscribe(["BTC"], sink)
    exchange.send(place("a", BUY, BID, 1), START)
    exchange.advance(START + 1000 * MS)
    times = [time for time, what in sink.heard if isinstance(what, OrderAccepted | OrderCancelled)]
    assert times == [START + 2 * LATENCY, START + 4 * LATENCY]


def test_a_marketable_order_is_accepted_fills_and_rests(bench: Bench) -> None:
    accepted, *fills = bench.ask(place("a", BUY, ASK + 1, 2500))
    assert isinstance(accepted, OrderAccepted)
    assert [
        (f.fill.price_ticks, f.fill.quantity_lots, f.remaining_lots, f.fill.maker)
        for f in fills
        if isinstance(f, OrderFilled)
    ] == [
        (ASK, 1000, 1500, False),
        (ASK + 1, 1000, 500, False),
    ]
    (answer,) = bench.ask(QueryOpenOrders("sandbox", "q"))
    assert isinstance(answer, OpenOrders)
    assert [(o.price_ticks, o.quantity_lots, o.filled_lots) for o in answer.orders] == [(ASK + 1, 2500, 2000)]


def test_an_ioc_order_cancels_what_does_not_fill(bench: Bench) -> None:
    accepted, filled, cancelled = bench.ask(place("a", SELL, BID, 1200, ioc=True))
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(filled, OrderFilled) and filled.remaining_lots == 200
    assert cancelled == OrderCancelled("sandbox", "BTC", "a", 200, "ioc")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (place("b", BUY, ASK, 1, post_only=True), "POST_ONLY_WOULD_CROSS"),
        (place("b", BUY, 0, 1), "INVALID_PRICE"),
        (place("b", BUY, BID, 0), "INVALID_QUANTITY"),
        (place("a", BUY, BID, 1), "DUPLICATE_ORDER"),
        (place("b", BUY, BID, 1, asset="DOGE"), "UNKNOWN_MARKET"),
        (place("b", BUY, BID, 1, post_only=True, ioc=True), "NOT_SUPPORTED"),
        (place("b", SELL, BID - 20, 1, post_only=True), "POST_ONLY_WOULD_CROSS"),
        (amend("a", BID, -1), "INVALID_QUANTITY"),
        (amend("a", -1, 9), "INVALID_PRICE"),
        (amend("a", ASK, 9), "POST_ONLY_WOULD_CROSS"),
        (amend("x", BID, 1), "UNKNOWN_ORDER"),
        (cancel("x"), "UNKNOWN_ORDER"),
    ],
)
def test_rejections_change_nothing(bench: Bench, request_: Request, code: str) -> None:
    bench.ask(place("a", BUY, BID - 1, 5, post_only=True))
    (report,) = bench.ask(request_)
    assert isinstance(report, OrderRejected | AmendRejected | CancelRejected) and report.code == code
    assert len(bench.listener.heard) == 1
    (answer,) = bench.ask(QueryOpenOrders("sandbox", "q"))
    assert isinstance(answer, OpenOrders)
    assert [(o.client_order_id, o.price_ticks, o.quantity_lots) for o in answer.orders] == [("a", BID - 1, 5)]


def test_our_orders_never_trade_with_each_other() -> None:
    exchange = SandboxExchange(markets=[quiet_market("BTC", BID, ASK + 10, 1000)], latency_ns=LATENCY, start_ns=START)
    bench = Bench()
    bench.exchange = exchange
    exchange.subscribe(["BTC"], bench.listener)
    bench.ask(place("a", SELL, ASK, 5))
    (rejected,) = bench.ask(place("b", BUY, ASK, 5, post_only=True))
    assert isinstance(rejected, OrderRejected) and rejected.code == "SELF_TRADE"
    accepted, cancelled = bench.ask(place("c", BUY, ASK, 5))
    assert isinstance(accepted, OrderAccepted)
    assert cancelled == OrderCancelled("sandbox", "BTC", "c", 5, "self_trade")
    assert exchange.account.fills == []


def test_amends(bench: Bench) -> None:
    bench.ask(place("a", BUY, BID + 0, 10, post_only=True))
    assert bench.ask(amend("a", BID - 1, 8)) == [OrderAmended("sandbox", "BTC", "a", BID - 1, 8)]
    bench.ask(place("b", BUY, ASK - 1, 10))
    bench.others(SELL, BID, 1004)
    assert bench.ask(amend("b", BID, 4)) == [OrderCancelled("sandbox", "BTC", "b", 6, "amended_away")]
    (refused,) = bench.ask(amend("b", BID, 40))
    assert isinstance(refused, AmendRejected) and refused.code == "UNKNOWN_ORDER"
    bench.ask(place("c", BUY, BID - 1, 10))
    amended, filled = bench.ask(amend("c", ASK, 20))
    assert isinstance(amended, OrderAmended) and amended.quantity_lots == 20
    assert isinstance(filled, OrderFilled) and (filled.fill.maker, filled.remaining_lots) == (False, 0)


def test_cash_and_position_are_exact(bench: Bench) -> None:
    bench.ask(place("a", BUY, BID - 2, 333, post_only=True), place("b", SELL, ASK + 1, 777, post_only=True))
    bench.others(SELL, BID - 2, 3001)
    bench.others(BUY, ASK + 1, 2013)
    bench.ask(CancelAll("sandbox", "all"), place("c", BUY, ASK + 3, 1111, ioc=True))
    account = bench.exchange.account
    assert len(account.fills) == 4 and {fill.maker for fill in account.fills} == {True, False}
    assert Fraction(account.cash) == bench.cash_from_fills()
    lots = sum(sign(fill.side) * fill.quantity_lots for fill in account.fills)
    assert account.positions == {"BTC": Decimal(lots) / 1000}
    balances, positions, history = bench.ask(
        QueryBalances("sandbox", "1"), QueryPositions("sandbox", "2"), QueryFills("sandbox", "3")
    )
    assert balances == Balances("sandbox", "1", account.cash)
    assert positions == Positions("sandbox", "2", (("BTC", Decimal(lots) / 1000),))
    assert history == FillHistory("sandbox", "3", tuple(account.fills))
    (later,) = bench.ask(QueryFills("sandbox", "4", account.fills[0].trade_id))
    assert later == FillHistory("sandbox", "4", tuple(account.fills[1:]))


def test_what_became_of_an_order(bench: Bench) -> None:
    def query(name: str) -> list[Report]:
        return bench.ask(QueryOrder("sandbox", "BTC", name, "q"))

    def fills(report: Report) -> list[Fill]:
        assert isinstance(report, FillHistory)
        return list(report.fills)

    bench.ask(place("a", BUY, BID, 10, post_only=True), place("b", BUY, BID, 5, post_only=True))
    assert query("never") == [OrderNotFound("sandbox", "BTC", "never", "q")]
    bench.others(SELL, BID, 1004)
    history, still_open = query("a")
    assert [fill.quantity_lots for fill in fills(history)] == [4]
    assert isinstance(still_open, OpenOrders) and still_open.orders[0].filled_lots == 4
    bench.ask(cancel("a"))
    history, cancelled = query("a")
    assert sum(fill.quantity_lots for fill in fills(history)) == 4
    assert cancelled == OrderCancelled("sandbox", "BTC", "a", 6, "requested")
    bench.others(SELL, BID, 5)
    (history,) = query("b")
    assert sum(fill.quantity_lots for fill in fills(history)) == 5


def test_cancel_all_reports_every_order_and_then_itself(bench: Bench) -> None:
    bench.ask(*(place(str(n), BUY, BID - n % 10, 1, post_only=True) for n in range(600)))
    reports = bench.ask(CancelAll("sandbox", "all"))
    assert [r.client_order_id for r in reports if isinstance(r, OrderCancelled)] == [str(n) for n in range(600)]
    assert reports[-1] == CancelledAll("sandbox", "all") and len(reports) == 601
    assert len(bench.listener.heard) == 602
    assert bench.ask(QueryOpenOrders("sandbox", "q")) == [OpenOrders("sandbox", "q", ())]
    assert bench.ask(CancelAll("sandbox", "again")) == [CancelledAll("sandbox", "again")]


def test_our_silence_cancels_everything_unless_we_speak_again(bench: Bench) -> None:
    def after(request_id: str, ms: int) -> CancelAfter:
        return CancelAfter("sandbox", request_id, ms * MS)

    assert bench.ask(place("a", BUY, BID, 5), place("b", SELL, ASK, 6), after("1", 50))[2:] == [
        CancelAfterSet("sandbox", "1")
    ]
    bench.run()
    assert bench.ask(after("2", 50)) == [CancelAfterSet("sandbox", "2")]
    armed_ns = bench.now_ns - 20 * MS + LATENCY  # when the request arrived
    bench.run()
    assert bench.reports == [] and bench.exchange.next_time() == armed_ns + 50 * MS
    bench.run()
    assert bench.run() == []
    assert bench.exchange.account.open_orders == ()
    bench.ask(place("c", BUY, BID, 5), after("3", 50))
    assert bench.ask(after("4", 0)) == [CancelAfterSet("sandbox", "4")]
    for _ in range(5):
        assert bench.run() == []
    assert len(bench.exchange.account.open_orders) == 1


def test_what_silence_cancels_is_reported_with_that_reason(bench: Bench) -> None:
    sent_ns = bench.now_ns
    bench.ask(place("a", BUY, BID, 5), place("b", SELL, ASK, 6), CancelAfter("sandbox", "1", 30 * MS))
    bench.listener.heard.clear()
    bench.exchange.advance(sent_ns + 100 * MS)
    assert [(time - sent_ns, what) for time, what in bench.listener.heard if isinstance(what, OrderCancelled)] == [
        (30 * MS + 2 * LATENCY, OrderCancelled("sandbox", "BTC", "a", 5, "silence")),
        (30 * MS + 2 * LATENCY, OrderCancelled("sandbox", "BTC", "b", 6, "silence")),
    ]


def test_a_restored_exchange_has_the_account_of_the_earlier_one(bench: Bench) -> None:
    bench.ask(place("a", BUY, ASK, 1010), place("b", SELL, ASK + 1, 5), place("c", BUY, ASK + 1, 3, ioc=True))
    bench.others(SELL, ASK, 4)
    earlier = bench.exchange.account
    assert len(earlier.fills) == 3

    later = Bench(start_ns=START - 1_000_000 * MS)  # a clock that was set back
    later.exchange.restore([*earlier.fills[:2], *earlier.fills])
    account = later.exchange.account
    assert (account.fills, account.cash, account.positions) == (earlier.fills, earlier.cash, earlier.positions)
    assert account.open_orders == ()
    assert later.ask(QueryFills("sandbox", "q", earlier.fills[1].trade_id)) == [
        FillHistory("sandbox", "q", tuple(earlier.fills[2:]))
    ]
    # Of an order from before, the fills are known, and that it does not rest.
    assert later.ask(QueryOrder("sandbox", "BTC", "a", "q")) == [
        FillHistory("sandbox", "q", tuple(fill for fill in earlier.fills if fill.client_order_id == "a")),
        OrderNotFound("sandbox", "BTC", "a", "q"),
    ]
    (again,) = later.ask(place("a", BUY, BID, 1))
    assert isinstance(again, OrderRejected) and again.code == "DUPLICATE_ORDER"
    later.ask(place("d", BUY, ASK, 1, ioc=True))
    assert len({fill.trade_id for fill in account.fills}) == 4
    assert later.cash_from_fills() == Fraction(account.cash)


def test_fills_of_a_market_that_is_gone_are_left_out_and_their_ids_stay_used(bench: Bench) -> None:
    gone = Fill("sandbox", "DOGE", "x", str(10**18), BUY, 1, 1, Decimal(1), True, START)
    bench.exchange.restore([gone])
    assert bench.exchange.account.fills == [] and bench.exchange.account.cash == 10_000_000
    bench.ask(place("a", BUY, ASK, 1))
    assert int(bench.exchange.account.fills[0].trade_id) > 10**18


def test_who_subscribes_late_hears_the_book_as_it_is(bench: Bench) -> None:
    late = Listener()
    bench.exchange.subscribe(["BTC"], late)
    bench.exchange.advance(bench.now_ns + LATENCY)
    ((_, book),) = late.heard
    assert isinstance(book, tuple) and len(book[1]) == len(book[2]) == 10


def test_heartbeats_come_every_second_and_there_is_always_a_next_time(bench: Bench) -> None:
    bench.listener.heard.clear()
    bench.exchange.advance(START + 5_000 * MS + LATENCY)
    assert [(time - START - LATENCY) // MS for time, _ in bench.listener.heard] == [1000, 2000, 3000, 4000, 5000]
    assert bench.exchange.next_time() == START + 6_000 * MS


def session(seed: int) -> list[tuple[int, object]]:
    quoting, hedge = demo_venues(seed, START, LATENCY)
    listener = Listener()
    for venue in (quoting, hedge):
        venue.subscribe(["BTC", "ETH", "SOL"], listener)
        venue.advance(START + 1000 * MS)
    for venue in (quoting, hedge):
        venue.send(Place(venue.name, "BTC", "a", BUY, 119_990, 500), START + 1000 * MS)
        venue.send(Place(venue.name, "SOL", "b", SELL, 14_900, 500, "IOC"), START + 1001 * MS)
        venue.advance(START + 20_000 * MS)
    return listener.heard


def test_same_seed_and_requests_give_the_same_deliveries() -> None:
    first = session(7)
    assert first == session(7)
    assert first != session(8)
    assert len(first) > 500


def test_steps_of_time_do_not_matter() -> None:
    whole, steps = Listener(), Listener()
    for listener, step in ((whole, 10_000), (steps, 7)):
        exchange = SandboxExchange(seed=3, start_ns=START)
        exchange.subscribe(["BTC", "ETH", "SOL"], listener)
        for end in range(step, 10_001, step):
            exchange.advance(START + end * MS)
        exchange.advance(START + 10_000 * MS)
    assert whole.heard == steps.heard


def test_both_sides_stay_filled_and_time_never_falls() -> None:
    exchange = SandboxExchange(seed=5, start_ns=START, latency_ns=LATENCY)
    listener = Listener()
    exchange.subscribe(["BTC"], listener)
    exchange.advance(START + 60_000 * MS)
    times = [time for time, _ in listener.heard]
    assert times == sorted(times)
    assert {trade.asset for trade in listener.of(PublicTrade)} == {"BTC"}
    for time, what in listener.heard:
        if isinstance(what, tuple) and time > START + 1000 * MS:
            assert len(what[1]) > 3 and len(what[2]) > 3
