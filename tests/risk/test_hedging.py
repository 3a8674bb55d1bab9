"""Section 10: hedges by every algorithm on every venue, on real matching engines."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.engine.bench import HEDGE, SECOND, START_NS, Bench
from tests.risk.path_venue import PathVenue
from tests.risk.random_path import HEDGE as ELSEWHERE
from tests.risk.random_path import QUOTING, random_steps
from tests.risk.rig import Rig
from zenotc.engine.actions import Action, Send
from zenotc.engine.views import strategy_view
from zenotc.models.events import ErrorOccurred, HedgeCompleted, HedgeFilled, HedgeTriggered, PositionChanged
from zenotc.models.market import BUY, SELL, PublicTrade, sign
from zenotc.models.orders import Cancel, OrderCancelled, OrderRejected, Place
from zenotc.venues.sandbox import SandboxExchange, quiet_market

D = Decimal
ALGOS = ("market", "twap", "vwap")
VENUES = ("internal", "external", "both")
SLICES = 4
HEDGING: dict[str, Any] = {
    "auto_hedge_enabled": True,
    "hedge_threshold": 1,
    "hedge_target": D("0.4"),
    "hedge_duration_minutes": 2,
    "hedge_slice_seconds": 30,
}


class Markets(Rig):
    """A quoting exchange whose others stand wide, 119 900 to 120 100 ticks, and a narrow, shallow hedge exchange.

    Our quotes, 10 bps wide, are the best there, so that others can be made to trade with them.
    """

    def __init__(self, *, hedge_lots: int = 500, hedge_levels: int = 2, **config: Any) -> None:
        self.quoting = SandboxExchange(
            "sandbox", markets=[quiet_market("BTC", 119_900, 120_100, 10_000)], start_ns=START_NS
        )
        self.hedge = SandboxExchange(
            "sandbox-hedge",
            markets=[quiet_market("BTC", 119_995, 120_005, hedge_lots, hedge_levels)],
            start_ns=START_NS,
        )
        super().__init__(self.quoting, self.hedge, start_ns=START_NS)
        self.wait(0.5)
        values = {"asset": "BTC", "base_spread_bps": 10, "quote_size": 2, "max_position": 6, **HEDGING, **config}
        self.create(**values)
        assert self.replies[self.start()] is None
        self.wait(0.5)

    def sold_to_us(self, lots: int, *, price: int = 119_940) -> None:
        """Let somebody sell to our bid."""
        self.quoting.send_for_others("BTC", SELL, price, lots, self.now_ns)

    def bought_from_us(self, lots: int) -> None:
        """Let somebody buy from our offer."""
        self.quoting.send_for_others("BTC", BUY, 120_060, lots, self.now_ns)

    @property
    def children(self) -> list[tuple[float, Place]]:
        """The hedge's orders, with the seconds since the hedge began."""
        began = self.of(HedgeTriggered)[0].timestamp.timestamp()
        return [(round(when / SECOND - began, 3), place) for when, place in self.placed(immediate=True)]


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("algo", ALGOS)
@pytest.mark.parametrize("direction", [1, -1])
def test_every_algorithm_on_every_venue(algo: str, venue: str, direction: int) -> None:
    # Sold to us, 1.4 BTC is more than the hedge exchange shows at once.
    rig = Markets(hedge_algo=algo, hedge_venue=venue, hedge_lots=500 if algo == "market" else 5_000)
    (rig.sold_to_us if direction > 0 else rig.bought_from_us)(1_400)
    rig.wait(200)
    (triggered,) = rig.of(HedgeTriggered)
    side = SELL if direction > 0 else BUY
    assert (triggered.hedge_quantity, triggered.side) == (D(1), side)
    assert (triggered.hedge_algo, triggered.hedge_venue) == (algo, venue)
    (completed,) = rig.of(HedgeCompleted)
    assert completed.hedge_quantity == completed.filled_quantity == 1
    fills = rig.of(HedgeFilled)
    assert all(fill.reason == "hedge" and fill.side == side for fill in fills)
    assert {fill.venue for fill in fills} == {"sandbox" if venue == "internal" else "sandbox-hedge"}
    assert rig.strategy().position == direction * HEDGING["hedge_target"]
    notional = sum(fill.price * fill.quantity for fill in fills)
    assert completed.average_price == notional / completed.filled_quantity
    # Both exchanges have their mid at 60 000.
    cost = sum(sign(side) * (fill.price - 60_000) * fill.quantity for fill in fills)
    assert completed.slippage_bps == pytest.approx(float(cost / notional) * 1e4)
    assert cost > 0
    assert rig.strategy().ledger.hedge_cost == -cost
    assert not rig.of(ErrorOccurred)
    assert len(rig.children) == (1 if algo == "market" else SLICES)


def test_both_goes_to_the_better_price_and_splits_where_it_is_not_deep_enough() -> None:
    rig = Markets(hedge_venue="both", hedge_target=D("0.1"), hedge_threshold=1)
    rig.sold_to_us(1_600)
    rig.wait(10)
    assert [(place.venue, place.price_ticks, place.quantity_lots) for _, place in rig.children] == [
        ("sandbox-hedge", 119_994, 1_000),
        ("sandbox", 119_900, 500),
    ]
    assert rig.children[0][0] == rig.children[1][0] == pytest.approx(0, abs=0.05), "own bids go first"
    assert rig.strategy().position == D("0.1")
    (completed,) = rig.of(HedgeCompleted)
    assert completed.filled_quantity == D("1.5")


def test_own_quotes_that_a_hedge_would_meet_are_cancelled_first() -> None:
    rig = Markets(hedge_venue="internal", quote_layers=2)
    rig.sold_to_us(1_400)
    rig.wait(3)
    requests = [request for _, request in rig.sent]
    child = next(i for i, request in enumerate(requests) if isinstance(request, Place) and not request.post_only)
    placed = [request for request in requests[:child] if isinstance(request, Place)]
    met = {place.client_order_id for place in placed if place.side == BUY and place.price_ticks >= 119_900}
    assert met and met <= {request.client_order_id for request in requests[:child] if isinstance(request, Cancel)}
    assert [fill.price for fill in rig.of(HedgeFilled)] == [D("59950")], "sold to somebody else"
    assert not [event for event in rig.of(ErrorOccurred) if "SELF_TRADE" in event.reason]
    rig.wait(6)
    assert any(rig.strategy().live_quotes(BUY)), "and come back"


# Schedules


def test_twap_slices_are_equal_and_evenly_spread() -> None:
    rig = Markets(hedge_algo="twap", hedge_lots=5_000)
    rig.sold_to_us(1_400)
    rig.wait(150)
    assert [(when, place.quantity_lots) for when, place in rig.children] == [(0, 250), (30, 250), (60, 250), (90, 250)]


def test_a_slice_that_did_not_fill_is_spread_over_the_rest() -> None:
    rig = Markets(hedge_algo="twap", hedge_lots=5_000, hedge_levels=1)
    rig.sold_to_us(1_400)
    rig.wait(10)
    rig.hedge.send_for_others("BTC", SELL, 119_995, 5_000, rig.now_ns)  # nobody bids any more
    rig.wait(30)
    errors = rig.of(ErrorOccurred)
    assert [event.code for event in errors] == ["NO_LIQUIDITY"], "told once a slice"
    assert "unhedged=0.750, unhedged_seconds=30.0" in errors[0].reason
    rig.hedge.send_for_others("BTC", BUY, 119_995, 5_000, rig.now_ns, immediate=False)
    rig.wait(100)
    assert [(when, place.quantity_lots) for when, place in rig.children] == [(0, 250), (60, 375), (90, 375)]
    assert rig.of(HedgeCompleted)[0].filled_quantity == 1


def test_a_schedule_follows_the_position() -> None:
    rig = Markets(hedge_algo="twap", hedge_lots=5_000)
    rig.sold_to_us(1_400)
    rig.wait(10)
    rig.sold_to_us(300)  # 0.75 were left, 1.05 are
    rig.wait(30)
    rig.bought_from_us(1_600)  # now it is short: nothing is left to hedge
    rig.wait(200)
    assert [(when, place.quantity_lots) for when, place in rig.children] == [(0, 250), (30, 350)]
    assert rig.of(HedgeCompleted)[0].filled_quantity == D("0.6")


Trades = Sequence[tuple[float, str, int]]
HOUR = 3_600
ELSEWHERE_AND_HERE = [(1, "sandbox-hedge", 60), (29.9, "sandbox-hedge", 40), (40, "sandbox", 900), (75, "sandbox", 300)]


def vwap_children(
    trades: Trades, *, hears_from: float = 0, deaf_from: float | None = None, **config: Any
) -> list[tuple[int, int]]:
    """Return second and lots of the children of a hedge that begins after an hour.

    Parameters
    ----------
    trades
        Seconds since the start, venue and lots of what the public has traded.
    hears_from
        The second in which the feeds begin.
    deaf_from
        The second from which on they are silent for ten.
    """
    bench = Bench()
    bench.now_ns = START_NS + round(hears_from * SECOND)
    bench.take(bench.engine.on_timer(bench.now_ns))
    bench.mid(50_000)
    told = [(at, partial(bench.engine.on_trade, PublicTrade(v, "BTC", 100_000, lots, BUY))) for at, v, lots in trades]
    for at_seconds, tell in sorted(told, key=lambda trade: trade[0]):
        if at_seconds >= hears_from:
            bench.wait(at_seconds - (bench.now_ns - START_NS) / SECOND)
            tell(bench.now_ns)
    if deaf_from is not None:
        bench.wait(deaf_from - (bench.now_ns - START_NS) / SECOND)
        bench.wait(10, alive=False)
    bench.wait(HOUR - (bench.now_ns - START_NS) / SECOND)
    bench.create(enabled=True, hedge_algo="vwap", quote_size=2, **{**HEDGING, **config})
    bench.answer_all()
    bid = next(bench.strategy().live_quotes(BUY))
    bench.fill(bid.client_order_id, 1_400)
    children = []
    for second in range(130):
        children += [(second, place.quantity_lots) for place in bench.sent(Place) if place.time_in_force == "IOC"]
        bench.fill_children()
        bench.answer_all()
        bench.wait(1)
    return children


@pytest.mark.parametrize(
    ("venue", "children"),
    [
        ("external", [(0, 1_000)]),
        ("internal", [(30, 750), (60, 250)]),
        ("both", [(0, 77), (30, 693), (60, 230)]),
    ],
)
def test_vwap_is_weighted_by_the_volume_of_60_minutes_earlier_where_it_trades(
    venue: str, children: list[tuple[int, int]]
) -> None:
    assert vwap_children(ELSEWHERE_AND_HERE, hedge_venue=venue) == children


@pytest.mark.parametrize("venue", VENUES)
def test_vwap_is_uniform_where_no_volume_is_known(venue: str) -> None:
    uniform = [(0, 250), (30, 250), (60, 250), (90, 250)]
    assert vwap_children([], hedge_venue=venue) == uniform
    assert vwap_children(ELSEWHERE_AND_HERE, hears_from=600, hedge_venue=venue) == uniform, "it is all from before"


def test_slices_of_which_the_volume_is_not_known_weigh_as_the_others_on_average() -> None:
    trades = [(70, "sandbox-hedge", 100), (100, "sandbox-hedge", 300)]
    assert vwap_children(trades, hears_from=45) == [(0, 250), (30, 250), (60, 125), (90, 375)]


def test_what_trades_while_the_feed_is_silent_is_not_known() -> None:
    trades = [(1, "sandbox-hedge", 100), (31, "sandbox-hedge", 300)]
    assert vwap_children(trades, deaf_from=65) == [(0, 188), (30, 563), (60, 249)]  # 3 : 9 : the mean of 3, 9 and 0


# At once, and never too much


def test_a_partial_fill_hedges_at_once() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True, quote_size=2, **HEDGING)
    bench.answer_all()
    bid = next(bench.strategy().live_quotes(BUY))
    bench.fill(bid.client_order_id, 900)
    assert not bench.of(HedgeTriggered)
    bench.fill(bid.client_order_id, 200)
    (child,) = bench.sent(Place)
    assert (child.venue, child.side, child.quantity_lots) == ("sandbox-hedge", SELL, 700)
    bench.fill(bid.client_order_id, 300)  # what arrives meanwhile does not wait either
    bench.accept(child)
    bench.fill(child.client_order_id)
    (second,) = [place for place in bench.sent(Place) if place.time_in_force == "IOC"]
    assert second.quantity_lots == 300
    bench.accept(second)
    bench.fill(second.client_order_id)
    assert bench.strategy().position == D("0.4")
    assert len(bench.of(HedgeTriggered)) == len(bench.of(HedgeCompleted)) == 1


def test_what_fills_while_it_is_cancelled_is_hedged_too() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True, quote_size=2, base_spread_bps=1, **{**HEDGING, "hedge_venue": "internal"})
    bench.answer_all()
    bench.book(99_990, 100_010)
    bid = next(bench.strategy().live_quotes(BUY))
    bench.fill(bid.client_order_id, 1_200)
    (cancel,) = bench.sent(Cancel)
    assert cancel.client_order_id == bid.client_order_id
    bench.fill(bid.client_order_id, 500)
    bench.requests.remove(cancel)
    bench.report(OrderCancelled("sandbox", "BTC", bid.client_order_id, 300, "requested"))
    (child,) = [place for place in bench.sent(Place) if place.time_in_force == "IOC"]
    assert child.quantity_lots == 1_700 - 400


class Watched(Rig):
    """Checks at each child that is sent that the children under way are not more than what remains to hedge."""

    checked = 0

    def _take(self, actions: Sequence[Action], now_ns: int) -> None:
        sent = [a.request for a in actions if isinstance(a, Send) and isinstance(a.request, Place)]
        if any(place.time_in_force == "IOC" for place in sent):
            strategy = self.strategy()
            children = [order for order in strategy.orders.values() if order.purpose == "hedge"]
            under_way = sum(order.exposure_lots for order in children)
            plan = strategy.plan
            assert plan is not None
            assert all(order.side == plan.side for order in children)
            assert under_way <= plan.direction * strategy.position_lots - 100
            self.checked += 1
        super()._take(actions, now_ns)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("algo", ALGOS)
def test_no_child_is_larger_than_what_remained(algo: str, venue: str) -> None:
    seed = ALGOS.index(algo) * 3 + VENUES.index(venue)
    quoting, elsewhere = random_steps(seed, START_NS, 300), random_steps(seed + 50, START_NS + SECOND // 2, 300)
    rig = Watched(PathVenue(QUOTING, quoting), PathVenue(ELSEWHERE, elsewhere), start_ns=START_NS)
    rig.wait(5)
    rig.create(
        asset="BTC", base_spread_bps=5, quote_size="0.1", max_position=2, quote_layers=2, auto_hedge_enabled=True,
        hedge_threshold="0.3", hedge_target="0.1", hedge_algo=algo, hedge_venue=venue, hedge_duration_minutes=0.5,
        hedge_slice_seconds=5, max_slippage_bps=300,
    )  # fmt: skip
    rig.start()
    rig.wait(290)
    assert rig.checked


# Failure


def failing(**config: Any) -> Bench:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True, quote_size=2, pause_on_error=False, **{**HEDGING, **config})
    bench.answer_all()
    bid = next(bench.strategy().live_quotes(BUY))
    bench.fill(bid.client_order_id, 1_400)
    return bench


def failures(bench: Bench) -> list[ErrorOccurred]:
    """Return what told of children that failed."""
    return [event for event in bench.of(ErrorOccurred) if event.code != "UNHEDGED"]


@pytest.mark.parametrize("fate", ["cancelled", "rejected", "nobody there"])
def test_a_failed_child_is_tried_again_and_told(fate: str) -> None:
    bench = failing()
    if fate == "nobody there":
        bench.answer_all()
        errors = len(failures(bench))
        bench.book(98_000, 98_000 + 4_000, venue="sandbox-hedge")  # 2 % from its mid, out of bounds
        bench.wait(1)
    tries: list[float] = []
    for second in range(130):
        for place in [request for request in bench.sent(Place) if request.time_in_force == "IOC"]:
            tries.append(second)
            assert place.quantity_lots == 1_000
            bench.requests.remove(place)
            if fate == "cancelled":
                bench.report(OrderCancelled(place.venue, "BTC", place.client_order_id, 1_000, "ioc"))
            else:
                bench.report(OrderRejected(place.venue, "BTC", place.client_order_id, "INVALID_PRICE", "no"))
        bench.answer_all()
        bench.wait(1)
    told = failures(bench)
    if fate == "nobody there":
        times = [event.timestamp.timestamp() for event in told[errors:]]
        assert {event.code for event in told[errors:]} == {"NO_LIQUIDITY"}
    else:
        times = tries
        assert len(told) == len(tries)
        assert {event.code for event in told} == {"CHILD_NOT_FILLED" if fate == "cancelled" else "INVALID_PRICE"}
    waits = [round(b - a) for a, b in itertools.pairwise(times)]
    assert waits[:6] == ([2, 4, 8, 16, 30, 30] if fate == "nobody there" else [1, 2, 4, 8, 16, 30])
    assert bench.strategy().plan is not None


def test_what_is_not_hedged_shows_with_its_age() -> None:
    bench = failing()
    bench.wait(1)
    bench.answer_all()
    bench.wait(9)
    view = strategy_view(bench.engine.state, bench.strategy(), bench.now_ns)
    assert view.unhedged_quantity == 1
    assert view.unhedged_seconds == pytest.approx(10)
    assert view.hedge is not None and view.hedge.quantity == 1
    reasons = [event.reason for event in bench.of(ErrorOccurred)]
    assert any("unhedged=1.000, unhedged_seconds=1.0" in reason for reason in reasons)
    bench.wait(20)
    bench.fill_children()
    view = strategy_view(bench.engine.state, bench.strategy(), bench.now_ns)
    assert view.unhedged_quantity == view.unhedged_seconds == 0
    assert view.hedge is None


def unhedged_told(bench: Bench) -> list[str]:
    """Return the reasons of what told that a position is not hedged."""
    return [event.reason for event in bench.of(ErrorOccurred) if event.code == "UNHEDGED"]


def test_the_stream_tells_what_is_not_hedged_with_each_change_and_each_minute() -> None:
    bench = failing()
    bench.wait(70)
    bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id, 200)
    told = [(event.unhedged_quantity, event.unhedged_seconds) for event in bench.of(PositionChanged)]
    assert told == [(1, 0), (D("1.2"), 70)]
    bench.wait(60)
    assert unhedged_told(bench) == [
        "UNHEDGED: unhedged=1.000, unhedged_seconds=60.0",
        "UNHEDGED: unhedged=1.200, unhedged_seconds=120.0",
    ]
    bench.pause()
    bench.wait(60)
    assert len(unhedged_told(bench)) == 3, "a pause keeps it unhedged"
    bench.update(auto_hedge_enabled=False)
    bench.wait(120)
    assert len(unhedged_told(bench)) == 3, "nobody wants it hedged any more"


def test_a_schedule_is_given_its_time() -> None:
    bench = failing(hedge_algo="twap", hedge_duration_minutes=3)
    for _ in range(200):
        bench.fill_children()
        bench.wait(1)
    assert not unhedged_told(bench)
    assert bench.of(PositionChanged)[-1].unhedged_quantity == 0


def test_slippage_is_measured_from_the_mid_at_the_trigger() -> None:
    bench = failing()
    (child,) = [place for place in bench.sent(Place) if place.venue == HEDGE.venue]
    bench.book(99_899, 99_901, venue="sandbox-hedge")
    bench.accept(child)
    bench.fill(child.client_order_id, price=99_900)
    (completed,) = bench.of(HedgeCompleted)
    assert completed.average_price == 49_950
    assert completed.slippage_bps == pytest.approx(50 / 49_950 * 1e4)
