"""The markets that the sandbox trades."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from zenotc.models.market import BUY, SELL, Instrument
from zenotc.venues.sandbox.fair_price import PriceParameters
from zenotc.venues.sandbox.flow import FlowParameters
from zenotc.venues.sandbox.matching import LevelChange
from zenotc.venues.sandbox.participants import InformedParameters, MakerParameters, NoiseParameters

__all__ = ["HEDGE_MARKETS", "QUOTING_MARKETS", "Market", "quiet_market"]


@dataclass(frozen=True, slots=True)
class Market:
    """One market as it is set up.

    Parameters
    ----------
    asset, tick_size, lot_size, maker_fee_rate, taker_fee_rate
        As in `Instrument`.
    flow
        The simulated participants; `None` for a market in which only we act.
    depth
        Orders of others that rest from the beginning.
    """

    asset: str
    tick_size: Decimal
    lot_size: Decimal
    maker_fee_rate: Decimal
    taker_fee_rate: Decimal
    flow: FlowParameters | None = None
    depth: tuple[LevelChange, ...] = ()

    def instrument(self, venue: str) -> Instrument:
        """Return the market's instrument at a venue."""
        return Instrument(
            venue,
            self.asset,
            f"{self.asset}-USD",
            self.tick_size,
            self.lot_size,
            self.maker_fee_rate,
            self.taker_fee_rate,
        )


_UNITS = {
    "BTC": (Decimal("0.5"), Decimal("0.001")),
    "ETH": (Decimal("0.05"), Decimal("0.01")),
    "SOL": (Decimal("0.01"), Decimal("0.1")),
}
_PRICES = {
    "BTC": PriceParameters(start=60_000.0, volatility=0.50, jump_bps=8.0),
    "ETH": PriceParameters(start=2_500.0, volatility=0.65, jump_bps=10.0),
    "SOL": PriceParameters(start=150.0, volatility=0.85, jump_bps=12.0),
}
_TIGHT_MAKERS = MakerParameters(
    makers=2,
    levels=4,
    level_spacing_bps=1.5,
    half_spread_bps=0.6,
    stagger_bps=0.5,
    level_usd=250_000.0,
    look_seconds=0.5,
    tolerance_bps=0.4,
)
_SMALL_NOISE = NoiseParameters(bursts_per_second=0.4, order_usd=15_000.0, reach_bps=3.0)
_FEW_INFORMED = InformedParameters(looks_per_second=1.0, horizon_seconds=0.5, order_usd=50_000.0)


QUOTING_MARKETS = tuple(
    Market(asset, *units, Decimal("0.00005"), Decimal("0.0004"), FlowParameters(_PRICES[asset]))
    for asset, units in _UNITS.items()
)
HEDGE_MARKETS = tuple(
    Market(
        asset,
        *units,
        Decimal("0.0001"),
        Decimal("0.0003"),
        FlowParameters(_PRICES[asset], _TIGHT_MAKERS, _SMALL_NOISE, _FEW_INFORMED),
    )
    for asset, units in _UNITS.items()
)


def quiet_market(asset: str, bid_ticks: int, ask_ticks: int, lots: int, levels: int = 10) -> Market:
    """Return a market of the sandbox without participants.

    Parameters
    ----------
    asset
        One of the sandbox's assets.
    bid_ticks, ask_ticks
        The touch.
    lots
        The size of each of the levels, which stand one tick apart.
    levels
        Levels on each side.
    """
    bids = [LevelChange(BUY, bid_ticks - step, lots) for step in range(levels)]
    asks = [LevelChange(SELL, ask_ticks + step, lots) for step in range(levels)]
    return Market(asset, *_UNITS[asset], Decimal("0.00005"), Decimal("0.0004"), depth=(*bids, *asks))
