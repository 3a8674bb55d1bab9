"""Every error that the client raises.

ZenOTCError
├── StrategyError              the strategy's state does not allow it (409)
│   ├── PositionLimitError     the position has reached its limit
│   ├── CircuitBreakerError    a breaker or the emergency stop is in force
│   └── InsufficientMarginError
├── ValidationError            a parameter is unknown or has a bad value (400, 413, 422)
├── AuthenticationError        the key, the signature or the scope is not accepted (401, 403)
├── RateLimitError             too many requests (429)
├── NotFoundError              no such strategy, asset or route (404)
├── ConnectionFailedError      the engine could not be reached or is not ready; nothing was done (503)
└── OutcomeUnknownError        the request was sent and no answer came; it may have been done
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

__all__ = [
    "AuthenticationError",
    "CircuitBreakerError",
    "ConnectionFailedError",
    "InsufficientMarginError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PositionLimitError",
    "RateLimitError",
    "StrategyError",
    "ValidationError",
    "ZenOTCError",
    "error_from_wire",
]


class ZenOTCError(Exception):
    """The root of all errors of this package.

    Parameters
    ----------
    message
        One sentence for a person.
    code
        What went wrong, in snake_case, for a program; default the class's own.
    details
        What belongs to the error, JSON values (camelCase on the wire).
    status_code
        The HTTP status that carries it; default the class's own.
    """

    default_code: ClassVar[str] = "error"
    default_status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        status_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.details: dict[str, Any] = dict(details or {})
        self.status_code = status_code or self.default_status


class StrategyError(ZenOTCError):
    """The state of the strategy does not allow the command."""

    default_code = "strategy_state"
    default_status = 409


class PositionLimitError(StrategyError):
    """The position has reached `max_position`; both numbers are in base units."""

    default_code = "position_limit"

    @property
    def current_position(self) -> Decimal:
        """The signed position, base units."""
        return Decimal(str(self.details["currentPosition"]))

    @property
    def max_position(self) -> Decimal:
        """The limit on the absolute position, base units."""
        return Decimal(str(self.details["maxPosition"]))


class CircuitBreakerError(StrategyError):
    """A circuit breaker's measure is over its limit, or the emergency stop is in force."""

    default_code = "circuit_breaker_active"

    @property
    def reason(self) -> str:
        """Which breaker, its measure and its limit, in words."""
        return str(self.details.get("reason", self.message))


class InsufficientMarginError(StrategyError):
    """The account cannot carry the strategy's largest position; both numbers are in USD."""

    default_code = "insufficient_margin"

    @property
    def required(self) -> Decimal:
        """What the strategy would reserve, USD."""
        return Decimal(str(self.details["required"]))

    @property
    def available(self) -> Decimal:
        """Equity less what the other active strategies reserve, USD."""
        return Decimal(str(self.details["available"]))


class ValidationError(ZenOTCError):
    """A parameter is unknown or has a bad value."""

    default_code = "validation_failed"
    default_status = 422

    @classmethod
    def of_fields(cls, fields: list[dict[str, str]]) -> ValidationError:
        """Build the error from `[{"field": ..., "reason": ...}, ...]`."""
        text = "; ".join(f"{item['field']}: {item['reason']}" for item in fields)
        return cls(text or "validation failed", details={"fields": fields})

    @property
    def fields(self) -> list[dict[str, str]]:
        """Each refused parameter: `field` (snake_case) and `reason`."""
        return list(self.details.get("fields", []))


class AuthenticationError(ZenOTCError):
    """The key, the signature, the time or the scope is not accepted."""

    default_code = "unauthorized"
    default_status = 401


class RateLimitError(ZenOTCError):
    """Too many requests."""

    default_code = "rate_limited"
    default_status = 429

    @property
    def retry_after(self) -> float:
        """Seconds to wait before the next try."""
        return float(self.details.get("retryAfter", 1.0))


class NotFoundError(ZenOTCError):
    """There is no such strategy, asset or route."""

    default_code = "not_found"
    default_status = 404


class ConnectionFailedError(ZenOTCError):
    """The engine could not be reached or is not ready; the request was not carried out."""

    default_code = "unavailable"
    default_status = 503


class OutcomeUnknownError(ZenOTCError):
    """The request was sent and no answer came: it may or may not have been carried out."""

    default_code = "outcome_unknown"
    default_status = 504


_BY_CODE: dict[str, type[ZenOTCError]] = {
    cls.default_code: cls for cls in (PositionLimitError, CircuitBreakerError, InsufficientMarginError)
}
_BY_STATUS: dict[int, type[ZenOTCError]] = {
    400: ValidationError,
    401: AuthenticationError,
    403: AuthenticationError,
    404: NotFoundError,
    409: StrategyError,
    413: ValidationError,
    422: ValidationError,
    429: RateLimitError,
    503: ConnectionFailedError,
    504: OutcomeUnknownError,
}


def error_from_wire(status_code: int, body: Mapping[str, Any]) -> ZenOTCError:
    """Turn an error answer of the gateway into its exception.

    Parameters
    ----------
    status_code
        The HTTP status.
    body
        The decoded answer: `error`, `message`, `details`.
    """
    code = str(body.get("error", "error"))
    cls = _BY_CODE.get(code) or _BY_STATUS.get(status_code, ZenOTCError)
    details = body.get("details")
    return cls(
        str(body.get("message", code)),
        code=code,
        details=details if isinstance(details, Mapping) else None,
        status_code=status_code,
    )
