"""What the help explains first: where the hand is, what it shows, and the keys that are for it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONTEXTS", "Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """A place where the hand can be.

    Parameters
    ----------
    title
        Its name.
    words
        What it shows, in sentences; `{follow}` stands for that action's key.
    actions
        The actions of the registry whose keys are for it, by id.
    keys
        Keys that are its own alone, as they are shown, and what they do.
    """

    title: str
    words: tuple[str, ...]
    actions: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()


_SCROLL = ("next", "previous", "page_down", "page_up", "oldest", "follow")
_TABS = ("next_tab", "previous_tab", "detail", "copy", "back")


def _tab(title: str, *words: str, actions: tuple[str, ...] = _SCROLL) -> Context:
    return Context(f"Detail: {title}", words, (*actions, *_TABS))


CONTEXTS: dict[str, Context] = {
    "table": Context(
        "Strategies",
        (
            "Position ▲ ▼: has just moved. PnL ▲ ▼: against a minute ago.",
            "● active  ○ active, not quoting  ‖ paused  ■ stopped  ! paused by a breaker  … under way",
            "✗ refused  ? outcome unknown: the engine is being asked. Dimmed prices are stale.",
        ),
        (
            "mark", "mark_all", "filter", "sort", "sort_other_way", "attention_first", "columns", "detail", *_SCROLL,
            "copy", "back",
        ),
    ),
    "Overview": _tab(
        "Overview", "Position on its limits, sides and why one does not quote, orders around the mid, PnL.",
        "Dimmed numbers are stale.", actions=("next", "previous"),
    ),
    "Ladder": _tab(
        "Ladder", "The book on a scale of prices, ▸ ◂ our orders, their age, the most that may be ahead of them.",
        "{next} {previous} scroll it, {follow} goes back to the mid, {less} {more} change the step of prices.",
        actions=("less", "more", *_SCROLL),
    ),
    "Charts": _tab(
        "Charts", "PnL, position, width and volatility, and what the fills were worth a little later.",
        "{less} {more} change the time that they span.", actions=("less", "more"),
    ),
    "Quotes": _tab("Quotes", "Every order that rests, its age, and the quotes of both sides."),
    "Metrics": _tab("Metrics", "What the engine has counted and measured since the strategy was created."),
    "Config": _tab(
        "Configuration", "Every parameter; ▪ is not the default. {edit} changes them.", actions=("edit", *_SCROLL)
    ),
    "Events": _tab("Events", "What has happened to this strategy alone."),
    "events": Context(
        "Events",
        (
            "What happened, newest at the bottom. Scrolled back it stands still; {follow} follows again; {detail} "
            "opens one.",
            "{back} ends the filter that it opens with and shows quotes and marks as well.",
        ),
        ("filter", "detail", *_SCROLL, "copy", "export", "back"),
    ),
    "commands": Context(
        "Commands",
        (
            "What was sent from here: … sent  ✓ confirmed  ✗ refused  ? unknown, and how long it took.",
            "◂ is what another console has done.",
        ),
        (*_SCROLL, "copy", "back"),
    ),
    "filter": Context(
        "The filter",
        (
            "Words that a line must hold, in any order; -word: that it must not; \"two words\" as they stand.",
            "A name and a value ask for one thing alone: status:active pnl:<0 -asset:BTC. A wrong name says which "
            "there are.",
        ),
        ("back",),
        (("Enter", "Keep the filter and go back to the lines."),),
    ),
    "command_line": Context(
        "The command line",
        ("An action by its name and a strategy to do it to; or select, tab, filter, theme and what they take.",),
        (),
        (
            ("Enter", "Do what the line says."),
            ("Tab", "Complete it, or show what it can become."),
            ("↑ ↓", "Earlier lines."),
            ("Esc", "Leave it."),
        ),
    ),
    "form": Context(
        "The form",
        (
            "The parameters of a strategy, checked as they are typed; beside them what the engine would quote.",
            "▪ was changed here  ✗ is refused. In the preview: = kept  ~ amended  + placed  − cancelled.",
        ),
        (),
        (
            ("↑ ↓ Tab", "Another parameter; Enter goes on to the next and sends nothing."),
            ("← →", "Another choice, or move in what is typed."),
            ("^S", "Send it to the engine: the only key that does."),
            ("^U", "Clear the parameter."),
            ("^Z", "Bring the last configuration back."),
            ("^T", "Begin from a template."),
            ("^O", "Take a configuration from a file."),
            ("^E", "Write the configuration to a file."),
            ("F1", "This page."),
            ("Esc", "Leave the form; asks where something was typed."),
        ),
    ),
}  # fmt: skip
