"""Circuit breakers: a table of measures and limits (semantics, section 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from zenotc.engine.rounding import EXACT
from zenotc.engine.strategy import StrategyState
from zenotc.models.configuration import StrategyConfig

__all__ = ["BREAKERS", "Breaker", "Reading", "tripped"]


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker: it fires when `measure` is above `limit`, both in `unit`; a limit of `None` is not checked."""

    name: str
    unit: str
    limit: Callable[[StrategyConfig], Decimal | None]
    measure: Callable[[StrategyState], Decimal]


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


def _daily_loss(strategy: StrategyState) -> Decimal:
    return EXACT.minus(strategy.daily_pnl)


BREAKERS: tuple[Breaker, ...] = (
    Breaker("daily_loss", "USD", lambda config: config.max_daily_loss, _daily_loss),
)  # fmt: skip


def tripped(strategy: StrategyState) -> Reading | None:
    """Return the first breaker whose measure is over its limit, if the strategy's breakers are on."""
    if not strategy.config.circuit_breaker_enabled:
        return None
    for breaker in BREAKERS:
        limit = breaker.limit(strategy.config)
        if limit is not None:
            measure = breaker.measure(strategy)
            if measure > limit:
                return Reading(breaker, measure, limit)
    return None
