"""A record of every kind, and ways to make more of them."""

from __future__ import annotations

from decimal import Decimal

from zenotc.journal.records import (
    BaselineRecord,
    CommandOutcomeRecord,
    CommandRecord,
    EmergencyRecord,
    FaultRecord,
    FillRecord,
    MarkRecord,
    MeasuresRecord,
    OffsetRecord,
    OrderRecord,
    OrderStateRecord,
    ReconciliationRecord,
    Record,
    StrategyRecord,
)
from zenotc.models.events import ErrorOccurred
from zenotc.models.wire import utc_from_ns

T0 = 1_723_161_254_000_000_000
SECOND = 1_000_000_000


def event(strategy_id: str | None = "s1", reason: str = "x") -> ErrorOccurred:
    return ErrorOccurred(timestamp=utc_from_ns(T0), strategy_id=strategy_id, reason=reason, code="test")


def order(number: int = 1) -> OrderRecord:
    price, quantity = Decimal("61842.10"), Decimal("0.250")
    return OrderRecord(f"o{number}", "s1", "sandbox", "BTC", "buy", price, quantity, "quote", 0, T0)


def fill(number: int = 1) -> FillRecord:
    return FillRecord(
        "sandbox", "BTC", f"t{number}", "o1", "s1", "buy", Decimal("61842.10"), Decimal("0.00000001"),
        Decimal("-0.0000000001"), True, T0, Decimal("61842.105"),
    )  # fmt: skip


def mark(strategy_id: str, at_ns: int, total: str = "0") -> MarkRecord:
    return MarkRecord(strategy_id, at_ns, Decimal(1000), Decimal("0.1"), Decimal(0), Decimal(total), 10.0, None)


EVERY_KIND: list[Record] = [
    CommandRecord("c1", T0, "trader", "pause", "s1", b"{}"),
    CommandOutcomeRecord("c1", T0 + 1, "done", b'{"confirmed":true}'),
    StrategyRecord("s1", T0, "paused", "operator", b'{"name":"a"}'),
    StrategyRecord("s1", T0, "stopped", None, b'{"name":"a"}', deleted=True),
    StrategyRecord("s1", T0, "paused", "circuit_breaker", b"{}", resume_at_ns=T0 + SECOND),
    MeasuresRecord("s1", T0, b'{"peak":1000}'),
    ReconciliationRecord("sandbox", T0, "t1", True),
    ReconciliationRecord("sandbox", T0, None, False),
    OffsetRecord("sandbox", "BTC", T0, Decimal("-0.250"), "trader"),
    FaultRecord(T0, None, "Traceback"),
    order(),
    OrderStateRecord("o1", T0, "filled", Decimal("61842.10"), Decimal("0.250"), Decimal("0.250"), "v1", None),
    fill(),
    mark("s1", T0, "1E-8"),
    EmergencyRecord(T0, True, "trader", "operator"),
    BaselineRecord("s1", "2024-08-09", Decimal("-12.345678901234567890")),
]
