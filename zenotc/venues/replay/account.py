"""The account that trades at a replay: cash, positions and the history of its fills."""

from __future__ import annotations

from decimal import Decimal

from zenotc.models.market import Instrument, Side, sign
from zenotc.models.orders import Fill

__all__ = ["Account"]


class Account:
    """Cash and positions, moved by fills alone and exact.

    Parameters
    ----------
    balance
        USD to begin with.

    Attributes
    ----------
    cash
        USD after all fills and fees.
    fills
        Every fill in the order of execution; trade ids are their numbers, from "1".
    """

    def __init__(self, balance: Decimal) -> None:
        self.cash = balance
        self.fills: list[Fill] = []
        self._positions: dict[str, Decimal] = {}

    @property
    def positions(self) -> tuple[tuple[str, Decimal], ...]:
        """Signed positions in base units by asset."""
        return tuple(self._positions.items())

    def fill(
        self,
        instrument: Instrument,
        client_order_id: str,
        side: Side,
        price_ticks: int,
        quantity_lots: int,
        *,
        maker: bool,
        now_ns: int,
    ) -> Fill:
        """Book an execution and return its record."""
        quantity = instrument.quantity(quantity_lots)
        notional = instrument.price(price_ticks) * quantity
        fee = notional * (instrument.maker_fee_rate if maker else instrument.taker_fee_rate)
        self.cash -= sign(side) * notional + fee
        self._positions[instrument.asset] = self._positions.get(instrument.asset, Decimal(0)) + sign(side) * quantity
        trade_id = str(len(self.fills) + 1)
        fill = Fill(
            instrument.venue,
            instrument.asset,
            client_order_id,
            trade_id,
            side,
            price_ticks,
            quantity_lots,
            fee,
            maker,
            now_ns,
        )
        self.fills.append(fill)
        return fill

    def fills_after(self, trade_id: str | None) -> tuple[Fill, ...]:
        """Return the fills after the one with this id, all of them where there is no such fill."""
        if trade_id is None or not trade_id.isdecimal() or int(trade_id) > len(self.fills):
            return tuple(self.fills)
        return tuple(self.fills[int(trade_id) :])

    def fills_of(self, asset: str, client_order_id: str) -> tuple[Fill, ...]:
        """Return the fills of one order."""
        return tuple(fill for fill in self.fills if fill.client_order_id == client_order_id and fill.asset == asset)
