"""Everything that a key can do: footer, help and tests read this registry, and the keys are bound from it.

An action that cannot be done now says why, in a sentence. What reduces risk is never refused because the console
is blind; what adds risk is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from console.commands import Command
from console.formatting import clean
from zenotc.models.strategy import Strategy

__all__ = ["ACTIONS", "Action", "Situation", "action_by_id"]

Danger = Literal["none", "reduces_risk", "adds_risk", "trades", "stops_all"]
Scope = Literal["strategy", "desk", "screen"]


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides whether an action can be done.

    Parameters
    ----------
    strategy
        The selected strategy.
    pending
        The command under way for it.
    stale
        Whether the engine cannot be reached or has fallen silent.
    emergency
        Whether the emergency stop is in force.
    active_on_asset
        How many strategies are active on the selected one's asset.
    """

    strategy: Strategy | None = None
    pending: Command | None = None
    stale: bool = False
    emergency: bool = False
    active_on_asset: int = 0


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
        Says why it cannot be done now, or `None`.
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
    disabled: Callable[[Situation], str | None] = lambda _: None
    footer: bool = True


_NO_SELECTION = "No strategy is selected."
_IN_FORCE = "The emergency stop is in force: Shift+C clears it."
_BLIND = "The engine is not heard: nothing that adds risk is sent blind."


def _start(now: Situation) -> str | None:
    strategy = now.strategy
    if strategy is None:
        return _NO_SELECTION
    name = clean(strategy.name, 80)
    if strategy.status != "stopped":
        return f"{name} is {strategy.status}" + (": r resumes it." if strategy.status == "paused" else " already.")
    return _adds_risk(now)


def _resume(now: Situation) -> str | None:
    strategy = now.strategy
    if strategy is None:
        return _NO_SELECTION
    name = clean(strategy.name, 80)
    if strategy.status != "paused":
        return f"{name} is {strategy.status}" + (": s starts it." if strategy.status == "stopped" else " already.")
    return _adds_risk(now)


def _adds_risk(now: Situation) -> str | None:
    if now.emergency:
        return _IN_FORCE
    if now.stale:
        return _BLIND
    return f"Already {now.pending.doing} it: wait for the answer." if now.pending else None


def _pause(now: Situation) -> str | None:
    strategy = now.strategy
    if strategy is None:
        return _NO_SELECTION
    name = clean(strategy.name, 80)
    if strategy.status == "paused" and not strategy.open_orders:
        return f"{name} is paused already."
    if strategy.status == "stopped":
        return f"{name} is stopped: there is nothing to pause."
    return _unless_pending(now, "pause")


def _stop(now: Situation) -> str | None:
    strategy = now.strategy
    if strategy is None:
        return _NO_SELECTION
    if strategy.status == "stopped" and not strategy.open_orders and not strategy.unknown_orders:
        return f"{clean(strategy.name, 80)} is stopped already."
    return _unless_pending(now, "stop")


def _flatten(now: Situation) -> str | None:
    strategy = now.strategy
    if strategy is None:
        return _NO_SELECTION
    if now.emergency:
        return _IN_FORCE
    if strategy.status == "stopped" and not strategy.current_position:
        return f"{clean(strategy.name, 80)} is stopped and flat: there is nothing to trade."
    return _unless_pending(now, "flatten")


def _cancel(now: Situation) -> str | None:
    if now.strategy is None:
        return _NO_SELECTION
    if not now.active_on_asset and not now.strategy.open_orders:
        return f"No strategy quotes {clean(now.strategy.asset, 20)}: there is nothing to cancel."
    return _unless_pending(now, "cancel_quotes")


def _unless_pending(now: Situation, action: str) -> str | None:
    if now.pending is not None and now.pending.action == action:
        return f"Already {now.pending.doing} it: wait for the answer."
    return None


def _clear(now: Situation) -> str | None:
    if now.stale:
        return _BLIND
    return None if now.emergency else "No emergency stop is in force."


ACTIONS: tuple[Action, ...] = (
    Action("start", "s", "s", "start", "Start the selected strategy: it begins to quote.",
           "adds_risk", "strategy", _start),
    Action("pause", "p", "p", "pause", "Cancel its quotes and keep the position.",
           "reduces_risk", "strategy", _pause),
    Action("resume", "r", "r", "resume", "Go on quoting after a pause.",
           "adds_risk", "strategy", _resume),
    Action("stop", "x", "x", "stop", "Cancel its quotes and hedges, and keep the position.",
           "reduces_risk", "strategy", _stop),
    Action("flatten", "f", "f", "flatten", "Stop it and trade its position to zero; asks first.",
           "trades", "strategy", _flatten),
    Action("cancel_quotes", "c", "c", "cancel quotes", "Pause every strategy on the asset and cancel their quotes.",
           "reduces_risk", "strategy", _cancel),
    Action("emergency_stop", "exclamation_mark", "!!", "EMERGENCY STOP",
           "Twice within a second: cancel and stop everything, everywhere.", "stops_all", "desk"),
    Action("clear_emergency_stop", "C", "C", "clear stop", "End the emergency stop; strategies stay stopped.",
           "adds_risk", "desk", _clear, footer=False),
    Action("filter", "slash", "/", "filter", "Show only lines that hold the words, in the focused pane."),
    Action("detail", "enter", "⏎", "detail", "On a small screen: open and close the detail.", footer=False),
    Action("next", "j,down", "j ↓", "down", "Select the next strategy; in the events: scroll down.", footer=False),
    Action("previous", "k,up", "k ↑", "up", "Select the strategy before; in the events: scroll up.", footer=False),
    Action("follow", "end,G", "G End", "newest", "Events: the newest, and follow. Table: the last.",
           footer=False),
    Action("oldest", "home,g", "g Home", "oldest", "Events: the oldest. Table: the first.",
           footer=False),
    Action("page_down", "pagedown,ctrl+d", "PgDn", "page down", "One page down.", footer=False),
    Action("page_up", "pageup,ctrl+u", "PgUp", "page up", "One page up.", footer=False),
    Action("focus_table", "1", "1", "strategies", "Go to the strategies.", footer=False),
    Action("focus_detail", "2", "2", "detail", "Go to the detail.", footer=False),
    Action("focus_events", "3", "3", "events", "Go to the events.", footer=False),
    Action("back", "escape", "Esc", "back", "Close what is open; end the filter.", footer=False),
    Action("help", "question_mark", "?", "help", "Show every key and what it does."),
    Action("quit", "q,ctrl+c", "q", "quit", "Leave the console; an engine that it attached to goes on."),
)  # fmt: skip

_BY_ID = {action.id: action for action in ACTIONS}


def action_by_id(action_id: str) -> Action:
    """Return an action of the registry."""
    return _BY_ID[action_id]
