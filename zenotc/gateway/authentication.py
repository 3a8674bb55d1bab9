"""Who asks: the signature, the window of time, the nonces, and what a key may do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from zenotc.exceptions import AuthenticationError, ValidationError
from zenotc.models.signature import sign_request
from zenotc.runtime.keys import ApiKey, KeyStore, Scope

__all__ = ["MAX_AGE_MS", "MAX_AHEAD_MS", "Authenticator", "Caller", "operator_name"]

MAX_AGE_MS = 5_000
MAX_AHEAD_MS = 1_000
_MAX_HEADER = 200
_MAX_STATED = 60
_ALLOWED: dict[Scope, frozenset[Scope]] = {
    "READ": frozenset({"READ", "STOP", "MARKET_MAKING"}),
    "STOP": frozenset({"STOP", "MARKET_MAKING"}),
    "MARKET_MAKING": frozenset({"MARKET_MAKING"}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, and which one.

    Parameters
    ----------
    key
        That signed it.
    operator
        The name for the journal: the key's, and who the client says is asking.
    client
        The user and host that the client states; it is no more than that.
    idempotency_key
        Empty where there is none.
    fingerprint
        Of method, target and body, in hex: the same for every try of a request, and for no other request.
    """

    key: ApiKey
    operator: str
    client: str
    idempotency_key: str
    fingerprint: str

    def drawn(self, prefix: str) -> str:
        """Return an id that a repetition of the request draws again, also from a gateway that has been restarted."""
        drawn_from = f"{self.key.key}\n{self.idempotency_key}".encode()
        return f"{prefix}_{hashlib.sha256(drawn_from).hexdigest()[:16]}"

    def require(self, scope: Scope) -> None:
        """Refuse what the key may not do.

        Raises
        ------
        AuthenticationError
            If the key's scope does not cover `scope` (403).
        """
        if self.key.scope not in _ALLOWED[scope]:
            raise AuthenticationError(
                f"a {self.key.scope} key may not do this: it takes {scope}",
                code="forbidden",
                status_code=403,
                details={"scope": self.key.scope, "required": scope},
            )


class Authenticator:
    """Checks signed requests.

    A nonce is remembered for as long as its timestamp could still be accepted; timestamps from before the
    start are refused, because the nonces of an earlier process are not known.

    Parameters
    ----------
    keys
        Where secrets are looked up.
    clock_ms
        Unix time in milliseconds.
    """

    def __init__(self, keys: KeyStore, clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._keys = keys
        self._clock_ms = clock_ms
        self._started_ms = clock_ms()
        self._nonces: set[tuple[str, str]] = set()
        self._expiry: deque[tuple[int, tuple[str, str]]] = deque()
        self._decoy = secrets.token_hex(32).encode()

    def authenticate(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Caller:
        """Return who sent a request.

        Parameters
        ----------
        method
            In capitals.
        target
            Raw path with its raw query.
        headers
            Looked up in any case.
        body
            The bytes as they arrived.

        Raises
        ------
        AuthenticationError
            If a header is missing; if the key is unknown or the signature wrong, without saying which; if the
            timestamp is outside the window (with the server's time); if the nonce has been seen.
        """
        fields = [_header(headers, f"x-api-{name}") for name in ("key", "timestamp", "nonce", "signature")]
        if not all(fields):
            raise AuthenticationError(
                "the request is not signed: it takes X-API-Key, X-API-Timestamp, X-API-Nonce and X-API-Signature"
            )
        api_key, timestamp, nonce, signature = fields
        idempotency_key = _header(headers, "idempotency-key")
        key = self._keys.lookup(api_key)
        expected = sign_request(
            key.secret if key else self._decoy,
            timestamp=timestamp,
            nonce=nonce,
            idempotency_key=idempotency_key,
            method=method,
            target=target,
            body=body,
        )
        matches = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
        if key is None or not matches:
            raise AuthenticationError("the key or the signature is not accepted")
        self._accept_once(api_key, timestamp, nonce)
        fingerprint = hashlib.sha256(f"{method}\n{target}\n".encode() + body).hexdigest()
        return Caller(
            key,
            operator_name(key.name, unquote(headers.get("x-operator", ""))),
            _stated(unquote(headers.get("x-client", ""))),
            idempotency_key,
            fingerprint,
        )

    def knows(self, caller: Caller) -> bool:
        """Say whether the key of somebody who was let in has not been revoked since."""
        return self._keys.lookup(caller.key.key) is not None

    def _accept_once(self, api_key: str, timestamp: str, nonce: str) -> None:
        now = self._clock_ms()
        sent = int(timestamp) if timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15 else -1
        if not max(now - MAX_AGE_MS, self._started_ms) <= sent <= now + MAX_AHEAD_MS:
            raise AuthenticationError(
                "the timestamp is outside the window, 5 s old to 1 s ahead",
                code="timestamp_out_of_window",
                details={"serverTime": now},
            )
        while self._expiry and self._expiry[0][0] < now:
            self._nonces.discard(self._expiry.popleft()[1])
        if (api_key, nonce) in self._nonces:
            raise AuthenticationError("the nonce has been seen before", code="nonce_reused")
        self._nonces.add((api_key, nonce))
        self._expiry.append((now + MAX_AGE_MS + MAX_AHEAD_MS, (api_key, nonce)))


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if len(value) > _MAX_HEADER:
        raise ValidationError(f"{name} is longer than {_MAX_HEADER} characters", code="malformed", status_code=400)
    return value


def operator_name(key_name: str, stated: str) -> str:
    """Return the name for the journal: the key's, and what the client states, bounded and printable."""
    stated = _stated(stated)
    return f"{key_name}/{stated}" if stated else key_name


def _stated(text: str) -> str:
    """Return what a client says of itself, bounded and printable."""
    return "".join(character for character in text if character.isprintable()).strip()[:_MAX_STATED]
