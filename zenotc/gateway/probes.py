"""What a supervisor asks: alive, ready, metrics, and the description of the API. Unsigned, on loopback alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import ip_address

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import generate_latest

from zenotc.exceptions import AuthenticationError
from zenotc.gateway.answers import WireResponse
from zenotc.gateway.description import complete_description
from zenotc.gateway.desk import Desk
from zenotc.gateway.metrics import create_registry

__all__ = ["HUNG_AFTER", "create_probes"]

HUNG_AFTER = 5.0
"""Seconds without a turn of the trading loop, after which the engine is not alive; it turns once a second or more."""


async def _from_loopback(request: Request) -> None:
    try:
        near = request.client is None or ip_address(request.client.host).is_loopback
    except ValueError:
        near = False
    if not near:
        raise AuthenticationError("only from the engine's own machine", code="forbidden", status_code=403)


def create_probes(desk: Desk, connections: Callable[[], int]) -> APIRouter:
    """Return the unsigned routes of a desk; `connections` tells how many clients its stream has."""
    router = APIRouter(dependencies=[Depends(_from_loopback)], include_in_schema=False)
    registry = create_registry(desk, connections)

    @router.get("/livez")
    async def livez() -> Response:
        age = desk.vitals.turn_age_seconds
        if age > HUNG_AFTER:
            return WireResponse({"status": "hung", "turnAgeSeconds": round(age, 3)}, 503)
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
        # A third of a second of work, the first time.
        return WireResponse(await asyncio.to_thread(complete_description, request.app))

    return router
