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
    price_collar_bps
        A quote farther from the mid than this is denied; hedges and flattens reach no farther.
    max_order_usd
        Largest order at its own price; hedges and flattens are split at it.
    max_orders_per_second, cancel_reserve
        Messages to venues in any second, and the share of them that only cancels may use; cancels always leave.
    max_gross_exposure_usd, max_net_exposure_usd
        Worst case per asset over all strategies, everything of one side filling: the sum of the absolute positions,
        and the absolute sum of the positions.
    max_fills_per_side, fill_window_seconds
        So many fills on one side within the window pause a strategy until a person resumes it.
    resume_after_restart
        Whether strategies that were active when the engine ended go on by themselves when it is back.
    cancel_on_silence_seconds
        A venue that has not heard the engine for so long cancels its orders; refreshed in a quarter of it.
    dead_man_seconds
        Everything is paused when no console or client has been heard for so long; `None` is never. A signed
        request counts, and whatever comes on a stream; the Python client pings every second, others answer a ping
        every 20 s.
    requests_per_second, request_burst
        Of each API key, on average and at once; pause, stop, cancel and emergency stop are never limited.
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
    price_collar_bps: Annotated[float, Field(gt=0)] | None = None
    max_order_usd: Annotated[Decimal, Field(gt=0)] | None = None
    max_orders_per_second: Annotated[int, Field(gt=0)] | None = None
    cancel_reserve: Annotated[float, Field(ge=0, lt=1)] = 0.2
    max_gross_exposure_usd: Annotated[Decimal, Field(gt=0)] | None = None
    max_net_exposure_usd: Annotated[Decimal, Field(gt=0)] | None = None
    max_fills_per_side: Annotated[int, Field(gt=0)] | None = None
    fill_window_seconds: Annotated[float, Field(gt=0)] = 1.0
    resume_after_restart: bool = False
    cancel_on_silence_seconds: Annotated[float, Field(gt=0)] = 30.0
    dead_man_seconds: Annotated[float, Field(gt=0)] | None = None
    requests_per_second: Annotated[float, Field(gt=0)] = 20.0
    request_burst: Annotated[int, Field(gt=0)] = 40
    quoting_venue: str = "sandbox"
    hedge_venue: str | None = "sandbox-hedge"
