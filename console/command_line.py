"""What can be typed after `:`: the registry's actions, a strategy to do them to, a tab, a filter, a theme.

`pause BTC Market Maker` selects that strategy and pauses it, as its key would; without a name it goes to the selected
or the marked ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from console.actions import ACTIONS

__all__ = ["CommandError", "CommandLine", "History", "Order", "completed"]

Verb = Literal["do", "select", "tab", "filter", "theme"]

_LEFT_OUT = frozenset({"command_line", "next", "previous", "back", "filter", "next_theme"})
_SHORT = {"q": "quit", "h": "help", "flat": "flatten", "es": "emergency_stop"}

HISTORY_LINES = 200


class CommandError(ValueError):
    """What was typed means nothing, and why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a line asks for.

    Parameters
    ----------
    verb
        What to do.
    argument
        An action's id, or a tab, a filter, a theme.
    strategy_id
        The strategy that is selected first, where one was named.
    """

    verb: Verb
    argument: str = ""
    strategy_id: str | None = None


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The words that a line may have now.

    Parameters
    ----------
    strategies
        Id and name of each strategy.
    tabs, themes
        The names of the detail's tabs and of the themes.
    """

    strategies: Sequence[tuple[str, str]]
    tabs: Sequence[str]
    themes: Sequence[str]

    def parse(self, line: str) -> Order:
        """Return what a line asks for.

        Raises
        ------
        CommandError
            If it means nothing.
        """
        word, _, rest = line.strip().partition(" ")
        word, rest = _SHORT.get(word, word), rest.strip()
        match word:
            case "":
                raise CommandError("Nothing was typed: Tab shows what there is.")
            case "filter":
                return Order("filter", rest)
            case "tab":
                return Order("tab", _one_of(self.tabs, rest, "tab"))
            case "theme":
                return Order("theme", _one_of(self.themes, rest, "theme"))
            case "select":
                return Order("select", strategy_id=self._strategy(rest))
        action = next((action for action in ACTIONS if action.id == word and word not in _LEFT_OUT), None)
        if action is None:
            raise CommandError(f"There is no command {word}: Tab shows what there is.")
        if not rest:
            return Order("do", action.id)
        if action.scope != "strategy":
            raise CommandError(f"{word} takes no name.")
        return Order("do", action.id, self._strategy(rest))

    def _strategy(self, name: str) -> str:
        exact = [strategy_id for strategy_id, known in self.strategies if name in (strategy_id, known)]
        folded = name.casefold()
        found = exact or [strategy_id for strategy_id, known in self.strategies if folded == known.casefold()]
        found = found or [strategy_id for strategy_id, known in self.strategies if known.casefold().startswith(folded)]
        if not name:
            raise CommandError("Which strategy? Tab shows their names.")
        if len(found) != 1:
            raise CommandError(f"{len(found)} strategies have the name {name}." if found else f"No strategy {name}.")
        return found[0]

    def complete(self, line: str) -> list[str]:
        """Return the lines that one can go on to, in order."""
        word, space, rest = line.lstrip().partition(" ")
        if not space:
            return [
                f"{known} " if self._arguments(known) else known for known in self._words() if known.startswith(word)
            ]
        folded = rest.lstrip().casefold()
        return [f"{word} {name}" for name in self._arguments(word) if name.casefold().startswith(folded)]

    def _words(self) -> list[str]:
        actions = [action.id for action in ACTIONS if action.id not in _LEFT_OUT]
        return sorted([*actions, "filter", "select", "tab", "theme"])

    def _arguments(self, word: str) -> Sequence[str]:
        match word:
            case "tab":
                return self.tabs
            case "theme":
                return self.themes
        takes = word == "select" or any(action.id == word and action.scope == "strategy" for action in ACTIONS)
        return [name for _, name in self.strategies] if takes else []


def completed(line: str, candidates: Sequence[str]) -> str:
    """Return a line as far as all its candidates agree."""
    if not candidates:
        return line
    first, last = min(candidates, key=str.casefold), max(candidates, key=str.casefold)
    ends = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a.casefold() != b.casefold()), None)
    return first[: len(min(first, last, key=len)) if ends is None else ends]


class History:
    """The lines of this session, the newest last; the same line twice in a row is one."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._at = 0

    def add(self, line: str) -> None:
        """Remember a line, and stand behind it."""
        if line and self._lines[-1:] != [line]:
            self._lines = [*self._lines, line][-HISTORY_LINES:]
        self._at = len(self._lines)

    def move(self, by: int) -> str:
        """Return the line before (-1) or after (1); behind the newest there is an empty one."""
        self._at = min(max(self._at + by, 0), len(self._lines))
        return self._lines[self._at] if self._at < len(self._lines) else ""


def _one_of(names: Sequence[str], given: str, kind: str) -> str:
    found = [name for name in names if given and name.casefold().startswith(given.casefold())]
    if len(found) == 1:
        return found[0]
    raise CommandError(
        f"There is no {kind} {given}: {', '.join(names)}." if given else f"Which {kind}? {', '.join(names)}."
    )
