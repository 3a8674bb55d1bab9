"""How each strategy's PnL and position have moved while the console looked: a few numbers each, however long."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

__all__ = ["SPARK_MINUTES", "Trends"]

Wire = Mapping[str, Any]

SAMPLE_SECONDS = 10.0
_SAMPLES = 60
SPARK_MINUTES = int(SAMPLE_SECONDS * _SAMPLES / 60)
"""So far back goes a sparkline."""

_MINUTE = round(60 / SAMPLE_SECONDS)
MOVED_SECONDS = 10.0
"""For so long a position that has changed is marked with the direction."""

_BARS = "▁▂▃▄▅▆▇█"


class Trends:
    """Total PnL by strategy every ten seconds, for ten minutes, and the last move of each position.

    Parameters
    ----------
    clock
        Monotonic seconds.

    Attributes
    ----------
    samples
        How many have been taken: what was drawn from the same number is still right.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pnl: dict[str, deque[Decimal]] = {}
        self._moves: dict[str, tuple[int, float]] = {}
        self._sampled_at = float("-inf")
        self.samples = 0

    def changed(self, strategy_id: str, before: Wire | None, after: Wire) -> None:
        """Take note of a strategy's change."""
        if before is None:
            self._pnl[strategy_id] = deque([after["totalPnl"]], _SAMPLES)
        elif before["currentPosition"] != after["currentPosition"]:
            direction = 1 if after["currentPosition"] > before["currentPosition"] else -1
            self._moves[strategy_id] = direction, self._clock()

    def sample(self, wire: Mapping[str, Wire]) -> None:
        """Take a sample of every strategy where one is due."""
        now = self._clock()
        if now - self._sampled_at < SAMPLE_SECONDS:
            return
        self._sampled_at = now
        self.samples += 1
        for strategy_id, fields in wire.items():
            self._pnl[strategy_id].append(fields["totalPnl"])

    def forget(self, strategy_id: str) -> None:
        """Drop a strategy that there is no longer."""
        self._pnl.pop(strategy_id, None)
        self._moves.pop(strategy_id, None)

    def moved(self, strategy_id: str) -> int:
        """Return in which direction the position has just moved: 1, -1, or 0 where it rests."""
        direction, at = self._moves.get(strategy_id, (0, 0.0))
        return direction if direction and self._clock() - at <= MOVED_SECONDS else 0

    def minute(self, strategy_id: str, pnl: Decimal) -> Decimal | None:
        """Return how the PnL has changed in the last minute, USD; since it was first seen where that is less."""
        kept = self._pnl.get(strategy_id)
        return pnl - kept[max(0, len(kept) - _MINUTE)] if kept else None

    def spark(self, strategy_id: str, width: int) -> tuple[str, int]:
        """Return the PnL as bars, the newest at the right, and the sign of its change over them."""
        kept = self._pnl.get(strategy_id)
        if not kept or len(kept) < 2:
            return "", 0
        step = _SAMPLES / width
        shown = [kept[max(0, len(kept) - 1 - int(index * step))] for index in range(width)]
        shown = shown[: max(2, round(len(kept) / step))][::-1]
        low, high = min(shown), max(shown)
        if low == high:
            return "─" * len(shown), 0
        bars = "".join(_BARS[int((value - low) * (len(_BARS) - 1) / (high - low))] for value in shown)
        return bars, (shown[-1] > shown[0]) - (shown[-1] < shown[0])
