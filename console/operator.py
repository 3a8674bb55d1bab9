"""Carries out what a key asks for, through the SDK, and records what the engine answers.

A command whose outcome is unknown is followed up: the engine is asked until it shows what became of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from console.commands import Command, Outcome
from console.formatting import clean
from console.store import Store
from zenotc.exceptions import ConnectionFailedError, NotFoundError, OutcomeUnknownError, ZenOTCError
from zenotc.models.status import EngineStatus
from zenotc.models.strategy import CommandResult, EmergencyStopResult, Strategy
from zenotc.sdk.client import ZenOTCClient

__all__ = ["Operator"]

T = TypeVar("T")
Ending = tuple[Outcome, str]

AT_ONCE = 16
"""So many commands of one key are under way at a time."""

FOLLOW_UP_SECONDS = 1.0
"""Between two questions about a command whose outcome is unknown."""

_WORDS = {
    "start": ("starting", "started"),
    "pause": ("pausing", "paused"),
    "resume": ("resuming", "resumed"),
    "stop": ("stopping", "stopped"),
    "flatten": ("flattening", "stopped and flattened"),
    "cancel_quotes": ("cancelling", "quotes cancelled"),
    "new": ("creating", "created"),
    "edit": ("changing", "changed"),
    "emergency_stop": ("emergency-stopping", "stopped"),
    "clear_emergency_stop": ("clearing", "cleared"),
}


class Operator:
    """The hand on one engine.

    Parameters
    ----------
    client
        The SDK's client of the engine.
    store
        Where the commands and their outcomes are recorded.
    name
        Who gives the commands.
    changed
        Called when a command was sent and when it has ended.
    """

    def __init__(self, client: ZenOTCClient, store: Store, name: str, changed: Callable[[], None]) -> None:
        self._client, self._store, self._changed = client, store, changed
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self.last_created: Mapping[str, Any] = {}
        self.name = name

    async def command(
        self,
        action: str,
        strategies: Iterable[Strategy],
        refused: Iterable[tuple[Strategy, str]] = (),
        group: list[Command] | None = None,
    ) -> None:
        """Carry out a command on the strategies that it was given for, each with an outcome of its own.

        Parameters
        ----------
        refused
            Strategies that it was given for as well and cannot be done to, and why.
        group
            The commands given with the same key, on other engines as well.
        """
        group = [] if group is None else group
        log = self._store.commands
        for strategy, reason in refused:
            name = clean(strategy.name, 80)
            detail = f"it{reason.removeprefix(name)}" if reason.startswith(f"{name} ") else reason
            log.end(self._send(action, name, strategy.id, group), "refused", detail.rstrip("."))
        if action == "cancel_quotes":  # one request for an asset
            strategies = {strategy.asset: strategy for strategy in strategies}.values()
        await asyncio.gather(*(self._command(action, strategy, group) for strategy in strategies))

    async def _command(self, action: str, strategy: Strategy, group: list[Command]) -> None:
        calls = self._client.mm_strategy
        name, strategy_id = clean(strategy.name, 80), strategy.id

        def settled(current: Strategy) -> str | None:
            return _shows(action, current)

        match action:
            case "start":
                await self.carry_out(
                    action, name, strategy_id, partial(calls.start, strategy_id), _answered, settled, group
                )
            case "resume":
                await self.carry_out(
                    action, name, strategy_id, partial(calls.resume, strategy_id), _answered, settled, group
                )
            case "pause":
                await self.carry_out(
                    action, name, strategy_id, partial(calls.pause, strategy_id), _quiet, settled, group
                )
            case "stop":
                await self.carry_out(
                    action, name, strategy_id, partial(calls.stop, strategy_id), _quiet, settled, group
                )
            case "flatten":
                flatten = partial(calls.stop, strategy_id, flatten_position=True)
                await self.carry_out(action, name, strategy_id, flatten, _quiet, settled, group)
            case "cancel_quotes":
                target = f"{clean(strategy.asset, 20)}:"
                cancel = partial(calls.cancel_all_quotes, asset=strategy.asset)
                await self.carry_out(action, target, strategy_id, cancel, _cancelled, settled, group)
            case _:
                raise ValueError(action)

    async def create(self, parameters: Mapping[str, Any]) -> Strategy | ZenOTCError:
        """Create a strategy and return it, or why there is none."""
        self.last_created = dict(parameters)
        command = self._send("new", clean(parameters.get("name"), 80), None, None)
        answer = await self._answered_or_not(command, self._client.mm_strategy.create(**parameters))
        if isinstance(answer, Strategy):  # the stream may be later
            self._store.strategies_changed({answer.id: answer.to_wire()}, (), complete=False)
        return answer

    async def update(self, strategy: Strategy, changes: Mapping[str, Any]) -> Strategy | ZenOTCError:
        """Change parameters and return the strategy afterwards, or why they are not changed."""
        calls = self._client.mm_strategy
        command = self._send("edit", clean(strategy.name, 80), strategy.id, None)
        answer = await self._answered_or_not(command, calls.update(strategy.id, **changes))
        if isinstance(answer, Strategy):
            self._store.answered(answer)
        return answer

    async def _answered_or_not(self, command: Command, call: Awaitable[Strategy]) -> Strategy | ZenOTCError:
        """Carry out a command whose answer is wanted as well as its outcome."""
        answers: list[Strategy | ZenOTCError] = []

        async def keep() -> Strategy:
            try:
                answers.append(answer := await call)
            except ZenOTCError as error:
                answers.append(error)
                raise
            return answer

        await self._run(command, keep(), _answered)
        return answers[0]

    async def emergency_stop(self, group: list[Command] | None = None) -> None:
        """Stop everything; an engine that is not reached is asked until it is, and every venue has confirmed."""
        calls = self._client.mm_strategy
        heard = False

        async def insist() -> EngineStatus:
            nonlocal heard
            status = await calls.status()
            if not (heard or status.emergency_stop.active):
                await calls.emergency_stop_all()
                status = await calls.status()
            heard = heard or status.emergency_stop.active
            return status

        command = self._send("emergency_stop", "Everything", None, group)
        await self._run(command, calls.emergency_stop_all(), _all_stopped, unreached="unknown")
        if command.outcome == "unknown":
            await self._follow_up(command, insist, _stop_shows)

    def refuse(self, action: str, target: str, reason: str, group: list[Command] | None = None) -> None:
        """Record a command that this engine is not asked for, and why."""
        self._store.commands.end(self._send(action, target, None, group), "refused", reason.rstrip("."))
        self._changed()

    async def clear_emergency_stop(self, group: list[Command] | None = None) -> None:
        """End the emergency stop."""
        clear = self._client.mm_strategy.clear_emergency_stop(operator=self.name)
        command = self._send("clear_emergency_stop", "The emergency stop", None, group)
        await self._run(command, clear, _answered)
        if command.outcome == "unknown":
            await self._follow_up(command, self._client.mm_strategy.status, _clear_shows)

    async def carry_out(
        self,
        action: str,
        target: str,
        strategy_id: str,
        call: Callable[[], Awaitable[T]],
        judge: Callable[[T], Ending],
        settled: Callable[[Strategy], str | None] = lambda _: None,
        group: list[Command] | None = None,
    ) -> None:
        """Send a command on a strategy and record its life.

        Parameters
        ----------
        action
            The action's id.
        target
            The name of what it acts on, cleaned.
        call
            Calls the SDK.
        judge
            Says what an answer means.
        settled
            Says, of the strategy as the engine shows it later, how it is seen that a command without an answer is
            done; `None` while it is not.
        group
            The commands given with the same key.
        """

        async def in_turn() -> T:
            async with self._at_once:
                return await call()

        command = self._send(action, target, strategy_id, group)
        await self._run(command, in_turn(), judge)
        if command.outcome == "unknown":
            await self._follow_up(command, lambda: self._client.mm_strategy.get(strategy_id), settled)

    def _send(self, action: str, target: str, strategy_id: str | None, group: list[Command] | None) -> Command:
        doing, done = _WORDS[action]
        return self._store.commands.send(
            action, doing=doing, done=done, target=target, strategy_id=strategy_id, group=group
        )

    async def _run(
        self, command: Command, call: Awaitable[T], judge: Callable[[T], Ending], unreached: Outcome = "refused"
    ) -> None:
        self._changed()
        ending: Ending = "unknown", "the console did not wait for the answer"
        try:
            answer = await call
            ending = judge(answer)
            if isinstance(answer, CommandResult):
                self._store.answered(answer.strategy)
        except OutcomeUnknownError as error:
            ending = "unknown", f"{clean(error.message)}; asking the engine what became of it"
        except ConnectionFailedError as error:
            again = "; it is asked until it answers" if unreached == "unknown" else ""
            ending = unreached, f"{clean(error.message)}{again}"
        except ZenOTCError as error:
            ending = "refused", clean(error.message)
        finally:
            self._store.commands.end(command, *ending)
            self._changed()

    async def _follow_up(
        self, command: Command, ask: Callable[[], Awaitable[T]], settled: Callable[[T], str | None]
    ) -> None:
        """Ask until the engine shows what became of a command, or another one has taken its place."""
        log = self._store.commands
        while not self._superseded(command):
            await asyncio.sleep(FOLLOW_UP_SECONDS)
            try:
                seen = settled(await ask())
            except NotFoundError:
                log.end(command, "refused", "the engine does not know the strategy any more")
                break
            except (ConnectionFailedError, OutcomeUnknownError):
                continue
            except ZenOTCError as error:
                log.end(command, "unknown", f"the engine does not tell what became of it: {clean(error.message)}")
                break
            if seen is not None:
                log.end(command, "confirmed", seen)
                break
        self._changed()

    def _superseded(self, command: Command) -> bool:
        newest = self._store.commands.newest(command.strategy_id)
        return newest is not command and (newest is None or newest.action != "new")


def _answered(_: object) -> Ending:
    return "confirmed", ""


def _quiet(result: CommandResult) -> Ending:
    """Judge a command that ends quoting: it is confirmed when the venue has said that nothing rests."""
    left: Decimal | None = result.remaining_position
    rest = f"{left:+f} {clean(result.strategy.asset, 20)} could not be traded" if left else ""
    if result.confirmed:
        return "confirmed", rest
    orders = len(result.unconfirmed_orders)
    return "unknown", f"{orders} orders not confirmed by the venue, the engine goes on trying {rest}".rstrip()


def _cancelled(count: int) -> Ending:
    return "confirmed", "1 order" if count == 1 else f"{count} orders"


def _all_stopped(result: EmergencyStopResult) -> Ending:
    if result.confirmed:
        lasts = "" if result.durable else "; IT WILL NOT SURVIVE A RESTART: its file cannot be written"
        return "confirmed", f"zero open orders at {', '.join(clean(venue, 24) for venue in result.venues)}{lasts}"
    venues = [clean(venue, 24) for venue, confirmed in result.venues.items() if not confirmed]
    strategies = [clean(strategy.name, 40) for strategy in result.strategies if not strategy.confirmed]
    missing = [f"by {', '.join(venues)}"] * bool(venues) + [f"for {', '.join(strategies)}"] * bool(strategies)
    return "unknown", f"not confirmed {' and '.join(missing)}; the engine goes on trying"


_GOALS = {
    "start": "active",
    "resume": "active",
    "pause": "paused",
    "cancel_quotes": "paused",
    "stop": "stopped",
    "flatten": "stopped",
}


def _shows(action: str, strategy: Strategy) -> str | None:
    """Return how the engine shows that a command is done, `None` while it does not."""
    goal = _GOALS[action]
    if strategy.status != goal or strategy.activity is not None:
        return None
    if goal != "active" and (strategy.open_orders or strategy.unknown_orders):
        return None
    if action == "flatten" and strategy.current_position:
        return f"stopped, {strategy.current_position:+f} {clean(strategy.asset, 20)} could not be traded"
    return f"the engine shows it {goal}" + ("" if goal == "active" else " without open orders")


def _stop_shows(status: EngineStatus) -> str | None:
    state = status.emergency_stop
    return "every venue has confirmed since" if state.active and not state.unconfirmed_venues else None


def _clear_shows(status: EngineStatus) -> str | None:
    return None if status.emergency_stop.active else "the engine shows no emergency stop"
