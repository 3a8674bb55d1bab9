"""The last things that happened to each strategy, kept apart from the thousands of quotes and marks around them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["FACTS_KEPT", "Facts"]

Wire = Mapping[str, Any]

FACTS_KEPT = 200
"""So many facts of a strategy are kept."""

_PASSING = frozenset({"quote_sent", "quote_cancelled", "pnl_update"})
_FILLS = frozenset({"quote_filled", "hedge_filled"})


class Facts:
    """Fills, positions, states, breakers, hedges, errors and changes of the configuration, newest last."""

    def __init__(self) -> None:
        self._facts: dict[str, deque[Wire]] = {}
        self._changes: dict[str, Wire] = {}
        self.counts: dict[str, int] = {}

    def extend(self, events: Iterable[Wire]) -> None:
        """Take events in their order."""
        for event in events:
            kind, strategy_id = event.get("type"), event.get("strategyId")
            if kind in _PASSING or not isinstance(strategy_id, str):
                continue
            facts = self._facts.get(strategy_id)
            if facts is None:
                facts = self._facts[strategy_id] = deque(maxlen=FACTS_KEPT)
            facts.append(event)
            self.counts[strategy_id] = self.counts.get(strategy_id, 0) + 1
            if kind == "config_changed":
                self._changes[strategy_id] = event

    def forget(self, strategy_id: str) -> None:
        """Drop a strategy that there is no longer."""
        for mapping in (self._facts, self._changes, self.counts):
            mapping.pop(strategy_id, None)

    def of(self, strategy_id: str) -> deque[Wire]:
        """Return what has happened to a strategy, newest last."""
        return self._facts.get(strategy_id) or deque()

    def fills(self, strategy_id: str, at_most: int) -> list[Wire]:
        """Return a strategy's last fills, newest first."""
        found: list[Wire] = []
        for event in reversed(self.of(strategy_id)):
            if len(found) >= at_most:
                break
            if event["type"] in _FILLS:
                found.append(event)
        return found

    def last_change(self, strategy_id: str) -> Wire | None:
        """Return the last change of a strategy's configuration that was seen."""
        return self._changes.get(strategy_id)
