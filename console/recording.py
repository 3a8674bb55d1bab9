"""What the console saw, in a file: everything that came through its links, with its time, and playing it back.

A recording is lines of JSON, compressed: `[seconds, kind, value, engine]` from when the console was opened, the engine
as a number; the first line has the engines' names. A playback is of engines without a future: their streams say again
what they said, questions are answered with the last answer that was recorded, and nothing can be commanded.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zenotc.exceptions import ConnectionFailedError, ValidationError
from zenotc.models.quotes import OrderBook
from zenotc.models.status import EngineStatus, HistoryPoint
from zenotc.models.wire import decode, encode
from zenotc.models.wire_event import WireEvent, fields_of
from zenotc.sdk.stream import Link
from zenotc.sdk.subscriptions import StrategiesChange

if TYPE_CHECKING:
    from zenotc.sdk.client import ZenOTCClient

__all__ = ["LARGEST_BYTES", "Playback", "PlayedEngine", "Recorder", "Recording", "read_recording"]

FORMAT = "zenotc console recording 2"

LARGEST_BYTES = 256 << 20
"""A recording ends when its file is so large; the console goes on."""

_NOT_RECORDED = "a playback has only what the console saw"

Callback = Callable[[Any], Any]
Write = Callable[[str, object], None]


class Recorder:
    """Writes a recording.

    Parameters
    ----------
    path
        A file that is not there yet.
    engines
        Their names; '' for the only one.
    clock
        Monotonic seconds.
    largest_bytes
        Where it ends.

    Raises
    ------
    OSError
        If the file cannot be made, or is there already.
    """

    def __init__(
        self,
        path: Path,
        engines: Sequence[str] = ("",),
        clock: Callable[[], float] = time.monotonic,
        largest_bytes: int = LARGEST_BYTES,
    ) -> None:
        self._raw = path.open("xb")
        self._file = gzip.GzipFile(fileobj=self._raw, mode="wb", compresslevel=1)
        self._clock, self._began, self._left = clock, clock(), largest_bytes
        self._write(FORMAT, list(engines), 0)

    def write(self, kind: str, value: object, engine: int = 0) -> None:
        """Keep one thing that came from an engine."""
        if self._left > 0:
            self._write(kind, value, engine)

    def _write(self, kind: str, value: object, engine: int) -> None:
        before = self._raw.tell()
        self._file.write(encode([round(self._clock() - self._began, 3), kind, value, engine]) + b"\n")
        self._left -= self._raw.tell() - before

    def close(self) -> None:
        """End the file; what was written before a crash can be read without that."""
        self._file.close()
        self._raw.close()


class Recording:
    """A client that keeps what an engine says; for the rest it is the client.

    Parameters
    ----------
    client
        The engine's client.
    recorder
        Where it is kept.
    engine
        Which of the recorder's engines it is.
    """

    def __init__(self, client: ZenOTCClient, recorder: Recorder, engine: int = 0) -> None:
        self._client, self._write = client, partial(recorder.write, engine=engine)
        self.mm_strategy = _RecordedCalls(client.mm_strategy, self._write)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def watch_link(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        """Call back on every change of the connection, and keep it."""
        return self._client.watch_link(_kept(self._write, "link", callback, asdict))


class _RecordedCalls:
    """The calls of strategies; what streams and answers say that the console shows is kept."""

    def __init__(self, calls: Any, write: Write) -> None:
        self._calls, self._write = calls, write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._calls, name)

    async def watch_strategies(self, callback: Callback) -> Any:
        return await self._calls.watch_strategies(_kept(self._write, "strategies", callback, _change))

    async def watch_events(self, callback: Callback, **options: Any) -> Any:
        return await self._calls.watch_events(_kept(self._write, "events", callback, _events), **options)

    async def watch_order_book(self, asset: str, callback: Callback) -> Any:
        return await self._calls.watch_order_book(asset, _kept(self._write, "book", callback, _same))

    async def status(self) -> EngineStatus:
        status: EngineStatus = await self._calls.status()
        self._write("status", status)
        return status

    async def history(self, strategy_id: str, **options: Any) -> Sequence[HistoryPoint]:
        points: Sequence[HistoryPoint] = await self._calls.history(strategy_id, **options)
        self._write("history", [strategy_id, points])
        return points


def _kept(write: Write, kind: str, callback: Callback, shape: Callable[[Any], object]) -> Callback:
    """Return a callback that keeps what it is called with, and then calls another."""

    def keep(value: Any) -> Any:
        write(kind, shape(value))
        return callback(value)

    return keep


def _change(change: StrategiesChange) -> object:
    return [change.wire, list(change.removed), change.complete]


def _events(events: Sequence[Mapping[str, Any]]) -> object:
    return [fields_of(event) for event in events]


def _same(value: Any) -> object:
    return value


def read_recording(path: Path) -> Iterator[tuple[float, str, Any, int]]:
    """Yield what was recorded: seconds, kind, value and engine; one that was cut off ends where it was.

    The first that is yielded has the names of the engines.

    Raises
    ------
    ValidationError
        If the file cannot be read or is no recording.
    """
    try:
        with gzip.open(path, "rb") as file:
            engines = 0
            for line in file:
                at, kind, value, engine = decode(line)
                if not engines and kind != FORMAT:
                    raise ValidationError(f"{path} is no recording of the console, or one of another release")
                engines = engines or len(value)
                if not 0 <= engine < engines:
                    raise ValidationError(f"{path} is no recording of the console: it has no engine {engine}")
                yield float(at), kind, value, engine
    except EOFError:
        return
    except (OSError, TypeError, ValueError, zlib.error) as error:
        raise ValidationError(f"{path} is no recording of the console: {error}") from error


class Playback:
    """Clients in whose place a recording speaks.

    Parameters
    ----------
    path
        The recording.
    speed
        Recorded seconds per second.

    Attributes
    ----------
    engines
        A client for each engine that was recorded.

    Raises
    ------
    ValidationError
        If the file is no recording.
    """

    def __init__(self, path: Path, speed: float = 1.0) -> None:
        self._path, self._speed = path, speed
        head = next(read_recording(path), None)
        if head is None:
            raise ValidationError(f"{path} is no recording of the console: it is empty")
        self.engines = [PlayedEngine(str(name), f"playback of {path.name}") for name in head[2]]

    async def __aenter__(self) -> Playback:
        self._player = asyncio.create_task(self._play())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._player.cancel()
        await asyncio.gather(self._player, return_exceptions=True)

    async def _play(self) -> None:
        for played in self.engines:
            await played.mm_strategy.listened.wait()
        began = time.monotonic()
        for at, kind, value, engine in itertools.islice(read_recording(self._path), 1, None):
            await asyncio.sleep(max(0.0, began + at / self._speed - time.monotonic()))
            await self.engines[engine].say(kind, value)
        for played in self.engines:
            played.end()


class PlayedEngine:
    """A client of one engine of a recording.

    Parameters
    ----------
    name
        What it was called, '' where it was the only one.
    base_url
        Where it is said to be.
    """

    def __init__(self, name: str, base_url: str) -> None:
        self.name, self.base_url = name, base_url
        self.mm_strategy = _PlayedCalls()
        self._link_callbacks: list[Callable[[Link], None]] = []

    def watch_link(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        """Call back on what the connection was."""
        self._link_callbacks.append(callback)
        return lambda: self._link_callbacks.remove(callback)

    async def say(self, kind: str, value: Any) -> None:
        """Let one recorded thing come again."""
        if kind == "link":
            self._tell(Link(**value))
        else:
            await self.mm_strategy.say(kind, value)

    def end(self) -> None:
        """Say that there is no more."""
        self._tell(Link(state="lost", reason="the recording has ended"))

    def _tell(self, link: Link) -> None:
        for callback in self._link_callbacks:
            callback(link)


class _Silent:
    """A subscription that has nothing to end."""

    async def close(self) -> None:
        """Do nothing."""


class _PlayedCalls:
    """The calls of strategies, answered by a recording."""

    def __init__(self) -> None:
        self.listened = asyncio.Event()
        self._status: asyncio.Future[EngineStatus] = asyncio.get_running_loop().create_future()
        self._books: dict[str, OrderBook] = {}
        self._history: dict[str, list[HistoryPoint]] = {}
        self._listeners: dict[str, Callback] = {}
        self._early: list[Mapping[str, Any]] = []

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def refuse(*_: Any, **__: Any) -> Any:
            raise ConnectionFailedError(_NOT_RECORDED)

        return refuse

    async def say(self, kind: str, value: Any) -> None:
        """Let one recorded thing come again."""
        match kind:
            case "status":
                if self._status.done():
                    self._status = asyncio.get_running_loop().create_future()
                self._status.set_result(EngineStatus.from_wire(value))
            case "history":
                self._history[value[0]] = [HistoryPoint.from_wire(point) for point in value[1]]
            case "book":
                book = self._books[value["asset"]] = OrderBook.from_wire(value)
                self._tell(f"book {book.asset}", book)
            case "strategies":
                self._tell("strategies", StrategiesChange(value[0], tuple(value[1]), value[2]))
            case "events":
                value = [WireEvent.of(event) for event in value]
                if "events" not in self._listeners:
                    self._early += value
                self._tell("events", value)

    def _tell(self, kind: str, value: Any) -> None:
        listener = self._listeners.get(kind)
        if listener is not None:
            answer = listener(value)
            if asyncio.iscoroutine(answer):
                asyncio.ensure_future(answer)  # noqa: RUF006 - it waits for the screen alone

    async def watch_strategies(self, callback: Callback) -> _Silent:
        self._listeners["strategies"] = callback
        self.listened.set()
        return _Silent()

    async def watch_events(self, callback: Callback, **_: Any) -> _Silent:
        self._listeners["events"] = callback
        callback(self._early)
        self._early = []
        return _Silent()

    async def watch_order_book(self, asset: str, callback: Callback) -> _Silent:
        self._listeners[f"book {asset}"] = callback
        if asset in self._books:
            callback(self._books[asset])
        return _Silent()

    async def status(self) -> EngineStatus:
        return await asyncio.shield(self._status)

    async def history(self, strategy_id: str, **_: Any) -> list[HistoryPoint]:
        return self._history.get(strategy_id, [])

    async def order_book(self, asset: str, **_: Any) -> OrderBook:
        if asset not in self._books:
            raise ConnectionFailedError(_NOT_RECORDED)
        return self._books[asset]
