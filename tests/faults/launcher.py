"""`zenotc serve` as it is, but that it can end itself at a named point, or be as wrong as it is told to.

Whatever differs from the product is put into it here, in the engine's own process, before it starts.
"""

from __future__ import annotations

import asyncio
import functools
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zenotc.serve
from tests.faults.processes import say_into
from zenotc.cli import main
from zenotc.engine import equity_curve, state
from zenotc.engine.order_entry import OrderEntry
from zenotc.engine.reconciler import Reconciler
from zenotc.engine.reporter import Reporter
from zenotc.engine.venue_link import VenueLink
from zenotc.engine.working_order import OrderSignal, WorkingOrder
from zenotc.gateway import idempotency
from zenotc.journal import Journal
from zenotc.journal.writer import Writer
from zenotc.models.orders import CancelAll, CancelledAll, Fill, FillHistory, OpenOrders
from zenotc.runtime.desk import Desk
from zenotc.runtime.files import write_durably
from zenotc.runtime.floor import Floor
from zenotc.venues.remote import RemoteVenue
from zenotc.venues.remote.link import Link

__all__ = ["BUGS", "POINTS", "TASKS", "Plan", "run"]

TASKS = "tasks"
"""The name of the file in the engine's directory that tells how many tasks there are."""

_REMEMBERED_ORDERS = 500
_REMEMBERED_NS = 15 * 10**9
_REMEMBERED_OUTCOMES = 20
"""What a short memory holds: orders that have ended, how long PnL, and outcomes of requests."""

_SLOW_COMMIT_SECONDS = 0.8
"""More than an arena's venue is given to answer, less than a stall for which quotes are pulled."""

_DISK_SECONDS = 0.05
"""How long a commit takes before the process ends in it: whatever does not wait for it has left by then."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How an engine differs from `zenotc serve`.

    Parameters
    ----------
    point, passage
        One of `POINTS`, and at which passage the process is killed there, from 1.
    bug
        One of `BUGS`.
    silence_seconds
        A venue's connection on which nothing comes for so long is lost.
    slow_commits
        So large a share of the journal's commits takes longer than a venue is given to answer.
    short_memory
        What is kept of orders and of PnL for an hour, and of requests for a day, is kept for seconds.
    """

    point: str | None = None
    passage: int = 1
    bug: str | None = None
    silence_seconds: float = 3.0
    slow_commits: float = 0.0
    short_memory: bool = False


def run(directory: Path, plan: Plan, arguments: Sequence[str]) -> None:
    """Be the engine's process, until SIGTERM or the planned end."""
    say_into(directory / "engine.err")
    _around(Desk, "start", before=lambda: _tell_tasks(directory / TASKS), after=None)
    if plan.point is not None:
        POINTS[plan.point](_Passages(plan.passage))
    if plan.bug is not None:
        BUGS[plan.bug]()
    if plan.slow_commits:
        _in_commits(lambda: _sleep_sometimes(plan.slow_commits), lambda: None)
    if plan.short_memory:
        state._REMEMBERED_ORDERS, equity_curve._HOUR_NS = _REMEMBERED_ORDERS, _REMEMBERED_NS
        idempotency.MAX_REMEMBERED = _REMEMBERED_OUTCOMES
    connect = functools.partial(RemoteVenue.connect, silence_seconds=plan.silence_seconds)
    zenotc.serve.RemoteVenue.connect = connect  # type: ignore[method-assign]
    sys.argv = ["zenotc", "serve", "--port", "0", "--state-dir", str(directory), "--log-level", "warning", *arguments]
    main()


def _sleep_sometimes(share: float) -> None:
    if random.random() < share:
        time.sleep(_SLOW_COMMIT_SECONDS)


def _tell_tasks(path: Path) -> None:
    """Write down at every SIGUSR1 how many tasks there are."""
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGUSR1, lambda: write_durably(path, str(len(asyncio.all_tasks())).encode())
    )


# Ends --------------------------------------------------------------------------------------------------------------


class _Passages:
    """Counts the passages of a point, and kills the process at one."""

    def __init__(self, last: int) -> None:
        self._left = last

    def __call__(self, wait_seconds: float = 0.0) -> None:
        self._left -= 1
        if self._left == 0:
            time.sleep(wait_seconds)
            os.kill(os.getpid(), signal.SIGKILL)


def _around(owner: type, name: str, *, before: Callable[[], None] | None, after: Callable[[], None] | None) -> None:
    """Call something before a method, or after it."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        if before is not None:
            before()
        result = method(*arguments, **options)
        if after is not None:
            after()
        return result

    setattr(owner, name, wrapped)


def _before(owner: type, name: str) -> Callable[[_Passages], None]:
    return lambda passes: _around(owner, name, before=passes, after=None)


def _after(owner: type, name: str) -> Callable[[_Passages], None]:
    return lambda passes: _around(owner, name, before=None, after=passes)


class _Connection:
    """A journal's connection, the commits of which can be told from the rest."""

    def __init__(self, connection: sqlite3.Connection, before: Callable[[], None], after: Callable[[], None]) -> None:
        self._connection = connection
        self._before = before
        self._after = after

    def execute(self, query: str, *arguments: Any) -> sqlite3.Cursor:
        if query != "COMMIT":
            return self._connection.execute(query, *arguments)
        self._before()
        cursor = self._connection.execute(query)
        self._after()
        return cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def _in_commits(before: Callable[[], None], after: Callable[[], None]) -> None:
    start = Writer.__init__

    def started(writer: Writer, connection: sqlite3.Connection, on_progress: Callable[[], None]) -> None:
        start(writer, _Connection(connection, before, after), on_progress)  # type: ignore[arg-type]

    Writer.__init__ = started  # type: ignore[method-assign]


def _when_sent(passes: _Passages) -> None:
    """Pass when a frame has gone into the venue's socket."""
    start = Link.__init__

    def started(link: Link, socket: Any, *arguments: Any) -> None:
        start(link, socket, *arguments)
        send = socket.send

        async def sent(text: str) -> None:
            await send(text)
            passes()

        socket.send = sent

    Link.__init__ = started  # type: ignore[method-assign]


POINTS: dict[str, Callable[[_Passages], None]] = {
    "before the journal's write": _before(Journal, "append"),
    "after the journal's write": _after(Journal, "append"),
    "before the send": _before(RemoteVenue, "send"),
    "after the send": _when_sent,
    "before the acknowledgement": _before(Floor, "on_report"),
    "after the acknowledgement": _after(Floor, "on_report"),
    "before the commit": lambda passes: _in_commits(lambda: passes(_DISK_SECONDS), lambda: None),
    "after the commit": lambda passes: _in_commits(lambda: None, passes),
    "before the publication": _before(Desk, "_publish"),
    "after the publication": _after(Desk, "_publish"),
}
"""What puts an end into the product, by where it is."""


# Bugs --------------------------------------------------------------------------------------------------------------


def _acknowledge_before_commit() -> None:
    """Orders leave and commands are answered as soon as their records are queued."""

    async def committed(floor: Floor) -> int:
        return floor._ticket

    Floor._committed = committed  # type: ignore[method-assign]


def _no_deduplication() -> None:
    """An execution that is told twice is booked twice."""
    book = Reporter._book

    def forgetful(reporter: Reporter, order: WorkingOrder, fill: Fill, now_ns: int, remaining_lots: int) -> None:
        order.trades.discard(fill.trade_id)
        book(reporter, order, fill, now_ns, remaining_lots)

    Reporter._book = forgetful  # type: ignore[method-assign]


def _timeouts_as_rejections() -> None:
    """An order that is not answered in time is taken as refused."""
    query = OrderEntry.query

    def reject(entry: OrderEntry, order: WorkingOrder, now_ns: int, reason: str) -> None:
        if reason != "no_answer" or order.accepted:
            query(entry, order, now_ns, reason)
        elif order.signal(OrderSignal.REJECTED):
            entry.record(order, now_ns, reason="rejected: TIMEOUT")
            entry._state.retire(order)

    OrderEntry.query = reject  # type: ignore[method-assign]


def _no_cancel_all_at_recovery() -> None:
    """What rests at a venue when its connection comes is left there, unless the journal knows of it."""
    ask, take = Reconciler._ask, Reconciler.open_orders

    def ask_for_no_cancels(reconciler: Reconciler, link: VenueLink, request: Any, now_ns: int) -> None:
        if isinstance(request, CancelAll):
            link.waiting.add(request.request_id)
            reconciler.cancelled_all(CancelledAll(link.name, request.request_id), now_ns)
        else:
            ask(reconciler, link, request, now_ns)

    def take_none(reconciler: Reconciler, report: OpenOrders, now_ns: int) -> bool:
        return take(reconciler, OpenOrders(report.venue, report.request_id, ()), now_ns)

    Reconciler._ask = ask_for_no_cancels  # type: ignore[method-assign]
    Reconciler.open_orders = take_none  # type: ignore[method-assign]


def _no_fills_at_recovery() -> None:
    """What was filled in the meantime is not booked."""
    take = Reporter._fill_history

    def take_none(reporter: Reporter, report: FillHistory, now_ns: int) -> None:
        take(reporter, FillHistory(report.venue, report.request_id, ()), now_ns)

    Reporter._fill_history = take_none  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    "acknowledges before the commit": _acknowledge_before_commit,
    "does not deduplicate": _no_deduplication,
    "takes timeouts as rejections": _timeouts_as_rejections,
    "cancels nothing at recovery": _no_cancel_all_at_recovery,
    "asks for no fills at recovery": _no_fills_at_recovery,
}
"""What makes the product wrong, by how."""
