"""Comes to an agreement with a venue, at the start and whenever its connection is back (recovery).

Cancel everything; when nothing rests any more, ask for the open orders, the fills since the last one known, the
positions and the cash, all at once: as nothing rests they agree with each other. What differs then cannot be explained
by anything that is under way, and an operator has to decide.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from zenotc.engine.actions import OffsetAccepted, Reconciled
from zenotc.engine.conductor import Conductor
from zenotc.engine.lifecycle import Trigger
from zenotc.engine.market import Market
from zenotc.engine.order_entry import OrderEntry
from zenotc.engine.rounding import EXACT
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.engine.venue_link import Stage, VenueLink
from zenotc.engine.working_order import WorkingOrder
from zenotc.exceptions import StrategyError
from zenotc.models.events import ConfigChanged
from zenotc.models.market import BUY, SELL
from zenotc.models.orders import (
    Balances,
    CancelAfter,
    CancelAll,
    CancelledAll,
    Fill,
    FillHistory,
    OpenOrders,
    Positions,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryPositions,
)
from zenotc.models.wire import utc_from_ns

__all__ = ["Reconciler"]

_Question = CancelAll | QueryOpenOrders | QueryFills | QueryPositions | QueryBalances

_NS = 1_000_000_000
_SWEEP_NS = 60 * _NS
_MOST_DOUBLINGS = 3
_REASON = "reconciling"


class Reconciler:
    """Takes each venue through the stages of its `VenueLink`.

    Parameters
    ----------
    book
        Books a fill of an order of ours, once.
    end
        Ends an order that the venue has not listed although everything had been cancelled.
    agreed
        Called when a venue's books may be relied on.
    """

    def __init__(
        self,
        state: EngineState,
        entry: OrderEntry,
        conductor: Conductor,
        *,
        book: Callable[[Fill, int], None],
        end: Callable[[WorkingOrder, int], None],
        agreed: Callable[[str, int], None],
    ) -> None:
        self._state = state
        self._entry = entry
        self._conductor = conductor
        self._book = book
        self._end = end
        self._agreed = agreed

    # The link

    def lost(self, venue: str, now_ns: int) -> None:
        """Take everything at a venue as unknown: its connection is gone."""
        self._enter(self._state.venues[venue], "away", now_ns)
        for order in self._orders(venue):
            self._entry.lost(order, now_ns, "link_lost")

    def begin(self, venue: str, now_ns: int) -> None:
        """Cancel whatever rests at a venue, known or not."""
        link = self._state.venues[venue]
        link.tries += 1
        self._enter(link, "cancelling", now_ns)
        link.silence_armed_ns = None
        self._ask(link, CancelAll(venue, self._state.next_id()), now_ns)
        for order in self._orders(venue):
            self._entry.leaves_by_cancel_all(order, now_ns, _REASON)

    def _enter(self, link: VenueLink, stage: Stage, now_ns: int) -> None:
        link.stage = stage
        link.waiting.clear()
        link.asked_ns = now_ns
        for market in self._markets(link.name):
            market.agreed = stage == "agreed"
            market.usable = market.usable and market.agreed

    def on_time(self, now_ns: int) -> None:
        """Begin again where a venue does not answer, look for fills that were missed, and keep its timer set."""
        for link in self._state.venues.values():
            if link.stage in ("cancelling", "comparing"):
                if now_ns - link.asked_ns >= self._patience_ns(link):
                    self.begin(link.name, now_ns)
            elif link.stage == "agreed" and link.swept_ns is not None:
                self._sweep(link, link.swept_ns, now_ns)
                self._arm(link, now_ns)

    def _patience_ns(self, link: VenueLink) -> float:
        """Return how long an answer may take: twice as long each time, or a slow venue would never have answered."""
        doublings = min(max(link.tries - 1, 0), _MOST_DOUBLINGS)
        return self._state.settings.acknowledge_within_seconds * _NS * (1 << doublings)

    # The comparison

    def cancelled_all(self, report: CancelledAll, now_ns: int) -> None:
        """Ask for everything, now that nothing rests."""
        link = self._answered(report.venue, report.request_id)
        if link is None or link.stage != "cancelling":
            return
        self._enter(link, "comparing", now_ns)
        next_id, venue = self._state.next_id, link.name
        self._ask(link, QueryOpenOrders(venue, next_id()), now_ns)
        self._ask(link, QueryFills(venue, next_id(), link.known_fill), now_ns)
        self._ask(link, QueryPositions(venue, next_id()), now_ns)
        self._ask(link, QueryBalances(venue, next_id()), now_ns)

    def open_orders(self, report: OpenOrders, now_ns: int) -> bool:
        """Take what rests; returns whether it was asked for here."""
        link = self._answered(report.venue, report.request_id)
        if link is None:
            return False
        if report.orders:
            link.waiting.add(report.request_id)  # `on_time` begins again: nothing is asked as fast as it is answered
        else:
            self._compare(link, now_ns)
        return True

    def fill_history(self, report: FillHistory, now_ns: int) -> bool:
        """Book what we have missed; returns whether it was asked for here."""
        link = self._answered(report.venue, report.request_id)
        if link is None:
            return False
        for fill in report.fills:
            self._book(fill, now_ns)
        if report.fills:
            link.known_fill = report.fills[-1].trade_id
        if link.stage == "comparing":
            self._compare(link, now_ns)
        elif report.fills:
            self._state.actions.append(Reconciled(link.name, link.known_fill, False, now_ns))
        return True

    def positions(self, report: Positions, now_ns: int) -> None:
        """Take what the venue holds of ours."""
        link = self._answered(report.venue, report.request_id)
        if link is not None:
            link.positions = dict(report.positions)
            self._compare(link, now_ns)

    def balances(self, report: Balances, now_ns: int) -> None:
        """Take the cash at the venue; what it was before our fills is what the equity starts from."""
        flow = self._state.cash_flow[report.venue]
        self._state.starting_cash.setdefault(report.venue, EXACT.subtract(report.cash, flow))
        link = self._answered(report.venue, report.request_id)
        if link is not None:
            link.cash = report.cash
            self._compare(link, now_ns)

    def _answered(self, venue: str, request_id: str) -> VenueLink | None:
        """Return the link that has waited for this answer."""
        link = self._state.venues[venue]
        if request_id not in link.waiting:
            return None
        link.waiting.remove(request_id)
        return link

    def _compare(self, link: VenueLink, now_ns: int) -> None:
        """Agree, once everything has been told."""
        if link.waiting:
            return
        for order in self._orders(link.name):
            self._end(order, now_ns)
        assert link.cash is not None
        self._state.starting_cash[link.name] = EXACT.subtract(link.cash, self._state.cash_flow[link.name])
        self._enter(link, "agreed", now_ns)
        link.tries = 0
        link.swept_ns = now_ns
        for market in self._markets(link.name):
            self._compare_position(market, link.positions.get(market.instrument.asset, Decimal(0)), now_ns)
        self._state.actions.append(Reconciled(link.name, link.known_fill, True, now_ns))
        self._agreed(link.name, now_ns)

    def _compare_position(self, market: Market, told: Decimal, now_ns: int) -> None:
        """Stop who trades on a market whose venue holds something else than our fills make."""
        expected = market.expected_position
        market.difference = None if told == expected else told
        if market.difference is None:
            return
        venue, asset = market.instrument.venue, market.instrument.asset
        values = f"venue={venue}, asset={asset}, venue_position={told}, engine_position={expected}"
        self._state.error(None, "POSITION_DIFFERENCE", values, now_ns)
        for strategy in self._state.strategies.values():
            if market in (strategy.market, strategy.hedge_market):
                self._conductor.apply(strategy, Trigger.DIFFERENCE, now_ns, reason="position_difference", operator=None)

    # What an operator decides

    def accept(self, strategy: StrategyState, source: str, operator: str, now_ns: int) -> None:
        """End the differences on a strategy's markets: the rest is not ours (`engine`), or is the strategy's (`venue`).

        Raises
        ------
        StrategyError
            If there is none, or no mid to book it at.
        """
        if not strategy.differences:
            raise StrategyError("the venues hold what our fills make: there is nothing to accept", code="no_difference")
        if source == "venue" and strategy.market.mid is None:
            raise StrategyError(f"there is no mid of {strategy.config.asset} to book at yet", code="no_market")
        for market in strategy.differences:
            assert market.difference is not None
            old = market.expected_position
            lots = market.instrument.lots(EXACT.subtract(market.difference, old))
            if source == "venue":
                self._adjust(strategy, market, lots, now_ns)
            else:
                self._offset(market, lots, operator, now_ns)
            told, market.difference = market.difference, None
            changes = {"position_of_" + source: {"old": old, "new": told}}
            self._state.emit(
                ConfigChanged(
                    timestamp=utc_from_ns(now_ns),
                    strategy_id=strategy.strategy_id,
                    asset=strategy.config.asset,
                    changes=changes,
                    operator=operator,
                )
            )

    def _offset(self, market: Market, lots: int, operator: str, now_ns: int) -> None:
        """Take the rest of a venue's position as somebody else's."""
        market.offset_lots += lots
        instrument = market.instrument
        offset = instrument.quantity(market.offset_lots)
        self._state.actions.append(OffsetAccepted(instrument.venue, instrument.asset, offset, operator, now_ns))

    def _adjust(self, strategy: StrategyState, market: Market, lots: int, now_ns: int) -> None:
        """Book an execution that nobody knows of to a strategy, at the tick below the mid and without a fee."""
        assert strategy.market.mid is not None
        instrument, side = market.instrument, BUY if lots > 0 else SELL
        client_order_id = self._state.next_id()
        fill = Fill(
            instrument.venue, instrument.asset, client_order_id, f"adjustment-{client_order_id}", side,
            instrument.ticks(strategy.market.mid), abs(lots), Decimal(0), False, now_ns,
        )  # fmt: skip
        self._entry.adjust(strategy, fill, now_ns)
        self._book(fill, now_ns)

    # While it is agreed

    def _sweep(self, link: VenueLink, swept_ns: int, now_ns: int) -> None:
        """Ask for fills since the last known one: a report that was lost is found within a minute."""
        if now_ns - swept_ns >= _SWEEP_NS:
            link.waiting.clear()
            link.swept_ns = now_ns
            self._ask(link, QueryFills(link.name, self._state.next_id(), link.known_fill), now_ns)

    def _arm(self, link: VenueLink, now_ns: int) -> None:
        """Keep the venue's timer for our silence set while something rests there, and only then."""
        silence_ns = round(self._state.settings.cancel_on_silence_seconds * _NS)
        rests, armed_ns = bool(self._orders(link.name)), link.silence_armed_ns
        if rests and (armed_ns is None or now_ns - armed_ns >= silence_ns // 4):
            link.silence_armed_ns = now_ns
            self._state.send(CancelAfter(link.name, self._state.next_id(), silence_ns))
        elif not rests and armed_ns is not None:
            link.silence_armed_ns = None
            self._state.send(CancelAfter(link.name, self._state.next_id(), 0))

    def _ask(self, link: VenueLink, request: _Question, now_ns: int) -> None:
        link.waiting.add(request.request_id)
        link.asked_ns = now_ns
        self._state.send(request)

    def _markets(self, venue: str) -> list[Market]:
        return [market for (name, _), market in self._state.markets.items() if name == venue]

    def _orders(self, venue: str) -> list[WorkingOrder]:
        return [order for order in self._state.orders.values() if order.venue == venue]
