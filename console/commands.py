"""The life of a command: sent, then confirmed by the venue, refused with a reason, or of unknown outcome.

A key press confirms nothing. What ends a command is the engine's answer, which waits for the venue.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from console.formatting import duration

__all__ = ["Command", "CommandLog", "Outcome"]

Outcome = Literal["sent", "confirmed", "refused", "unknown"]


@dataclass(slots=True)
class Command:
    """One command that was sent to the engine.

    Parameters
    ----------
    action
        The action's id in the registry.
    doing, done
        What it is doing in the row ("pausing") and what it will have done ("paused").
    target
        The name of what it acts on.
    strategy_id
        The strategy that it was given for, `None` for the whole desk.
    sent_at, ended_at
        Seconds of the console's monotonic clock.
    """

    number: int
    action: str
    doing: str
    done: str
    target: str
    strategy_id: str | None
    sent_at: float
    outcome: Outcome = "sent"
    ended_at: float | None = None
    detail: str = ""

    def elapsed(self, now: float) -> float:
        """Return the seconds that it took, or has taken so far."""
        return (self.ended_at if self.ended_at is not None else now) - self.sent_at

    def sentence(self, now: float) -> str:
        """Return where the command stands, for a person."""
        took = duration(self.elapsed(now))
        detail = f": {self.detail}" if self.detail else ""
        match self.outcome:
            case "sent":
                return f"… {self.doing} {self.target}, sent {took} ago"
            case "confirmed":
                return f"✓ {self.target} {self.done}, confirmed in {took}{detail}"
            case "refused":
                return f"✗ {self.target} not {self.done}{detail}"
            case "unknown":
                return f"? {self.target}: outcome unknown after {took}{detail}"


@dataclass(slots=True)
class CommandLog:
    """The commands of this console, the newest last."""

    clock: Callable[[], float]
    commands: deque[Command] = field(default_factory=lambda: deque(maxlen=1_000))
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def send(self, action: str, *, doing: str, done: str, target: str, strategy_id: str | None) -> Command:
        """Record a command that is leaving now."""
        command = Command(next(self._numbers), action, doing, done, target, strategy_id, self.clock())
        self.commands.append(command)
        return command

    def end(self, command: Command, outcome: Outcome, detail: str = "") -> None:
        """Record what a command came to."""
        command.outcome, command.detail, command.ended_at = outcome, detail, self.clock()

    def pending(self, strategy_id: str | None) -> Command | None:
        """Return the newest command that is under way for a strategy (`None`: for the desk)."""
        matching = (c for c in reversed(self.commands) if c.strategy_id == strategy_id and c.outcome == "sent")
        return next(matching, None)

    @property
    def last(self) -> Command | None:
        """The newest command."""
        return self.commands[-1] if self.commands else None
