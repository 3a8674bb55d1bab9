"""How many records the journal takes, and how long a small commit takes, the hash chain included.

Bursts of batches as an engine writes them (an order, its states, an event) are appended at once and waited for; then
single batches, one after another, on the disk of the system's temporary directory.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from tests.benchmarks.report import percentile, progress, publish
from zenotc.journal import Journal
from zenotc.journal.records import OrderRecord, OrderStateRecord, Record
from zenotc.models.events import ErrorOccurred
from zenotc.models.wire import utc_from_ns

BURSTS = 5
BATCHES = 10_000
COMMITS = 2_000
T0 = 1_723_161_254_000_000_000
PRICE, QUANTITY = Decimal("61842.10"), Decimal("0.250")


def batch(number: int) -> list[Record | ErrorOccurred]:
    """Return five records, one of them an event of 300 bytes."""
    name = f"o{number}"
    placed = OrderRecord(name, "s1", "sandbox", "BTC", "buy", PRICE, QUANTITY, "quote", 0, T0)
    state = OrderStateRecord(name, T0, "resting", PRICE, QUANTITY, Decimal(0), "v1", None)
    event = ErrorOccurred(timestamp=utc_from_ns(T0), strategy_id="s1", reason="x" * 150, code="test")
    return [placed, state, state, state, event]


def main() -> None:
    """Print the figures."""
    rates, costs, commits = [], [], []
    with tempfile.TemporaryDirectory() as folder, Journal.open(Path(folder) / "journal.db", now_ns=T0) as journal:
        for burst in range(BURSTS):
            batches = [batch(burst * BATCHES + number) for number in range(BATCHES)]
            records = sum(map(len, batches))
            began, cpu_began = time.perf_counter(), time.process_time()
            for one in batches:
                journal.append(one)
            journal.flush(60)
            rates.append(records / (time.perf_counter() - began))
            costs.append((time.process_time() - cpu_began) / records * 1e6)
        for number in range(COMMITS):
            one = batch(BURSTS * BATCHES + number)
            began = time.perf_counter()
            journal.append(one)
            journal.flush(10)
            commits.append((time.perf_counter() - began) * 1e3)
    figures = {
        "records_per_second": {"median": round(statistics.median(rates)), "best": round(max(rates))},
        "cpu_us_per_record": round(statistics.median(costs), 2),
        "commit_of_5_ms": {"p50": round(statistics.median(commits), 3), "p99": round(percentile(commits, 99), 3)},
    }
    progress(f"  {figures}")
    publish("journal", figures, [])


if __name__ == "__main__":
    main()
