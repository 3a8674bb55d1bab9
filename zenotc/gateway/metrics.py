"""What Prometheus is told of a desk. Money in USD, times in seconds; floats, because they are to be looked at."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from zenotc.gateway.desk import Desk
from zenotc.models.status import EngineStatus
from zenotc.models.strategy import Status, Strategy

__all__ = ["create_registry"]


def create_registry(desk: Desk, connections: Callable[[], int]) -> CollectorRegistry:
    """Return what is collected of a desk, of its stream's `connections`, and of the process."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(desk.vitals.stop_sent)
    registry.register(desk.vitals.stop_confirmed)
    registry.register(_DeskCollector(desk, connections))
    return registry


class _DeskCollector(Collector):
    """Reads the desk whenever the metrics are asked for."""

    def __init__(self, desk: Desk, connections: Callable[[], int]) -> None:
        self._desk = desk
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        status, vitals = self._desk.status(), self._desk.vitals
        yield _gauge("uptime_seconds", "Since the engine started, seconds", status.uptime_seconds)
        yield _gauge("ready", "1 once the engine takes commands, else 0", status.ready)
        yield _gauge("emergency_stop_active", "1 while the emergency stop is in force", status.emergency_stop.active)
        yield _gauge(
            "emergency_stop_durable", "0 where a restart would undo the stop or its end", status.emergency_stop.durable
        )
        yield _gauge("loop_age_seconds", "Since the trading loop last turned, seconds", vitals.turn_age_seconds)
        yield _gauge("client_silence_seconds", "Since a client was last heard, seconds", vitals.silence_seconds)
        yield _gauge(
            "journal_lag_seconds",
            "Age of the oldest append that is not on disk, seconds",
            self._desk.journal_lag_seconds,
        )
        yield _gauge("stream_connections", "Clients that are connected to the stream", self._connections())
        yield _gauge("daily_pnl_usd", "PnL since 00:00 UTC over all strategies, USD", float(status.daily_pnl))
        yield _gauge("total_pnl_usd", "PnL over all strategies, USD", float(status.total_pnl))
        yield CounterMetricFamily("zenotc_events", "Events that the journal has committed", value=status.last_seq)
        yield CounterMetricFamily("zenotc_fills", "Executions booked since the engine started", value=vitals.fills)
        requests = CounterMetricFamily(
            "zenotc_order_requests", "Requests about orders that have left for a venue", labels=["request"]
        )
        for name, number in vitals.order_requests.items():
            requests.add_metric([name], number)
        yield requests
        yield from _of_venues(status)
        yield from _of_strategies(self._desk.strategies())


def _of_venues(status: EngineStatus) -> Iterator[Metric]:
    age = _gauges("venue_data_age_seconds", "Age of the newest market data, seconds; +Inf before the first", "venue")
    orders = _gauges("open_orders", "Orders at the venue, those of an unknown outcome included", "venue")
    unknown = _gauges("unknown_orders", "Orders whose outcome is not known", "venue")
    for venue in status.venues:
        age.add_metric([venue.name], math.inf if venue.data_age_seconds is None else venue.data_age_seconds)
        orders.add_metric([venue.name], venue.open_orders)
        unknown.add_metric([venue.name], venue.unknown_orders)
    yield from (age, orders, unknown)


def _of_strategies(strategies: Sequence[Strategy]) -> Iterator[Metric]:
    by_status = _gauges("strategies", "Strategies by status", "status")
    numbers = Counter(strategy.status for strategy in strategies)
    for name in get_args(Status):
        by_status.add_metric([name], numbers[name])
    labels = ("strategy_id", "strategy", "asset")
    daily = _gauges("strategy_daily_pnl_usd", "PnL since 00:00 UTC, USD", *labels)
    total = _gauges("strategy_total_pnl_usd", "PnL, USD", *labels)
    for strategy in strategies:
        values = [strategy.id, strategy.name, strategy.asset]
        daily.add_metric(values, float(strategy.daily_pnl))
        total.add_metric(values, float(strategy.total_pnl))
    yield from (by_status, daily, total)


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"zenotc_{name}", help_text, value=float(value))


def _gauges(name: str, help_text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"zenotc_{name}", help_text, labels=labels)
