"""What the parts of the engine share: markets, strategies, orders, and the actions of the call under way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from decimal import Decimal

from zenotc.engine.actions import Action, Emit, Reply, Send
from zenotc.engine.emergency import Emergency
from zenotc.engine.market import Market
from zenotc.engine.rounding import EXACT
from zenotc.engine.strategy import StrategyState
from zenotc.engine.venue_link import VenueLink
from zenotc.engine.working_order import WorkingOrder
from zenotc.exceptions import NotFoundError, ValidationError, ZenOTCError
from zenotc.models.events import ErrorOccurred, StrategyEvent
from zenotc.models.market import Instrument, sign
from zenotc.models.orders import Fill, Request
from zenotc.models.settings import EngineSettings
from zenotc.models.wire import utc_from_ns

__all__ = ["EngineState"]

_REMEMBERED_ORDERS = 20_000


class EngineState:
    """The state of one engine.

    Parameters
    ----------
    settings
        The engine's settings.
    instruments
        The markets of all venues.
    id_prefix
        What client order ids begin with; unique per journal, so that no id is ever used twice.

    Attributes
    ----------
    journal_stalled
        Whether the journal does not follow, so that nothing may rest.
    ending
        Whether the engine is about to end, and nothing may begin any more.

    Raises
    ------
    ValueError
        If a hedge market's lot is not a multiple of the quoting market's: a hedge could then leave a position
        that no quote can hold.
    """

    def __init__(self, settings: EngineSettings, instruments: Iterable[Instrument], id_prefix: str) -> None:
        self.settings = settings
        self.markets = {(i.venue, i.asset): Market(i) for i in instruments}
        self.strategies: dict[str, StrategyState] = {}
        self.orders: dict[str, WorkingOrder] = {}
        self.ended_orders: OrderedDict[str, WorkingOrder] = OrderedDict()
        self.emergency = Emergency()
        self.waiting_commands: dict[str, list[StrategyState]] = {}
        self.venues = {venue: VenueLink(venue) for venue, _ in self.markets}
        self.journal_stalled = self.ending = False
        self.starting_cash: dict[str, Decimal] = {}
        self.cash_flow = dict.fromkeys(self.venues, Decimal(0))
        self.desk_pnl = self.desk_baseline = Decimal(0)
        self.actions: list[Action] = []
        self._id_prefix = id_prefix
        self._last_id = 0
        for (venue, asset), market in self.markets.items():
            hedge = self.markets.get((settings.hedge_venue or "", asset))
            if venue != settings.quoting_venue or hedge is None:
                continue
            if hedge.instrument.lot_size % market.instrument.lot_size:
                raise ValueError(f"{asset}: the lot of {settings.hedge_venue} is not a multiple of {venue}'s")

    def next_id(self) -> str:
        """Return an id that has not been used."""
        self._last_id += 1
        return f"{self._id_prefix}-{self._last_id}"

    def quoting_market(self, asset: str) -> Market:
        """Return the market that strategies on an asset quote on.

        Raises
        ------
        ValidationError
            If the quoting venue does not trade the asset.
        """
        market = self.markets.get((self.settings.quoting_venue, asset))
        if market is None:
            known = ", ".join(sorted(a for v, a in self.markets if v == self.settings.quoting_venue))
            raise ValidationError.of_fields([{"field": "asset", "reason": f"unknown asset {asset}, known: {known}"}])
        return market

    def hedge_market(self, asset: str) -> Market | None:
        """Return the market that strategies on an asset hedge on, if there is one."""
        return self.markets.get((self.settings.hedge_venue or "", asset))

    def strategy(self, strategy_id: str) -> StrategyState:
        """Return a strategy.

        Raises
        ------
        NotFoundError
            If there is none with this id.
        """
        strategy = self.strategies.get(strategy_id)
        if strategy is None:
            raise NotFoundError(f"no strategy {strategy_id}")
        return strategy

    def find_order(self, client_order_id: str) -> WorkingOrder | None:
        """Return an order of ours, live or ended."""
        return self.orders.get(client_order_id) or self.ended_orders.get(client_order_id)

    def retire(self, order: WorkingOrder) -> None:
        """Take an order that has ended out of everything that looks at live ones; it is remembered for late fills."""
        self.orders.pop(order.client_order_id, None)
        self.markets[order.venue, order.asset].orders.pop(order.client_order_id, None)
        strategy = self.strategies[order.strategy_id]
        strategy.orders.pop(order.client_order_id, None)
        strategy.orders_changed()
        self.ended_orders[order.client_order_id] = order
        if len(self.ended_orders) > _REMEMBERED_ORDERS:
            self.ended_orders.popitem(last=False)

    def forget(self, strategy: StrategyState) -> None:
        """Take a strategy that is stopped and flat out of the engine; its PnL stays in the equity."""
        del self.strategies[strategy.strategy_id]
        strategy.market.strategies.remove(strategy)

    def hold(self, fill: Fill, price: Decimal, quantity: Decimal) -> None:
        """Move our position and cash at a venue by an execution: USD and base units."""
        market = self.markets.get((fill.venue, fill.asset))
        if market is None:
            return
        direction = sign(fill.side)
        market.held_lots += direction * fill.quantity_lots
        paid = EXACT.fma(price, EXACT.multiply(quantity, direction), fill.fee)
        self.cash_flow[fill.venue] = EXACT.subtract(self.cash_flow[fill.venue], paid)

    def equity(self) -> Decimal | None:
        """Return the account's equity: the cash that the venues began with and all PnL since, USD.

        `None` until every venue has told its balance.
        """
        venues = {venue for venue, _ in self.markets}
        if not venues <= self.starting_cash.keys():
            return None
        return sum(self.starting_cash.values(), self.desk_pnl)

    @property
    def desk_daily_pnl(self) -> Decimal:
        """PnL of all strategies since 00:00 UTC, deleted ones included, USD."""
        return EXACT.subtract(self.desk_pnl, self.desk_baseline)

    def emit(self, event: StrategyEvent) -> None:
        """Tell everybody."""
        self.actions.append(Emit(event))

    def error(self, strategy: StrategyState | None, code: str, reason: str, now_ns: int) -> None:
        """Tell everybody that something went wrong; `reason` goes as `key=value, ...`."""
        self.emit(
            ErrorOccurred(
                timestamp=utc_from_ns(now_ns),
                strategy_id=strategy.strategy_id if strategy else None,
                asset=strategy.config.asset if strategy else None,
                code=code,
                reason=f"{code}: {reason}",
            )
        )

    def send(self, request: Request) -> None:
        """Send a query or a cancel of everything."""
        self.actions.append(Send(request, reduces_risk=True))

    def reply(self, command_id: str, error: ZenOTCError | None = None) -> None:
        """Answer a command."""
        self.actions.append(Reply(command_id, error))

    def take_actions(self) -> list[Action]:
        """Return the actions of the call that ends, and begin afresh."""
        actions, self.actions = self.actions, []
        return actions
