"""The documented market-making calls."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import quote

from zenotc.exceptions import ValidationError
from zenotc.models.configuration import FIXED_PARAMETERS, StrategyConfig
from zenotc.models.metrics import QuoteStats, StrategyMetrics
from zenotc.models.quotes import OrderBook, Preview, Quotes
from zenotc.models.status import EmergencyState, EngineStatus, HistoryPoint
from zenotc.models.strategy import CancelQuotesResult, CommandResult, EmergencyStopResult, Strategy
from zenotc.models.wire import encode, format_time

if TYPE_CHECKING:
    from zenotc.sdk.client import ZenOTCClient
    from zenotc.sdk.subscriptions import Callback, StrategiesChange, StreamEvent, Subscription

__all__ = ["MarketMakingStrategyClient"]

_ROOT = "/api/sdk"
_STRATEGIES = f"{_ROOT}/mm-strategies"
_PAGE = 200
_COMMAND_SECONDS = 10.0  # the engine answers a command within 5 s
_FLATTEN_SECONDS = 45.0  # and one that flattens within 30 s more

Strategies: TypeAlias = list[Strategy]  # within the class `list` is the documented call
History: TypeAlias = list[HistoryPoint]


class MarketMakingStrategyClient:
    """Creates, watches and commands market-making strategies; `client.mm_strategy`.

    Every call raises a subclass of `ZenOTCError`: `StrategyError` and its kin where the state does not allow it,
    `ValidationError`, `NotFoundError`, `AuthenticationError`, `RateLimitError`, `ConnectionFailedError` where nothing
    was done, and `OutcomeUnknownError` where it may have been.
    """

    def __init__(self, client: ZenOTCClient) -> None:
        self._client = client

    # Strategies

    async def create(self, **parameters: Any) -> Strategy:
        """Create a strategy, and start it where `enabled`.

        Parameters
        ----------
        parameters
            Those of `StrategyConfig`; `name`, `asset`, `base_spread_bps`, `quote_size` and `max_position` are required.

        Raises
        ------
        ValidationError
            If a parameter is unknown or has a bad value; nothing is sent then.
        CircuitBreakerError, InsufficientMarginError, PositionLimitError, StrategyError
            If an enabled strategy may not start; it exists and is stopped.
        """
        body = _checked_configuration(parameters)
        return Strategy.from_wire(await self._client.http.change("POST", _STRATEGIES, body))

    async def get(self, strategy_id: str) -> Strategy:
        """Return a strategy."""
        return Strategy.from_wire(await self._get(_path(strategy_id)))

    async def list(self, asset: str | None = None, status: str | None = None) -> Strategies:
        """Return all strategies, of an asset and of a status ("active", "paused", "stopped") where given."""
        found: dict[str, Strategy] = {}
        page = 1
        while True:
            query = {"asset": asset, "status": status, "page": page, "limit": _PAGE}
            answer = await self._client.http.get(_STRATEGIES, query)
            found |= {fields["id"]: Strategy.from_wire(fields) for fields in answer["data"]}
            if not answer["hasMore"]:
                return [*found.values()]
            page += 1

    async def update(self, strategy_id: str, **changes: Any) -> Strategy:
        """Change parameters, all of them or none; `asset` and `enabled` cannot be.

        Raises
        ------
        ValidationError
            If a parameter is unknown or cannot be changed (nothing is sent then), or if the whole configuration
            that would result is refused.
        """
        body = _checked_changes(changes)
        return Strategy.from_wire(await self._client.http.change("PATCH", _path(strategy_id), body))

    async def delete(self, strategy_id: str) -> None:
        """Forget a strategy that is stopped and flat."""
        await self._client.http.change("DELETE", _path(strategy_id))

    # Commands

    async def start(self, strategy_id: str) -> CommandResult:
        """Begin to quote, from stopped.

        Raises
        ------
        PositionLimitError, CircuitBreakerError, InsufficientMarginError, StrategyError
            If a check refuses it.
        """
        return await self._command(strategy_id, "start")

    async def pause(self, strategy_id: str) -> CommandResult:
        """Cancel the quotes and keep the position; done when the venue has confirmed it."""
        return await self._command(strategy_id, "pause")

    async def resume(self, strategy_id: str) -> CommandResult:
        """Go on quoting after a pause; refused as `start` is."""
        return await self._command(strategy_id, "resume")

    async def stop(self, strategy_id: str, flatten_position: bool = False) -> CommandResult:
        """Cancel quotes and hedges, and trade the position to zero where asked to.

        Parameters
        ----------
        flatten_position
            Takes up to 30 s; the result says what is left, base units.
        """
        body = {"flattenPosition": True} if flatten_position else None
        seconds = _FLATTEN_SECONDS if flatten_position else _COMMAND_SECONDS
        return await self._command(strategy_id, "stop", body, seconds)

    async def accept_position(self, strategy_id: str, *, source: Literal["engine", "venue"]) -> CommandResult:
        """End a difference between the venues' positions and the engine's that keeps a strategy stopped.

        Parameters
        ----------
        source
            Which number is right: the "engine" leaves the strategy's position as it is, the "venue" books the
            difference to it.
        """
        return await self._command(strategy_id, "accept-position", {"source": source})

    async def emergency_stop_all(self, flatten_positions: bool = False) -> EmergencyStopResult:
        """Block every order entry, cancel everything at every venue, stop every strategy.

        It stays in force, across restarts, until `clear_emergency_stop`.
        """
        body = {"flattenPositions": True} if flatten_positions else None
        seconds = _FLATTEN_SECONDS if flatten_positions else _COMMAND_SECONDS
        path = f"{_STRATEGIES}/emergency-stop"
        return EmergencyStopResult.from_wire(
            await self._client.http.change("POST", path, body, timeout_seconds=seconds)
        )

    async def clear_emergency_stop(self, operator: str) -> EmergencyState:
        """End the emergency stop; strategies stay stopped.

        Parameters
        ----------
        operator
            Who takes that on; goes into the journal.
        """
        path = f"{_STRATEGIES}/emergency-stop"
        return EmergencyState.from_wire(await self._client.http.change("DELETE", path, {"operator": operator}))

    async def cancel_all_quotes(self, asset: str) -> int:
        """Pause every active strategy on an asset, cancel its quotes, and return how many were cancelled."""
        answer = await self._client.http.change(
            "POST", f"{_STRATEGIES}/cancel-quotes", {"asset": asset}, timeout_seconds=_COMMAND_SECONDS
        )
        return CancelQuotesResult.from_wire(answer).cancelled

    # Views

    async def get_metrics(self, strategy_id: str) -> StrategyMetrics:
        """Return a strategy's performance, PnL in USD."""
        return StrategyMetrics.from_wire(await self._get(_path(strategy_id, "metrics")))

    async def get_quote_stats(self, strategy_id: str) -> QuoteStats:
        """Return a strategy's quote statistics."""
        return QuoteStats.from_wire(await self._get(_path(strategy_id, "quote-stats")))

    async def get_quotes(self, strategy_id: str) -> Quotes:
        """Return what a strategy quotes, why a side is not quoted, and what the targets were computed from."""
        return Quotes.from_wire(await self._get(_path(strategy_id, "quotes")))

    async def preview(self, strategy_id: str, **changes: Any) -> Preview:
        """Return what a strategy would quote with changed parameters; nothing is done."""
        return Preview.from_wire(await self._client.http.ask(_path(strategy_id, "preview"), _checked_changes(changes)))

    async def preview_new(self, **parameters: Any) -> Preview:
        """Return what a strategy with these parameters would quote if it were created and started now; nothing is done.

        Raises
        ------
        ValidationError
            As `create`.
        """
        body = _checked_configuration(parameters)
        return Preview.from_wire(await self._client.http.ask(f"{_STRATEGIES}/preview", body))

    async def history(
        self,
        strategy_id: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        resolution_seconds: float | None = None,
    ) -> History:
        """Return a strategy over time.

        Parameters
        ----------
        start, end
            Aware times; by default all there is.
        resolution_seconds
            Between two points, from 1 s; by default a minute, or longer where the span takes it.

        Raises
        ------
        ValidationError
            If there would be more than 10,000 points; it names the resolution that fits.
        """
        query = {
            "from": format_time(start) if start else None,
            "to": format_time(end) if end else None,
            "resolution": resolution_seconds,
        }
        return [HistoryPoint.from_wire(point) for point in await self._get(_path(strategy_id, "history"), query)]

    async def order_book(self, asset: str, depth: int = 20) -> OrderBook:
        """Return the quoting venue's book, our own orders marked; `depth` levels on each side."""
        path = f"{_ROOT}/market-data/{quote(asset, safe='')}/orderbook"
        return OrderBook.from_wire(await self._get(path, {"depth": depth}))

    async def status(self) -> EngineStatus:
        """Return the state of the engine."""
        return EngineStatus.from_wire(await self._get(f"{_ROOT}/status"))

    # The stream

    async def subscribe_events(
        self, strategy_id: str | None, callback: Callback[StreamEvent], *, after_seq: int | None = None
    ) -> Subscription[StreamEvent]:
        """Have events delivered in the background, in order, none lost and none twice.

        It goes on over lost connections. A callback that raises is logged. Where the engine numbers its events
        anew, a `stream_reset` event says so.

        Parameters
        ----------
        strategy_id
            Only this strategy's; `None` is all.
        callback
            Plain or async, called with one event at a time.
        after_seq
            Begin after this event; by default with the next one.

        Returns
        -------
        Subscription
            Once the engine has confirmed it, with `close()` and `wait()`.
        """
        from zenotc.sdk.subscriptions import EventsSubscription

        _check_after_seq(after_seq)
        stream = self._client.stream
        return await stream.confirm(stream.add(EventsSubscription(stream, callback, strategy_id, after_seq)))

    async def events(self, strategy_id: str | None = None, after_seq: int | None = None) -> AsyncIterator[StreamEvent]:
        """Iterate over events, as `subscribe_events` delivers them."""
        from zenotc.sdk.subscriptions import EventsSubscription

        _check_after_seq(after_seq)
        stream = self._client.stream
        subscription = stream.add(EventsSubscription(stream, None, strategy_id, after_seq))
        try:
            while (event := await subscription.next()) is not None:
                yield event
        finally:
            await subscription.close()

    async def watch_events(
        self, callback: Callback[Sequence[Mapping[str, Any]]], after_seq: int | None = None
    ) -> Subscription[Sequence[Mapping[str, Any]]]:
        """Have events delivered as they come over the wire, numbers still exact, as many at a time as there are.

        For who looks at a few of many: no event is built. Returns at once: while the engine cannot be reached it
        goes on trying.
        """
        from zenotc.sdk.subscriptions import WireEventsSubscription

        _check_after_seq(after_seq)
        stream = self._client.stream
        return stream.add(WireEventsSubscription(stream, callback, None, after_seq))

    async def watch_strategies(self, callback: Callback[StrategiesChange]) -> Subscription[StrategiesChange]:
        """Have all strategies delivered, then what changes on them, at most five times a second.

        Returns at once: while the engine cannot be reached it goes on trying.
        """
        from zenotc.sdk.subscriptions import StrategiesSubscription

        stream = self._client.stream
        return stream.add(StrategiesSubscription(stream, callback))

    async def watch_order_book(self, asset: str, callback: Callback[OrderBook]) -> Subscription[OrderBook]:
        """Have an asset's book delivered whenever it has changed, at most five times a second; returns at once."""
        from zenotc.sdk.subscriptions import BookSubscription

        stream = self._client.stream
        return stream.add(BookSubscription(stream, callback, asset))

    async def _get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        return (await self._client.http.get(path, query))["data"]

    async def _command(
        self, strategy_id: str, name: str, body: Mapping[str, Any] | None = None, seconds: float = _COMMAND_SECONDS
    ) -> CommandResult:
        answer = await self._client.http.change("POST", _path(strategy_id, name), body, timeout_seconds=seconds)
        return CommandResult.from_wire(answer)


def _path(strategy_id: str, *rest: str) -> str:
    if not isinstance(strategy_id, str) or strategy_id in ("", ".", ".."):
        raise ValidationError.of_fields([{"field": "strategy_id", "reason": "is not an id"}])
    return "/".join((_STRATEGIES, quote(strategy_id, safe=""), *rest))


def _check_after_seq(after_seq: int | None) -> None:
    """Refuse a number that no event can have: the stream could only wait for ever."""
    if after_seq is not None and (isinstance(after_seq, bool) or not isinstance(after_seq, int) or after_seq < 0):
        raise ValidationError.of_fields([{"field": "after_seq", "reason": "must be a whole number, 0 or more"}])


def _checked_configuration(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a new strategy by their wire names, without the defaults."""
    config = StrategyConfig.build(parameters)
    return config.model_dump(by_alias=True, include=config.model_fields_set)


def _checked_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changed parameters by their wire names; the engine checks what would result."""
    fields = StrategyConfig.model_fields
    refused = [{"field": name, "reason": reason} for name, reason in _refusals(changes.items())]
    if refused:
        raise ValidationError.of_fields(refused)
    return {fields[name].alias or name: value for name, value in changes.items()}


def _refusals(changes: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, str]]:
    for name, value in changes:
        if name not in StrategyConfig.model_fields:
            yield name, "unknown parameter"
        elif name in FIXED_PARAMETERS:
            yield name, "cannot be updated"
        elif isinstance(value, float | Decimal) and not math.isfinite(value):
            yield name, "must be a finite number"
        else:
            try:
                encode(value)
            except TypeError as error:
                yield name, str(error)
