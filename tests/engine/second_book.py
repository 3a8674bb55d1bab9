"""A strategy's books a second time: fractions over its fills and the mids, nothing of the engine (sections 8, 9)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import fsum, log, sqrt

from zenotc.models.configuration import StrategyConfig

SECOND = 10**9
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
_FEWEST_SAMPLES = 30
_ROUNDING = 1 + Fraction(1, 10**9)


class Samples:
    """The mid at every whole second, and what has moved between them."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._squares: list[float] = []
        self.count = 0

    def add(self, mid: Fraction) -> None:
        """Take the mid of one more second, in any unit."""
        value = float(mid)
        if self._last is not None:
            self._squares.append(log(value / self._last) ** 2)
        self._last = value
        self.count += 1

    def forget(self) -> None:
        """Begin afresh: samples do not outlive an engine."""
        self._last, self.count = None, 0
        self._squares.clear()

    def sigma(self, window_minutes: float) -> float | None:
        """Return the realised volatility in percent, a window that is not full scaled up; `None` below 30 samples."""
        if self.count < _FEWEST_SAMPLES:
            return None
        seconds = round(window_minutes * 60)
        recent = self._squares[-seconds:]
        return 100 * sqrt(fsum(recent) * seconds / len(recent))


@dataclass(frozen=True)
class Measure:
    """What a breaker measures and its limit, in the breaker's unit."""

    value: Fraction
    limit: Fraction
    rounded: bool = False

    @property
    def over(self) -> bool:
        """Whether the breaker has to fire; a float counts only where rounding cannot be why."""
        return self.value > (self.limit * _ROUNDING if self.rounded else self.limit)

    @property
    def calm(self) -> bool:
        """Whether it lets the strategy resume by itself."""
        return self.value <= self.limit if not self.rounded else self.value < self.limit * Fraction(8, 10)


class SecondBook:
    """One strategy: USD and base units, times in ns.

    Attributes
    ----------
    capture, hedge_cost, move, fees
        The terms that the total must close with.
    total
        Cash plus position times mid.
    peak
        The highest equity since the last start; `None` before the first.
    """

    def __init__(self, config: StrategyConfig, samples: Samples) -> None:
        self.config = config
        self.samples = samples
        self.position = self.cash = self.capture = self.hedge_cost = self.move = self.fees = Fraction(0)
        self.total = Fraction(0)
        self.mid: Fraction | None = None
        self.peak: Fraction | None = None
        self._times: list[int] = []
        self._totals: list[Fraction] = []
        self._bases: dict[int, tuple[int, Fraction]] = {}

    @property
    def terms(self) -> Fraction:
        """What the total is made of."""
        return self.capture + self.move + self.hedge_cost - self.fees

    def mark(self, mid: Fraction, now_ns: int) -> None:
        """Value the position anew."""
        self.value(mid)
        self._remember(now_ns)

    def value(self, mid: Fraction) -> None:
        """Value the position for a fill that is still to be taken."""
        if self.mid is not None:
            self.move += self.position * (mid - self.mid)
        self.mid = mid

    def fill(self, signed: Fraction, price: Fraction, fee: Fraction, now_ns: int, *, quote: bool) -> None:
        """Take an execution; `signed` is negative for a sale."""
        assert self.mid is not None
        edge = signed * (self.mid - price)
        if quote:
            self.capture += edge
        else:
            self.hedge_cost += edge
        self.fees += fee
        self.cash -= signed * price + fee
        self.position += signed
        self._remember(now_ns)

    def start(self) -> None:
        """Take the drawdown's peak from the present equity."""
        self.peak = self._equity

    @property
    def _equity(self) -> Fraction:
        return Fraction(self.config.capital or 0) + self.total

    def _remember(self, now_ns: int) -> None:
        self.total = self.cash + self.position * (self.mid or 0)
        if self._times and self._times[-1] == now_ns:
            self._totals[-1] = self.total
        else:
            self._times.append(now_ns)
            self._totals.append(self.total)
        if self.peak is not None:
            self.peak = max(self.peak, self._equity)

    def _before(self, time_ns: int, period: int) -> Fraction:
        """Return the total before a time that is over, so that it stays the same until a period asks for another."""
        known_ns, base = self._bases.get(period, (None, Fraction(0)))
        if known_ns != time_ns:
            index = bisect_left(self._times, time_ns)
            base = self._totals[index - 1] if index else Fraction(0)
            self._bases[period] = time_ns, base
        return base

    def daily_pnl(self, now_ns: int) -> Fraction:
        """Return the total less its value before 00:00 UTC."""
        return self.total - self._before(now_ns // DAY * DAY, DAY)

    def hourly_pnl(self, now_ns: int) -> Fraction:
        """Return the total less its value 60 minutes before the present second."""
        return self.total - self._before(now_ns // SECOND * SECOND - HOUR, HOUR)

    def loses_until_a_limit(self, now_ns: int) -> Fraction | None:
        """Return what may still be lost before a breaker fires, USD; `None` where no loss makes one fire."""
        scales = {"daily_loss": Fraction(1), "hourly_loss": Fraction(1), "drawdown": (self.peak or 0) / Fraction(100)}
        known = ((scales.get(name), measure) for name, measure in self.measures(now_ns))
        left = [(measure.limit - measure.value) * scale for scale, measure in known if scale and measure is not None]
        return min(left, default=None)

    def measures(self, now_ns: int) -> Iterator[tuple[str, Measure | None]]:
        """Yield the breakers that are on with what they measure, `None` while that is unknown."""
        config = self.config
        if not config.circuit_breaker_enabled:
            return
        if config.max_daily_loss is not None:
            yield "daily_loss", Measure(-self.daily_pnl(now_ns), Fraction(config.max_daily_loss))
        if config.max_hourly_loss is not None:
            yield "hourly_loss", Measure(-self.hourly_pnl(now_ns), Fraction(config.max_hourly_loss))
        if config.max_drawdown_percent is not None and self.peak is not None:
            fall, limit = 100 * (self.peak - self._equity), Fraction(str(config.max_drawdown_percent))
            yield "drawdown", Measure(fall / self.peak, limit) if self.peak > 0 else None
        if config.max_volatility_pause and config.volatility_threshold is not None:
            sigma = self.samples.sigma(config.volatility_window_minutes)
            limit = Fraction(str(config.volatility_threshold))
            yield "volatility", None if sigma is None else Measure(Fraction(sigma), limit, rounded=True)
