"""What keys do to the desk: whom a command goes to, what is asked before it is sent, and who is told why not."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from textual.app import App

from console.actions import Situation, action_by_id
from console.formatting import clean
from console.link import Link
from console.operator import Operator
from console.screens.questions import FLATTEN_ALL_WORD, ask_to_clear, ask_to_flatten
from console.store import Store
from console.widgets.strategy_table import StrategyTable
from zenotc.models.strategy import Strategy

__all__ = ["Hand"]

_TO_ONE = frozenset({"edit", "mark"})
"""These go to the selected strategy, whatever is marked."""


class Hand:
    """The hand on the keys.

    Parameters
    ----------
    app
        Where questions are opened and workers run.
    store
        What is known of the engine.
    link
        Asks for the books that a question needs.
    operator
        Sends the commands.
    table
        Says which strategies are marked or selected.

    Attributes
    ----------
    named
        The strategy that an action was given for by its name, by id: it goes to that one, seen or not.
    """

    def __init__(self, app: App[Any], store: Store, link: Link, operator: Operator, table: StrategyTable) -> None:
        self._app, self._store, self._link, self._operator, self._table = app, store, link, operator, table
        self.named: str | None = None

    def situations(self, action: str = "") -> list[Situation]:
        """Return what decides what can be done, for each strategy that a key would act on: one at least."""
        desk = self._desk()
        return [self._situation_of(strategy, desk) for strategy in self._targets(action)] or [desk]

    def _desk(self) -> Situation:
        store, table = self._store, self._table
        hidden = table.ids and table.selected_in_view is None and table.selected_id in store.wire
        return Situation(
            stale=store.stale,
            emergency=store.emergency,
            to_flatten=len(store.to_flatten),
            permission=store.permission,
            read_only=store.read_only,
            hidden=store.name(table.selected_id) if hidden else "",
        )

    def _situation_of(self, strategy: Strategy, desk: Situation) -> Situation:
        return replace(
            desk,
            strategy=strategy,
            pending=self._store.commands.pending(strategy.id),
            market_age_seconds=self._store.market_age_seconds(strategy),
            active_on_asset=self._store.active_on(strategy.asset),
        )

    def _targets(self, action: str) -> list[Strategy]:
        """Return the strategies that an action goes to: those that are marked and seen, or the one under the hand."""
        marked = [] if self.named or action in _TO_ONE else self._table.marked_in_view
        ids: Sequence[str | None] = marked or [self._under_hand]
        return [strategy for strategy in map(self._store.strategy, ids) if strategy is not None]

    @property
    def _under_hand(self) -> str | None:
        return self.named or self._table.selected_in_view

    async def do(self, action: str) -> None:
        """Send a command, or ask first where it cannot be taken back."""
        match action:
            case "flatten":
                await self._ask_to_flatten(*self._sort_out(action))
            case "flatten_all":
                found = map(self._store.strategy, self._store.to_flatten)
                await self._ask_to_flatten([strategy for strategy in found if strategy], word=FLATTEN_ALL_WORD)
            case "clear_emergency_stop":
                question = ask_to_clear(self._store, self._operator.name)
                await self._app.push_screen(
                    question, partial(self._if_yes, action, self._operator.clear_emergency_stop)
                )
            case "new":
                await self._open_form(None)
            case "edit":
                await self._open_form(self._store.strategy(self._under_hand))
            case "emergency_stop":
                self._run(action, self._operator.emergency_stop())
            case _:
                self._run(action, self._operator.command(action, *self._sort_out(action)))

    def _sort_out(self, action: str) -> tuple[list[Strategy], list[tuple[Strategy, str]]]:
        """Return the targets that an action can be done to, and the others with the reason why not."""
        able: list[Strategy] = []
        refused: list[tuple[Strategy, str]] = []
        for now in self.situations(action):
            reason = action_by_id(action).refusal(now)
            if now.strategy is not None and reason is None:
                able.append(now.strategy)
            elif now.strategy is not None and reason is not None:
                refused.append((now.strategy, reason))
        return able, refused

    async def _ask_to_flatten(
        self, strategies: Sequence[Strategy], refused: Sequence[tuple[Strategy, str]] = (), *, word: str = ""
    ) -> None:
        self._store.depths.clear()  # they are of the last question
        meanwhile = partial(self._link.look_deep, {s.asset for s in strategies if s.current_position})
        send = partial(self._operator.command, "flatten", strategies, refused)
        question = ask_to_flatten(self._store, strategies, meanwhile, word=word)
        await self._app.push_screen(question, partial(self._if_yes, "flatten", send))

    async def _open_form(self, strategy: Strategy | None) -> None:
        from console.screens.form import Form  # when it is first opened

        def taken(strategy_id: str | None) -> None:
            if strategy_id is not None and strategy_id in self._store.wire:
                self._table.select(strategy_id)

        def refusal(asset: str) -> str | None:
            """Return why what the form holds may not be sent now: to its own strategy, whatever is marked."""
            if strategy is None:
                old = self._store.market_age_of(asset)
                return action_by_id("new").refusal(replace(self._desk(), asset=asset, market_age_seconds=old))
            current = self._store.strategy(strategy.id)
            if current is None:
                return f"{clean(strategy.name, 80)} is gone."
            return action_by_id("edit").refusal(self._situation_of(current, self._desk()))

        await self._app.push_screen(Form(self._store, self._link, self._operator, refusal, strategy), taken)

    def _if_yes(self, action: str, send: Callable[[], Coroutine[Any, Any, None]], yes: bool | None) -> None:
        if yes:
            self._run(action, send())

    def _run(self, action: str, command: Coroutine[Any, Any, None]) -> None:
        self._app.run_worker(command, name=action, exit_on_error=False)
