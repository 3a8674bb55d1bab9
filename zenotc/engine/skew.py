"""How far inventory moves the quotes (semantics, section 3)."""

from __future__ import annotations

from math import copysign

from zenotc.engine.rounding import floor_steps
from zenotc.models.configuration import SkewModel

__all__ = ["skew_bps"]


def skew_bps(model: SkewModel, deviation: float, factor: float, *, exponent: float, step: float, bound: float) -> float:
    """Return the skew: positive lowers both prices.

    Parameters
    ----------
    model
        `linear` is `f * d`, `exponential` is `f * sign(d) * |d| ** exponent`, and `step` is
        `f * sign(d) * step * floor(|d| / step)`.
    deviation
        `d`: the position less its target, base units.
    factor
        `f`: bps per base unit.
    exponent
        Of the exponential model, at least 1.
    step
        Base units per step of the step model.
    bound
        Largest absolute skew, bps.
    """
    size = abs(deviation)
    if model == "exponential":
        # A power that overflows is beyond every bound.
        size = size**exponent if size < 1e30 else float("inf")
    elif model == "step":
        size = step * floor_steps(size / step)
    magnitude = factor * size if factor else 0.0
    return copysign(min(magnitude, bound), deviation) if magnitude else 0.0
