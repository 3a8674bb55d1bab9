"""A strategy over time, out of the journal's marks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from zenotc.exceptions import ValidationError
from zenotc.journal import Journal
from zenotc.journal.records import MarkRecord
from zenotc.models.status import MAX_HISTORY_POINTS, HistoryPoint
from zenotc.models.wire import utc_from_ns

__all__ = ["history"]

_NS = 1_000_000_000
_USUAL_SECONDS = 60
_UNIX_EPOCH = datetime.fromtimestamp(0, UTC)
_LATEST_NS = 2**63 - 1
"""The last nanosecond that SQLite can count to, in 2262."""


async def history(
    journal: Journal,
    strategy_id: str,
    *,
    start: datetime | None,
    end: datetime | None,
    resolution_seconds: float | None,
) -> list[HistoryPoint]:
    """Return a strategy's marks over trading time, the last one of each interval; a slice at a time.

    Parameters
    ----------
    journal
        Holds the marks.
    strategy_id
        Whose.
    start, end
        From a time on and before another; by default all there is.
    resolution_seconds
        Length of an interval; by default a minute, or longer where that would be too many.

    Raises
    ------
    ValidationError
        If there are more than `MAX_HISTORY_POINTS` intervals between the first mark and the last.
    """
    span = await journal.marked(
        strategy_id,
        start_ns=0 if start is None else _ns_of(start),
        end_ns=_LATEST_NS if end is None else _ns_of(end),
    )
    if span is None:
        return []
    first_ns, last_ns = span
    fits_seconds = max(-(-(last_ns - first_ns) // ((MAX_HISTORY_POINTS - 1) * _NS)), 1)
    if resolution_seconds is None:
        resolution_seconds = max(_USUAL_SECONDS, fits_seconds)
    resolution_ns = max(round(resolution_seconds * _NS), 1)
    if last_ns // resolution_ns - first_ns // resolution_ns >= MAX_HISTORY_POINTS:
        reason = f"makes more than {MAX_HISTORY_POINTS:,} points of this span: {fits_seconds} s or a shorter span fits"
        raise ValidationError.of_fields([{"field": "resolution", "reason": reason}])
    points: list[HistoryPoint] = []
    async for marks in journal.history(strategy_id, start_ns=first_ns, end_ns=last_ns + 1, resolution_ns=resolution_ns):
        points += map(_point, marks)
    return points


def _point(mark: MarkRecord) -> HistoryPoint:
    return HistoryPoint(
        timestamp=utc_from_ns(mark.at_ns),
        equity=mark.equity,
        position=mark.position,
        daily_pnl=mark.daily_pnl,
        total_pnl=mark.total_pnl,
        spread_bps=mark.spread_bps,
        sigma=mark.sigma,
    )


def _ns_of(time: datetime) -> int:
    """Return an aware time as ns since the Unix epoch, within what a journal can hold."""
    return min(max((time - _UNIX_EPOCH) // timedelta(microseconds=1) * 1000, 0), _LATEST_NS)
