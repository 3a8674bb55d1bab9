"""Reads an engine's past back from the journal: what `records_of` has written, the other way round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from zenotc.engine.actions import EmergencyChanged, FillBooked, OffsetAccepted, StrategyChanged
from zenotc.engine.past import Past, PastFill
from zenotc.engine.working_order import WorkingOrder
from zenotc.journal import Journal
from zenotc.journal.recollection import Recollection
from zenotc.journal.records import (
    BaselineRecord,
    EmergencyRecord,
    FillRecord,
    OffsetRecord,
    OrderRecord,
    OrderStateRecord,
    Purpose,
    ReconciliationRecord,
    StrategyRecord,
)
from zenotc.models.configuration import StrategyConfig
from zenotc.models.market import Instrument
from zenotc.models.orders import Fill
from zenotc.models.quotes import OrderState
from zenotc.models.strategy import Status
from zenotc.models.wire import decode, utc_from_ns

__all__ = ["recall"]

_HOUR_NS = 3_600 * 10**9
_LATE_NS = 600 * 10**9
"""So long before the last comparison an order may have been sent whose fill is told late."""

_STATUS: dict[str, Status] = {"active": "active", "paused": "paused", "stopped": "stopped"}
_ENDED: dict[str, OrderState] = {"filled": "filled", "cancelled": "cancelled", "rejected": "rejected"}

Markets = Mapping[tuple[str, str], Instrument]
"""The instruments by venue and asset."""


def recall(journal: Journal, instruments: Iterable[Instrument], quoting_venue: str, now_ns: int) -> Past:
    """Return what the engine of a journal has done so far; blocks while it is read.

    Parameters
    ----------
    journal
        Open, and not written to meanwhile.
    instruments
        The markets of this start.
    quoting_venue
        The name of the venue that strategies quote on.
    now_ns
        The trading time of the start, ns.

    Raises
    ------
    ValidationError
        If a configuration from then is not valid any more.
    """
    recollection = Recollection(journal)
    markets = {(instrument.venue, instrument.asset): instrument for instrument in instruments}
    versions = recollection.strategies()
    reconciliations = journal.records(ReconciliationRecord)
    compared_ns = min(_last_compared(reconciliations).values(), default=0)
    emergencies = journal.records(EmergencyRecord)
    return Past(
        strategies=[
            _strategy(record, created_ns, markets.get((quoting_venue, decode(record.config)["asset"])))
            for record, created_ns in versions
        ],
        measures={name: decode(record.body) for name, record in recollection.measures().items()},
        fills=[_fill(record, purpose, markets) for record, purpose in recollection.fills()],
        orders=[
            _order(record, last, market)
            for record, last in recollection.orders(compared_ns - _LATE_NS)
            if (market := markets.get((record.venue, record.asset))) is not None
        ],
        totals={
            record.strategy_id: recollection.totals(record.strategy_id, now_ns - _HOUR_NS) for record, _ in versions
        },
        baselines=_baselines(journal, now_ns),
        offsets=[
            OffsetAccepted(record.venue, record.asset, record.quantity, record.operator, record.at_ns)
            for record in journal.records(OffsetRecord)
        ],
        emergency=next(
            (EmergencyChanged(last.active, last.operator, last.reason, last.at_ns) for last in emergencies[-1:]), None
        ),
        known_fills={record.venue: record.trade_id for record in reconciliations if record.trade_id is not None},
    )


def _last_compared(reconciliations: Iterable[ReconciliationRecord]) -> dict[str, int]:
    """Return by venue when nothing rested there for the last time that is known, ns."""
    return {record.venue: record.at_ns for record in reconciliations if record.complete}


def _strategy(record: StrategyRecord, created_ns: int, market: Instrument | None) -> StrategyChanged:
    return StrategyChanged(
        record.strategy_id,
        _STATUS[record.status],
        record.reason,
        StrategyConfig.build(decode(record.config), lot_size=None if market is None else market.lot_size),
        record.at_ns,
        created_ns,
        deleted=record.deleted,
        resume_at_ns=record.resume_at_ns,
    )


def _fill(record: FillRecord, purpose: Purpose, markets: Markets) -> PastFill:
    market = markets.get((record.venue, record.asset))
    fill = Fill(
        record.venue,
        record.asset,
        record.client_order_id,
        record.trade_id,
        record.side,
        0 if market is None else market.ticks(record.price),
        0 if market is None else market.lots(record.quantity),
        record.fee,
        record.maker,
        record.time_ns,
    )
    return PastFill(FillBooked(fill, record.strategy_id, record.price, record.quantity, record.mid), purpose)


def _order(record: OrderRecord, last: OrderStateRecord | None, market: Instrument) -> WorkingOrder:
    """Return an order as it was last known; its fills are booked into it by the recovery."""
    return WorkingOrder(
        client_order_id=record.client_order_id,
        strategy_id=record.strategy_id,
        venue=record.venue,
        asset=record.asset,
        side=record.side,
        purpose=record.purpose,
        layer=record.layer,
        price_ticks=market.ticks(record.price if last is None else last.price),
        quantity_lots=market.lots(record.quantity if last is None else last.quantity),
        placed_ns=record.created_ns,
        state="unknown" if last is None else _ENDED.get(last.state, "unknown"),
        venue_order_id=None if last is None else last.venue_order_id,
        accepted=last is not None and last.venue_order_id is not None,
    )


def _baselines(journal: Journal, now_ns: int) -> dict[str, Decimal]:
    today = utc_from_ns(now_ns).date().isoformat()
    return {record.strategy_id: record.total_pnl for record in journal.records(BaselineRecord) if record.day == today}
