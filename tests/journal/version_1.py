"""A journal as the first version of the schema left it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

__all__ = ["create"]

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (seq INTEGER PRIMARY KEY, strategy_id TEXT, body BLOB NOT NULL);
CREATE INDEX events_of_strategy ON events (strategy_id, seq);
CREATE TABLE commands (
    command_id TEXT NOT NULL, received_ns INTEGER NOT NULL, operator TEXT NOT NULL, name TEXT NOT NULL,
    strategy_id TEXT, body BLOB NOT NULL
);
CREATE TABLE command_outcomes (
    command_id TEXT NOT NULL, completed_ns INTEGER NOT NULL, outcome TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX outcomes_of_command ON command_outcomes (command_id);
CREATE TABLE strategies (
    strategy_id TEXT NOT NULL, at_ns INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT,
    config BLOB NOT NULL, deleted INTEGER NOT NULL
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
CREATE TABLE emergencies (
    at_ns INTEGER NOT NULL, active INTEGER NOT NULL, operator TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE baselines (
    strategy_id TEXT NOT NULL, day TEXT NOT NULL, total_pnl TEXT NOT NULL, PRIMARY KEY (strategy_id, day)
);
"""

_ROWS = """
INSERT INTO meta VALUES ('schema_version', '1'), ('epoch', 'a0a1a2a3a4a5a6a7'), ('created_ns', '7');
INSERT INTO events VALUES (1, 's1', CAST('{"seq":1}' AS BLOB)), (2, NULL, CAST('{"seq":2}' AS BLOB));
INSERT INTO commands VALUES ('c1', 8, 'trader', 'pause', 's1', CAST('{}' AS BLOB));
INSERT INTO command_outcomes VALUES ('c1', 9, 'done', CAST('{}' AS BLOB));
INSERT INTO strategies VALUES ('s1', 8, 'paused', 'operator', CAST('{"name":"a"}' AS BLOB), 0);
INSERT INTO orders VALUES ('o1', 's1', 'sandbox', 'BTC', 'buy', '61842.10', '0.250', 'quote', 0, 8);
INSERT INTO order_states VALUES ('o1', 9, 'filled', '61842.10', '0.250', '0.250', 'v1', NULL);
INSERT INTO fills VALUES
    ('sandbox', 'BTC', 't1', 'o1', 's1', 'buy', '61842.10', '0.250', '0.1', 1, 9, '61842.105');
INSERT INTO marks VALUES
    ('s2', 5, '1', '0', '0', '0', 10.0, NULL), ('s1', 10, '3', '0', '0', '1E-8', NULL, 0.5),
    ('s1', 5, '2', '0', '0', '0', 3.0, 1.0);
INSERT INTO emergencies VALUES (9, 1, 'trader', 'operator');
INSERT INTO baselines VALUES ('s1', '2024-08-09', '-12.5'), ('', '2024-08-09', '-12.5');
"""


def create(path: Path) -> None:
    """Write the file, with a row or more in every table."""
    connection = sqlite3.connect(path)
    connection.executescript(f"PRAGMA journal_mode = WAL; BEGIN; {_SCHEMA} {_ROWS} COMMIT;")
    connection.close()
