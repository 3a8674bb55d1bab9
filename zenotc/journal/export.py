"""The journal as lines of JSON, for whoever reads it with other programs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import orjson

from zenotc.journal.schema import TABLES

__all__ = ["lines"]


def lines(connection: sqlite3.Connection) -> Iterator[bytes]:
    """Yield everything that has been written, an object a line: its `table`, then its columns.

    Table by table in the order of writing, so that the same rows give the same lines. Decimals are strings, digit for
    digit; what was JSON is JSON. The chain is left out: it also depends on which commits fell together, and proves
    nothing without the file.

    Parameters
    ----------
    connection
        The database; nobody else may write to it meanwhile.
    """
    meta = ("meta", ["key", "value"], "SELECT key, value FROM meta ORDER BY key")
    for name, columns, query in [meta, *((table.name, table.names, table.select) for table in TABLES.values())]:
        for row in connection.execute(query):
            line = {"table": name, **dict(zip(columns, row, strict=True))}
            yield orjson.dumps(line, default=orjson.Fragment, option=orjson.OPT_APPEND_NEWLINE)
