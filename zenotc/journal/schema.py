"""The tables, and how a record becomes a row and a row a record. Decimals are text: SQLite has none."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
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
from zenotc.models.events import JournalledEvent

__all__ = ["MIGRATIONS", "SCHEMA", "SCHEMA_VERSION", "TABLES", "Row", "Table", "Values"]

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
    daily_pnl TEXT NOT NULL, total_pnl TEXT NOT NULL, spread_bps REAL, sigma REAL
);
CREATE INDEX marks_of_strategy ON marks (strategy_id, at_ns);
CREATE TABLE measures (strategy_id TEXT PRIMARY KEY, at_ns INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE reconciliations (
    venue TEXT NOT NULL, at_ns INTEGER NOT NULL, trade_id TEXT, complete INTEGER NOT NULL
);
CREATE TABLE offsets (
    venue TEXT NOT NULL, asset TEXT NOT NULL, at_ns INTEGER NOT NULL, quantity TEXT NOT NULL, operator TEXT NOT NULL
);
CREATE TABLE faults (at_ns INTEGER NOT NULL, strategy_id TEXT, traceback TEXT NOT NULL);
CREATE TABLE emergencies (
    at_ns INTEGER NOT NULL, active INTEGER NOT NULL, operator TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE baselines (strategy_id TEXT NOT NULL, day TEXT NOT NULL, total_pnl TEXT NOT NULL);
CREATE TABLE chain (number INTEGER PRIMARY KEY, contents BLOB NOT NULL, hash BLOB NOT NULL);
"""

MIGRATIONS: dict[int, str] = {
    1: """
ALTER TABLE commands ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE commands ADD COLUMN idempotency_key TEXT NOT NULL DEFAULT '';
ALTER TABLE strategies ADD COLUMN resume_at_ns INTEGER;
CREATE INDEX states_of_order ON order_states (client_order_id);
CREATE TABLE measures (strategy_id TEXT PRIMARY KEY, at_ns INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE reconciliations (
    venue TEXT NOT NULL, at_ns INTEGER NOT NULL, trade_id TEXT, complete INTEGER NOT NULL
);
CREATE TABLE offsets (
    venue TEXT NOT NULL, asset TEXT NOT NULL, at_ns INTEGER NOT NULL, quantity TEXT NOT NULL, operator TEXT NOT NULL
);
CREATE TABLE faults (at_ns INTEGER NOT NULL, strategy_id TEXT, traceback TEXT NOT NULL);
ALTER TABLE marks RENAME TO marks_1;
CREATE TABLE marks (
    strategy_id TEXT NOT NULL, at_ns INTEGER NOT NULL, equity TEXT NOT NULL, position TEXT NOT NULL,
    daily_pnl TEXT NOT NULL, total_pnl TEXT NOT NULL, spread_bps REAL, sigma REAL
);
INSERT INTO marks SELECT * FROM marks_1 ORDER BY at_ns, strategy_id;
DROP TABLE marks_1;
CREATE INDEX marks_of_strategy ON marks (strategy_id, at_ns);
ALTER TABLE baselines RENAME TO baselines_1;
CREATE TABLE baselines (strategy_id TEXT NOT NULL, day TEXT NOT NULL, total_pnl TEXT NOT NULL);
INSERT INTO baselines SELECT * FROM baselines_1 ORDER BY rowid;
DROP TABLE baselines_1;
CREATE TABLE chain (number INTEGER PRIMARY KEY, contents BLOB NOT NULL, hash BLOB NOT NULL);
""",
}
"""By schema version, what makes a journal of it one of the next, but for the seals of what is in it."""

Row = tuple[Any, ...]
Values = Sequence[Any]
R = TypeVar("R", bound=Record | JournalledEvent)


class Table(Generic[R]):
    """A table and its record class.

    Parameters
    ----------
    name
        The table's name.
    record
        The record class; its fields are the columns, in order.
    once
        The columns by which a row is known that is there already, and is not added again; by default a second one
        breaks the transaction.
    keyed
        Whether a row takes the place of the one with the same first column.
    """

    def __init__(self, name: str, record: type[R], *, once: str = "", keyed: bool = False) -> None:
        columns = fields(record)
        names = [column.name for column in columns]
        self.name = name
        self.record = record
        self.names = names
        self.columns = ", ".join(names)
        self.blobs = [column.name for column in columns if column.type == "bytes"]
        self.keyed = keyed
        self.select = f"SELECT {self.columns} FROM {name} ORDER BY rowid"
        self._once = bool(once)
        self._insert = f"INSERT INTO {name} ({self.columns}) VALUES ({', '.join('?' * len(names))})"
        if once:
            self._insert += f" ON CONFLICT ({once}) DO NOTHING"
        elif keyed:
            replaced = ", ".join(f"{column} = excluded.{column}" for column in names[1:])
            self._insert += f" ON CONFLICT ({names[0]}) DO UPDATE SET {replaced}"
        self._values = attrgetter(*names)
        self._stored = [(i, _STORED[column.type]) for i, column in enumerate(columns) if column.type in _STORED]
        self._restored = [(i, _RESTORED[column.type]) for i, column in enumerate(columns) if column.type in _RESTORED]

    def row(self, record: R) -> Values:
        """Return the record as it is stored, and as a query finds it then."""
        values: Values = self._values(record)
        if not self._stored:
            return values
        row = list(values)
        for index, stored in self._stored:
            row[index] = stored(row[index])
        return row

    def add(self, connection: sqlite3.Connection, rows: Sequence[Values]) -> Sequence[Values]:
        """Insert rows, and return those that were not there already."""
        if self._once:
            return [row for row in rows if connection.execute(self._insert, row).rowcount]
        connection.executemany(self._insert, rows)
        return rows

    def restore(self, rows: Iterable[Row]) -> list[R]:
        """Return the records that were stored as these rows."""
        return [self._restore(list(row)) for row in rows]

    def _restore(self, row: list[Any]) -> R:
        for index, restored in self._restored:
            row[index] = restored(row[index])
        return self.record(*row)


def _real(value: float | None) -> float | None:
    return None if value is None else float(value)


_STORED: dict[Any, Callable[[Any], Any]] = {"Decimal": str, "bool": int, "float | None": _real}
_RESTORED: dict[Any, Callable[[Any], Any]] = {"Decimal": Decimal, "bool": bool}

TABLES: dict[type[Any], Table[Any]] = {
    table.record: table
    for table in (
        Table("commands", CommandRecord),
        Table("command_outcomes", CommandOutcomeRecord),
        Table("strategies", StrategyRecord),
        Table("orders", OrderRecord),
        Table("order_states", OrderStateRecord),
        # A venue may report an execution again, after a reconnection for one; the first report counts.
        Table("fills", FillRecord, once="venue, asset, trade_id, client_order_id"),
        Table("marks", MarkRecord),
        Table("measures", MeasuresRecord, keyed=True),
        Table("reconciliations", ReconciliationRecord),
        Table("offsets", OffsetRecord),
        Table("faults", FaultRecord),
        Table("emergencies", EmergencyRecord),
        Table("baselines", BaselineRecord),
        Table("events", JournalledEvent),
    )
}
