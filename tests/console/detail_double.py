"""The scripted engine with what the detail and the form ask of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.console.double import NOW, Engine, strategy
from zenotc.models.configuration import StrategyConfig
from zenotc.models.metrics import QuoteStats, StrategyMetrics
from zenotc.models.quotes import Preview, Quote, QuoteInstrument, QuoteReference, Quotes, TargetQuote
from zenotc.models.strategy import Strategy

LOT = Decimal("0.001")


def _target(side: str, price: str, layer: int = 0) -> TargetQuote:
    return TargetQuote(side=side, price=Decimal(price), quantity=Decimal("0.500"), layer=layer)


class DetailEngine(Engine):
    """Answers what a tab asks, checks configurations as the engine does, and previews a fixed ladder.

    Attributes
    ----------
    asked
        What was asked for beside the streams, in order.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.asked: list[str] = []
        calls = self.mm_strategy
        calls.get_quotes, calls.get_metrics, calls.get_quote_stats = self._quotes, self._metrics, self._quote_stats
        calls.preview, calls.preview_new = self._preview, self._preview_new
        calls.create, calls.update = self._create, self._update

    async def _quotes(self, strategy_id: str) -> Quotes:
        self.asked.append("quotes")
        reference = QuoteReference(
            mid=Decimal("61843.25"), best_bid=Decimal("61840.5"), best_ask=Decimal("61846"), sigma=0.31,
            skew_bps=1.6, spread_bps=10, position=Decimal("3.2"), computed_at=NOW - timedelta(seconds=2),
        )  # fmt: skip
        orders = [
            Quote(order_id="o", side=level_side, price=price, quantity=Decimal("0.500"), remaining=Decimal("0.400"),
                  layer=0, state="resting", placed_at=NOW - timedelta(seconds=75))
            for level_side, price in (("buy", Decimal("61839.50")), ("sell", Decimal("61847.00")))
        ]  # fmt: skip
        return Quotes(
            strategy_id=strategy_id, quotes=orders, sides={"buy": "quoting", "sell": "position_limit"},
            reference=reference, instrument=QuoteInstrument(tick_size=Decimal("0.5"), lot_size=LOT),
        )  # fmt: skip

    async def _metrics(self, strategy_id: str) -> StrategyMetrics:
        self.asked.append("metrics")
        return StrategyMetrics(
            strategy_id=strategy_id, total_pnl=Decimal(110), daily_pnl=Decimal(40), realized_pnl=Decimal(90),
            unrealized_pnl=Decimal(20), fees=Decimal(30), total_volume=Decimal(1_234_567), trade_count=1284,
            spread_capture=Decimal(150), inventory_move=Decimal(-5), hedge_cost=Decimal(-5), win_rate=61.5,
        )  # fmt: skip

    async def _quote_stats(self, strategy_id: str) -> QuoteStats:
        return QuoteStats(
            strategy_id=strategy_id, quotes_sent=400, quotes_filled=100, fill_rate=25,
            markout_bps={1: 0.4, 10: float("nan"), 60: -0.2},
        )  # fmt: skip

    async def _history(self, strategy_id: str, **options: Any) -> Any:
        self.asked.append(f"history {options['resolution_seconds']:g}")
        return await super()._history(strategy_id, **options)

    async def _preview(self, strategy_id: str, **changes: Any) -> Preview:
        self.asked.append(f"preview {sorted(changes)}")
        self._changed(strategy_id, changes)
        return self._ladder(strategy_id, kept=["o"])

    async def _preview_new(self, **parameters: Any) -> Preview:
        self.asked.append("preview_new")
        StrategyConfig.build(parameters, lot_size=LOT)
        return self._ladder("", kept=[])

    def _ladder(self, strategy_id: str, kept: list[str]) -> Preview:
        placed = [_target("buy", "61830.00"), _target("sell", "61857.00", 1)]
        targets = [*placed, _target("sell", "61847.00")] if kept else placed
        return Preview(
            strategy_id=strategy_id, targets=targets, kept=kept, amended=[], cancelled=[], placed=placed,
            sides={"buy": "quoting", "sell": "quoting"}, reference=None, worst_case_long=Decimal("3.7"),
            worst_case_short=Decimal("-1"),
        )  # fmt: skip

    async def _create(self, **parameters: Any) -> Strategy:
        await self._answer("create", parameters)
        config = StrategyConfig.build(parameters, lot_size=LOT)
        created = strategy("s-new", config.name, config.asset, **{
            name: value for name, value in config.given().items() if name not in ("name", "asset")
        }, status="stopped")  # fmt: skip
        self.strategies["s-new"] = created
        await self.change("s-new")
        return Strategy.from_wire(created)

    async def _update(self, strategy_id: str, **changes: Any) -> Strategy:
        await self._answer("update", changes)
        await self.change(strategy_id, **self._changed(strategy_id, changes).to_wire())
        return Strategy.from_wire(self.strategies[strategy_id])

    def _changed(self, strategy_id: str, changes: dict[str, Any]) -> StrategyConfig:
        """Return a configuration with changes, of which only what is required was given before."""
        config = Strategy.from_wire(self.strategies[strategy_id]).config
        required = {name: getattr(config, name) for name, field in StrategyConfig.model_fields.items()
                    if field.is_required()}  # fmt: skip
        return StrategyConfig.build({**required, **changes}, lot_size=LOT)
