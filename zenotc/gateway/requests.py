"""A signed request on its way to its route."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from zenotc.exceptions import ValidationError
from zenotc.gateway.answers import WireResponse
from zenotc.gateway.authentication import Authenticator, Caller
from zenotc.gateway.description import describe_signature, refusals
from zenotc.gateway.desk import Desk
from zenotc.gateway.idempotency import IdempotencyMemory, Outcome
from zenotc.gateway.limits import RateLimiter, read_body
from zenotc.gateway.settings import GatewaySettings
from zenotc.models.wire import decode
from zenotc.runtime.keys import Scope

__all__ = ["Gate", "SignedRoute", "caller_of", "desk_of", "json_body", "raw_target", "signed"]

_MAX_DIGITS = 40  # a number with more means nothing here, and 1e9999999 takes seconds to convert


@dataclass(slots=True)
class Gate:
    """What stands between a request and the desk, one for each application."""

    desk: Desk
    authenticator: Authenticator
    limiter: RateLimiter
    settings: GatewaySettings
    idempotency: IdempotencyMemory


@dataclass(frozen=True, slots=True)
class _Policy:
    scope: Scope
    changes_state: bool
    unlimited: bool


def signed(
    scope: Scope, *, changes_state: bool = False, unlimited: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say what an endpoint takes: the key's scope, an idempotency key, or no part in the rate limit."""

    def mark(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        endpoint.__dict__["policy"] = _Policy(scope, changes_state, unlimited)
        return endpoint

    return mark


class SignedRoute(APIRoute):
    """A route that reads the body, authenticates, checks the scope and the rate, and runs a change only once."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        policy: _Policy = endpoint.__dict__["policy"]
        errors = refusals(path, policy.scope, changes_state=policy.changes_state, unlimited=policy.unlimited)
        options["responses"] = errors | (options.get("responses") or {})
        options["openapi_extra"] = describe_signature(options.get("openapi_extra"), changes_state=policy.changes_state)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that stands in front of the endpoint."""
        handle = super().get_route_handler()
        policy: _Policy = self.endpoint.__dict__["policy"]

        async def enter(request: Request) -> Response:
            gate = gate_of(request)
            body = await read_body(request, gate.settings)
            target = raw_target(request.scope)
            caller = gate.authenticator.authenticate(request.method, target, request.headers, body)
            gate.desk.vitals.heard()
            if not policy.unlimited:
                gate.limiter.admit(caller.key.key)
            caller.require(policy.scope)
            request.state.caller = caller
            request.state.body = body
            if not policy.changes_state:
                return await handle(request)
            if not caller.idempotency_key:
                raise ValidationError(
                    "what changes state takes an Idempotency-Key", code="idempotency_key_required", status_code=400
                )

            async def run() -> Outcome:
                response = await handle(request)
                return Outcome(response.status_code, bytes(response.body))

            outcome = await gate.idempotency.once(caller.drawn("cmd"), caller.fingerprint, run)
            return WireResponse(outcome.body, outcome.status)

        return enter


def raw_target(scope: Any) -> str:
    """Return the raw path with its raw query, as it was signed."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def gate_of(request: Request) -> Gate:
    """Return the application's gate."""
    gate: Gate = request.app.state.gate
    return gate


# What routes depend on. They are coroutines because FastAPI runs a plain function in a thread, which under load takes
# longer than everything else on the way of an emergency stop.


async def desk_of(request: Request) -> Desk:
    """Return the application's desk."""
    return gate_of(request).desk


async def caller_of(request: Request) -> Caller:
    """Return who sent the request."""
    caller: Caller = request.state.caller
    return caller


async def json_body(request: Request) -> dict[str, Any]:
    """Return the request's JSON object; no body at all is an empty one.

    Raises
    ------
    ValidationError
        If it is not a JSON object, or holds something that JSON cannot say exactly (400).
    """
    body: bytes = request.state.body
    if not body:
        return {}
    try:
        value = decode(body)
        _refuse_extremes(value)
    except ValueError as error:
        raise ValidationError(f"the body is not JSON: {error}", code="malformed", status_code=400) from None
    if not isinstance(value, dict):
        raise ValidationError("the body is not a JSON object", code="malformed", status_code=400)
    return value


def _refuse_extremes(value: Any) -> None:
    """Refuse lone surrogates, which cannot be answered, and numbers too large to compute with."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += item.keys()
            pending += item.values()
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, str):
            item.encode()
        elif isinstance(item, int | Decimal) and not _is_sane(Decimal(item)):
            raise ValueError("a number is out of range")


def _is_sane(number: Decimal) -> bool:
    return abs(number.adjusted()) <= _MAX_DIGITS and len(number.as_tuple().digits) <= 2 * _MAX_DIGITS
