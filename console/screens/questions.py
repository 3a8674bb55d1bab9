"""What is asked before something that cannot be taken back: each question keeps what it was opened for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from decimal import Decimal

from console.actions import OLD_SECONDS
from console.estimate import Estimate, walk
from console.formatting import age, clean, clock_time, fit, number, shortest, zone_name
from console.ink import Ink, Line, line, signed_ink
from console.screens.dialog import Question, Subject
from console.store import Store
from zenotc.models.status import EmergencyState
from zenotc.models.strategy import Strategy

__all__ = ["ask_to_clear", "ask_to_flatten", "outgrown"]

FLATTEN_ALL_WORD = "flatten"

_LABEL_WIDTH = 15
_ROWS = 4
"""So many strategies are listed by name; of more, the rest is counted."""

_GROWN_BY = Decimal("0.25")
"""Asked again once, only what has grown by more than this share, and by a quote at least, is asked about again: the
position of a strategy that trades never stands still."""

Meanwhile = Callable[[], Coroutine[object, object, None]]


@dataclass(slots=True)
class _Asked:
    """How a strategy stood when the question was opened, and what its position was when it was last asked."""

    name: str
    status: str
    position: Decimal
    last: Decimal


class _Flatten:
    """Trading positions to zero: what that trades and costs as things stand.

    Parameters
    ----------
    store
        What is known of the engine.
    strategies
        Those that the question was opened for; it is never about others.
    """

    def __init__(self, store: Store, strategies: Sequence[Strategy]) -> None:
        self._store = store
        self._asked = {
            s.id: _Asked(clean(s.name, 80), s.status, s.current_position, s.current_position) for s in strategies
        }
        self._again = False

    def ask_again(self) -> bool:
        """Return whether the answer is to a question that is not the one any more, and ask about how things stand.

        Any change asks again, once: it has come after what was read. From then on only what would trade something
        essentially else does.
        """
        if not (self._outgrown() if self._again else self._moved()):
            return False
        self._again = True
        for strategy_id, asked in self._asked.items():
            asked.last = self._position(strategy_id)
        return True

    def _position(self, strategy_id: str) -> Decimal:
        strategy = self._store.strategy(strategy_id)
        return strategy.current_position if strategy else Decimal(0)

    def _moved(self) -> bool:
        return any(self._position(strategy_id) != asked.last for strategy_id, asked in self._asked.items())

    def _outgrown(self) -> bool:
        """Return whether a position has turned round or grown since it was last asked about; of several, their sum."""
        last = now = quote = Decimal(0)
        for strategy_id, asked in self._asked.items():
            strategy = self._store.strategy(strategy_id)
            if strategy is None:
                continue
            if len(self._asked) == 1 or strategy.mid is None:
                if outgrown(asked.last, strategy.current_position, strategy.quote_size):
                    return True
                continue
            last += abs(asked.last) * strategy.mid
            now += abs(strategy.current_position) * strategy.mid
            quote = max(quote, strategy.quote_size * strategy.mid)
        return outgrown(last, now, quote)

    def lines(self) -> list[Line]:
        """Return what it would come to now."""
        found = [s for s in map(self._store.strategy, self._asked) if s is not None]
        if not found:
            return [line(("The strategy is gone.", "alarm"))]
        return self._one(found[0]) if len(self._asked) == 1 else self._many(found)

    def _one(self, strategy: Strategy) -> list[Line]:
        store, asked = self._store, self._asked[strategy.id]
        position, mid, asset = strategy.current_position, strategy.mid, clean(strategy.asset, 20)
        decimals = store.position_decimals(strategy.asset)
        worth = "unknown: no mid"
        if mid is not None:
            price = number(mid, store.price_decimals(strategy.asset))
            worth = f"{number(abs(position) * mid, 2)} USD at the mid of {price}"
        old = self._old_mid(strategy)
        changed = f"  was {asked.status} when this was asked" if strategy.status != asked.status else ""
        was = number(asked.position, decimals, signed=True)
        moved = f"  was {was} when this was asked" if position != asked.position else ""
        return [
            line((asked.name, "strong"), (f"  {strategy.status}", "muted"), (changed, "caution")),
            Line(),
            _labelled(
                "Position", f"{number(position, decimals, signed=True)} {asset}", signed_ink(position), moved
            ),
            _labelled("Cancels", f"{strategy.open_orders} open orders"),
            _labelled("Trades", _trade(strategy, decimals), "strong"),
            _labelled("Worth", worth, "stale" if old else "plain", old),
            *self._costs([strategy]),
            _labelled("Bound", f"{shortest(strategy.max_slippage_bps)} bps from the mid; then it is stopped"),
        ]  # fmt: skip

    def _many(self, found: list[Strategy]) -> list[Line]:
        store = self._store
        orders = sum(strategy.open_orders for strategy in found)
        lines = [
            line((f"{len(found)} strategies", "strong"), (f"  {orders} open orders are cancelled", "muted")),
            Line(),
        ]
        largest = sorted(found, key=lambda s: abs(s.current_position * (s.mid or 0)), reverse=True)
        for strategy in largest[:_ROWS]:
            asked = self._asked[strategy.id]
            decimals = store.position_decimals(strategy.asset)
            moved = strategy.current_position != asked.position
            was = f"  was {number(asked.position, decimals, signed=True)}" if moved else ""
            lines.append(
                line((f"{fit(asked.name, 26)}  ", "plain"), (_trade(strategy, decimals), "strong"), (was, "caution"))
            )
        rest = largest[_ROWS:]
        if rest:
            flat = sum(not strategy.current_position for strategy in rest)
            lines.append(line((f"… and {len(rest)} more" + (f", {flat} of them flat" if flat else ""), "muted")))
        return [*lines, Line(), self._worth(found), *self._costs(found)]

    def _worth(self, found: list[Strategy]) -> Line:
        """Sum up the positions, and what the same ones were worth that were there when the question was opened."""
        marked = [(strategy, strategy.mid) for strategy in found if strategy.mid is not None]
        now = sum((abs(strategy.current_position) * mid for strategy, mid in marked), Decimal(0))
        opened = sum((abs(self._asked[strategy.id].position) * mid for strategy, mid in marked), Decimal(0))
        moved = f"  was {number(opened, 2)}" if opened != now else ""
        old = next(filter(None, (self._old_mid(strategy) for strategy, _ in marked)), "")
        words = f"{number(now, 2)} USD at the mids"
        return _labelled("Worth", words, "stale" if old else "plain", old + moved)

    def _old_mid(self, strategy: Strategy) -> str:
        """Say how old the mid of a strategy is, where that is too old to rely on."""
        store = self._store
        if not store.prices_stale(strategy):
            return ""
        seconds = store.market_age_seconds(strategy)
        return f"  of {age(store.data_age_seconds if seconds is None else seconds)} ago"

    def _costs(self, strategies: Sequence[Strategy]) -> list[Line]:
        """Estimate what the spread and the depth cost: together they go through the same book."""
        if not any(strategy.current_position for strategy in strategies):
            return [_labelled("Cost", "nothing is traded")]
        sums: dict[tuple[str, bool], list[Strategy]] = defaultdict(list)
        for strategy in strategies:
            if strategy.current_position:
                sums[strategy.asset, strategy.current_position > 0].append(strategy)
        estimates = {key: self._estimate(key[0], together) for key, together in sums.items()}
        old = {asset: self._old_book(asset) for asset, _ in sums}
        lines = []
        for (asset, long), estimate in estimates.items():
            label = f"Cost {'sell' if long else 'buy'} {asset}" if len(strategies) > 1 else "Cost"
            lines.append(self._cost(label, asset, estimate, old[asset]))
        if len(estimates) > 1:
            known = [estimate for estimate in estimates.values() if estimate is not None]
            whole = "about " if len(known) == len(estimates) else "at least "
            together = f"{whole}{number(sum(e.cost for e in known), 2)} USD"
            lines.append(_labelled("Together", together, "stale" if any(old.values()) else "strong"))
        return [*lines, _labelled("Fees", "unknown, on top · depth: the quoting venue's book", "muted")]

    def _estimate(self, asset: str, strategies: Sequence[Strategy]) -> Estimate | None:
        book = self._store.deepest_book(asset)
        if book is None:
            return None
        bound = min(Decimal(str(strategy.max_slippage_bps)) for strategy in strategies)
        return walk(book, sum((s.current_position for s in strategies), Decimal(0)), bound)

    def _old_book(self, asset: str) -> str:
        """Say why the book of an asset is not one to rely on, where it is not."""
        book = self._store.deepest_book(asset)
        if book is None or (book.usable and (book.data_age_seconds or 0) <= OLD_SECONDS):
            return ""
        reason = "" if book.usable else f", {clean(book.reason, 40).replace('_', ' ')}"
        return f"  book of {age(book.data_age_seconds)} ago{reason}"

    def _cost(self, label: str, asset: str, estimate: Estimate | None, old: str) -> Line:
        label = clean(label, _LABEL_WIDTH - 1)
        if estimate is None:
            return _labelled(label, f"unknown: no book of {clean(asset, 20)}", "caution")
        decimals, prices = self._store.position_decimals(asset), self._store.price_decimals(asset)
        words = f"about {number(estimate.cost, 2)} USD, {number(estimate.cost_bps, 2)} bps"
        if estimate.average_price is not None:
            words += f", at {number(estimate.average_price, prices)}"
        short = f"  only {number(estimate.filled, decimals)} of {number(estimate.quantity, decimals)} in the book"
        return _labelled(label, words, "stale" if old else "plain", (short if estimate.missing else "") + old)


class _ByEngine:
    """The same question about strategies of several engines, one engine below the other."""

    def __init__(self, parts: Sequence[tuple[str, Subject]]) -> None:
        self._parts = parts

    def ask_again(self) -> bool:
        """Return whether any of them is to be asked again; each is told."""
        again = [subject.ask_again() for _, subject in self._parts]
        return any(again)

    def lines(self) -> list[Line]:
        """Return what each says."""
        written: list[Line] = []
        for engine, subject in self._parts:
            written += [line((clean(engine, 40), "own"))] if engine else []
            written += subject.lines()
        return written


class _Clear:
    """Ending the emergency stop of engines."""

    def __init__(self, stores: Sequence[Store], operator: str) -> None:
        self._stores, self._operator = stores, operator

    def ask_again(self) -> bool:
        """Return that the answer is to what was asked."""
        return False

    def lines(self) -> list[Line]:
        """Return how the stop stands now."""
        stops = [(store, store.status.emergency_stop) for store in self._stores if store.status and store.emergency]
        if not stops:
            return [line(("No emergency stop is in force any more.", "caution"))]
        return [
            *(written for store, state in stops for written in _stop(store, state)),
            _labelled("Cleared by", clean(self._operator, 40), "strong"),
            Line(),
            line(("Every strategy stays stopped until it is started.", "plain")),
        ]


def _stop(store: Store, state: EmergencyState) -> list[Line]:
    """Say how the emergency stop of an engine stands."""
    since = clock_time(state.since) if state.since else "–"
    missing = ", ".join(clean(venue, 24) for venue in state.unconfirmed_venues)
    return [
        *([line((clean(store.engine, 40), "own"))] if store.engine else []),
        _labelled("In force since", f"{since} {zone_name(state.since)}"),
        _labelled("Given by", clean(state.operator or "–", 40)),
        _labelled("Not confirmed", missing or "–", "alarm" if missing else "plain"),
    ]


def ask_to_flatten(
    asked: Sequence[tuple[Store, Sequence[Strategy]]], meanwhile: Meanwhile, *, word: str = ""
) -> Question:
    """Ask whether to trade positions to zero, and show what that would trade and cost.

    Parameters
    ----------
    asked
        The strategies of each engine.
    meanwhile
        Runs while the question is open.
    word
        What has to be typed first.
    """
    count = sum(len(strategies) for _, strategies in asked)
    subject = _ByEngine([(store.engine, _Flatten(store, strategies)) for store, strategies in asked])
    return Question(
        "Flatten" if count == 1 else f"Flatten {count} strategies", subject, "Flatten", word=word, meanwhile=meanwhile
    )


def ask_to_clear(stores: Sequence[Store], operator: str) -> Question:
    """Ask whether to end the emergency stop of engines."""
    return Question("Clear the emergency stop", _Clear(stores, operator), "Clear")


def outgrown(before: Decimal, now: Decimal, quote: Decimal) -> bool:
    """Return whether a position, or a sum of them, has become another one: turned round or grown, by a quote at least.

    Parameters
    ----------
    before, now
        Base units, or USD of a sum.
    quote
        What one quote trades, in the same unit.
    """
    turned = before * now < 0 and abs(now) >= quote
    grown = abs(now) - abs(before)
    return turned or (grown >= quote > 0 and grown > abs(before) * _GROWN_BY)


def _labelled(label: str, words: str, ink: Ink = "plain", warning: str = "") -> Line:
    return line((f"{label:<{_LABEL_WIDTH}}", "muted"), (words, ink), (warning, "caution"))


def _trade(strategy: Strategy, decimals: int) -> str:
    position = strategy.current_position
    if not position:
        return "nothing: it is flat"
    return f"{'sell' if position > 0 else 'buy'} {number(abs(position), decimals)} {clean(strategy.asset, 20)}"
