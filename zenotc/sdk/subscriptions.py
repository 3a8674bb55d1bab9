"""What a client subscribes to: each kind takes the stream's messages in and hands values out, one at a time."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, Literal, Protocol, TypeVar

import pydantic

from zenotc.models.events import Event, StrategyEvent, UnknownEvent, event_from_wire
from zenotc.models.quotes import OrderBook
from zenotc.models.strategy import Strategy
from zenotc.models.wire_event import EventHead, WireEvent

__all__ = [
    "BookSubscription",
    "Callback",
    "EventsSubscription",
    "StrategiesChange",
    "StrategiesSubscription",
    "StreamEvent",
    "StreamGapError",
    "StreamReset",
    "Subscription",
    "WireEventsSubscription",
]

T = TypeVar("T")
Callback = Callable[[T], Awaitable[object] | object]

_MAX_QUEUED = 20_000
_CLOSE_SECONDS = 5.0  # for a callback that is under way
_ids = itertools.count(1)
_logger = logging.getLogger("zenotc.sdk")


class StreamReset(StrategyEvent):
    """The engine numbers its events anew: what happened in between is not delivered, ask for the state afresh.

    The client makes it itself. `seq` is the number in the new `epoch` after which events go on.
    """

    type: Literal["stream_reset"] = "stream_reset"
    epoch: str


StreamEvent = Event | UnknownEvent | StreamReset


class StreamGapError(Exception):
    """An event is missing between two that arrived."""


@dataclass(frozen=True)
class StrategiesChange:
    """The strategies that have changed, merged, and the ids of those that are gone.

    `complete` says that `changed` holds all there are: at first, and after a lost connection. `wire` is the same by
    id as it came, for who looks at a few of many: a strategy is built when `changed` is first asked for.
    """

    wire: Mapping[str, Mapping[str, Any]]
    removed: tuple[str, ...]
    complete: bool

    @cached_property
    def changed(self) -> tuple[Strategy, ...]:
        """The strategies that have changed."""
        return tuple(Strategy.from_wire(fields) for fields in self.wire.values())


class Stream(Protocol):
    """The connection, as a subscription sees it."""

    def say(self, message: Mapping[str, Any]) -> None:
        """Send a message if connected; a new connection begins with every subscription's request anyway."""

    def forget(self, subscription: Subscription[Any]) -> None:
        """Route no more messages to it."""


class Subscription(ABC, Generic[T]):
    """Values that arrive in the background until it is closed.

    Parameters
    ----------
    stream
        Where it is subscribed.
    callback
        Plain or async; called with one value at a time, in order. `None` where the values are taken with `next`.
    """

    channel: str

    def __init__(self, stream: Stream, callback: Callback[T] | None) -> None:
        self.id = f"s{next(_ids)}"
        self._stream = stream
        self._callback = callback
        self._wake = asyncio.Event()
        self._closed = asyncio.Event()
        self._confirmation: asyncio.Future[None] | None = None
        self._is_confirmed = False
        self._worker = None if callback is None else asyncio.create_task(self._work(callback))

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._closed.is_set()

    async def wait(self) -> None:
        """Stay until it is closed, or the client is."""
        await self._closed.wait()
        if self._worker is not None and self._worker.done() and not self._worker.cancelled():
            self._worker.result()

    async def close(self) -> None:
        """End it: nothing is called back once this returns. A callback may close its own subscription."""
        if not self.closed:
            self._stream.forget(self)
            self._stream.say({"type": "unsubscribe", "channel": self.channel, "id": self.id})
            self.end()
        worker = self._worker
        if worker is not None and worker is not asyncio.current_task():
            worker.cancel()
            await asyncio.wait((worker,), timeout=_CLOSE_SECONDS)

    def end(self) -> None:
        """Take nothing in any more."""
        self._closed.set()
        self._wake.set()

    async def next(self) -> T | None:
        """Return the next value, `None` once it is closed."""
        while not self.closed:
            value = self._pop()
            if value is not None:
                return value
            self._wake.clear()
            await self._wake.wait()
        return None

    async def confirmed(self) -> None:
        """Wait for the engine's confirmation."""
        if not self._is_confirmed:
            self._confirmation = asyncio.get_running_loop().create_future()
            await self._confirmation

    def refuse(self, error: Exception) -> None:
        """Tell who waits for the confirmation that it will not come."""
        if self._confirmation is not None and not self._confirmation.done():
            self._confirmation.set_exception(error)

    def receive(self, message: Mapping[str, Any]) -> None:
        """Take one message of the stream in."""
        if message.get("subscribed"):
            self._is_confirmed = True
            if self._confirmation is not None and not self._confirmation.done():
                self._confirmation.set_result(None)
        if self._take(message):
            self._wake.set()

    def request(self) -> dict[str, Any]:
        """Return the message that subscribes, going on where it stands."""
        return {"type": "subscribe", "channel": self.channel, "id": self.id}

    @abstractmethod
    def _take(self, message: Mapping[str, Any]) -> bool:
        """Take a message in; whether there is a value now."""

    @abstractmethod
    def _pop(self) -> T | None:
        """Return the next value if there is one."""

    async def _work(self, callback: Callback[T]) -> None:
        try:
            while (value := await self.next()) is not None:
                await _call(callback, value)
        finally:
            self._stream.forget(self)
            self.end()


async def _call(callback: Callback[T], value: T) -> None:
    try:
        result = callback(value)
        if inspect.isawaitable(result):
            await result
    except Exception:  # the caller's own code: whatever it raises, the next value still reaches it
        _logger.exception("a callback raised on %s", type(value).__name__)


class _Events(Subscription[T]):
    """Events, in order, none lost and none twice, over any number of connections.

    A callback that is slower than the events lets them wait in the engine's journal, not in this process.

    Parameters
    ----------
    strategy_id
        Only this strategy's events; `None` is all.
    after_seq
        Where to begin; `None` begins with the next event.
    """

    channel = "events"

    def __init__(
        self, stream: Stream, callback: Callback[T] | None, strategy_id: str | None, after_seq: int | None
    ) -> None:
        self._strategy_id = strategy_id
        self._cursor = after_seq
        self._epoch: str | None = None
        self._queue: deque[WireEvent | StreamReset] = deque()
        self._suspended = False
        super().__init__(stream, callback)

    def request(self) -> dict[str, Any]:
        """Return the message that subscribes, going on after the last event that was taken in."""
        place = {"afterSeq": self._cursor, "epoch": self._epoch, "strategyId": self._strategy_id}
        return super().request() | {name: value for name, value in place.items() if value is not None}

    def _take(self, message: Mapping[str, Any]) -> bool:
        if message.get("subscribed"):
            self._epoch = message["epoch"]
            if self._cursor is None:
                self._cursor = message["lastSeq"]
        if message.get("snapshotRequired"):
            self._reset(message["epoch"], message["lastSeq"])
        if not self._suspended:
            for event in message.get("events", ()):
                self._append(event.head, event)
            self._suspend_when_behind()
        return bool(self._queue)

    def _append(self, head: EventHead, event: WireEvent) -> None:
        if self._cursor is None or head.seq <= self._cursor:
            return
        if head.prev_seq > self._cursor:
            raise StreamGapError(f"the events between {self._cursor} and {head.prev_seq} are missing")
        self._cursor = head.seq
        self._queue.append(event)

    def _reset(self, epoch: str, last_seq: int) -> None:
        _logger.warning("the engine numbers its events anew (epoch %s); events go on after %s", epoch, last_seq)
        self._queue.append(StreamReset(seq=last_seq, timestamp=datetime.now(UTC), epoch=epoch))
        self._cursor, self._epoch = last_seq, epoch
        self._stream.say(self.request())

    def _suspend_when_behind(self) -> None:
        if len(self._queue) >= _MAX_QUEUED:
            self._suspended = True
            self._stream.say({"type": "unsubscribe", "channel": self.channel, "id": self.id})

    def _go_on_when_near(self) -> None:
        if self._suspended and len(self._queue) <= _MAX_QUEUED // 4:
            self._suspended = False
            self._stream.say(self.request())


class EventsSubscription(_Events[StreamEvent]):
    """Events one at a time; one that this version cannot read is left out, and logged."""

    def _pop(self) -> StreamEvent | None:
        event: StreamEvent | None = None
        while self._queue and event is None:
            event = _readable(self._queue.popleft())
        self._go_on_when_near()
        return event


class WireEventsSubscription(_Events[Sequence[Mapping[str, Any]]]):
    """Events as they came, as many at a time as there are, for who looks at a few of many."""

    def _pop(self) -> Sequence[Mapping[str, Any]] | None:
        batch = [event.to_wire() if isinstance(event, StreamReset) else event for event in self._queue]
        self._queue.clear()
        self._go_on_when_near()
        return batch or None


def _readable(event: WireEvent | StreamReset) -> StreamEvent | None:
    if isinstance(event, StreamReset):
        return event
    try:
        return event_from_wire(event.read())
    except pydantic.ValidationError:
        _logger.exception("event %s is not readable by this version", event["seq"])
        return None


class StrategiesSubscription(Subscription[StrategiesChange]):
    """All strategies, then what changes on them; a slow callback sees fewer, newer changes."""

    channel = "strategies"

    def __init__(self, stream: Stream, callback: Callback[StrategiesChange] | None) -> None:
        self._wire: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, None] = {}
        self._removed: dict[str, None] = {}
        self._complete = False
        super().__init__(stream, callback)

    def _take(self, message: Mapping[str, Any]) -> bool:
        if "snapshot" in message:
            now = {fields["id"]: fields for fields in message["snapshot"]}
            self._removed |= dict.fromkeys(self._wire.keys() - now.keys())
            self._wire, self._changed, self._complete = now, dict.fromkeys(now), True
        for fields in message.get("changes", ()):
            self._wire[fields["id"]] = self._wire.get(fields["id"], {}) | fields
            self._changed[fields["id"]] = None
        for strategy_id in message.get("removed", ()):
            self._wire.pop(strategy_id, None)
            self._changed.pop(strategy_id, None)
            self._removed[strategy_id] = None
        return bool(self._changed or self._removed or self._complete)

    def _pop(self) -> StrategiesChange | None:
        if not (self._changed or self._removed or self._complete):
            return None
        wire = {strategy_id: self._wire[strategy_id] for strategy_id in self._changed}
        change = StrategiesChange(wire, tuple(self._removed), self._complete)
        self._changed, self._removed, self._complete = {}, {}, False
        return change


class BookSubscription(Subscription[OrderBook]):
    """The newest book of one asset."""

    channel = "orderbook"

    def __init__(self, stream: Stream, callback: Callback[OrderBook] | None, asset: str) -> None:
        self._asset = asset
        self._newest: dict[str, Any] | None = None
        super().__init__(stream, callback)

    def request(self) -> dict[str, Any]:
        """Return the message that subscribes."""
        return super().request() | {"assets": [self._asset]}

    def _take(self, message: Mapping[str, Any]) -> bool:
        self._newest = message.get("book", self._newest)
        return self._newest is not None

    def _pop(self) -> OrderBook | None:
        newest, self._newest = self._newest, None
        return None if newest is None else OrderBook.from_wire(newest)
