"""What of the sandbox's accounts outlives the exchange's process: their keys and their fills."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from zenotc.exceptions import ZenOTCError
from zenotc.models.market import BUY, SELL
from zenotc.models.orders import Fill
from zenotc.venues.sandbox.hosted import Credentials

__all__ = ["AccountFile"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS credentials (venue TEXT PRIMARY KEY, key TEXT NOT NULL, secret TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS fills (
    number INTEGER PRIMARY KEY, venue TEXT NOT NULL, asset TEXT NOT NULL, client_order_id TEXT NOT NULL,
    trade_id TEXT NOT NULL, side TEXT NOT NULL, price_ticks INTEGER NOT NULL, quantity_lots INTEGER NOT NULL,
    fee TEXT NOT NULL, maker INTEGER NOT NULL, time_ns INTEGER NOT NULL
) STRICT;
"""
_COLUMNS = "venue, asset, client_order_id, trade_id, side, price_ticks, quantity_lots, fee, maker, time_ns"


class AccountFile:
    """An SQLite file that one exchange at a time holds; what it has returned from is on disk.

    Parameters
    ----------
    path
        It is created where there is none, mode 0600.

    Raises
    ------
    ZenOTCError
        If it cannot be opened, is something else, or belongs to an exchange that runs.
    """

    def __init__(self, path: Path) -> None:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=0)
        except (sqlite3.Error, OSError) as error:
            raise ZenOTCError(f"{path} cannot be opened: {error}") from error
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            self._connection.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise ZenOTCError(f"{path} is in use by another exchange", code="exchange_locked") from error
            raise ZenOTCError(f"{path} is not usable: {error}") from error

    def credentials(self, venue: str) -> Credentials:
        """Return what the venue's account is logged in to with; it is drawn once."""
        drawn = (venue, f"vk_{secrets.token_hex(8)}", secrets.token_urlsafe(32))
        self._connection.execute("INSERT OR IGNORE INTO credentials VALUES (?, ?, ?)", drawn)
        key, secret = self._connection.execute(
            "SELECT key, secret FROM credentials WHERE venue = ?", (venue,)
        ).fetchone()
        return Credentials(key, secret)

    def fills(self, venue: str) -> list[Fill]:
        """Return all fills of the venue's account, in their order."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM fills WHERE venue = ? ORDER BY number", (venue,))
        return [
            Fill(
                venue,
                asset,
                order,
                trade,
                BUY if side == BUY else SELL,
                ticks,
                lots,
                Decimal(fee),
                bool(maker),
                time_ns,
            )
            for _, asset, order, trade, side, ticks, lots, fee, maker, time_ns in rows
        ]

    def append(self, fills: Sequence[Fill]) -> None:
        """Write fills down.

        Raises
        ------
        sqlite3.Error
            If they may not be on disk.
        """
        rows = [
            (
                fill.venue,
                fill.asset,
                fill.client_order_id,
                fill.trade_id,
                fill.side,
                fill.price_ticks,
                fill.quantity_lots,
                str(fill.fee),
                fill.maker,
                fill.time_ns,
            )
            for fill in fills
        ]
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany(f"INSERT INTO fills ({_COLUMNS}) VALUES ({', '.join('?' * 10)})", rows)

    def close(self) -> None:
        """Let another exchange have it."""
        self._connection.close()
