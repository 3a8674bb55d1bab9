"""What a running desk counts and times of itself."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import Histogram

from tests.runtime.desks import WatchedExchange, head, new, running
from tests.waiting import until
from zenotc.models.commands import EmergencyStopAll, PauseStrategy
from zenotc.models.orders import CancelAll, Place


def counts(histogram: Histogram) -> dict[str, float]:
    """Return how many commands of each kind were timed."""
    (family,) = histogram.collect()
    return {s.labels["command"]: s.value for s in family.samples if s.name.endswith("_count")}


async def test_it_counts_what_leaves_and_times_what_stops(tmp_path: Path) -> None:
    venue = WatchedExchange(tmp_path / "journal.db")
    async with running(tmp_path, venue, prepared=[new()]) as desk:
        await until(lambda: len(venue.open_ids) == 2)
        vitals = desk.vitals
        assert vitals.order_requests["place"] == venue.count(Place) >= 2
        assert vitals.turn_age_seconds < 2
        await desk.execute(PauseStrategy(**head(), strategy_id="s1"))
        assert counts(vitals.stop_sent) == counts(vitals.stop_confirmed) == {"pause": 1}
        venue.swallows = lambda request: isinstance(request, CancelAll)
        result = await desk.execute(EmergencyStopAll(**head()))
        assert not result.confirmed
        assert counts(vitals.stop_sent) == {"pause": 1, "emergency_stop": 1}
        assert counts(vitals.stop_confirmed) == {"pause": 1}, "what is not confirmed has no time yet"
        venue.swallows = lambda _: False
    assert vitals.turn_age_seconds < 10
