"""What the engine is set to, as opposed to a strategy."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["EngineSettings"]


class EngineSettings(BaseModel):
    """Settings of the engine; every time in seconds.

    Parameters
    ----------
    stale_after_seconds
        Market data older than this is not quoted on.
    initial_margin_rate
        Share of `max_position * mid` that an active strategy reserves of the equity.
    command_deadline_seconds
        How long pause and stop wait for the venue before they name what is not confirmed.
    flatten_deadline_seconds
        When a flatten gives up and reports what is left.
    acknowledge_within_seconds
        A request that has not been answered by then has an unknown outcome and is queried.
    max_rejections, rejection_window_seconds
        So many rejections by the venue within the window pause a strategy (`pause_on_error`).
    max_desk_daily_loss
        Loss of all strategies together since 00:00 UTC, USD, that cancels and pauses everything; `None` is unlimited.
    quoting_venue, hedge_venue
        Names of the venues that strategies quote and hedge on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stale_after_seconds: Annotated[float, Field(gt=0)] = 5.0
    initial_margin_rate: Annotated[Decimal, Field(gt=0)] = Decimal("0.1")
    command_deadline_seconds: Annotated[float, Field(gt=0)] = 5.0
    flatten_deadline_seconds: Annotated[float, Field(gt=0)] = 30.0
    acknowledge_within_seconds: Annotated[float, Field(gt=0)] = 2.0
    max_rejections: Annotated[int, Field(gt=0)] = 3
    rejection_window_seconds: Annotated[float, Field(gt=0)] = 60.0
    max_desk_daily_loss: Annotated[Decimal, Field(gt=0)] | None = None
    quoting_venue: str = "sandbox"
    hedge_venue: str | None = "sandbox-hedge"
