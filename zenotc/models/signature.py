"""How a request is signed; the client and the gateway must agree on every byte of it."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["sign_request"]


def sign_request(
    secret: bytes,
    *,
    timestamp: str,
    nonce: str,
    idempotency_key: str,
    method: str,
    target: str,
    body: bytes,
) -> str:
    """Return the lowercase hex HMAC-SHA256 of a request.

    Parameters
    ----------
    secret
        The UTF-8 bytes of the API secret.
    timestamp
        Unix time in milliseconds, as in the header.
    nonce
        Unique per request.
    idempotency_key
        Empty where the request changes nothing.
    method
        In capitals.
    target
        Raw path with its raw query.
    body
        The bytes that are sent.
    """
    lines = (timestamp, nonce, idempotency_key, method, target, hashlib.sha256(body).hexdigest())
    return hmac.new(secret, "\n".join(lines).encode("latin-1", "replace"), hashlib.sha256).hexdigest()
