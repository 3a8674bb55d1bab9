"""What the gateway is set to."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GatewaySettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Limits of the gateway.

    Parameters
    ----------
    requests_per_second, burst
        Token bucket of each key; pause, stop, cancel and emergency stop never draw from it.
    max_body_bytes
        Largest request body.
    max_connections
        Open at once; one more takes the place of one without a signed request.
    max_streams, max_streams_per_key
        Open at once, of all keys together and of each.
    head_timeout_seconds
        How long a TLS handshake, and a request's head, may take to arrive.
    unread_timeout_seconds
        A client that reads nothing of its answer for so long is dropped.
    body_timeout_seconds
        How long a body may take to arrive.
    send_timeout_seconds
        A stream client that takes longer to accept one frame cannot follow.
    max_pending_events
        A stream client with more committed events waiting cannot follow.
    frame_interval_seconds
        Shortest time between two frames of events.
    conflation_interval_seconds
        Shortest time between two updates of a conflated channel.
    heartbeat_seconds
        Between two heartbeats.
    """

    requests_per_second: float = 20.0
    burst: int = 40
    max_body_bytes: int = 1 << 18
    max_connections: int = 400
    max_streams: int = 128
    max_streams_per_key: int = 32
    head_timeout_seconds: float = 5.0
    unread_timeout_seconds: float = 20.0
    body_timeout_seconds: float = 10.0
    send_timeout_seconds: float = 5.0
    max_pending_events: int = 10_000
    frame_interval_seconds: float = 0.05
    conflation_interval_seconds: float = 0.2
    heartbeat_seconds: float = 1.0
