"""Binance recordings in their raw form: gzip text, `<local receive time, ns> <raw JSON>` per line.

The JSON is a message of the combined stream (`depthUpdate`, `bookTicker`, `trade`) or a REST depth
snapshot. Prices and sizes become whole ticks and lots here, exactly; other streams are passed over.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson

from zenotc.models.market import BUY, SELL, Instrument, Side

__all__ = ["Diff", "Message", "Recording", "RecordingError", "Snapshot", "Touch", "Trade", "open_recordings"]

Market = Literal["spot", "usdm"]
Levels = list[tuple[int, int]]

HEAD_LINES = 1_000
CACHED_TEXTS = 1 << 18
MAX_DECIMALS = 18
READ_BYTES = 1 << 20
QUOTE_CURRENCIES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD")

UNITS: dict[tuple[Market, str], tuple[Decimal, Decimal]] = {
    ("spot", "BTCUSDT"): (Decimal("0.01"), Decimal("0.00001")),
    ("spot", "ETHUSDT"): (Decimal("0.01"), Decimal("0.0001")),
    ("usdm", "BTCUSDT"): (Decimal("0.1"), Decimal("0.001")),
    ("usdm", "ETHUSDT"): (Decimal("0.01"), Decimal("0.001")),
}
"""Tick and lot by market; of another market they are the finest decimals that the recording's head shows."""


class RecordingError(ValueError):
    """A recording cannot be read; the message names the file and, where there is one, the line."""


class Diff(NamedTuple):
    """A `depthUpdate`: levels that now have this size, zero for none; it follows the diff `previous_id`.

    `event_ms` is the exchange's time up to which the sizes are true: `T` where the message has it, else `E`.
    """

    previous_id: int
    last_id: int
    event_ms: int
    bids: Levels
    asks: Levels


class Snapshot(NamedTuple):
    """The book as the REST interface gave it."""

    last_id: int
    bids: Levels
    asks: Levels


class Touch(NamedTuple):
    """A `bookTicker`: the best bid and ask after the update `update_id`."""

    update_id: int
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int


class Trade(NamedTuple):
    """A `trade`, executed at `executed_ms` of the exchange's clock."""

    executed_ms: int
    price_ticks: int
    quantity_lots: int
    taker_side: Side


Message = Diff | Snapshot | Touch | Trade


class _Units(dict[str, int]):
    """Whole units by the text that was recorded, so that a text is divided once.

    Parameters
    ----------
    unit
        USD per tick, or base units per lot.
    between
        What becomes of a text between two units.
    """

    def __init__(self, unit: Decimal, between: Literal["error", "up", "down"] = "error") -> None:
        super().__init__()
        self.unit = unit
        self.between = between
        # How many of the last decimal make one unit, by the number of decimals.
        self._divisors = [int(self.unit.scaleb(decimals)) for decimals in range(MAX_DECIMALS + 1)]

    def __missing__(self, text: str) -> int:
        # "61837.64000000" is 6183764000000 of its last decimal, and 1000000 of those are a tick of 0.01.
        whole, _, decimals = text.partition(".")
        divisor = self._divisors[len(decimals)]
        if not divisor:  # fewer decimals than the unit has
            decimals = decimals.ljust(-int(self.unit.as_tuple().exponent), "0")
            divisor = self._divisors[len(decimals)]
        units, rest = divmod(int(whole + decimals), divisor)
        if units < 0 or (rest and self.between == "error"):
            raise ValueError(f"{text!r} is not a multiple of {self.unit}")
        if rest and self.between == "up":
            units += 1
        if len(self) >= CACHED_TEXTS:
            self.clear()
        self[text] = units
        return units


class _Decoder:
    """Turns the JSON of one market into messages.

    Old orders may be finer than today's lot. Where they meet the lot the error is against us: what is displayed is
    rounded up, what was traded is rounded down.

    Parameters
    ----------
    symbol
        The market's name, which every message must carry.
    tick_size, lot_size
        USD per tick, base units per lot.
    """

    def __init__(self, symbol: str, tick_size: Decimal, lot_size: Decimal) -> None:
        self._symbol = symbol
        self._ticks = _Units(tick_size)
        self._displayed = _Units(lot_size, "up")
        self._traded = _Units(lot_size, "down")

    def decode(self, raw: dict[str, Any]) -> Message | None:
        """Return the message, `None` for one of another stream."""
        data = raw.get("data")
        if data is None:
            return Snapshot(raw["lastUpdateId"], self._levels(raw["bids"]), self._levels(raw["asks"]))
        if data["s"] != self._symbol:
            raise ValueError(f"symbol {data['s']!r} among {self._symbol!r}")
        event = data.get("e", "bookTicker")  # the spot bookTicker has no event type
        if event == "bookTicker":
            ticks, lots = self._ticks, self._displayed
            return Touch(data["u"], ticks[data["b"]], lots[data["B"]], ticks[data["a"]], lots[data["A"]])
        if event == "trade":
            # Futures also print what never met the book: liquidations by the insurance fund, auto-deleveraging.
            if data.get("X", "MARKET") != "MARKET":
                return None
            taker_side = SELL if data["m"] else BUY
            return Trade(data["T"], self._ticks[data["p"]], self._traded[data["q"]], taker_side)
        if event == "depthUpdate":
            # Spot numbers every update, so a diff that begins at U follows the one that ended at U - 1.
            previous_id = data["pu"] if "pu" in data else data["U"] - 1
            event_ms = data["T"] if "T" in data else data["E"]
            return Diff(previous_id, data["u"], event_ms, self._levels(data["b"]), self._levels(data["a"]))
        return None

    def _levels(self, texts: list[list[str]]) -> Levels:
        ticks, lots = self._ticks, self._displayed
        return [(ticks[price], lots[size]) for price, size in texts]


class _Lines:
    """The lines of one file as `(receive time, JSON)`; where it stops, it says at which line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        self.number = 0
        loads = orjson.loads
        try:
            # A BufferedReader splits lines in C; GzipFile itself does it in Python.
            with gzip.open(self.path, "rb") as unpacked, io.BufferedReader(unpacked, READ_BYTES) as lines:
                for line in lines:
                    self.number += 1
                    received, _, raw = line.partition(b" ")
                    yield int(received), loads(raw)
        except FileNotFoundError:
            raise RecordingError(f"{self.path}: no such file") from None
        except EOFError:
            raise RecordingError(f"{self.path}: the file ends in the middle, after line {self.number}") from None
        except (OSError, zlib.error) as error:
            raise RecordingError(f"{self.path}: cannot be read after line {self.number}: {error}") from None
        except ValueError as error:
            raise self.error(f"not a time and a JSON object ({error})") from None

    def error(self, problem: str) -> RecordingError:
        """Return the error for the line that was read last."""
        return RecordingError(f"{self.path}, line {self.number}: {problem}")


@dataclass(frozen=True, slots=True)
class _Head:
    """What the first lines of a file tell about it."""

    path: Path
    market: Market
    symbol: str
    first_ns: int
    clock_lag_ns: int
    tick_size: Decimal
    lot_size: Decimal


@dataclass(frozen=True, slots=True)
class Recording:
    """One market, recorded in one file or in several that continue one another.

    Parameters
    ----------
    market, symbol
        Which market, and its name there.
    tick_size, lot_size
        USD per tick, base units per lot.
    first_ns
        When the first message was received, ns since the Unix epoch on the recorder's clock.
    clock_lag_ns
        How far the recorder's clock is behind the exchange's, ns: the most by which an event time (`E`) among
        the first messages is later than its receipt, which takes the quickest of them to have needed no time.
    paths
        The files in the order of their time.
    """

    market: Market
    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    first_ns: int
    clock_lag_ns: int
    paths: tuple[Path, ...]

    @property
    def asset(self) -> str:
        """The base asset, "BTC" of "BTCUSDT"."""
        for currency in QUOTE_CURRENCIES:
            if self.symbol.endswith(currency) and self.symbol != currency:
                return self.symbol.removesuffix(currency)
        raise RecordingError(f"{self.paths[0]}: {self.symbol} is not quoted in dollars")

    def instrument(self, venue: str, maker_fee_rate: Decimal, taker_fee_rate: Decimal) -> Instrument:
        """Return the market's instrument at a venue with these fees."""
        return Instrument(venue, self.asset, self.symbol, self.tick_size, self.lot_size, maker_fee_rate, taker_fee_rate)

    def messages(self) -> Iterator[tuple[int, Message]]:
        """Yield every message with the time of its receipt, ns on the recorder's clock.

        Raises
        ------
        RecordingError
            If a file is not gzip or is cut off, a line is malformed, names another symbol or is earlier than the one
            before, or a price is off the tick.
        """
        decode = _Decoder(self.symbol, self.tick_size, self.lot_size).decode
        latest_ns = 0
        for path in self.paths:
            lines = _Lines(path)
            for received_ns, raw in lines:
                if received_ns < latest_ns:
                    raise lines.error("earlier than the line before")
                latest_ns = received_ns
                try:
                    message = decode(raw)
                except (AttributeError, LookupError, TypeError, ValueError) as error:
                    raise lines.error(f"malformed message ({type(error).__name__}: {error})") from None
                if message is not None:
                    yield received_ns, message


def open_recordings(paths: Iterable[Path]) -> list[Recording]:
    """Look into the files and put those of one market together, in the order of their time.

    Raises
    ------
    RecordingError
        If there is no file, one cannot be read, or two markets have the same base asset.
    """
    files: dict[tuple[Market, str], list[_Head]] = {}
    for path in paths:
        head = _read_head(path)
        files.setdefault((head.market, head.symbol), []).append(head)
    if not files:
        raise RecordingError("no recording was given")
    recordings = []
    for (market, symbol), heads in sorted(files.items()):
        heads.sort(key=lambda head: head.first_ns)
        tick_size, lot_size = UNITS.get((market, symbol)) or (
            min(head.tick_size for head in heads),
            min(head.lot_size for head in heads),
        )
        recordings.append(
            Recording(
                market,
                symbol,
                tick_size,
                lot_size,
                heads[0].first_ns,
                heads[0].clock_lag_ns,
                tuple(head.path for head in heads),
            )
        )
    by_asset: dict[str, Recording] = {}
    for recording in recordings:
        other = by_asset.setdefault(recording.asset, recording)
        if other is not recording:
            raise RecordingError(f"{recording.paths[0]}: {recording.asset} is already replayed from {other.paths[0]}")
    return recordings


def _read_head(path: Path) -> _Head:
    """Find out from its first lines what a file holds."""
    lines = _Lines(path)
    first_ns: int | None = None
    market: Market | None = None
    symbol: str | None = None
    lags: list[int] = []
    prices: set[str] = set()
    sizes: set[str] = set()
    for received_ns, raw in islice(lines, HEAD_LINES):
        if first_ns is None:
            first_ns = received_ns
        try:
            data = raw.get("data", raw)
            if "E" in data:
                lags.append(data["E"] * 1_000_000 - received_ns)
            symbol = symbol or data.get("s")
            if data.get("e") == "depthUpdate":
                market = market or ("usdm" if "pu" in data else "spot")
                levels = data["b"] + data["a"]
                prices.update(price for price, _ in levels)
                sizes.update(size for _, size in levels)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise lines.error(f"malformed message ({type(error).__name__}: {error})") from None
    if first_ns is None:
        raise RecordingError(f"{path}: the recording is empty")
    if market is None or symbol is None:
        raise RecordingError(f"{path}: no depthUpdate in the first {lines.number} lines")
    return _Head(path, market, symbol, first_ns, max(lags, default=0), _finest(prices, path), _finest(sizes, path))


def _finest(texts: Iterable[str], path: Path) -> Decimal:
    """Return the unit of the last decimal that is in use."""
    try:
        exponents = [int(Decimal(text).normalize().as_tuple().exponent) for text in texts]
    except (ArithmeticError, TypeError, ValueError):
        raise RecordingError(f"{path}: a price or size in the first lines is not a number") from None
    return Decimal(1).scaleb(min(0, *exponents, 0))
