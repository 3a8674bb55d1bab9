"""One venue as far as we agree with it: whether its connection stands, and what is still being compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

__all__ = ["Stage", "VenueLink"]

Stage = Literal["away", "cancelling", "comparing", "agreed"]


@dataclass(slots=True)
class VenueLink:
    """A venue's connection.

        away ──link up──▶ cancelling ──nothing rests──▶ comparing ──fills, positions, cash──▶ agreed
        any ──link down──▶ away                 comparing ──something rests──▶ cancelling

    Parameters
    ----------
    stage
        How far it has come; an engine without a past has nothing to compare.
    waiting
        Ids of the requests whose answers are awaited.
    asked_ns
        When they left, ns.
    tries
        How often it has been begun with since it was last agreed with: the more often, the longer an answer may take.
    known_fill
        The trade up to which every fill is known; `None` where there was none.
    positions, cash
        What the venue has told: base units by asset, and USD.
    swept_ns
        When it was last asked for fills that we may have missed; `None` where there never was a link.
    silence_armed_ns
        When its timer for our silence was last set; `None` while it is not armed.
    """

    name: str
    stage: Stage = "agreed"
    waiting: set[str] = field(default_factory=set)
    asked_ns: int = 0
    tries: int = 0
    known_fill: str | None = None
    positions: dict[str, Decimal] = field(default_factory=dict)
    cash: Decimal | None = None
    swept_ns: int | None = None
    silence_armed_ns: int | None = None

    @property
    def known(self) -> bool:
        """Whether it has ever been agreed with: our position is known, but for what a lost link hides."""
        return self.stage == "agreed" or self.swept_ns is not None

    @property
    def waits_for(self) -> str | None:
        """What keeps it from being agreed with, in words."""
        return {
            "away": f"connection to {self.name}",
            "cancelling": f"cancellation of what rests at {self.name}",
            "comparing": f"fills and positions of {self.name}",
            "agreed": None,
        }[self.stage]
