"""What a test knows of one strategy and of its immediate orders."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction

from tests.engine.second_book import SecondBook
from zenotc.engine.working_order import Purpose
from zenotc.models.market import BUY, SELL, Side


@dataclass
class Watched:
    """What the test knows of one strategy; sizes in lots of the quoting venue.

    Parameters
    ----------
    known
        The position that the told fills make.
    passed
        The same after each fill of the call under way, with what was left of the children then.
    may
        What it may send.
    still
        Whether a command has confirmed that nothing of it rests.
    over
        The breakers over their limits at some moment of the call under way, with what they measured.
    resumes_at_ns
        When a breaker lets it resume by itself.
    deleted
        Whether it has been deleted.
    """

    book: SecondBook
    status: str = "stopped"
    known: int = 0
    passed: list[tuple[int, int]] = field(default_factory=list)
    may: set[Purpose] = field(default_factory=set)
    still: bool = True
    over: dict[str, list[Fraction]] = field(default_factory=dict)
    resumes_at_ns: int | None = None
    hedges_toward: int = 0
    bounds: dict[int, int] = field(default_factory=dict)
    recent_fills: dict[Side, deque[int]] = field(default_factory=lambda: {BUY: deque(), SELL: deque()})
    deleted: bool = False

    def restarted(self) -> None:
        """Take what an engine that begins with its past does not go on with."""
        self.may = set()
        self.resumes_at_ns = None
        for fills in self.recent_fills.values():
            fills.clear()


@dataclass
class Child:
    """An immediate order; sizes in lots of its venue.

    Parameters
    ----------
    lots
        What has been asked for.
    scale
        How many lots of the quoting venue one of them is.
    told
        What the engine knows to have traded.
    gone
        What the engine knows that it will not trade.
    """

    name: str
    venue: str
    lots: int
    scale: int
    told: int = 0
    gone: int = 0

    @property
    def left(self) -> int:
        """What may still fill as far as the engine can know, in lots of the quoting venue."""
        return (self.lots - self.gone - self.told) * self.scale
