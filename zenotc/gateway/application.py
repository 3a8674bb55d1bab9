"""The gateway's application, put together."""

from __future__ import annotations

import time

from fastapi import FastAPI

from zenotc import __version__
from zenotc.gateway.answers import install_error_answers
from zenotc.gateway.authentication import Authenticator
from zenotc.gateway.desk import Desk
from zenotc.gateway.idempotency import MAX_REMEMBERED, REMEMBERED_SECONDS, IdempotencyMemory
from zenotc.gateway.limits import RateLimiter
from zenotc.gateway.probes import create_probes
from zenotc.gateway.refusals import Refusals
from zenotc.gateway.requests import Gate
from zenotc.gateway.routes import router
from zenotc.gateway.settings import GatewaySettings
from zenotc.gateway.stream import StreamHub
from zenotc.runtime.keys import KeyStore

__all__ = ["create_app"]


def create_app(desk: Desk, keys: KeyStore, *, settings: GatewaySettings | None = None) -> FastAPI:
    """Return the application that lets clients reach a desk.

    Parameters
    ----------
    desk
        What carries the commands out.
    keys
        The keys that are accepted.
    settings
        Limits; by default those of the protocol.
    """
    settings = settings or GatewaySettings()
    app = FastAPI(
        title="ZenOTC market making",
        version=__version__,
        openapi_url=None,  # a probe answers it, on loopback alone
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    limiter = RateLimiter(settings.requests_per_second, settings.burst)
    since_ns = time.time_ns() - REMEMBERED_SECONDS * 1_000_000_000
    memory = IdempotencyMemory(desk.past_commands(since_ns=since_ns, limit=MAX_REMEMBERED))
    app.state.gate = gate = Gate(desk, Authenticator(keys), limiter, settings, memory, Refusals(desk, limiter))
    install_error_answers(app)
    app.include_router(router)
    hub = StreamHub(gate)
    app.include_router(create_probes(desk, lambda: hub.connections))
    app.add_api_websocket_route("/ws", hub.serve)
    return app
