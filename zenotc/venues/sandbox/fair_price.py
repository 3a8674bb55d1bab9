"""The price that the simulated market believes in."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from random import Random

__all__ = ["FairPrice", "PriceParameters"]

_STEP_NS = 100_000_000
_STEPS_PER_YEAR = 365 * 86_400 * 10
_REMEMBERED_STEPS = 256


@dataclass(frozen=True, slots=True)
class PriceParameters:
    """How one asset's fair price moves.

    Parameters
    ----------
    start
        The first price, USD per base unit.
    volatility
        Standard deviation of the log returns of a year, without jumps (0.5 is 50 %).
    jumps_per_hour
        Mean number of jumps.
    jump_bps
        Standard deviation of a jump, bps.
    reaction, persistence
        GARCH(1,1) on steps of 100 ms (Bollerslev 1986): the weights of the last squared return and of the last
        variance. Their sum is below 1; the nearer to it, the longer a calm or a storm lasts.
    """

    start: float
    volatility: float = 0.5
    jumps_per_hour: float = 12.0
    jump_bps: float = 8.0
    reaction: float = 0.015
    persistence: float = 0.9845


class FairPrice:
    """A seeded path of log returns with clustered volatility and occasional jumps.

    The path depends on the seed alone, not on who asks for it when, so that two venues with one seed follow one
    price. It can be asked a little ahead of the time, which is what informed takers live from.

    Parameters
    ----------
    seed
        Names the path; equal seeds give equal paths.
    start_ns
        When the path starts, nanoseconds since the Unix epoch.
    parameters
        How it moves.
    """

    def __init__(self, seed: str, start_ns: int, parameters: PriceParameters) -> None:
        self._rng = Random(seed)
        self._start_ns = start_ns
        self._parameters = parameters
        self._usual_variance = parameters.volatility**2 / _STEPS_PER_YEAR
        self._base = self._usual_variance * (1.0 - parameters.reaction - parameters.persistence)
        self._jump_chance = parameters.jumps_per_hour / 36_000
        self._variance = self._usual_variance
        self._price = parameters.start
        self._steps = 0
        self._path = [parameters.start] * _REMEMBERED_STEPS

    @property
    def turbulence(self) -> float:
        """The present volatility as a multiple of the usual one."""
        return sqrt(self._variance / self._usual_variance)

    def at(self, time_ns: int) -> float:
        """Return the price at a time, USD, at most 25 s before the latest that was asked for."""
        step = (time_ns - self._start_ns) // _STEP_NS
        while self._steps < step:
            self._advance()
        return self._path[step % _REMEMBERED_STEPS]

    def _advance(self) -> None:
        rng, parameters = self._rng, self._parameters
        change = rng.gauss(0.0, 1.0) * sqrt(self._variance)
        if rng.random() < self._jump_chance:
            change += rng.gauss(0.0, parameters.jump_bps) / 1e4
        shock = min(change * change, 16.0 * self._variance)  # a jump barely raises the volatility
        self._variance = self._base + parameters.reaction * shock + parameters.persistence * self._variance
        self._price *= exp(change)
        self._steps += 1
        self._path[self._steps % _REMEMBERED_STEPS] = self._price
