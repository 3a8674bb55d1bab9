"""Total PnL over time: what loss breakers and risk metrics are measured from (semantics, sections 9 and 11)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from math import sqrt
from typing import Any

from zenotc.engine.rounding import EXACT

__all__ = ["EquityCurve"]

_ZERO = Decimal(0)
_HUNDRED = Decimal(100)
_PERCENT = Context(prec=28)
_HOUR_NS = 3_600 * 10**9
_MINUTE_NS = 60 * 10**9
_MINUTES_A_YEAR = 525_600
_LEAST_MINUTES = 30


class EquityCurve:
    """Equity of one strategy, which is its capital plus its total PnL, USD.

    Attributes
    ----------
    capital
        Equity at zero PnL; `None` before the first start.
    total_pnl
        As of the last mark.
    peak
        The highest equity since the last start.
    max_drawdown
        The largest fall from a running peak that began at the capital, percent of that peak.
    """

    __slots__ = (
        "_hour",
        "_hour_base",
        "_last_minute_equity",
        "_minute_changes",
        "_minute_mean",
        "_minute_squares",
        "_top",
        "capital",
        "max_drawdown",
        "peak",
        "total_pnl",
    )

    def __init__(self) -> None:
        self.capital: Decimal | None = None
        self.peak = _ZERO
        self.max_drawdown = _ZERO
        self.total_pnl = _ZERO
        self._top = _ZERO
        self._hour: deque[tuple[int, Decimal]] = deque()
        self._hour_base = _ZERO
        self._last_minute_equity: float | None = None
        self._minute_changes = 0
        self._minute_mean = self._minute_squares = 0.0

    def start(self, capital: Decimal) -> None:
        """Take the peak afresh from the present equity; the capital is that of the first start.

        Parameters
        ----------
        capital
            USD, above 0.
        """
        if self.capital is None:
            self.capital = capital
            self._top = capital
        self.peak = EXACT.add(self.capital, self.total_pnl)

    def recapitalise(self, capital: Decimal) -> None:
        """Take another capital, USD, from an operator's update."""
        if self.capital is not None:
            change = EXACT.subtract(capital, self.capital)
            self.peak, self._top = EXACT.add(self.peak, change), EXACT.add(self._top, change)
            self.capital = capital

    def mark(self, total_pnl: Decimal) -> None:
        """Take the total PnL after a mark or a fill, USD."""
        self.total_pnl = total_pnl
        if self.capital is None:
            return
        equity = EXACT.add(self.capital, total_pnl)
        if equity > self.peak:
            self.peak = equity
        if equity > self._top:
            self._top = equity
        elif self._top > 0:
            fall = _PERCENT.divide(EXACT.multiply(_HUNDRED, EXACT.subtract(self._top, equity)), self._top)
            if fall > self.max_drawdown:
                self.max_drawdown = fall

    def second(self, now_ns: int) -> None:
        """Remember where the curve stands at a whole second."""
        if not self._hour or self._hour[-1][1] != self.total_pnl:
            self._hour.append((now_ns, self.total_pnl))
        while self._hour and self._hour[0][0] <= now_ns - _HOUR_NS:
            self._hour_base = self._hour.popleft()[1]
        if self.capital is not None and now_ns % _MINUTE_NS < 10**9:
            self._minute(float(self.total_pnl))

    def _minute(self, equity: float) -> None:
        """Take the equity at a UTC minute into the mean and the variance (Welford's recurrence)."""
        last, self._last_minute_equity = self._last_minute_equity, equity
        if last is None:
            return
        change = equity - last
        self._minute_changes += 1
        away = change - self._minute_mean
        self._minute_mean += away / self._minute_changes
        self._minute_squares += away * (change - self._minute_mean)

    def measures(self) -> dict[str, Any]:
        """Return what of the curve does not follow from fills and marks, as JSON values."""
        return {
            "capital": self.capital,
            "peak": self.peak,
            "top": self._top,
            "maxDrawdown": self.max_drawdown,
            "lastMinuteEquity": self._last_minute_equity,
            "minuteChanges": self._minute_changes,
            "minuteMean": self._minute_mean,
            "minuteSquares": self._minute_squares,
        }

    def recall(self, measures: Mapping[str, Any]) -> None:
        """Take up what `measures` has returned in an earlier process."""
        capital, last = measures["capital"], measures["lastMinuteEquity"]
        self.capital = None if capital is None else Decimal(capital)
        self.peak, self._top = Decimal(measures["peak"]), Decimal(measures["top"])
        self.max_drawdown = Decimal(measures["maxDrawdown"])
        self._last_minute_equity = None if last is None else float(last)
        self._minute_changes = int(measures["minuteChanges"])
        self._minute_mean = float(measures["minuteMean"])
        self._minute_squares = float(measures["minuteSquares"])

    def recall_hour(self, totals: Sequence[tuple[int, Decimal]], now_ns: int) -> None:
        """Take up the total PnL, USD, at times of the last hour, ns, and the last one before."""
        for at_ns, total_pnl in totals:
            if at_ns <= now_ns - _HOUR_NS:
                self._hour_base = total_pnl
            else:
                self._hour.append((at_ns, total_pnl))

    @property
    def hourly_pnl(self) -> Decimal:
        """Total PnL less its value 60 minutes ago, USD; a younger strategy had 0 then."""
        return EXACT.subtract(self.total_pnl, self._hour_base)

    @property
    def drawdown(self) -> Decimal | None:
        """Fall from the peak, percent of it; `None` before the first start, and where there is no equity to lose."""
        if self.capital is None or self.peak <= 0:
            return None
        fall = EXACT.subtract(self.peak, EXACT.add(self.capital, self.total_pnl))
        return _PERCENT.divide(EXACT.multiply(_HUNDRED, fall), self.peak)

    @property
    def sharpe_ratio(self) -> float:
        """Mean over standard deviation of the minutes' changes, times sqrt(525600); 0 below 30 or without deviation."""
        if self._minute_changes < _LEAST_MINUTES:
            return 0.0
        deviation = sqrt(self._minute_squares / (self._minute_changes - 1))
        return self._minute_mean / deviation * sqrt(_MINUTES_A_YEAR) if deviation > 0 else 0.0
