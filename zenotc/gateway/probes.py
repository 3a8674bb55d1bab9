"""What a supervisor asks: alive, ready, metrics, and the description of the API. Unsigned, on loopback alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from zenotc.exceptions import AuthenticationError
from zenotc.gateway.answers import WireResponse
from zenotc.gateway.desk import Desk

__all__ = ["create_probes"]


def _from_loopback(request: Request) -> None:
    try:
        near = request.client is None or ip_address(request.client.host).is_loopback
    except ValueError:
        near = False
    if not near:
        raise AuthenticationError("only from the engine's own machine", code="forbidden", status_code=403)


class DeskCollector(Collector):
    """Reads the desk's status whenever the metrics are asked for; money in USD, times in seconds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        status = self._desk.status()
        values: dict[str, tuple[str, Any]] = {
            "uptime_seconds": ("Since the engine started", status.uptime_seconds),
            "ready": ("1 once the engine takes commands", status.ready),
            "emergency_stop_active": ("1 while the emergency stop is in force", status.emergency_stop.active),
            "last_seq": ("Number of the newest event", status.last_seq),
            "open_orders": ("Orders that rest at the venues", status.open_orders),
            "daily_pnl_usd": ("PnL since 00:00 UTC over all strategies", status.daily_pnl),
            "total_pnl_usd": ("PnL over all strategies", status.total_pnl),
        }
        for name, (help_text, value) in values.items():
            yield GaugeMetricFamily(f"zenotc_{name}", help_text, value=float(value))
        venues = GaugeMetricFamily("zenotc_venue_data_age_seconds", "Age of the newest market data", labels=["venue"])
        for venue in status.venues:
            if venue.data_age_seconds is not None:
                venues.add_metric([venue.name], venue.data_age_seconds)
        yield venues
        strategies = GaugeMetricFamily("zenotc_strategies", "Strategies by status", labels=["status"])
        for name, number in Counter(strategy.status for strategy in self._desk.strategies()).items():
            strategies.add_metric([name], number)
        yield strategies


def create_probes(desk: Desk) -> APIRouter:
    """Return the unsigned routes of a desk."""
    router = APIRouter(dependencies=[Depends(_from_loopback)], include_in_schema=False)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DeskCollector(desk))

    @router.get("/livez")
    async def livez() -> Response:
        return WireResponse({"status": "alive"})

    @router.get("/readyz")
    async def readyz() -> Response:
        status = desk.status()
        return WireResponse({"ready": status.ready, "waitingFor": status.waiting_for}, 200 if status.ready else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    @router.get("/openapi.json")
    async def openapi(request: Request) -> Response:
        return WireResponse(request.app.openapi())

    return router
