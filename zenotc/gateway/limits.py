"""How much a client may ask: the size of a body and the rate of requests."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from zenotc.exceptions import RateLimitError, ValidationError
from zenotc.gateway.settings import GatewaySettings

__all__ = ["RateLimiter", "read_body"]

_DRAINED_BODIES = 4


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class RateLimiter:
    """A token bucket for every key.

    Parameters
    ----------
    rate
        Requests a second.
    burst
        Requests at once after a rest.
    clock
        Seconds of a monotonic clock.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def admit(self, api_key: str) -> None:
        """Take one token.

        Raises
        ------
        RateLimitError
            If there is none left; `details` hold `retryAfter` in seconds, `limit`, `remaining` and `reset`
            (seconds until the bucket is full).
        """
        now = self._clock()
        bucket = self._buckets.setdefault(api_key, _Bucket(self._burst, now))
        bucket.tokens = min(float(self._burst), bucket.tokens + (now - bucket.filled_at) * self._rate)
        bucket.filled_at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return
        raise RateLimitError(
            f"more than {self._rate:g} requests a second",
            details={
                "retryAfter": math.ceil((1 - bucket.tokens) / self._rate * 1000) / 1000,
                "limit": self._burst,
                "remaining": 0,
                "reset": math.ceil((self._burst - bucket.tokens) / self._rate),
            },
        )


async def read_body(request: Request, settings: GatewaySettings) -> bytes:
    """Return the body of a request, however it is framed.

    Raises
    ------
    ValidationError
        If it is larger than `max_body_bytes` (413), does not arrive in time (408), or breaks off (400).
    """
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(settings.body_timeout_seconds):
            async for part in request.stream():
                size += len(part)
                if size <= settings.max_body_bytes:
                    parts.append(part)
                elif size > settings.max_body_bytes * _DRAINED_BODIES:
                    break  # a little is read on, so that an honest client gets to read the answer
    except TimeoutError:
        raise ValidationError("the body did not arrive in time", code="timeout", status_code=408) from None
    except ClientDisconnect:
        raise ValidationError("the body broke off", code="malformed", status_code=400) from None
    if size > settings.max_body_bytes:
        raise ValidationError(
            f"the body is larger than {settings.max_body_bytes} bytes", code="body_too_large", status_code=413
        )
    return b"".join(parts)
