"""Everything that the engine knows of one strategy."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from zenotc.engine.actions import Measured
from zenotc.engine.breakers import Breaker, armed
from zenotc.engine.equity_curve import EquityCurve
from zenotc.engine.ledger import Ledger
from zenotc.engine.market import Market
from zenotc.engine.own_touch import OwnTouch
from zenotc.engine.quote_counters import QuoteCounters
from zenotc.engine.quoting import QuoteInputs, QuoteParameters, Targets
from zenotc.engine.reduce_plan import ReducePlan
from zenotc.engine.rounding import EXACT
from zenotc.engine.working_order import WorkingOrder
from zenotc.models.configuration import StrategyConfig
from zenotc.models.market import BUY, SELL, Side
from zenotc.models.strategy import Status

if TYPE_CHECKING:
    from zenotc.engine.desk_limits import Denial

__all__ = ["StrategyState"]


@dataclass(slots=True, eq=False)
class StrategyState:
    """One strategy; times in ns, `position_lots` in lots of the quoting market.

    Parameters
    ----------
    targets, inputs, computed_ns
        The last targets, what they were computed from, and when; `None` while it does not quote.
    requote_distance
        How far twice the mid, in ticks, may move from `inputs` before the targets are computed again.
    denied
        Why the desk's limits keep a side from quoting.
    requote_wanted
        Whether something waits for an answer of the venue before it can be asked for.
    baseline
        Total PnL at the last mark before 00:00 UTC, USD.
    resume_at_ns
        When a breaker lets it resume by itself; `None` where an operator has to.
    unhedged_told
        Since when and how much was unhedged when an error told that its status keeps it so.
    """

    strategy_id: str
    config: StrategyConfig
    market: Market
    hedge_market: Market | None
    created_ns: int
    updated_ns: int
    status: Status = "stopped"
    pause_reason: str | None = None
    ledger: Ledger = field(default_factory=Ledger)
    counters: QuoteCounters = field(default_factory=QuoteCounters)
    orders: dict[str, WorkingOrder] = field(default_factory=dict)
    plan: ReducePlan | None = None
    position_lots: int = 0
    targets: Targets | None = None
    inputs: QuoteInputs | None = None
    computed_ns: int = 0
    requote_distance: float = 0.0
    refresh_at_ns: int = 0
    requote_wanted: bool = False
    curve: EquityCurve = field(default_factory=EquityCurve)
    baseline: Decimal = Decimal(0)
    resume_at_ns: int | None = None
    denied: dict[Side, Denial] = field(default_factory=dict)
    recent_fills_ns: dict[Side, deque[int]] = field(default_factory=lambda: {BUY: deque(), SELL: deque()})
    unhedged_since_ns: int | None = None
    unhedged_told: tuple[int, Decimal] | None = None
    rejections: deque[int] = field(default_factory=deque)
    published_pnl: tuple[Decimal, Decimal] | None = None
    remaining_position: Decimal | None = None
    _touch: OwnTouch | None = None
    parameters: QuoteParameters = field(init=False)
    breakers: tuple[tuple[Breaker, Decimal], ...] = field(init=False)

    def __post_init__(self) -> None:
        self.configure(self.config)

    def configure(self, config: StrategyConfig) -> None:
        """Take another configuration; it shows in the quotes at the next refresh."""
        self.config = config
        self.parameters = QuoteParameters.of(config, self.market.instrument)
        self.breakers = armed(config)
        if config.capital is not None:
            self.curve.recapitalise(config.capital)

    def previewed(self, config: StrategyConfig) -> Self:
        """Return a copy with another configuration, to look at its measures; the rest is shared."""
        other = copy(self)
        other.curve = copy(self.curve)
        other.configure(config)
        return other

    def start_curve(self, mid: Decimal) -> None:
        """Take the drawdown's peak from the present equity; `mid` in USD values the default capital."""
        self.curve.start(self.config.capital or EXACT.multiply(self.config.max_position, mid))

    def measured(self, now_ns: int) -> Measured:
        """Return where it stands; `recall` takes up after a restart what of that does not follow from its fills."""
        return Measured(
            self.strategy_id,
            EXACT.add(self.ledger.total_pnl, self.curve.capital or self.config.capital or Decimal(0)),
            self.position,
            self.daily_pnl,
            self.ledger.total_pnl,
            None if self.targets is None else self.targets.spread_bps,
            self.market.sigma(self.config.volatility_window_minutes),
            {"mid": self.ledger.mid, "curve": self.curve.measures(), "counters": self.counters.measures()},
            now_ns,
        )

    def recall(self, measures: Mapping[str, Any]) -> None:
        """Take up the measures of an earlier process."""
        self.curve.recall(measures["curve"])
        self.counters.recall(measures["counters"])
        if measures["mid"] is not None:
            self.ledger.mark(Decimal(measures["mid"]))

    @property
    def differences(self) -> list[Market]:
        """The markets of it on which the venue holds another position than our fills make."""
        markets = (self.market, self.hedge_market)
        return [market for market in markets if market is not None and market.difference is not None]

    @property
    def quiet(self) -> bool:
        """Whether no order rests or may rest, and nothing is being hedged or flattened."""
        return not self.orders and self.plan is None

    @property
    def position(self) -> Decimal:
        """Signed position, base units."""
        return self.ledger.position

    @property
    def daily_pnl(self) -> Decimal:
        """PnL since 00:00 UTC, USD."""
        return EXACT.subtract(self.ledger.total_pnl, self.baseline)

    @property
    def pnl_to_publish(self) -> tuple[Decimal, Decimal]:
        """Total and daily PnL, USD: what a `pnl_update` tells of."""
        return self.ledger.total_pnl, self.daily_pnl

    @property
    def hedges(self) -> bool:
        """Whether its status lets it hedge: while active, and after a breaker that is told to go on hedging."""
        broken = self.pause_reason is not None and self.pause_reason.startswith("circuit_breaker")
        return self.status == "active" or (broken and self.config.breaker_action == "hedge")

    @property
    def acts(self) -> bool:
        """Whether it places orders though nobody asks it to, now or when a breaker lets it resume."""
        return self.hedges or (self.status == "paused" and self.resume_at_ns is not None)

    def live_quotes(self, side: Side | None = None) -> Iterator[WorkingOrder]:
        """Yield the quotes that rest or may rest."""
        for order in self.orders.values():
            if order.purpose == "quote" and (side is None or order.side == side):
                yield order

    def note_unhedged(self, now_ns: int) -> None:
        """Remember since when the position has been beyond what is hedged: from the threshold on, to the target."""
        threshold, target = self.config.hedge_threshold, self.config.hedge_target
        if not self.config.auto_hedge_enabled or threshold is None or target is None or abs(self.position) <= target:
            self.unhedged_since_ns = None
        elif abs(self.position) > threshold and self.unhedged_since_ns is None:
            self.unhedged_since_ns = now_ns

    @property
    def unhedged(self) -> Decimal:
        """What a hedge has yet to trade, base units."""
        if self.unhedged_since_ns is None or self.config.hedge_target is None:
            return Decimal(0)
        return max(EXACT.subtract(abs(self.position), self.config.hedge_target), Decimal(0))

    def unhedged_seconds(self, now_ns: int) -> float:
        """Return for how long a hedge has had something to trade."""
        return 0.0 if self.unhedged_since_ns is None else (now_ns - self.unhedged_since_ns) / 1e9

    def unhedged_values(self, now_ns: int) -> str:
        """Return what has not been hedged yet and for how long, as an error tells it."""
        return f"unhedged={self.unhedged}, unhedged_seconds={self.unhedged_seconds(now_ns):.1f}"

    def at_target(self, side: Side) -> bool:
        """Return whether as many quotes rest on a side as its targets ask for."""
        wanted = self.targets.side(side).targets if self.targets is not None else ()
        return bool(wanted) and sum(order.state == "resting" for order in self.live_quotes(side)) >= len(wanted)

    def lots_of(self, order: WorkingOrder, lots: int) -> int:
        """Turn lots of the order's market into lots of the quoting market."""
        if order.venue == self.market.instrument.venue or self.hedge_market is None:
            return lots
        return lots * int(self.hedge_market.instrument.lot_size / self.market.instrument.lot_size)

    def orders_changed(self) -> None:
        """Forget what is derived from the orders: one has come, gone, or is asked to move."""
        self._touch = None

    @property
    def touch(self) -> OwnTouch:
        """How near the mid its orders stand on the market that it quotes on."""
        if self._touch is None:
            venue = self.market.instrument.venue
            self._touch = OwnTouch.of(order for order in self.orders.values() if order.venue == venue)
        return self._touch

    @property
    def taking_touch(self) -> OwnTouch:
        """The same of what its hedge or flatten trades and wants to trade, without its quotes."""
        venue = self.market.instrument.venue
        sent = OwnTouch.of(o for o in self.orders.values() if o.purpose != "quote" and o.venue == venue)
        limit = None if self.plan is None else self.plan.limits.get(venue)
        if self.plan is None or limit is None:
            return sent
        wanted = OwnTouch(lowest_ask=limit) if self.plan.side == SELL else OwnTouch(highest_bid=limit)
        return sent.nearer(wanted)

    def exposure_lots(self, side: Side) -> int:
        """Return everything of one side that could still fill, whatever has been asked for it."""
        return sum(self.lots_of(o, o.exposure_lots) for o in self.orders.values() if o.side == side)
