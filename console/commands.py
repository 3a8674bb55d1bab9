"""The life of a command: sent, then confirmed by the venue, refused with a reason, or of unknown outcome.

A key press confirms nothing. What ends a command is the engine's answer, which waits for the venue; where no answer
came, what the engine shows afterwards. Commands of other consoles are kept beside our own, as they were seen.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from console.formatting import duration

__all__ = ["Command", "CommandLog", "Outcome"]

Outcome = Literal["sent", "confirmed", "refused", "unknown", "seen"]

KEPT = 1_000
"""So many commands are kept."""

_LOOKED_THROUGH = 500

NEWS_SECONDS = 8.0
"""For so long after it ended, a command is news: its row and the line above the keys show what it came to."""


@dataclass(slots=True, eq=False)
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
    operator
        Who gave it.
    sent_at, ended_at
        Seconds of the console's monotonic clock.
    time
        When it was sent, by the wall's clock.
    group
        The commands that were given with one key, this one among them.
    engine
        The name of the engine that it goes to, '' where there is one only.
    """

    number: int
    action: str
    doing: str
    done: str
    target: str
    strategy_id: str | None
    operator: str
    sent_at: float
    time: datetime
    group: list[Command] = field(repr=False)
    engine: str = ""
    outcome: Outcome = "sent"
    ended_at: float | None = None
    detail: str = ""

    def elapsed(self, now: float) -> float:
        """Return the seconds that it took, or has taken so far."""
        return (self.ended_at if self.ended_at is not None else now) - self.sent_at

    @property
    def settled(self) -> bool:
        """Whether there is nothing more to come."""
        return self.outcome not in ("sent", "unknown")

    @property
    def words(self) -> str:
        """What it is doing, has done or has not done, to what and where."""
        where = f" on {self.engine}" if self.engine else ""
        match self.outcome:
            case "sent" | "unknown":
                return f"{self.doing} {self.target}{where}"
            case "confirmed" | "seen":
                return f"{self.target} {self.done}{where}"
            case "refused":
                return f"{self.target} not {self.done}{where}"

    def is_news(self, now: float) -> bool:
        """Return whether it is not settled, or was only a moment ago."""
        return not self.settled or now - (self.ended_at or self.sent_at) <= NEWS_SECONDS

    def sentence(self, now: float) -> str:
        """Return where the command stands, for a person; one of many, where they stand together."""
        if len(self.group) > 1:
            return self._together(now)
        took = duration(self.elapsed(now))
        detail = f": {self.detail}" if self.detail else ""
        match self.outcome:
            case "sent":
                return f"… {self.words}, sent {took} ago"
            case "confirmed":
                return f"✓ {self.words}, confirmed in {took}{detail}"
            case "refused":
                return f"✗ {self.words}{detail}"
            case "unknown":
                return f"? {self.words}: outcome unknown after {took}{detail}"
            case "seen":
                return f"◂ {self.operator}: {self.words}{detail}"

    def _together(self, now: float) -> str:
        counts = {outcome: sum(c.outcome == outcome for c in self.group) for outcome in ("refused", "unknown", "sent")}
        done = len(self.group) - sum(counts.values())
        mark = "✗" if counts["refused"] else "?" if counts["unknown"] else "…" if counts["sent"] else "✓"
        words = [f"{count} {outcome}" for outcome, count in counts.items() if count]
        trouble = next((c for c in self.group if c.outcome in ("refused", "unknown") and c.detail), None)
        where = f" on {trouble.engine}" if trouble and trouble.engine else ""
        detail = f": {trouble.target}{where}: {trouble.detail}" if trouble else ""
        took = duration(max(command.elapsed(now) for command in self.group))
        return f"{mark} {', '.join([f'{done} of {len(self.group)} {self.done}', *words])} in {took}{detail}"


@dataclass(slots=True)
class CommandLog:
    """The commands of this console and those seen of others, the newest last.

    Each engine has a log of its own, which knows what is under way there; their commands stand in one list.

    Parameters
    ----------
    clock
        Monotonic seconds.
    utc_now
        The wall's clock.
    operator
        Who gives this console's commands.
    engine
        The name of the engine that they go to, '' where there is one only.
    """

    clock: Callable[[], float]
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    operator: str = ""
    engine: str = ""
    commands: deque[Command] = field(default_factory=lambda: deque(maxlen=KEPT))
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _newest: dict[str | None, Command] = field(default_factory=dict)
    _newest_of: dict[str, Command] = field(default_factory=dict)
    _open: dict[str | None, list[Command]] = field(default_factory=dict)

    def of(self, engine: str) -> CommandLog:
        """Return the log of an engine, whose commands stand in this one's list."""
        return CommandLog(self.clock, self.utc_now, self.operator, engine, self.commands, self._numbers)

    def send(
        self,
        action: str,
        *,
        doing: str,
        done: str,
        target: str,
        strategy_id: str | None,
        group: list[Command] | None = None,
    ) -> Command:
        """Record a command that is leaving now, as one of a group where one is given."""
        command = self._keep(action, doing, done, target, strategy_id, self.operator, [] if group is None else group)
        self._open.setdefault(strategy_id, []).append(command)
        self._newest[strategy_id] = self._newest_of[action] = command
        return command

    def seen(self, operator: str, action: str, *, done: str, target: str, strategy_id: str | None, detail: str) -> None:
        """Record what another console has done."""
        command = self._keep(action, "", done, target, strategy_id, operator, [])
        command.outcome, command.detail = "seen", detail

    def _keep(
        self, action: str, doing: str, done: str, target: str, strategy_id: str | None, operator: str,
        group: list[Command],
    ) -> Command:  # fmt: skip
        command = Command(
            next(self._numbers), action, doing, done, target, strategy_id, operator, self.clock(), self.utc_now(),
            group, self.engine,
        )  # fmt: skip
        group.append(command)
        self.commands.append(command)
        return command

    def end(self, command: Command, outcome: Outcome, detail: str = "") -> None:
        """Record what a command came to; of an unknown outcome, later, what it turned out to be."""
        command.outcome, command.detail, command.ended_at = outcome, detail, self.clock()
        under_way = self._open.get(command.strategy_id, [])
        if command in under_way:
            under_way.remove(command)

    def pending(self, strategy_id: str | None) -> Command | None:
        """Return the newest command that is under way for a strategy (`None`: for the desk)."""
        under_way = self._open.get(strategy_id)
        return under_way[-1] if under_way else None

    def news(self, strategy_id: str | None) -> Command | None:
        """Return the command that a strategy's row tells of: under way, unknown, or ended a moment ago."""
        command = self.pending(strategy_id) or self._newest.get(strategy_id)
        return command if command is not None and command.is_news(self.clock()) else None

    def newest(self, strategy_id: str | None) -> Command | None:
        """Return the last command of this console for a strategy (`None`: for the desk)."""
        return self._newest.get(strategy_id)

    def newest_of(self, action: str) -> Command | None:
        """Return the last command of this console that does an action."""
        return self._newest_of.get(action)

    def accounts_for(self, strategy_id: str | None, within_seconds: float) -> bool:
        """Return whether a command of this console may be what an event about a strategy tells of."""
        now = self.clock()
        return any(
            (command.strategy_id in (strategy_id, None) or command.action == "cancel_quotes")
            and (not command.settled or now - (command.ended_at or now) <= within_seconds)
            for command in itertools.islice(reversed(self.commands), _LOOKED_THROUGH)
            if command.outcome != "seen" and command.engine == self.engine
        )

    @property
    def last(self) -> Command | None:
        """The newest command."""
        return self.commands[-1] if self.commands else None
