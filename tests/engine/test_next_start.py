"""What the next engine does of what the one before had begun."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.engine.bench import HEDGE, QUOTING
from tests.engine.remembered import RememberedBench
from zenotc.models.events import HedgeTriggered
from zenotc.models.orders import (
    Balances,
    CancelAll,
    CancelledAll,
    FillHistory,
    OpenOrders,
    Place,
    Positions,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryPositions,
)

VENUES = [QUOTING.venue, HEDGE.venue]


class Restarts(RememberedBench):
    """A bench on which the venues are compared one after the other."""

    def compare(self, venue: str) -> None:
        """Let a venue's link stand, and let it hold what our fills make."""
        self.take(self.engine.on_link(venue, True, self.now_ns))
        while asked := [r for r in self.requests if r.venue == venue and not hasattr(r, "client_order_id")]:
            for request in asked:
                self.requests.remove(request)
                match request:
                    case CancelAll():
                        self.report(CancelledAll(venue, request.request_id))
                    case QueryOpenOrders():
                        self.report(OpenOrders(venue, request.request_id, ()))
                    case QueryFills():
                        self.report(FillHistory(venue, request.request_id, ()))
                    case QueryPositions():
                        held = self.engine.state.markets[venue, "BTC"].expected_position
                        self.report(Positions(venue, request.request_id, {"BTC": held}))
                    case QueryBalances():
                        self.report(Balances(venue, request.request_id, Decimal(10_000_000)))


def hedging_after_a_breaker(**config: object) -> Restarts:
    """Return a bench on which a breaker has fired that lets a hedge of 3 BTC go on."""
    bench = Restarts()
    bench.mid(50_000)
    hedge = {"auto_hedge_enabled": True, "hedge_threshold": 2, "hedge_target": 0, "breaker_action": "hedge"}
    bench.create(enabled=True, max_daily_loss=1_000, **{**hedge, **config})
    bench.hold(3_000, price=100_000)
    bench.answer_all()
    bench.mid(49_000)
    bench.answer_all()
    assert bench.strategy().pause_reason == "circuit_breaker: daily_loss"
    assert bench.strategy().position_lots == 3_000
    return bench


@pytest.mark.parametrize("first", VENUES)
@pytest.mark.parametrize("hedge_venue", ["internal", "external", "both"])
def test_a_hedge_waits_until_every_venue_has_been_compared(first: str, hedge_venue: str) -> None:
    bench = hedging_after_a_breaker(hedge_venue=hedge_venue)
    bench = bench.restarted()
    for venue in sorted(VENUES, key=lambda venue: venue != first):
        assert not bench.of(HedgeTriggered) and not bench.sent(Place)
        bench.compare(venue)
        bench.mid(49_000)
        bench.wait(7)
    assert len(bench.of(HedgeTriggered)) == 1
    assert sum(place.quantity_lots for place in bench.sent(Place)) == 3_000


def test_an_engine_that_ends_begins_no_hedge_and_the_next_one_goes_on_with_it() -> None:
    bench = hedging_after_a_breaker()
    assert bench.strategy().plan is not None
    bench.events.clear()
    bench.take(bench.engine.end("end", bench.now_ns))
    bench.wait(30)
    assert not bench.of(HedgeTriggered) and not bench.sent(Place)
    assert bench.done("end")
    bench = bench.restarted()
    for venue in VENUES:
        bench.compare(venue)
    bench.mid(49_000)
    bench.wait(6)
    assert [place.quantity_lots for place in bench.sent(Place)] == [3_000]


def test_a_loss_of_the_quoting_venue_does_not_stop_the_hedging_of_what_is_known() -> None:
    bench = hedging_after_a_breaker(hedge_algo="twap")
    bench = bench.restarted()
    for venue in VENUES:
        bench.compare(venue)
    bench.mid(49_000)
    bench.wait(7)
    bench.fill_children()
    before = bench.strategy().position_lots
    assert 0 < before < 3_000
    bench.take(bench.engine.on_link(QUOTING.venue, False, bench.now_ns))
    bench.wait(31)
    bench.fill_children()
    assert bench.strategy().position_lots < before
