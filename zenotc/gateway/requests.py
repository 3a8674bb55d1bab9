"""A signed request on its way to its route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from zenotc.exceptions import AuthenticationError, RateLimitError, ValidationError
from zenotc.gateway.answers import WireResponse
from zenotc.gateway.authentication import Authenticator, Caller
from zenotc.gateway.description import describe_signature, refusals
from zenotc.gateway.desk import Desk
from zenotc.gateway.idempotency import IdempotencyMemory, Outcome
from zenotc.gateway.limits import RateLimiter, read_body
from zenotc.gateway.refusals import Refusals
from zenotc.gateway.settings import GatewaySettings
from zenotc.models.commands import Command
from zenotc.models.wire import decode
from zenotc.runtime.keys import Scope

__all__ = [
    "Execution",
    "Gate",
    "SignedRoute",
    "caller_of",
    "desk_of",
    "execution_of",
    "json_body",
    "raw_target",
    "signed",
]

Execution = Callable[[Command], Awaitable[Any]]
"""Hands a command to the desk and returns what it came to."""

_MAX_DIGITS = 40  # a number with more means nothing here, and 1e9999999 takes seconds to convert


@dataclass(slots=True)
class Gate:
    """What stands between a request and the desk, one for each application."""

    desk: Desk
    authenticator: Authenticator
    limiter: RateLimiter
    settings: GatewaySettings
    idempotency: IdempotencyMemory
    refusals: Refusals


@dataclass(frozen=True, slots=True)
class _Policy:
    scope: Scope
    command: type[Command] | None
    unlimited: bool


def signed(
    scope: Scope, *, command: type[Command] | None = None, unlimited: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say what an endpoint takes: the key's scope, for a command an idempotency key, or no part in the rate limit."""

    def mark(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        endpoint.__dict__["policy"] = _Policy(scope, command, unlimited)
        return endpoint

    return mark


class SignedRoute(APIRoute):
    """A route that reads the body, authenticates, checks the scope and the rate, and runs a change only once."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        policy: _Policy = endpoint.__dict__["policy"]
        changes_state = policy.command is not None
        errors = refusals(path, policy.scope, changes_state=changes_state, unlimited=policy.unlimited)
        options["responses"] = errors | (options.get("responses") or {})
        options["openapi_extra"] = describe_signature(options.get("openapi_extra"), changes_state=changes_state)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that stands in front of the endpoint."""
        handle = super().get_route_handler()
        policy: _Policy = self.endpoint.__dict__["policy"]

        async def enter(request: Request) -> Response:
            gate = gate_of(request)
            body = await read_body(request, gate.settings)
            target = raw_target(request.scope)
            try:
                caller = gate.authenticator.authenticate(request.method, target, request.headers, body)
                gate.desk.vitals.heard()
                if not policy.unlimited:
                    gate.limiter.admit(caller.key.key)
            except (AuthenticationError, RateLimitError) as refusal:
                gate.refusals.log(request, refusal)
                raise
            request.state.caller = caller
            request.state.body = body
            if policy.command is None:
                caller.require(policy.scope)
                return await handle(request)
            return await change(gate, request, caller, policy.command)

        async def change(gate: Gate, request: Request, caller: Caller, command: type[Command]) -> Response:
            """Run a command unless it has been run before; whatever refuses it is written down."""
            request_id = caller.drawn("cmd")
            request.state.given = False
            noted = partial(gate.refusals.noted, request, caller, command, limited=not policy.unlimited)
            with noted():
                caller.require(policy.scope)
                if not caller.idempotency_key:
                    raise ValidationError(
                        "what changes state takes an Idempotency-Key", code="idempotency_key_required", status_code=400
                    )
                gate.idempotency.refuse_conflict(request_id, caller.fingerprint)

            async def run() -> Outcome:
                with noted():
                    response = await handle(request)
                return Outcome(response.status_code, bytes(response.body))

            outcome = await gate.idempotency.once(request_id, caller.fingerprint, run)
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


async def execution_of(request: Request) -> Execution:
    """Return the way of a command to the desk, which from then on writes down what becomes of it."""
    desk = gate_of(request).desk

    async def execute(command: Command) -> Any:
        request.state.given = True
        return await desk.execute(command)

    return execute


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
