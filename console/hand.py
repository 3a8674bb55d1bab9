"""What keys do to the desk: whom a command goes to, what is asked before it is sent, and who is told why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from textual.app import App

from console.actions import Situation, Targets, action_by_id
from console.commands import Command
from console.desk import Desk, Row
from console.engine import Engine
from console.formatting import clean
from console.screens.questions import FLATTEN_ALL_WORD, ask_to_clear, ask_to_flatten
from console.store import Store
from console.widgets.strategy_table import StrategyTable
from zenotc.models.strategy import Strategy

__all__ = ["Hand"]

_TO_ONE = frozenset({"edit", "mark"})
"""These go to the selected strategy, whatever is marked."""

Refused = Sequence[tuple[Row, str]]


class Hand:
    """The hand on the keys. What goes to several engines goes to each on its own: none waits for another.

    Parameters
    ----------
    app
        Where questions are opened and workers run.
    desk
        What is known of the engines.
    engines
        Where the commands go.
    table
        Says which strategies are marked or selected.

    Attributes
    ----------
    named
        The strategy that an action was given for by its name, by id: it goes to that one, seen or not.
    """

    def __init__(self, app: App[Any], desk: Desk, engines: Sequence[Engine], table: StrategyTable) -> None:
        self._app, self._desk, self._engines, self._table = app, desk, engines, table
        self.named: str | None = None

    def targets(self, action: str = "") -> Targets:
        """Return what an action goes to, and what decides what can be done to it."""
        engines = {store.engine: _situation_of(store) for store in self._desk.stores}
        strategies = [_situation_in(row, engines[row.store.engine]) for row in self._chosen(action)]
        nothing = replace(engines[self._desk.at_hand.engine], hidden=self._hidden)
        return Targets(strategies or [nothing], list(engines.values()))

    def _chosen(self, action: str) -> list[Row]:
        """Return the strategies that an action goes to: those that are marked and seen, or the one under the hand."""
        marked = [] if self.named or action in _TO_ONE else self._table.marked_in_view
        found = map(self._desk.rows.get, marked or [self._under_hand or ""])
        return [row for row in found if row is not None and row.strategy is not None]

    @property
    def _under_hand(self) -> str | None:
        return self.named or self._table.selected_in_view

    @property
    def _hidden(self) -> str:
        """The name of the selected strategy where the filter hides it."""
        table, selected = self._table, self._table.selected_id
        hidden = table.ids and table.selected_in_view is None and selected in self._desk.rows
        return self._desk.name(selected) if hidden else ""

    async def do(self, action: str) -> None:
        """Send a command, or ask first where it cannot be taken back."""
        match action:
            case "flatten":
                await self._ask_to_flatten(*self._sort_out(action))
            case "flatten_all":
                rows = [Row(e.store, key) for e in self._able(action) for key in e.store.to_flatten]
                await self._ask_to_flatten([row for row in rows if row.strategy], word=FLATTEN_ALL_WORD)
            case "clear_emergency_stop":
                stopped = self._able(action)
                question = ask_to_clear([engine.store for engine in stopped], stopped[0].operator.name)
                await self._app.push_screen(question, partial(self._if_yes, partial(self._clear, stopped)))
            case "new":
                await self._choose_engine()
            case "edit":
                row = self._desk.rows[self._under_hand or ""]
                await self._open_form(self._engine_of(row.store), row.strategy)
            case "emergency_stop":
                self._stop_everything()
            case _:
                self._send(action, *self._sort_out(action))

    def _able(self, action: str) -> list[Engine]:
        """Return the engines that an action can be done to."""
        return [e for e in self._engines if action_by_id(action).refusal(_situation_of(e.store)) is None]

    def _engine_of(self, store: Store) -> Engine:
        return next(engine for engine in self._engines if engine.store is store)

    def _sort_out(self, action: str) -> tuple[list[Row], list[tuple[Row, str]]]:
        """Return the targets that an action can be done to, and the others with the reason why not."""
        able: list[Row] = []
        refused: list[tuple[Row, str]] = []
        for row, now in zip(self._chosen(action), self.targets(action).strategies, strict=False):
            reason = action_by_id(action).refusal(now)
            if reason is None:
                able.append(row)
            else:
                refused.append((row, reason))
        return able, refused

    # What is sent ----------------------------------------------------------------------------------------------------

    def _send(self, action: str, rows: Sequence[Row], refused: Refused = ()) -> None:
        """Send a command to the engines of the strategies that it was given for."""
        group: list[Command] = []
        for engine in self._engines:
            able = [row.strategy for row in rows if row.store is engine.store and row.strategy]
            unable = [(row.strategy, why) for row, why in refused if row.store is engine.store and row.strategy]
            if able or unable:
                self._run(action, engine.operator.command(action, able, unable, group))

    def _stop_everything(self) -> None:
        group: list[Command] = []
        action = action_by_id("emergency_stop")
        for engine in self._engines:
            reason = action.refusal(_situation_of(engine.store))
            if reason is None:
                self._run(action.id, engine.operator.emergency_stop(group))
            else:
                engine.operator.refuse(action.id, "Everything", reason, group)

    def _clear(self, engines: Sequence[Engine]) -> None:
        group: list[Command] = []
        for engine in engines:
            if engine.store.emergency:
                self._run("clear_emergency_stop", engine.operator.clear_emergency_stop(group))

    def _run(self, action: str, command: Coroutine[Any, Any, None]) -> None:
        self._app.run_worker(command, name=action, exit_on_error=False)

    # What is asked ---------------------------------------------------------------------------------------------------

    async def _ask_to_flatten(self, rows: Sequence[Row], refused: Refused = (), *, word: str = "") -> None:
        asked = [(e.store, [r.strategy for r in rows if r.store is e.store and r.strategy]) for e in self._engines]
        concerned = [(store, strategies) for store, strategies in asked if strategies] or asked[:1]
        for store, _ in concerned:
            store.depths.clear()  # they are of the last question
        question = ask_to_flatten(concerned, partial(self._look_deep, rows), word=word)
        await self._app.push_screen(question, partial(self._if_yes, partial(self._send, "flatten", rows, refused)))

    async def _look_deep(self, rows: Sequence[Row]) -> None:
        """Keep the books of what is to be traded deep, until cancelled."""
        assets: dict[str, set[str]] = {store.engine: set() for store in self._desk.stores}
        for row in rows:
            if row.strategy is not None and row.strategy.current_position:
                assets[row.store.engine].add(row.strategy.asset)
        await asyncio.gather(*(e.link.look_deep(found) for e in self._engines if (found := assets[e.store.engine])))

    async def _choose_engine(self) -> None:
        """Ask which engine is to have the new strategy, where there are several."""
        from console.screens.choose_engine import ChooseEngine  # when it is first opened

        if not self._desk.several:
            await self._open_form(self._engines[0], None)
            return

        async def chosen(store: Store | None) -> None:
            if store is not None:
                await self._open_form(self._engine_of(store), None)

        reasons = [action_by_id("new").refusal(_situation_of(store)) for store in self._desk.stores]
        await self._app.push_screen(ChooseEngine(self._desk, reasons), chosen)

    async def _open_form(self, engine: Engine, strategy: Strategy | None) -> None:
        from console.screens.form import Form  # when it is first opened

        def taken(strategy_id: str | None) -> None:
            key = engine.store.key(strategy_id or "")
            if key in self._desk.rows:
                self._table.select(key)

        def refusal(asset: str) -> str | None:
            """Return why what the form holds may not be sent now: to its own strategy, whatever is marked."""
            now = _situation_of(engine.store)
            if strategy is None:
                old = engine.store.market_age_of(asset)
                return action_by_id("new").refusal(replace(now, asset=asset, market_age_seconds=old))
            row = Row(engine.store, strategy.id)
            if row.strategy is None:
                return f"{clean(strategy.name, 80)} is gone."
            return action_by_id("edit").refusal(_situation_in(row, now))

        await self._app.push_screen(Form(engine.store, engine.link, engine.operator, refusal, strategy), taken)

    def _if_yes(self, send: Callable[[], None], yes: bool | None) -> None:
        if yes:
            send()


def _situation_of(store: Store) -> Situation:
    return Situation(
        stale=store.stale,
        emergency=store.emergency,
        to_flatten=len(store.to_flatten),
        permission=store.permission,
        read_only=store.read_only,
    )


def _situation_in(row: Row, engine: Situation) -> Situation:
    store, strategy = row.store, row.strategy
    if strategy is None:
        return engine
    return replace(
        engine,
        strategy=strategy,
        pending=store.commands.pending(strategy.id),
        market_age_seconds=store.market_age_seconds(strategy),
        active_on_asset=store.active_on(strategy.asset),
    )
