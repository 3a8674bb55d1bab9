"""The sandbox exchange with a lively crowd, in a process of its own, that tells its own record to whoever checks on it.

It is `zenotc sandbox-exchange` as it is served, but for who trades there, and for one more socket in its directory:
whoever connects and sends a line gets the account as the exchange itself has it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import zenotc.sandbox_exchange
from tests.faults.processes import say_into
from zenotc.models.market import BUY, SELL
from zenotc.models.orders import Amend, Fill, Place, Request
from zenotc.sandbox_exchange import ExchangeOptions, serve_exchange
from zenotc.venues.sandbox import SandboxExchange
from zenotc.venues.sandbox.markets import HEDGE_MARKETS, QUOTING_MARKETS, Market
from zenotc.venues.sandbox.matching import LevelChange
from zenotc.venues.sandbox.participants import MakerParameters, NoiseParameters

__all__ = ["STRAY", "Record", "Trade", "VenueRecord", "ask", "lively_venues", "run"]

AUDIT = "audit"
"""The name of the socket in the exchange's directory."""

CROWD = NoiseParameters(bursts_per_second=2.0, burst_orders=3.0, order_usd=20_000.0)
MAKERS = MakerParameters(makers=2, levels=4, half_spread_bps=4.0, level_usd=100_000.0, look_seconds=1.0)
_FLOOR, _CEILING, _PLENTY = 0.5, 2.0, 10**7
"""Where somebody buys and sells as many lots as anybody likes, in shares of the first price: no book is ever empty."""

_LARGEST_ANSWER = 1 << 28

STRAY = "stray"
"""What the ids of orders begin with that rest in our account and that no engine has sent."""

Trade = tuple[str, str, str, str, str, Decimal, Decimal, Decimal]
"""An execution: venue, asset, trade id, client order id, side, price, quantity, fee."""


@dataclass(frozen=True, slots=True)
class VenueRecord:
    """What an exchange has of our account; quantities in base units.

    Parameters
    ----------
    trades
        Our executions, from the one asked for.
    resting
        Ids of our open orders.
    positions
        By asset.
    worst
        By asset, the largest absolute position that there ever could have been if all that rested had filled.
    repeated
        Ids of orders that were asked for more than once.
    """

    trades: list[Trade]
    resting: list[str]
    positions: dict[str, Decimal]
    worst: dict[str, Decimal]
    repeated: list[str]


Record = dict[str, VenueRecord]
"""By venue."""


def lively_venues(seed: int, start_ns: int, latency_ns: int) -> tuple[WatchedExchange, WatchedExchange]:
    """Return the sandbox's two venues, the first with wider makers and many takers, so that quotes get filled."""
    quoting = WatchedExchange(
        "sandbox", markets=_enlivened(QUOTING_MARKETS), seed=seed, latency_ns=latency_ns, start_ns=start_ns
    )
    hedge = WatchedExchange("sandbox-hedge", markets=HEDGE_MARKETS, seed=seed, latency_ns=latency_ns, start_ns=start_ns)
    return quoting, hedge


def _enlivened(markets: Iterable[Market]) -> list[Market]:
    return [
        replace(
            market,
            flow=replace(market.flow, makers=MAKERS, noise=CROWD, informed=None),
            depth=(
                LevelChange(BUY, round(market.flow.price.start * _FLOOR / float(market.tick_size)), _PLENTY),
                LevelChange(SELL, round(market.flow.price.start * _CEILING / float(market.tick_size)), _PLENTY),
            ),
        )
        for market in markets
        if market.flow is not None
    ]


class WatchedExchange(SandboxExchange):
    """An exchange that remembers what was asked of it, and how far it could have carried us."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.placed: Counter[str] = Counter()
        self.worst = dict.fromkeys(self.instruments, 0)

    def send(self, request: Request, now_ns: int) -> None:
        if isinstance(request, Place):
            self.placed[request.client_order_id] += 1
        super().send(request, now_ns)

    def _handle(self, request: object, delivery: object) -> None:
        super()._handle(request, delivery)  # type: ignore[arg-type]
        if isinstance(request, Place | Amend) and request.asset in self.worst:
            self._note_exposure(request.asset)

    def _note_exposure(self, asset: str) -> None:
        held = round(self.account.positions[asset] / self.instruments[asset].lot_size)
        orders = [order for order in self.account.open_orders if order.instrument.asset == asset]
        resting = [order for order in orders if not order.client_order_id.startswith(STRAY)]
        buying = sum(order.remaining_lots for order in resting if order.side == BUY)
        selling = sum(order.remaining_lots for order in resting if order.side != BUY)
        self.worst[asset] = max(self.worst[asset], held + buying, selling - held)

    def leave(self, name: str) -> None:
        """Let an order rest in our account that nobody knows of, far away from where anybody trades."""
        asset = next(iter(self.instruments))
        self.send(Place(self.name, asset, name, BUY, 1, 1, post_only=True), self._now_ns)

    def record(self, known: int) -> VenueRecord:
        """Return what there is, of the executions those that come after so many."""
        account, markets = self.account, self.instruments
        return VenueRecord(
            trades=[_trade(fill, markets[fill.asset].price(fill.price_ticks), markets[fill.asset].quantity(
                fill.quantity_lots)) for fill in account.fills[known:]],
            resting=[order.client_order_id for order in account.open_orders],
            positions=account.positions,
            worst={asset: markets[asset].quantity(lots) for asset, lots in self.worst.items()},
            repeated=[name for name, times in self.placed.items() if times > 1],
        )  # fmt: skip


def _trade(fill: Fill, price: Decimal, quantity: Decimal) -> Trade:
    return (fill.venue, fill.asset, fill.trade_id, fill.client_order_id, fill.side, price, quantity, fill.fee)


def run(directory: Path, seed: int, latency_ns: int) -> None:
    """Be the exchange's process, until SIGTERM."""
    say_into(directory / "exchange.err")
    venues: list[WatchedExchange] = []

    def open_venues(*arguments: int) -> tuple[WatchedExchange, ...]:
        venues.extend(lively_venues(*arguments))
        return tuple(venues)

    zenotc.sandbox_exchange.demo_venues = open_venues  # type: ignore[assignment]
    options = ExchangeOptions(state_dir=directory, seed=seed, order_latency_ns=latency_ns)
    raise SystemExit(asyncio.run(_serve(options, venues, directory)))


async def _serve(options: ExchangeOptions, venues: list[WatchedExchange], directory: Path) -> int:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(await reader.readline())
        if asked["leave"]:
            venues[0].leave(asked["leave"])
        record = {venue.name: venue.record(asked["known"].get(venue.name, 0)) for venue in venues}
        writer.write(json.dumps(record, default=_plain).encode())
        writer.close()

    socket = directory / AUDIT
    socket.unlink(missing_ok=True)
    async with await asyncio.start_unix_server(answer, _short(socket)):
        return await serve_exchange(options)


async def ask(directory: Path, known: Mapping[str, int], leave: str = "") -> Record:
    """Return the record of a running exchange.

    Parameters
    ----------
    directory
        Its own.
    known
        How many executions are known already, by venue.
    leave
        The id of an order to be left in our account.
    """
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_unix_connection(_short(directory / AUDIT), limit=_LARGEST_ANSWER)
        writer.write(json.dumps({"known": known, "leave": leave}).encode() + b"\n")
        answer = json.loads(await reader.read())
        writer.close()
    return {
        venue: VenueRecord(
            trades=[(*trade[:5], *map(Decimal, trade[5:])) for trade in told["trades"]],
            resting=told["resting"],
            positions={asset: Decimal(position) for asset, position in told["positions"].items()},
            worst={asset: Decimal(position) for asset, position in told["worst"].items()},
            repeated=told["repeated"],
        )
        for venue, told in answer.items()
    }


def _short(path: Path) -> str:
    """Return a path that fits into the address of a socket."""
    return min(str(path), os.path.relpath(path), key=len)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    assert isinstance(value, VenueRecord)
    return {name: getattr(value, name) for name in value.__slots__}
