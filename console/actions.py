"""Everything that a key can do: footer, help, palette, key map and tests read this registry.

An action that cannot be done now says why, in a sentence. Its danger says who may do it. What reduces risk is never
refused because the console is blind; what adds risk is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from console.commands import Command
from console.formatting import age, clean
from zenotc.models.strategy import Strategy

__all__ = ["ACTIONS", "OLD_SECONDS", "Action", "Permission", "Situation", "Targets", "action_by_id", "key_of",
           "keyed", "name_keys", "refusal_of"]  # fmt: skip

Danger = Literal["none", "reduces_risk", "adds_risk", "trades", "stops_all"]
Scope = Literal["strategy", "desk", "screen"]
Permission = Literal["READ", "STOP", "MARKET_MAKING"]

OLD_SECONDS = 5.0
"""Market data older than this is stale: nothing that adds risk is sent on it."""

_TAKES: dict[Danger, Permission] = {
    "none": "READ",
    "reduces_risk": "STOP",
    "stops_all": "STOP",
    "trades": "MARKET_MAKING",
    "adds_risk": "MARKET_MAKING",
}
_COVERS: dict[Permission, frozenset[Permission]] = {
    "READ": frozenset({"READ"}),
    "STOP": frozenset({"READ", "STOP"}),
    "MARKET_MAKING": frozenset({"READ", "STOP", "MARKET_MAKING"}),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides whether an action can be done, to a strategy or to the whole of its engine.

    Parameters
    ----------
    strategy
        The strategy that it would be done to: the selected one, or one of the marked.
    hidden
        The name of the selected one where the filter hides it: nothing is done to what is not seen.
    asset
        The asset whose market matters where there is no strategy yet.
    pending
        The command under way for it.
    market_age_seconds
        How old the market data is that it relies on; `None` where that is not known.
    active_on_asset
        How many strategies are active on its asset.
    stale
        Whether the engine cannot be reached or has fallen silent.
    emergency
        Whether the emergency stop is in force.
    to_flatten
        How many strategies are not both stopped and flat, for all that is known.
    permission
        What the console's key may do.
    read_only
        Whether the console was opened to look only.
    """

    strategy: Strategy | None = None
    hidden: str = ""
    asset: str = ""
    pending: Command | None = None
    market_age_seconds: float | None = None
    active_on_asset: int = 0
    stale: bool = False
    emergency: bool = False
    to_flatten: int = 0
    permission: Permission = "MARKET_MAKING"
    read_only: bool = False


Reason = Callable[[Situation], str | None]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a key does.

    Parameters
    ----------
    id
        Its name for programs.
    key
        The key's name, as the terminal library calls it.
    shown
        The key as the footer shows it.
    label
        One or two words.
    meaning
        One sentence for the help.
    danger, scope
        What it can do to the risk, and what it acts on.
    disabled
        Says why it cannot be done now, or `None`; permission and stale data are asked about for all alike.
    footer
        Whether the footer shows it.
    """

    id: str
    key: str
    shown: str
    label: str
    meaning: str
    danger: Danger = "none"
    scope: Scope = "screen"
    disabled: Reason = lambda _: None
    footer: bool = True

    @property
    def takes(self) -> Permission:
        """Who may do it: the permission that it takes."""
        return _TAKES[self.danger]

    def permitted(self, permission: Permission) -> bool:
        """Return whether a key of this permission may do it."""
        return self.takes in _COVERS[permission]

    def refusal(self, now: Situation) -> str | None:
        """Return why it cannot be done now, as a sentence, or `None`."""
        if not self.permitted(now.permission):
            if now.read_only:
                return "This console is read-only: it was opened to look."
            return f"A {now.permission} key may not do this: it takes {self.takes}."
        if now.stale and self.danger == "adds_risk":
            return _BLIND
        if now.stale and self.danger in ("reduces_risk", "trades"):
            # How things stand is not known: the engine decides, not what was last heard of them.
            return self._unaddressed(now) or _under_way(now, self.id)
        reason = self.disabled(now)
        if reason is not None or self.danger != "adds_risk":
            return reason
        asset = now.asset or (now.strategy.asset if self.scope == "strategy" and now.strategy else "")
        old = now.market_age_seconds
        if not asset or old is None or old <= OLD_SECONDS:
            return None
        return f"The market data of {clean(asset, 20)} is {age(old)} old: nothing that adds risk is sent."

    def _unaddressed(self, now: Situation) -> str | None:
        """Refuse what would go to nobody."""
        if self.scope == "strategy":
            return _unselected(now) if now.strategy is None else None
        return None if now.to_flatten else _NOBODY


@dataclass(frozen=True, slots=True)
class Targets:
    """What a key would act on.

    Parameters
    ----------
    strategies
        A situation for each strategy that a command on strategies goes to: one at least, without a strategy where there
        is none.
    engines
        A situation for each engine: one at least.
    """

    strategies: Sequence[Situation]
    engines: Sequence[Situation]

    @property
    def permission(self) -> Permission:
        """The most that the console's keys may do on any engine."""
        return max((now.permission for now in self.engines), key=lambda permission: len(_COVERS[permission]))


def refusal_of(action: Action, targets: Targets) -> str | None:
    """Return why an action can be done to none of its targets, `None` where it can be to some."""
    considered = targets.strategies if action.scope == "strategy" else targets.engines
    reasons = [action.refusal(now) for now in considered]
    if None in reasons:
        return None
    if action.scope != "strategy":
        return " ".join(filter(None, dict.fromkeys(reasons)))
    return reasons[0] if len(reasons) == 1 else f"None of the {len(reasons)} marked: {reasons[0]}"


def _unselected(now: Situation) -> str:
    """Say that a key would act on nothing that is seen."""
    if not now.hidden:
        return "No strategy is selected."
    return f"{clean(now.hidden, 80)} is selected but filtered away: {key_of('next')}/{key_of('previous')} selects."


_NOBODY = "No strategy has been heard of yet: ! ! stops everything."
_BLIND = "The engine is not heard: nothing that adds risk is sent blind."


def _selected(reason: Callable[[Strategy, Situation], str | None] = lambda _, __: None) -> Reason:
    """Refuse what has no strategy to be done to; ask for another reason where it has one."""

    def disabled(now: Situation) -> str | None:
        return _unselected(now) if now.strategy is None else reason(now.strategy, now)

    return disabled


def _in_force(now: Situation) -> str | None:
    if not now.emergency:
        return None
    return f"The emergency stop is in force: {key_of('clear_emergency_stop')} clears it."


def _under_way(now: Situation, action: str | None = None) -> str | None:
    """Refuse what would be sent twice: the same action, or any where none is named."""
    if now.pending is None or action not in (None, now.pending.action):
        return None
    return f"Already {now.pending.doing} it: wait for the answer."


def _start(strategy: Strategy, now: Situation) -> str | None:
    if strategy.status == "paused":
        return f"{clean(strategy.name, 80)} is paused: {key_of('resume')} resumes it."
    return _active(strategy) or _in_force(now) or _under_way(now)


def _resume(strategy: Strategy, now: Situation) -> str | None:
    if strategy.status == "stopped":
        return f"{clean(strategy.name, 80)} is stopped: {key_of('start')} starts it."
    return _active(strategy) or _in_force(now) or _under_way(now)


def _active(strategy: Strategy) -> str | None:
    return f"{clean(strategy.name, 80)} is active already." if strategy.status == "active" else None


def _pause(strategy: Strategy, now: Situation) -> str | None:
    if strategy.status == "paused" and not strategy.open_orders:
        return f"{clean(strategy.name, 80)} is paused already."
    if strategy.status == "stopped":
        return f"{clean(strategy.name, 80)} is stopped: there is nothing to pause."
    return _under_way(now, "pause")


def _stop(strategy: Strategy, now: Situation) -> str | None:
    if strategy.status == "stopped" and not strategy.open_orders and not strategy.unknown_orders:
        return f"{clean(strategy.name, 80)} is stopped already."
    return _under_way(now, "stop")


def _flatten(strategy: Strategy, now: Situation) -> str | None:
    if strategy.status == "stopped" and not strategy.current_position:
        return f"{clean(strategy.name, 80)} is stopped and flat: there is nothing to trade."
    return _in_force(now) or _under_way(now, "flatten")


def _cancel(strategy: Strategy, now: Situation) -> str | None:
    if not now.active_on_asset and not strategy.open_orders:
        return f"No strategy quotes {clean(strategy.asset, 20)}: there is nothing to cancel."
    return _under_way(now, "cancel_quotes")


def _flatten_all(now: Situation) -> str | None:
    return _in_force(now) or (None if now.to_flatten else "Every strategy is stopped and flat: nothing to trade.")


def _clear(now: Situation) -> str | None:
    return None if now.emergency else "No emergency stop is in force."


ACTIONS: tuple[Action, ...] = (
    Action("start", "s", "s", "start", "Start the selected strategy: it begins to quote.",
           "adds_risk", "strategy", _selected(_start)),
    Action("pause", "p", "p", "pause", "Cancel its quotes and keep the position.",
           "reduces_risk", "strategy", _selected(_pause)),
    Action("resume", "r", "r", "resume", "Go on quoting after a pause.",
           "adds_risk", "strategy", _selected(_resume)),
    Action("stop", "x", "x", "stop", "Cancel its quotes and hedges, and keep the position.",
           "reduces_risk", "strategy", _selected(_stop)),
    Action("flatten", "f", "f", "flatten", "Stop it and trade its position to zero; shows the cost and asks first.",
           "trades", "strategy", _selected(_flatten)),
    Action("cancel_quotes", "c", "c", "cancel quotes", "Pause every strategy on the asset and cancel their quotes.",
           "reduces_risk", "strategy", _selected(_cancel)),
    Action("emergency_stop", "exclamation_mark", "!!", "EMERGENCY STOP",
           "Twice within a second: cancel and stop everything, everywhere.", "stops_all", "desk"),
    Action("flatten_all", "F", "F", "flatten all", "Stop every strategy and trade every position to zero; asks for "
           "the word.", "trades", "desk", _flatten_all, footer=False),
    Action("clear_emergency_stop", "C", "C", "clear stop", "End the emergency stop; strategies stay stopped.",
           "adds_risk", "desk", _clear, footer=False),
    Action("mark", "space", "Space", "mark", "Mark the strategy: commands go to all that are marked and seen.",
           "none", "strategy", _selected(), footer=False),
    Action("mark_all", "asterisk", "*", "mark all", "Mark every strategy that is seen; again: none.", footer=False),
    Action("new", "n", "n", "new", "Create a strategy: a form with a preview of what it would quote.",
           "adds_risk", "desk", footer=False),
    Action("edit", "e", "e", "edit", "Change its configuration: a form with a preview of what would change.",
           "adds_risk", "strategy", _selected(), footer=False),
    Action("filter", "slash", "/", "filter", "Show only lines that hold the words, in the focused pane."),
    Action("sort", "o", "o", "sort", "Sort the strategies by the next column; a click on its title does as well.",
           footer=False),
    Action("sort_other_way", "O", "O", "turn order", "Turn the order of the strategies round.", footer=False),
    Action("attention_first", "A", "A", "attention", "Strategies that need somebody first; again: the usual order.",
           footer=False),
    Action("columns", "v", "v", "columns", "Choose the columns of the strategies and their order.", footer=False),
    Action("acknowledge", "a", "a", "acknowledge", "Take the alerts as seen.", footer=False),
    Action("export", "w", "w", "write file", "Write the events that the log's filter lets through to files, as JSON "
           "and as text.", footer=False),
    Action("command_line", "colon", ":", "command", "Type a command: an action, a strategy, a tab, a filter, a theme."),
    Action("copy", "y", "y", "copy", "Copy to the terminal's clipboard: the strategy's id, the event, the pane's text.",
           footer=False),
    Action("screenshot", "P", "P", "picture", "Write a picture of the screen to a file.", footer=False),
    Action("next_theme", "T", "T", "theme", "The next theme: dark, light, for colour-blind, of 16 colours, of none.",
           footer=False),
    Action("palette", "ctrl+p", "^P", "actions", "Find an action by its name.", footer=False),
    Action("detail", "enter", "⏎", "detail", "Open the detail over the table, and close it; in the log: one event.",
           footer=False),
    Action("next", "j,down", "j ↓", "down", "Select the next strategy; in a log: scroll down.", footer=False),
    Action("previous", "k,up", "k ↑", "up", "Select the strategy before; in a log: scroll up.", footer=False),
    Action("follow", "end,G", "G End", "newest", "In a log: the newest, and follow. Table: the last.",
           footer=False),
    Action("oldest", "home,g", "g Home", "oldest", "In a log: the oldest. Table: the first.",
           footer=False),
    Action("next_tab", "l,right", "l →", "next tab", "Detail: the next tab.", footer=False),
    Action("previous_tab", "h,left", "h ←", "tab before", "Detail: the tab before.", footer=False),
    Action("less", "plus,equals_sign", "+", "closer", "Detail: a shorter time, smaller steps of prices.", footer=False),
    Action("more", "minus", "-", "wider", "Detail: a longer time, larger steps of prices.", footer=False),
    Action("page_down", "pagedown,ctrl+d", "PgDn", "page down", "One page down.", footer=False),
    Action("page_up", "pageup,ctrl+u", "PgUp", "page up", "One page up.", footer=False),
    Action("focus_table", "1", "1", "strategies", "Go to the strategies.", footer=False),
    Action("focus_detail", "2", "2", "detail", "Go to the detail.", footer=False),
    Action("focus_events", "3", "3", "events", "Go to the events.", footer=False),
    Action("focus_commands", "5", "5", "commands", "Go to the commands: what was sent, by whom, and what came of it.",
           footer=False),
    Action("back", "escape", "Esc", "back", "Close what is open; end the filter; unmark.", footer=False),
    Action("help", "question_mark,f1", "?", "help", "Show every key and what it does; first of where the hand is."),
    Action("quit", "q,ctrl+c", "q", "quit", "Leave the console; an engine that it attached to goes on."),
)  # fmt: skip

_BY_ID = {action.id: action for action in ACTIONS}


def action_by_id(action_id: str) -> Action:
    """Return an action of the registry."""
    return _BY_ID[action_id]


_NAMES: dict[str, str] = {}


def name_keys(names: Mapping[str, str]) -> None:
    """Let sentences name other keys than the registry's, by action id."""
    _NAMES.clear()
    _NAMES.update(names)


def key_of(action_id: str) -> str:
    """Return the key of an action as every sentence names it: the first of several, as the user has mapped them."""
    return _NAMES.get(action_id) or action_by_id(action_id).shown.split()[0]


def keyed(sentence: str) -> str:
    """Return a sentence of ours with the keys in the place of the actions that it names, as `{filter} filters`."""
    return re.sub(r"\{(\w+)\}", lambda found: key_of(found[1]), sentence)
