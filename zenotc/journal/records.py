"""What the journal holds beside the events: one class per table, one instance per row.

Times are nanoseconds since the Unix epoch, prices USD per base unit, quantities and positions base units,
PnL, equity and fees USD. Rows are added and never changed: what changes has a row for every version, and the newest
counts. Of `MeasuresRecord` alone there is only the newest: they are many, and a restart needs no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from zenotc.models.market import Side

__all__ = [
    "BaselineRecord",
    "CommandOutcomeRecord",
    "CommandRecord",
    "EmergencyRecord",
    "FaultRecord",
    "FillRecord",
    "MarkRecord",
    "MeasuresRecord",
    "OffsetRecord",
    "OrderRecord",
    "OrderStateRecord",
    "Purpose",
    "ReconciliationRecord",
    "Record",
    "StrategyRecord",
]

Purpose = Literal["quote", "hedge", "flatten", "adjustment"]


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """A command as it was received; `body` is the JSON of its arguments.

    `operator` is the name of the key, `client` the user and host that the client states, and `idempotency_key` what
    it told its retries by; both are empty where there is none.
    """

    command_id: str
    received_ns: int
    operator: str
    name: str
    strategy_id: str | None
    body: bytes
    client: str = ""
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class CommandOutcomeRecord:
    """What a command came to: `done` or the error's code, and the JSON that was answered."""

    command_id: str
    completed_ns: int
    outcome: str
    body: bytes


@dataclass(frozen=True, slots=True)
class StrategyRecord:
    """A version of a strategy; `config` is the JSON of the parameters that were given, without the defaults.

    `resume_at_ns` is when a breaker lets it resume by itself, `None` where an operator has to.
    """

    strategy_id: str
    at_ns: int
    status: str
    reason: str | None
    config: bytes
    deleted: bool = False
    resume_at_ns: int | None = None


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order, written before it is sent; `layer` is `None` for what is not a quote."""

    client_order_id: str
    strategy_id: str
    venue: str
    asset: str
    side: Side
    price: Decimal
    quantity: Decimal
    purpose: Purpose
    layer: int | None
    created_ns: int


@dataclass(frozen=True, slots=True)
class OrderStateRecord:
    """What an order has become; `quantity` is its total, the filled part included."""

    client_order_id: str
    at_ns: int
    state: str
    price: Decimal
    quantity: Decimal
    filled: Decimal
    venue_order_id: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class FillRecord:
    """An execution, unique by venue, asset, trade and order; `mid` is the quoting venue's at that moment."""

    venue: str
    asset: str
    trade_id: str
    client_order_id: str
    strategy_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    maker: bool
    time_ns: int
    mid: Decimal


@dataclass(frozen=True, slots=True)
class MarkRecord:
    """Where a strategy stood; `spread_bps` in bps, `sigma` in percent, `None` where unknown."""

    strategy_id: str
    at_ns: int
    equity: Decimal
    position: Decimal
    daily_pnl: Decimal
    total_pnl: Decimal
    spread_bps: float | None
    sigma: float | None


@dataclass(frozen=True, slots=True)
class MeasuresRecord:
    """What of a strategy does not follow from its fills: peak, capital, counters; `body` is JSON, the newest counts."""

    strategy_id: str
    at_ns: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ReconciliationRecord:
    """Every fill of a venue up to `trade_id` is known, `None` where there was none yet.

    `complete` where nothing rested there at that moment, and the positions had been compared too.
    """

    venue: str
    at_ns: int
    trade_id: str | None
    complete: bool


@dataclass(frozen=True, slots=True)
class OffsetRecord:
    """What of a venue's position is not ours, base units, as an operator has accepted it; the newest counts."""

    venue: str
    asset: str
    at_ns: int
    quantity: Decimal
    operator: str


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """An exception in the handling of a strategy, `None` where it belonged to none."""

    at_ns: int
    strategy_id: str | None
    traceback: str


@dataclass(frozen=True, slots=True)
class EmergencyRecord:
    """The emergency stop came into force, or was cleared."""

    at_ns: int
    active: bool
    operator: str
    reason: str


@dataclass(frozen=True, slots=True)
class BaselineRecord:
    """What `daily_pnl` of a UTC day (`YYYY-MM-DD`) is counted from; an empty `strategy_id` stands for the desk."""

    strategy_id: str
    day: str
    total_pnl: Decimal


Record = (
    CommandRecord
    | CommandOutcomeRecord
    | StrategyRecord
    | OrderRecord
    | OrderStateRecord
    | FillRecord
    | MarkRecord
    | MeasuresRecord
    | ReconciliationRecord
    | OffsetRecord
    | FaultRecord
    | EmergencyRecord
    | BaselineRecord
)
