"""Position, cash and PnL of one strategy, exact (semantics, section 8)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from zenotc.engine.rounding import EXACT
from zenotc.models.market import Side, sign

__all__ = ["Ledger"]

_ZERO = Decimal(0)
_COST_QUANTUM = Decimal("1e-24")
_CENTI_MICRO = Decimal("1e-8")


class Ledger:
    """Average-cost accounting of fills, marked to the mid.

    Cash, position and every PnL term are exact decimals in USD and base units. The cost of the open position is
    exact too, save that closing a part of it takes out a share that is rounded at 1e-24 USD; what is rounded there
    stays in the position, so that realised and unrealised PnL always add up to the total.

    Attributes
    ----------
    position
        Signed, base units.
    cash
        Starts at zero; every fill and every fee moves it.
    total_pnl
        `cash + position * mid`, at the last mark.
    spread_capture, hedge_cost, inventory_move, fees
        The terms of `total_pnl = spread_capture + inventory_move + hedge_cost - fees`, each summed on its own.
    """

    __slots__ = (
        "_cost",
        "_realized_gross",
        "cash",
        "fees",
        "hedge_cost",
        "inventory_move",
        "mid",
        "position",
        "reducing_fills",
        "spread_capture",
        "total_pnl",
        "trade_count",
        "volume",
        "winning_fills",
    )

    def __init__(self) -> None:
        self.position = self.cash = self.total_pnl = _ZERO
        self.spread_capture = self.hedge_cost = self.inventory_move = self.fees = self.volume = _ZERO
        self._cost = self._realized_gross = _ZERO
        self.mid: Decimal | None = None
        self.trade_count = self.reducing_fills = self.winning_fills = 0

    def mark(self, mid: Decimal) -> None:
        """Value the position at a mid, USD per base unit."""
        position = self.position
        if position and self.mid is not None:
            self.inventory_move = EXACT.fma(position, EXACT.subtract(mid, self.mid), self.inventory_move)
            self.total_pnl = EXACT.fma(position, mid, self.cash)
        self.mid = mid

    def fill(
        self,
        side: Side,
        price: Decimal,
        quantity: Decimal,
        fee: Decimal,
        mid: Decimal,
        purpose: Literal["quote", "hedge"],
    ) -> None:
        """Book an execution.

        Parameters
        ----------
        side
            Of our order.
        price, mid
            Of the execution, and of the quoting venue at that moment, USD per base unit.
        quantity
            Base units, above 0.
        fee
            USD, positive where it costs.
        purpose
            `quote` earns the spread, `hedge` (flattens too) pays it.
        """
        self.mark(mid)
        direction = sign(side)
        signed = quantity if direction > 0 else EXACT.minus(quantity)
        edge = EXACT.multiply(signed, EXACT.subtract(mid, price))
        if purpose == "quote":
            self.spread_capture = EXACT.add(self.spread_capture, edge)
        else:
            self.hedge_cost = EXACT.add(self.hedge_cost, edge)
        notional = EXACT.multiply(price, quantity)
        self.fees = EXACT.add(self.fees, fee)
        self.volume = EXACT.add(self.volume, notional)
        self.trade_count += 1
        self._average_cost(signed, price, quantity, fee)
        self.cash = EXACT.subtract(EXACT.fma(EXACT.minus(signed), price, self.cash), fee)
        self.position = EXACT.add(self.position, signed)
        self.total_pnl = EXACT.fma(self.position, mid, self.cash)

    def _average_cost(self, signed: Decimal, price: Decimal, quantity: Decimal, fee: Decimal) -> None:
        """Move the cost of the open position; `_cost` carries the position's sign."""
        held = self.position
        if held == 0 or (held > 0) == (signed > 0):
            self._cost = EXACT.fma(signed, price, self._cost)
            return
        closing = min(quantity, abs(held))
        taken_out = self._cost if closing == abs(held) else _share(self._cost, closing, abs(held))
        closed = closing if held > 0 else EXACT.minus(closing)
        gain = EXACT.subtract(EXACT.multiply(closed, price), taken_out)
        self._realized_gross = EXACT.add(self._realized_gross, gain)
        self._cost = EXACT.subtract(self._cost, taken_out)
        opening = EXACT.subtract(quantity, closing)
        if opening:
            self._cost = EXACT.multiply(opening if signed > 0 else EXACT.minus(opening), price)
        self.reducing_fills += 1
        self.winning_fills += gain > _share(fee, closing, quantity)

    @property
    def average_price(self) -> Decimal | None:
        """Average price of the open position, USD, rounded at 1e-8; `None` when flat."""
        if not self.position:
            return None
        return _QUANTIZE.divide(self._cost, self.position).quantize(_CENTI_MICRO, ROUND_HALF_EVEN, context=_QUANTIZE)

    @property
    def realized_pnl(self) -> Decimal:
        """What closed positions have earned, net of all fees, USD, quantised to 1e-8."""
        return EXACT.subtract(self._realized_gross, self.fees).quantize(
            _CENTI_MICRO, ROUND_HALF_EVEN, context=_QUANTIZE
        )

    @property
    def unrealized_pnl(self) -> Decimal:
        """The rest of the total, USD."""
        return EXACT.subtract(self.total_pnl, self.realized_pnl)

    @property
    def residual(self) -> Decimal:
        """Total PnL less the sum of its terms, USD: anything but zero is a fault of the accounting."""
        terms = EXACT.add(EXACT.add(self.spread_capture, self.inventory_move), self.hedge_cost)
        return EXACT.add(EXACT.subtract(self.total_pnl, terms), self.fees)

    @property
    def win_rate(self) -> float | None:
        """Percent of the fills that reduced the position with a gain above their fee; `None` before the first."""
        return 100 * self.winning_fills / self.reducing_fills if self.reducing_fills else None


_QUANTIZE = EXACT.copy()
_QUANTIZE.clear_traps()


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return `amount * part / whole`, rounded at 1e-24."""
    exact = EXACT.multiply(amount, part)
    return _QUANTIZE.divide(exact, whole).quantize(_COST_QUANTUM, ROUND_HALF_EVEN, context=_QUANTIZE)
