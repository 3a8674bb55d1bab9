"""What the engines of a desk have in common: one order of events, alerts and commands, and one scale of sizes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from console.alerts import Alerts
from console.commands import CommandLog
from console.event_ring import EventRing

__all__ = ["Common"]


class Common:
    """What is kept once, however many engines there are.

    Parameters
    ----------
    clock
        Monotonic seconds.
    utc_now
        The wall's clock.
    operator
        Who gives this console's commands.

    Attributes
    ----------
    position_decimals
        How many decimals the sizes of each asset have.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
        operator: str = "",
    ) -> None:
        self.clock, self.utc_now = clock, utc_now
        self.events = EventRing()
        self.alerts = Alerts(clock)
        self.commands = CommandLog(clock, utc_now, operator)
        self.position_decimals: dict[str, int] = {}
