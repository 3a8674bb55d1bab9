"""The tables, and how a record becomes a row and a row a record. Decimals are text: SQLite has none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from decimal import Decimal
from operator import attrgetter
from typing import Any, Generic, TypeVar

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

__all__ = ["INSERT_EVENT", "MIGRATIONS", "SCHEMA", "SCHEMA_VERSION", "TABLES", "Row", "Table"]

SCHEMA_VERSION = 2

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (seq INTEGER PRIMARY KEY, strategy_id TEXT, body BLOB NOT NULL);
CREATE INDEX events_of_strategy ON events (strategy_id, seq);
CREATE TABLE commands (
    command_id TEXT NOT NULL, received_ns INTEGER NOT NULL, operator TEXT NOT NULL, name TEXT NOT NULL,
    strategy_id TEXT, body BLOB NOT NULL, client TEXT NOT NULL DEFAULT '', idempotency_key TEXT NOT NULL DEFAULT ''
);
CREATE TABLE command_outcomes (
    command_id TEXT NOT NULL, completed_ns INTEGER NOT NULL, outcome TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX outcomes_of_command ON command_outcomes (command_id);
CREATE TABLE strategies (
    strategy_id TEXT NOT NULL, at_ns INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT,
    config BLOB NOT NULL, deleted INTEGER NOT NULL, resume_at_ns INTEGER
);
CREATE TABLE orders (
    client_order_id TEXT PRIMARY KEY, strategy_id TEXT NOT NULL, venue TEXT NOT NULL, asset TEXT NOT NULL,
    side TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL, purpose TEXT NOT NULL, layer INTEGER,
    created_ns INTEGER NOT NULL
);
CREATE TABLE order_states (
    client_order_id TEXT NOT NULL, at_ns INTEGER NOT NULL, state TEXT NOT NULL, price TEXT NOT NULL,
    quantity TEXT NOT NULL, filled TEXT NOT NULL, venue_order_id TEXT, reason TEXT
);
CREATE INDEX states_of_order ON order_states (client_order_id);
CREATE TABLE fills (
    venue TEXT NOT NULL, asset TEXT NOT NULL, trade_id TEXT NOT NULL, client_order_id TEXT NOT NULL,
    strategy_id TEXT NOT NULL, side TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL, fee TEXT NOT NULL,
    maker INTEGER NOT NULL, time_ns INTEGER NOT NULL, mid TEXT NOT NULL,
    UNIQUE (venue, asset, trade_id, client_order_id)
);
CREATE TABLE marks (
    strategy_id TEXT NOT NULL, at_ns INTEGER NOT NULL, equity TEXT NOT NULL, position TEXT NOT NULL,
    daily_pnl TEXT NOT NULL, total_pnl TEXT NOT NULL, spread_bps REAL, sigma REAL,
    PRIMARY KEY (strategy_id, at_ns)
) WITHOUT ROWID;
CREATE TABLE measures (strategy_id TEXT PRIMARY KEY, at_ns INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE reconciliations (venue TEXT NOT NULL, at_ns INTEGER NOT NULL, trade_id TEXT);
CREATE TABLE offsets (
    venue TEXT NOT NULL, asset TEXT NOT NULL, at_ns INTEGER NOT NULL, quantity TEXT NOT NULL, operator TEXT NOT NULL
);
CREATE TABLE faults (at_ns INTEGER NOT NULL, strategy_id TEXT, traceback TEXT NOT NULL);
CREATE TABLE emergencies (
    at_ns INTEGER NOT NULL, active INTEGER NOT NULL, operator TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE baselines (
    strategy_id TEXT NOT NULL, day TEXT NOT NULL, total_pnl TEXT NOT NULL, PRIMARY KEY (strategy_id, day)
);
"""

MIGRATIONS: dict[int, str] = {
    1: """
ALTER TABLE commands ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE commands ADD COLUMN idempotency_key TEXT NOT NULL DEFAULT '';
ALTER TABLE strategies ADD COLUMN resume_at_ns INTEGER;
CREATE INDEX states_of_order ON order_states (client_order_id);
CREATE TABLE measures (strategy_id TEXT PRIMARY KEY, at_ns INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE reconciliations (venue TEXT NOT NULL, at_ns INTEGER NOT NULL, trade_id TEXT);
CREATE TABLE offsets (
    venue TEXT NOT NULL, asset TEXT NOT NULL, at_ns INTEGER NOT NULL, quantity TEXT NOT NULL, operator TEXT NOT NULL
);
CREATE TABLE faults (at_ns INTEGER NOT NULL, strategy_id TEXT, traceback TEXT NOT NULL);
""",
}
"""By schema version, what makes a journal of it one of the next."""

INSERT_EVENT = "INSERT INTO events (seq, strategy_id, body) VALUES (?, ?, ?)"

Row = tuple[Any, ...]
R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """A table and its record class.

    Parameters
    ----------
    name
        The table's name.
    record
        The record class; its fields are the columns, in order.
    on_conflict
        What a row does that is there already; by default it breaks the transaction.
    """

    def __init__(self, name: str, record: type[R], on_conflict: str = "") -> None:
        columns = fields(record)
        names = [column.name for column in columns]
        self.name = name
        self.record = record
        self.columns = ", ".join(names)
        self.insert = f"INSERT INTO {name} ({self.columns}) VALUES ({', '.join('?' * len(names))}) {on_conflict}"
        self._values = attrgetter(*names)
        self._decimals = [i for i, column in enumerate(columns) if column.type == "Decimal"]
        self._flags = [i for i, column in enumerate(columns) if column.type == "bool"]

    def row(self, record: R) -> Sequence[Any]:
        """Return the record as it is stored."""
        row = list(self._values(record))
        for index in self._decimals:
            row[index] = str(row[index])
        return row

    def restore(self, rows: Iterable[Row]) -> list[R]:
        """Return the records that were stored as these rows."""
        return [self._restore(list(row)) for row in rows]

    def _restore(self, row: list[Any]) -> R:
        for index in self._decimals:
            row[index] = Decimal(row[index])
        for index in self._flags:
            row[index] = bool(row[index])
        return self.record(*row)


TABLES: dict[type[Any], Table[Any]] = {
    table.record: table
    for table in (
        Table("commands", CommandRecord),
        Table("command_outcomes", CommandOutcomeRecord),
        Table("strategies", StrategyRecord),
        Table("orders", OrderRecord),
        Table("order_states", OrderStateRecord),
        # A venue may report an execution again, after a reconnection for one; the first report counts.
        Table("fills", FillRecord, "ON CONFLICT (venue, asset, trade_id, client_order_id) DO NOTHING"),
        Table(
            "marks",
            MarkRecord,
            "ON CONFLICT (strategy_id, at_ns) DO UPDATE SET equity = excluded.equity, position = excluded.position, "
            "daily_pnl = excluded.daily_pnl, total_pnl = excluded.total_pnl, spread_bps = excluded.spread_bps, "
            "sigma = excluded.sigma",
        ),
        Table(
            "measures",
            MeasuresRecord,
            "ON CONFLICT (strategy_id) DO UPDATE SET at_ns = excluded.at_ns, body = excluded.body",
        ),
        Table("reconciliations", ReconciliationRecord),
        Table("offsets", OffsetRecord),
        Table("faults", FaultRecord),
        Table("emergencies", EmergencyRecord),
        Table(
            "baselines",
            BaselineRecord,
            "ON CONFLICT (strategy_id, day) DO UPDATE SET total_pnl = excluded.total_pnl",
        ),
    )
}
