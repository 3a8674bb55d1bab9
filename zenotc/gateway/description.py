"""What the API's description says of every signed route: the signature, the idempotency key, and how it may refuse."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from zenotc.gateway.answers import ErrorAnswer
from zenotc.runtime.keys import Scope

__all__ = ["complete_description", "describe_signature", "refusals"]

_SIGNATURE = {
    "apiKey": ("X-API-Key", "Who asks."),
    "timestamp": ("X-API-Timestamp", "Unix time, ms; at most 5 s old and 1 s ahead."),
    "nonce": ("X-API-Nonce", "Drawn anew for each try."),
    "signature": (
        "X-API-Signature",
        "Lowercase hex HMAC-SHA256, keyed with the secret, of these lines joined by a line feed: timestamp, nonce, "
        "idempotency key or nothing, method, raw path with its query, lowercase hex SHA-256 of the body.",
    ),
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "The same for every try: a request is carried out once, and each try is answered the same.",
}
_RATE_HEADERS = {
    name: {"schema": {"type": "string"}}
    for name in ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
}


def refusals(path: str, scope: Scope, *, changes_state: bool, unlimited: bool) -> dict[int | str, dict[str, Any]]:
    """Return how a route may refuse, for its description.

    Parameters
    ----------
    path
        With its parameters in braces.
    scope, changes_state, unlimited
        As the route is marked; what stops the desk is neither limited nor ever unavailable.
    """
    statuses = {400, 401, 408, 413, 422}
    if scope != "READ":  # which every key may do
        statuses.add(403)
    if "{" in path:
        statuses.add(404)
    if changes_state:
        statuses |= {409, 504}
    if not unlimited:
        statuses |= {429, 503}
    answers: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorAnswer, "description": HTTPStatus(status).phrase} for status in sorted(statuses)
    }
    if 429 in answers:
        answers[429]["headers"] = _RATE_HEADERS
    return answers


def describe_signature(extra: dict[str, Any] | None, *, changes_state: bool) -> dict[str, Any]:
    """Return what a route's description says beside FastAPI's, with its signature and its idempotency key."""
    described: dict[str, Any] = {**(extra or {}), "security": [{name: [] for name in _SIGNATURE}]}
    if changes_state:
        described["parameters"] = [_IDEMPOTENCY_KEY]
    return described


def complete_description(app: FastAPI) -> dict[str, Any]:
    """Return the description of an application with the parts of the signature in it."""
    description = app.openapi()
    description["components"]["securitySchemes"] = {
        name: {"type": "apiKey", "in": "header", "name": header, "description": text}
        for name, (header, text) in _SIGNATURE.items()
    }
    return description
