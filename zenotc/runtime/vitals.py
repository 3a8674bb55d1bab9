"""What the engine counts and times of itself, for those who watch over it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from prometheus_client import Histogram

from zenotc.models.commands import CancelQuotes, Command, EmergencyStopAll, PauseStrategy, StopStrategy
from zenotc.models.orders import Amend, Cancel, CancelAll, Place, Request

__all__ = ["Vitals"]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_REQUESTS: dict[type[Request], str] = {Place: "place", Amend: "amend", Cancel: "cancel", CancelAll: "cancel_all"}
_STOPS: dict[type[Command], str] = {
    PauseStrategy: "pause",
    StopStrategy: "stop",
    CancelQuotes: "cancel_quotes",
    EmergencyStopAll: "emergency_stop",
}


def _stop_seconds(name: str, until: str) -> Histogram:
    help_text = f"From the request to stop something to {until}, seconds"
    return Histogram(f"zenotc_{name}_seconds", help_text, ["command"], buckets=_BUCKETS, registry=None)


@dataclass(slots=True)
class Vitals:
    """Counters since the process began; counting costs the trading loop next to nothing.

    Attributes
    ----------
    turned_ns
        When the trading loop last began to do something, monotonic, ns.
    heard_ns
        When a client was last heard, monotonic, ns.
    sent
        Requests that have left for a venue, by their class.
    fills
        Executions booked.
    stop_sent, stop_confirmed
        How long commands that stop something took until their last cancel had left, and until the venues confirmed.
    """

    turned_ns: int = field(default_factory=time.monotonic_ns)
    heard_ns: int = field(default_factory=time.monotonic_ns)
    sent: Counter[type[Request]] = field(default_factory=Counter)
    fills: int = 0
    stop_sent: Histogram = field(default_factory=lambda: _stop_seconds("stop_sent", "its last cancel sent"))
    stop_confirmed: Histogram = field(default_factory=lambda: _stop_seconds("stop_confirmed", "the venues' proof"))

    def heard(self) -> None:
        """Remember that a client has been heard now."""
        self.heard_ns = time.monotonic_ns()

    @property
    def turn_age_seconds(self) -> float:
        """Since the trading loop last turned; it does so at least once a second."""
        return (time.monotonic_ns() - self.turned_ns) / 1e9

    @property
    def silence_seconds(self) -> float:
        """Since a client was last heard."""
        return (time.monotonic_ns() - self.heard_ns) / 1e9

    @property
    def order_requests(self) -> dict[str, int]:
        """How many requests about orders have left, by kind."""
        return {name: self.sent[kind] for kind, name in _REQUESTS.items()}

    def observe_stop(self, histogram: Histogram, command: Command, seconds: float) -> None:
        """Note how long a command took, where it is one that stops something."""
        name = _STOPS.get(type(command))
        if name is not None:
            histogram.labels(name).observe(seconds)
