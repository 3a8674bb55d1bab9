"""Limits over the whole desk, checked before every order.

What reduces risk is never refused: cancels always leave, hedges and flattens are priced inside the collar, are split at
the largest order, and pass the rest. A limit that is not set is not checked.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from zenotc.engine.market import Market
from zenotc.engine.rounding import EXACT
from zenotc.engine.strategy import StrategyState
from zenotc.models.market import BUY, Side, opposite, sign
from zenotc.models.settings import EngineSettings

__all__ = ["Denial", "DeskLimits"]

_NS = 10**9


@dataclass(frozen=True, slots=True)
class Denial:
    """Why an order may not leave: `code` for a program, `values` as `key=value, ...`, the side's state meanwhile."""

    code: str
    values: str
    side_reason: Literal["risk_limit", "throttled"] = "risk_limit"


class DeskLimits:
    """Checks orders against the engine's settings.

    Parameters
    ----------
    settings
        The limits; see `EngineSettings`.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._sent_ns: deque[int] = deque()
        rate = settings.max_orders_per_second
        self._quota = None if rate is None else rate * (1 - settings.cancel_reserve)
        self._checks_exposure = (settings.max_gross_exposure_usd or settings.max_net_exposure_usd) is not None
        self._checks_any = (
            self._checks_exposure
            or rate is not None
            or (settings.price_collar_bps is not None or settings.max_order_usd is not None)
        )

    def sent(self, now_ns: int) -> None:
        """Count a message to a venue, cancels included."""
        if self._quota is not None:
            self._sent_ns.append(now_ns)

    def largest_lots(self, market: Market, price_ticks: int) -> int | None:
        """Return the largest order in lots at a price, one at the least; `None` is unlimited."""
        limit, instrument = self._settings.max_order_usd, market.instrument
        if limit is None:
            return None
        return max(int(EXACT.divide_int(limit, EXACT.multiply(instrument.price(price_ticks), instrument.lot_size))), 1)

    def reach_bps(self, max_slippage_bps: float) -> float:
        """Return how far from the mid an order that reduces may be priced, bps."""
        collar = self._settings.price_collar_bps
        return max_slippage_bps if collar is None else min(max_slippage_bps, collar)

    def deny_quote(
        self,
        strategy: StrategyState,
        side: Side,
        price_ticks: int,
        quantity_lots: int,
        added_lots: int,
        now_ns: int | None,
    ) -> Denial | None:
        """Return why a quote may not be sent or amended, `None` where it may.

        Parameters
        ----------
        strategy
            Whose quote.
        side, price_ticks, quantity_lots
            What would rest.
        added_lots
            By how much it would raise what could still fill on its side.
        now_ns
            The time; `None` leaves the rate out, for what is only looked at.
        """
        if not self._checks_any:
            return None
        market = strategy.market
        return (
            self._deny_price(market, price_ticks)
            or self._deny_size(market, price_ticks, quantity_lots)
            or self._deny_rate(now_ns)
            or (self._deny_exposure(strategy, side, added_lots) if self._checks_exposure and added_lots > 0 else None)
        )

    def _deny_price(self, market: Market, price_ticks: int) -> Denial | None:
        collar = self._settings.price_collar_bps
        if collar is None:
            return None
        distance = abs(2 * price_ticks - market.twice_mid_ticks) / market.twice_mid_ticks * 1e4
        if distance <= collar:
            return None
        price = market.instrument.price(price_ticks)
        return Denial("PRICE_COLLAR", f"price={price}, mid={market.mid}, bps={distance:.2f}, limit={collar}")

    def _deny_size(self, market: Market, price_ticks: int, quantity_lots: int) -> Denial | None:
        limit = self._settings.max_order_usd
        if limit is None:
            return None
        instrument = market.instrument
        notional = EXACT.multiply(instrument.price(price_ticks), instrument.quantity(quantity_lots))
        return None if notional <= limit else Denial("ORDER_SIZE", f"notional={notional}, limit={limit}")

    def _deny_rate(self, now_ns: int | None) -> Denial | None:
        if self._quota is None or now_ns is None:
            return None
        while self._sent_ns and self._sent_ns[0] <= now_ns - _NS:
            self._sent_ns.popleft()
        if len(self._sent_ns) + 1 <= self._quota:
            return None
        return Denial("ORDER_RATE", f"sent={len(self._sent_ns)}, limit={self._quota:g}", "throttled")

    def _deny_exposure(self, strategy: StrategyState, side: Side, added_lots: int) -> Denial | None:
        """Judge the worst case over all strategies on the asset: everything of one side fills.

        What the position covers, with everything else on that side, only reduces and passes.
        """
        market, direction = strategy.market, sign(side)
        held, with_us = direction * strategy.position_lots, strategy.exposure_lots(side) + added_lots
        if held + with_us <= 0:
            return None
        mid = market.mid
        assert mid is not None
        net = held + with_us
        gross = max(abs(net), abs(held - strategy.exposure_lots(opposite(side))))
        for other in market.strategies:
            if other is not strategy:
                held, with_us = direction * other.position_lots, other.exposure_lots(side)
                net += held + with_us
                gross += max(abs(held + with_us), abs(held - other.exposure_lots(opposite(side))))
        lot_usd = EXACT.multiply(mid, market.instrument.lot_size)
        for code, lots, limit in (
            ("GROSS_EXPOSURE", gross, self._settings.max_gross_exposure_usd),
            ("NET_EXPOSURE", net, self._settings.max_net_exposure_usd),
        ):
            exposure: Decimal = EXACT.multiply(lot_usd, Decimal(lots))
            if limit is not None and exposure > limit:
                worst = "long" if side == BUY else "short"
                return Denial(code, f"asset={market.instrument.asset}, {worst}={exposure}, limit={limit}")
        return None
