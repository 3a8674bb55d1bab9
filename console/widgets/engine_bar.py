"""The lines below the first one, where there are several engines: how each is heard, or how its stop stands."""

from __future__ import annotations

from console.desk import Desk
from console.emergency import Emergencies, Standing
from console.formatting import age, clean, fit
from console.ink import Ink, Line, Span
from console.store import Store
from console.widgets.sheet import Sheet

__all__ = ["EngineBar", "engine_label"]

_ROOMY = 100
_LINK_WIDTH = 9
_AGE_WIDTH = 6
_SEQ_WIDTH = 11


class EngineBar(Sheet):
    """A cell for each engine: name, link, round trip, age of the data, number of its newest event.

    As many cells stand on a line as fit, whatever is in them: the lines below do not jump. While an emergency stop is
    under way or in force each engine has a line, until it is cleared.

    Parameters
    ----------
    desk
        What is known of the engines.
    emergencies
        How the emergency stop stands on them.
    """

    def __init__(self, desk: Desk, emergencies: Emergencies) -> None:
        super().__init__()
        self._desk, self._emergencies = desk, emergencies
        self._height = 0
        self.display = desk.several

    def draw(self) -> None:
        """Take as many lines as are needed."""
        if self.display:
            height = len(self._written(self.app.size.width))
            if height != self._height:
                self._height = height
                self.styles.height = height
        super().draw()

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the engines."""
        return self._written(width)

    def _written(self, width: int) -> list[Line]:
        longest = max(len(engine_label(store)) for store in self._desk.stores)
        stops = [self._stop(store, standing, longest, width) for store, standing in self._emergencies.standings]
        return stops or self._links(longest, width)

    def _stop(self, store: Store, standing: Standing | None, longest: int, width: int) -> Line:
        if standing is None:
            return Line(tuple(self._cell(store, longest, width)), "bar-sandbox")
        ground: Ink = "bar-caution" if standing.confirmed else "bar-alarm"
        mark = "✓" if standing.confirmed else "✗"
        words = f"NO ANSWER · {standing.words}" if standing.blind else standing.words
        return Line(((f" {mark} {fit(engine_label(store), longest)}  {words}", ground),), ground)

    def _links(self, longest: int, width: int) -> list[Line]:
        stores = self._desk.stores
        cell = longest + (len(" data  seq ") if width >= _ROOMY else 0) + _LINK_WIDTH + _AGE_WIDTH + _SEQ_WIDTH + 6
        across = max(1, width // cell)
        rows = [stores[start : start + across] for start in range(0, len(stores), across)]
        return [
            Line(tuple(span for store in row for span in self._cell(store, longest, width)), "bar-sandbox")
            for row in rows
        ]

    def _cell(self, store: Store, longest: int, width: int) -> list[Span]:
        live = store.status is not None and store.status.environment == "live"
        roomy = width >= _ROOMY
        heard = store.data_age_seconds
        seq = f"{'' if roomy else '#'}{store.last_seq:,}" if store.last_seq else "–"
        return [
            (f" {fit(engine_label(store), longest)} ", "label-live" if live else "label-sandbox"),
            _link(store),
            (" data " if roomy else "", "muted"),
            (f"{age(heard):>{_AGE_WIDTH}}", "caution" if store.stale else "plain"),
            (" seq " if roomy else " ", "muted"),
            (fit(seq, _SEQ_WIDTH), "plain" if roomy else "muted"),
            ("  ", "plain"),
        ]


def engine_label(store: Store) -> str:
    """Return an engine's name, with what the console's key may do there where that is not everything."""
    may = "READ-ONLY" if store.read_only else store.permission
    return clean(store.engine, 24) + ("" if may == "MARKET_MAKING" else f" {may}")


def _link(store: Store) -> Span:
    if store.link == "up" and not store.stale:
        trip = store.round_trip_seconds
        took = "" if trip is None else f" {trip * 1000:.1f}ms"
        return " " + fit(f"●{took}", _LINK_WIDTH), "gain"
    if store.link == "connecting":
        return " " + fit("◌ wait", _LINK_WIDTH), "caution"
    return " " + fit("○ ENDED" if store.playback else "○ LOST", _LINK_WIDTH), "alarm"
