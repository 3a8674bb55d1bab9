"""What an engine that starts has to know of its past, read from the journal in pages; every call blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from typing import TypeVar, cast

from zenotc.journal.journal import Journal
from zenotc.journal.records import (
    FillRecord,
    MeasuresRecord,
    OrderRecord,
    OrderStateRecord,
    Purpose,
    Record,
    StrategyRecord,
)
from zenotc.journal.schema import TABLES, Row

__all__ = ["Recollection"]

_PAGE = 10_000

R = TypeVar("R", bound=Record)


class Recollection:
    """Questions that a start asks of a journal.

    Parameters
    ----------
    journal
        Open, and not written to meanwhile.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def strategies(self) -> list[tuple[StrategyRecord, int]]:
        """Return the newest version of every strategy and when it was created, ns, in the order of creation."""
        newest = {record.strategy_id: record for record in self._newest(StrategyRecord)}
        query = "SELECT strategy_id, min(at_ns) FROM strategies GROUP BY strategy_id ORDER BY min(rowid)"
        return [(newest[strategy_id], created_ns) for strategy_id, created_ns in self._rows(query)]

    def measures(self) -> dict[str, MeasuresRecord]:
        """Return the newest measures by strategy."""
        return {record.strategy_id: record for record in self._newest(MeasuresRecord)}

    def fills(self) -> Iterator[tuple[FillRecord, Purpose]]:
        """Yield every execution with what its order was for, in the order of booking."""
        columns, width = _columns("f", FillRecord)
        query = (
            f"SELECT {columns}, coalesce(o.purpose, 'quote'), f.rowid "
            "FROM fills f LEFT JOIN orders o USING (client_order_id) WHERE f.rowid > ? ORDER BY f.rowid LIMIT ?"
        )
        last = 0
        while rows := self._rows(query, last, _PAGE):
            records = TABLES[FillRecord].restore(row[:width] for row in rows)
            for record, row in zip(records, rows, strict=True):
                yield record, cast(Purpose, row[width])
            last = rows[-1][-1]

    def orders(self, since_ns: int) -> Iterator[tuple[OrderRecord, OrderStateRecord | None]]:
        """Yield the orders that were written at a time or later, ns, with what was last known; the newest first."""
        orders, width = _columns("o", OrderRecord)
        states, _ = _columns("s", OrderStateRecord)
        query = (
            f"SELECT {orders}, {states}, o.rowid FROM orders o LEFT JOIN order_states s ON s.rowid = "
            "(SELECT max(rowid) FROM order_states WHERE client_order_id = o.client_order_id) "
            "WHERE o.rowid < ? ORDER BY o.rowid DESC LIMIT ?"
        )
        first = 1 << 62
        while rows := self._rows(query, first, _PAGE):
            records = TABLES[OrderRecord].restore(row[:width] for row in rows)
            for record, row in zip(records, rows, strict=True):
                if record.created_ns < since_ns:
                    return
                yield record, None if row[width] is None else TABLES[OrderStateRecord].restore([row[width:-1]])[0]
            first = rows[-1][-1]

    def totals(self, strategy_id: str, since_ns: int) -> list[tuple[int, Decimal]]:
        """Return `(time in ns, total PnL in USD)` of a strategy's marks since a time, and of the last one before."""
        marks = "SELECT at_ns, total_pnl FROM marks WHERE strategy_id = ? AND at_ns"
        rows = self._rows(f"{marks} <= ? ORDER BY at_ns DESC LIMIT 1", strategy_id, since_ns)
        rows += self._rows(f"{marks} > ? ORDER BY at_ns", strategy_id, since_ns)
        return [(at_ns, Decimal(total_pnl)) for at_ns, total_pnl in rows]

    def _newest(self, kind: type[R]) -> list[R]:
        table = TABLES[kind]
        newest = f"SELECT max(rowid) FROM {table.name} GROUP BY strategy_id"
        return table.restore(self._rows(f"SELECT {table.columns} FROM {table.name} WHERE rowid IN ({newest})"))

    def _rows(self, query: str, *arguments: object) -> list[Row]:
        return self._journal.read(lambda connection: connection.execute(query, arguments).fetchall())


def _columns(alias: str, kind: type[Record]) -> tuple[str, int]:
    """Return a record's columns of a table under an alias, and how many they are."""
    names = [column.name for column in fields(kind)]
    return ", ".join(f"{alias}.{name}" for name in names), len(names)
