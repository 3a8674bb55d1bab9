"""Carries out what a key asks for, through the SDK, and records what the engine answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TypeVar

from console.commands import Outcome
from console.formatting import clean
from console.store import Store
from zenotc.exceptions import OutcomeUnknownError, ZenOTCError
from zenotc.models.strategy import CommandResult, EmergencyStopResult, Strategy
from zenotc.sdk.client import ZenOTCClient

__all__ = ["Operator"]

T = TypeVar("T")
Ending = tuple[Outcome, str]

_WORDS = {
    "start": ("starting", "started"),
    "pause": ("pausing", "paused"),
    "resume": ("resuming", "resumed"),
    "stop": ("stopping", "stopped"),
    "flatten": ("flattening", "stopped and flattened"),
    "cancel_quotes": ("cancelling", "quotes cancelled"),
    "emergency_stop": ("emergency-stopping", "stopped"),
    "clear_emergency_stop": ("clearing", "cleared"),
}


class Operator:
    """The hand on the desk.

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
        self.name = name

    async def command(self, action: str, strategy: Strategy) -> None:
        """Carry out a command on the strategy that it was given for."""
        calls = self._client.mm_strategy
        name = clean(strategy.name, 80)
        match action:
            case "start":
                await self._run(action, name, strategy.id, calls.start(strategy.id), _started)
            case "pause":
                await self._run(action, name, strategy.id, calls.pause(strategy.id), _quiet)
            case "resume":
                await self._run(action, name, strategy.id, calls.resume(strategy.id), _started)
            case "stop":
                await self._run(action, name, strategy.id, calls.stop(strategy.id), _quiet)
            case "flatten":
                stop = calls.stop(strategy.id, flatten_position=True)
                await self._run(action, name, strategy.id, stop, _quiet)
            case "cancel_quotes":
                target = f"{clean(strategy.asset, 20)}:"
                await self._run(action, target, strategy.id, calls.cancel_all_quotes(asset=strategy.asset), _cancelled)
            case _:
                raise ValueError(action)

    async def emergency_stop(self) -> None:
        """Stop everything."""
        stop = self._client.mm_strategy.emergency_stop_all()
        await self._run("emergency_stop", "Everything", None, stop, _all_stopped)

    async def clear_emergency_stop(self) -> None:
        """End the emergency stop."""
        clear = self._client.mm_strategy.clear_emergency_stop(operator=self.name)
        await self._run("clear_emergency_stop", "The emergency stop", None, clear, lambda _: ("confirmed", ""))

    async def _run(
        self, action: str, target: str, strategy_id: str | None, call: Awaitable[T], judge: Callable[[T], Ending]
    ) -> None:
        doing, done = _WORDS[action]
        log = self._store.commands
        command = log.send(action, doing=doing, done=done, target=target, strategy_id=strategy_id)
        self._changed()
        ending: Ending = "unknown", "the console did not wait for the answer"
        try:
            answer = await call
            ending = judge(answer)
            if isinstance(answer, CommandResult):
                self._store.answered(answer.strategy)
        except OutcomeUnknownError as error:
            ending = "unknown", clean(error.message)
        except ZenOTCError as error:
            ending = "refused", clean(error.message)
        finally:
            log.end(command, *ending)
            self._changed()


def _started(_: CommandResult) -> Ending:
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
    return "unknown", f"not confirmed {' and '.join(missing)}"
