"""A venue made of recordings: it moves in their time, and answers requests as an exchange would."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from heapq import heapify, heappop, heapreplace
from pathlib import Path

from zenotc.models.market import Instrument, PublicTrade
from zenotc.models.orders import (
    Amend,
    AmendRejected,
    Cancel,
    CancelAfter,
    CancelAfterSet,
    CancelAll,
    CancelledAll,
    CancelRejected,
    Fill,
    OrderRejected,
    Place,
    Report,
    Request,
)
from zenotc.venues.account import Account
from zenotc.venues.replay.market import REJECTIONS, ReplayMarket
from zenotc.venues.replay.queue import RestingOrder
from zenotc.venues.replay.recording import Diff, Message, Recording, Snapshot, Touch, Trade, open_recordings
from zenotc.venues.venue import VenueSink

__all__ = ["ReplayVenue"]

SECOND_NS = 1_000_000_000
HOLE_NS = 5 * SECOND_NS
NEVER_NS = 1 << 63

MAKER_FEE_RATE = Decimal("0.0001")
TAKER_FEE_RATE = Decimal("0.0004")


@dataclass(slots=True)
class _Feed:
    """One market's recording on its way through; times are the replay's."""

    recording: Recording
    market: ReplayMarket
    messages: Iterator[tuple[int, Message]]
    heard: bool = False
    ended: bool = False
    previous_ns: int = 0
    next_ns: int = 0
    next_message: Message | None = None


class ReplayVenue:
    """Recorded markets as a simulated venue.

    Trading time is the exchange's UTC: receive times are shifted by what the recorder's clock was behind it. At one
    time, market data comes first, then requests that arrive, then reports that are delivered, then the timer for our
    silence, then the heartbeat.
    A heartbeat is sent every second of trading time while no market that still runs is in a hole, which is a
    silence of more than 5 s. After the last message of a market its feed has ended (`replay_finished`); with `loop`
    it begins again a second after the last message of all of them, its time going on: books are then rebuilt from
    their snapshots, and as the price may be anywhere our orders are cancelled (`replay_restarted`).

    Parameters
    ----------
    files
        Recordings in any order; those of one market continue one another.
    name
        The venue's name.
    order_latency_ns
        How long a request takes to the venue, and a report back, ns.
    loop
        Whether to begin again at the end.
    balance
        The account's USD to begin with.
    maker_fee_rate, taker_fee_rate
        Fee as a share of the traded notional; the defaults, 1 and 4 bps, are those of a middling fee tier.

    Raises
    ------
    RecordingError
        If a file cannot be read; `advance` raises it too, as it reads on.
    ValueError
        If the latency is negative.
    """

    def __init__(
        self,
        files: Iterable[Path | str],
        *,
        name: str = "replay",
        order_latency_ns: int = 5_000_000,
        loop: bool = False,
        balance: Decimal = Decimal(1_000_000),
        maker_fee_rate: Decimal = MAKER_FEE_RATE,
        taker_fee_rate: Decimal = TAKER_FEE_RATE,
    ) -> None:
        if order_latency_ns < 0:
            raise ValueError(f"order_latency_ns is negative: {order_latency_ns}")
        recordings = open_recordings(Path(file) for file in files)
        # One recorder has one clock; the quickest message of all tells most about it.
        self._shift_ns = max(recording.clock_lag_ns for recording in recordings)
        self.start_ns = min(recording.first_ns for recording in recordings) + self._shift_ns
        self.messages_read = 0
        self._name = name
        self._latency_ns = order_latency_ns
        self._loop = loop
        self._instruments = {
            recording.asset: recording.instrument(name, maker_fee_rate, taker_fee_rate) for recording in recordings
        }
        self._account: Account[RestingOrder] = Account(name, self._instruments.values(), balance)
        self._feeds = {recording.asset: self._feed(recording) for recording in recordings}
        self._sink: VenueSink | None = None
        self._requests: deque[tuple[int, Request]] = deque()
        self._reports: deque[tuple[int, Report]] = deque()
        self._now_ns = self.start_ns
        self._orders_placed = 0
        # The feeds by the time of their next message; the asset decides a tie.
        self._due: list[tuple[int, str]] = []
        self._silence_ends_ns = NEVER_NS
        self._heartbeat_ns = self.start_ns + SECOND_NS
        self._own_ns = self._heartbeat_ns
        self._begin()

    def _feed(self, recording: Recording) -> _Feed:
        market = ReplayMarket(self._instruments[recording.asset], self._account, self._report)
        return _Feed(recording, market, recording.messages())

    @property
    def name(self) -> str:
        """The venue's name."""
        return self._name

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The recorded markets by asset."""
        return self._instruments

    def restore(self, fills: Iterable[Fill]) -> None:
        """Remember what was filled in earlier replays; no trade id is used again. Call it before the first `advance`.

        Parameters
        ----------
        fills
            In the order in which they happened; one that comes twice counts once, one of a market that is not in the
            recordings is left out.
        """
        self._account.restore(fills)

    def subscribe(self, assets: Collection[str], sink: VenueSink) -> None:
        """Send market data of these assets, and all reports, to the sink from now on.

        Raises
        ------
        ValueError
            If an asset has not been recorded.
        """
        if unknown := set(assets) - self._feeds.keys():
            raise ValueError(f"not in the recording: {', '.join(sorted(unknown))}")
        self._sink = sink
        for asset, feed in self._feeds.items():
            feed.heard = asset in assets

    def send(self, request: Request, now_ns: int) -> None:
        """Send a request; it arrives after the latency, and its answer as much later."""
        arrival_ns = max(now_ns, self._now_ns) + self._latency_ns
        self._requests.append((arrival_ns, request))
        self._own_ns = min(self._own_ns, arrival_ns)

    def next_time(self) -> int | None:
        """Return when the next thing happens or is delivered, ns since the Unix epoch; `None` for never."""
        next_ns = min(self._due[0][0] if self._due else NEVER_NS, self._own_ns)
        return None if next_ns == NEVER_NS else next_ns

    def advance(self, now_ns: int) -> None:
        """Let everything happen up to and including this time, in order, and deliver it to the sink.

        Raises
        ------
        RuntimeError
            If nobody has subscribed.
        RecordingError
            If a recording cannot be read further.
        """
        sink = self._sink
        if sink is None:
            raise RuntimeError("a replay needs a sink before it can advance")
        due = self._due
        while True:
            own_ns = self._own_ns
            if due and (market_ns := due[0][0]) <= own_ns:
                if market_ns > now_ns:
                    break
                self._play(sink)
            elif own_ns <= now_ns:
                self._serve(own_ns, sink)
            else:
                break
        self._now_ns = max(self._now_ns, now_ns)

    # The recordings ---------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Let every recording begin at its first message."""
        for feed in self._feeds.values():
            feed.ended = False
            feed.messages = feed.recording.messages()
            feed.next_ns = feed.recording.first_ns + self._shift_ns
            self._read(feed)
            feed.previous_ns = feed.next_ns
        self._due[:] = [(feed.next_ns, asset) for asset, feed in self._feeds.items() if not feed.ended]
        heapify(self._due)

    def _read(self, feed: _Feed) -> None:
        """Read the feed's next message."""
        following = next(feed.messages, None)
        if following is None:
            feed.ended = True
            return
        feed.previous_ns = feed.next_ns
        feed.next_ns = following[0] + self._shift_ns
        feed.next_message = following[1]

    def _play(self, sink: VenueSink) -> None:
        """Let the next recorded message happen."""
        now_ns, asset = self._due[0]
        feed = self._feeds[asset]
        message = feed.next_message
        market = feed.market
        self._now_ns = now_ns
        self.messages_read += 1
        self._read(feed)
        if feed.ended:
            heappop(self._due)
        else:
            heapreplace(self._due, (feed.next_ns, asset))
        if type(message) is Touch:  # the commonest first, and without the cost of isinstance
            changed = market.on_touch(message)
        elif type(message) is Trade:
            changed = False
            market.on_trade(message, now_ns)
            if feed.heard:
                sink.on_trade(
                    PublicTrade(self._name, asset, message.price_ticks, message.quantity_lots, message.taker_side),
                    now_ns,
                )
        elif type(message) is Diff:
            changed = market.on_diff(message)
        else:
            assert isinstance(message, Snapshot)
            changed = market.on_snapshot(message)
        if changed and feed.heard:
            sink.on_book(market.book, now_ns)
        if feed.ended:
            self._end(feed, sink)

    def _end(self, feed: _Feed, sink: VenueSink) -> None:
        """Close a market whose recording is over, and begin again or finish after the last one."""
        market = feed.market
        if self._loop:
            market.clear()
            if feed.heard:
                sink.on_book(market.book, self._now_ns)
            if not self._due:
                self._restart()
            return
        market.close()
        if feed.heard:
            sink.on_feed_ended(self._name, market.instrument.asset, "replay_finished", self._now_ns)
        if not self._due:
            self._heartbeat_ns = NEVER_NS
            self._plan()

    def _restart(self) -> None:
        """Begin again a second after now."""
        self._cancel_open("replay_restarted")
        first_ns = min(feed.recording.first_ns for feed in self._feeds.values())
        self._shift_ns = self._now_ns + SECOND_NS - first_ns
        self._begin()

    # Requests, reports and the heartbeat ------------------------------------------------------------------------------

    def _serve(self, now_ns: int, sink: VenueSink) -> None:
        """Let one request arrive, or deliver one report, or let our silence end our orders, or send the heartbeat."""
        self._now_ns = now_ns
        if self._requests and self._requests[0][0] == now_ns:
            self._handle(self._requests.popleft()[1])
        elif self._reports and self._reports[0][0] == now_ns:
            sink.on_report(self._reports.popleft()[1], now_ns)
        elif self._silence_ends_ns == now_ns:
            self._silence_ends_ns = NEVER_NS
            self._cancel_open("silence")
        else:
            self._heartbeat_ns += SECOND_NS
            if not self._in_hole():
                sink.on_heartbeat(self._name, now_ns)
        self._plan()

    def _plan(self) -> None:
        """Find out when the next request, report, timer or heartbeat is due."""
        self._own_ns = min(
            self._heartbeat_ns,
            self._silence_ends_ns,
            self._requests[0][0] if self._requests else NEVER_NS,
            self._reports[0][0] if self._reports else NEVER_NS,
        )

    def _in_hole(self) -> bool:
        return any(not feed.ended and feed.next_ns - feed.previous_ns > HOLE_NS for feed in self._feeds.values())

    def _report(self, report: Report) -> None:
        delivery_ns = self._now_ns + self._latency_ns
        self._reports.append((delivery_ns, report))
        self._own_ns = min(self._own_ns, delivery_ns)

    def _handle(self, request: Request) -> None:
        """Answer a request that has arrived."""
        match request:
            case Place() | Amend() | Cancel():
                feed = self._feeds.get(request.asset)
                if feed is None:
                    self._refuse(request)
                else:
                    self._handle_order(request, feed.market)
            case CancelAll(request_id=request_id):
                self._cancel_open("requested")
                self._report(CancelledAll(self._name, request_id))
            case CancelAfter(request_id=request_id, silence_ns=silence_ns):
                self._silence_ends_ns = self._now_ns + silence_ns if silence_ns else NEVER_NS
                self._report(CancelAfterSet(self._name, request_id))
            case _:
                for answer in self._account.answer(request):
                    self._report(answer)

    def _handle_order(self, request: Place | Amend | Cancel, market: ReplayMarket) -> None:
        match request:
            case Place():
                self._orders_placed += 1
                market.place(request, str(self._orders_placed), self._now_ns)
            case Amend():
                market.amend(request, self._now_ns)
            case Cancel():
                market.cancel(request)

    def _cancel_open(self, reason: str) -> None:
        """Cancel everything that we have open."""
        for feed in self._feeds.values():
            feed.market.cancel_all(reason)

    def _refuse(self, request: Place | Amend | Cancel) -> None:
        """Answer a request for a market that is not in the recording."""
        name, asset, client_order_id = self._name, request.asset, request.client_order_id
        sentence = REJECTIONS["UNKNOWN_MARKET"]
        match request:
            case Place():
                self._report(OrderRejected(name, asset, client_order_id, "UNKNOWN_MARKET", sentence))
            case Amend():
                self._report(AmendRejected(name, asset, client_order_id, "UNKNOWN_MARKET", sentence))
            case Cancel():
                self._report(CancelRejected(name, asset, client_order_id, "UNKNOWN_MARKET"))
