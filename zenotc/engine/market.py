"""One market as the strategies see it: the foreign touch, the mid, how fresh it is, how volatile (section 1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from zenotc.engine.markouts import MarkoutQueue
from zenotc.engine.rounding import EXACT
from zenotc.engine.traded_volume import TradedVolume
from zenotc.engine.volatility import VolatilityWindow
from zenotc.models.market import BUY, SELL, Book, Instrument, Side
from zenotc.models.strategy import SideReason

if TYPE_CHECKING:
    from zenotc.engine.strategy import StrategyState
    from zenotc.engine.working_order import WorkingOrder

__all__ = ["Market"]

_HISTORY_SECONDS = 86_400


class Market:
    """A venue's market for one asset, without our own orders.

    Attributes
    ----------
    best_bid, best_ask
        The best foreign prices in ticks, `None` for an empty side.
    twice_mid_ticks
        Their sum while the book is usable, and the last usable one after that.
    mid
        The same as USD per base unit; `None` before the first.
    heard_ns
        When the feed last showed life, by an update or a heartbeat.
    agreed
        Whether the venue's connection stands and what it holds of ours has been compared: only then the book is usable.
    held_lots, offset_lots
        Our position here by our fills, and what of the venue's is not ours.
    difference
        The position that the venue tells where it is another one, until an operator has decided which is right.
    orders
        Our live orders on this market, all strategies.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.book: Book | None = None
        self.best_bid: int | None = None
        self.best_ask: int | None = None
        self.twice_mid_ticks = 0
        self.mid: Decimal | None = None
        self.heard_ns: int | None = None
        self.ended: SideReason | None = None
        self.usable = False
        self.agreed = True
        self.held_lots = self.offset_lots = 0
        self.difference: Decimal | None = None
        self.strategies: list[StrategyState] = []
        self.orders: dict[str, WorkingOrder] = {}
        self.markouts = MarkoutQueue()
        self.volume = TradedVolume()
        self._own_lots: dict[Side, dict[int, int]] = {BUY: {}, SELL: {}}
        self._half_tick = EXACT.divide(instrument.tick_size, Decimal(2))
        self._samples: deque[float] = deque(maxlen=_HISTORY_SECONDS)
        self._windows: dict[int, VolatilityWindow] = {}

    def observe(self, book: Book, now_ns: int) -> bool:
        """Take the book's foreign touch; return whether it is another one than before."""
        self.book = book
        self.heard_ns = now_ns
        bid, ask = book.best_bid, book.best_ask
        if book.includes_own_orders:
            if bid in self._own_lots[BUY]:
                bid = self._foreign_best(BUY)
            if ask in self._own_lots[SELL]:
                ask = self._foreign_best(SELL)
        if bid == self.best_bid and ask == self.best_ask and self.usable:
            return False
        self.settle_markouts(now_ns)
        self.best_bid, self.best_ask = bid, ask
        self.usable = self.agreed and self.ended is None and bid is not None and ask is not None and bid < ask
        if self.usable:
            assert bid is not None and ask is not None
            self.twice_mid_ticks = bid + ask
            self.mid = EXACT.multiply(self._half_tick, self.twice_mid_ticks)
        return True

    @property
    def expected_position(self) -> Decimal:
        """What the venue should tell as our position, base units."""
        return self.instrument.quantity(self.held_lots + self.offset_lots)

    def _foreign_best(self, side: Side) -> int | None:
        return next((price for price, _ in self.foreign_levels(side)), None)

    def foreign_levels(self, side: Side) -> Iterator[tuple[int, int]]:
        """Yield `(price_ticks, lots)` of other people's orders, from the touch outwards."""
        if self.book is None:
            return
        own = self._own_lots[side] if self.book.includes_own_orders else {}
        for price, lots in self.book.levels(side):
            foreign = lots - own.get(price, 0)
            if foreign > 0:
                yield price, foreign

    def add_own_lots(self, side: Side, price_ticks: int, lots: int) -> None:
        """Remember that the venue shows so many more (or, negative, fewer) lots of ours at a price."""
        own = self._own_lots[side]
        total = own.get(price_ticks, 0) + lots
        if total > 0:
            own[price_ticks] = total
        else:
            own.pop(price_ticks, None)

    def settle_markouts(self, now_ns: int) -> None:
        """Let the markouts that were due before now take the mid that has held until now."""
        if self.mid is not None:
            self.markouts.settle(float(self.mid), now_ns)

    def is_stale(self, now_ns: int, stale_after_ns: int) -> bool:
        """Return whether the feed has been silent for too long."""
        return self.heard_ns is None or now_ns - self.heard_ns > stale_after_ns

    def not_usable_reason(self) -> SideReason:
        """Return why the book cannot be quoted on."""
        return self.ended or "stale_market_data"

    def sample(self) -> None:
        """Take the mid of this second into every volatility window."""
        if not self.twice_mid_ticks:
            return
        mid = float(self.twice_mid_ticks)
        self._samples.append(mid)
        for window in self._windows.values():
            window.sample(mid)

    def sigma(self, window_minutes: float) -> float | None:
        """Return the realised volatility of the mid over a window, percent; `None` while it is unknown."""
        seconds = max(1, round(window_minutes * 60))
        window = self._windows.get(seconds)
        if window is None:
            window = self._windows[seconds] = VolatilityWindow(seconds, self._samples)
        return window.sigma
