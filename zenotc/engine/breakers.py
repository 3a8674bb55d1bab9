"""Circuit breakers: a table of measures and limits (semantics, section 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from zenotc.engine.rounding import EXACT
from zenotc.models.configuration import StrategyConfig

if TYPE_CHECKING:
    from zenotc.engine.strategy import StrategyState

__all__ = ["BREAKERS", "Breaker", "Reading", "armed", "blind", "recovered", "tripped"]

_VOLATILITY_CALM = Decimal("0.8")


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker: it fires when `measure` is above `limit`, both in `unit`.

    Parameters
    ----------
    limit
        `None` where a configuration does not ask for it.
    measure
        `None` while it cannot be computed: then the strategy does not quote.
    calm
        Share of the limit below which the strategy may resume by itself.
    """

    name: str
    unit: str
    limit: Callable[[StrategyConfig], Decimal | None]
    measure: Callable[[StrategyState], Decimal | None]
    calm: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Reading:
    """A breaker whose measure is over its limit."""

    breaker: Breaker
    measure: Decimal
    limit: Decimal

    @property
    def reason(self) -> str:
        """The reading in words."""
        return f"{self.breaker.name} {self.measure:.2f} of {self.limit} {self.breaker.unit}"


def _drawdown_limit(config: StrategyConfig) -> Decimal | None:
    return None if config.max_drawdown_percent is None else Decimal(str(config.max_drawdown_percent))


def _volatility_limit(config: StrategyConfig) -> Decimal | None:
    if not config.max_volatility_pause or config.volatility_threshold is None:
        return None
    return Decimal(str(config.volatility_threshold))


def _volatility(strategy: StrategyState) -> Decimal | None:
    sigma = strategy.market.sigma(strategy.config.volatility_window_minutes)
    return None if sigma is None else Decimal(sigma)


BREAKERS: tuple[Breaker, ...] = (
    Breaker("daily_loss", "USD", lambda config: config.max_daily_loss, lambda s: EXACT.minus(s.daily_pnl)),
    Breaker("hourly_loss", "USD", lambda config: config.max_hourly_loss, lambda s: EXACT.minus(s.curve.hourly_pnl)),
    Breaker("drawdown", "%", _drawdown_limit, lambda s: s.curve.drawdown),
    Breaker("volatility", "%", _volatility_limit, _volatility, calm=_VOLATILITY_CALM),
)


def armed(config: StrategyConfig) -> tuple[tuple[Breaker, Decimal], ...]:
    """Return the breakers that a configuration asks for, with their limits."""
    if not config.circuit_breaker_enabled:
        return ()
    limits = ((breaker, breaker.limit(config)) for breaker in BREAKERS)
    return tuple((breaker, limit) for breaker, limit in limits if limit is not None)


def tripped(strategy: StrategyState) -> Reading | None:
    """Return the first breaker whose measure is over its limit."""
    for breaker, limit in strategy.breakers:
        measure = breaker.measure(strategy)
        if measure is not None and measure > limit:
            return Reading(breaker, measure, limit)
    return None


def blind(strategy: StrategyState) -> bool:
    """Return whether a breaker is on whose measure cannot be computed."""
    return any(breaker.measure(strategy) is None for breaker, _ in strategy.breakers)


def recovered(strategy: StrategyState) -> bool:
    """Return whether every measure is known and far enough inside its limit to resume without an operator."""
    for breaker, limit in strategy.breakers:
        measure = breaker.measure(strategy)
        if measure is None or measure > limit or (breaker.calm < 1 and measure >= limit * breaker.calm):
            return False
    return True
