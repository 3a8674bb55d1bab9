"""The emergency stop: what is in force, and which venues have proved that nothing rests."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Emergency"]


@dataclass(slots=True)
class Emergency:
    """The latch and its proof.

    A venue is confirmed when it has cancelled everything and has then listed no open order.

    Parameters
    ----------
    waiting
        By venue, the ids of the requests of which one has to be answered; a late answer is as good as another, because
        nothing is placed meanwhile.
    asked_ns
        By venue, when the last of them left, ns.
    commands
        Commands to answer once every venue is confirmed.
    """

    active: bool = False
    since_ns: int | None = None
    operator: str | None = None
    flatten: bool = False
    waiting: dict[str, set[str]] = field(default_factory=dict)
    asked_ns: dict[str, int] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)

    def latch(self, now_ns: int, operator: str) -> None:
        """Come into force; the first to stop is remembered."""
        if not self.active:
            self.active, self.since_ns, self.operator = True, now_ns, operator

    def clear(self) -> None:
        """Go out of force."""
        self.active = self.flatten = False
        self.since_ns = self.operator = None
        self.waiting.clear()
        self.asked_ns.clear()
