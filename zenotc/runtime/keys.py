"""API keys: who they belong to and what they may do.

The file does not hold the secrets. HMAC-SHA256 replaces a key that is longer than its block of 64 bytes by the key's
SHA-256, so secrets are drawn longer than that and their digest is kept: it verifies signatures, and the secret cannot
be found from it. That keeps a secret that is used elsewhere, too, out of backups and of what somebody sees over a
shoulder. It does not keep out who can read the file: a digest signs as well as its secret does, as would anything that
the engine can verify signatures with by itself. Hence the file's mode of 0600, in a directory of 0700.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

import structlog

from zenotc.exceptions import NotFoundError, ValidationError, ZenOTCError
from zenotc.models.wire import decode, encode, utc_from_ns
from zenotc.runtime.files import keep_private, write_durably

__all__ = ["ApiKey", "KeyFile", "KeyStore", "Scope"]

Scope = Literal["READ", "MARKET_MAKING", "STOP"]

_SECRET_BYTES = 64
"""Drawn for a secret; its text of 86 characters is longer than HMAC's block."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, what HMAC is keyed with (the secret, or its digest as kept), a name for people, scope and creation."""

    key: str
    secret: bytes = field(repr=False)
    name: str
    scope: Scope
    created_at: datetime | None = None


class KeyStore:
    """The keys that the gateway accepts."""

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self._keys = {key.key: key for key in keys}

    def lookup(self, api_key: str) -> ApiKey | None:
        """Return the key of that id, if there is one."""
        return self._keys.get(api_key)


class KeyFile(KeyStore):
    """Keys in a file that other processes may change: it is read again whenever it has changed.

    Parameters
    ----------
    path
        The file; it is created with the first key.

    Raises
    ------
    ValidationError
        If the file is there and cannot be read, or is open to others and not ours to close.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._version: tuple[int, int, int] | None = None
        self._load()

    def lookup(self, api_key: str) -> ApiKey | None:
        """Return the key of that id, if there is one.

        A file that has become unreadable changes nothing: it must not lock out who wants to stop the desk.
        """
        try:
            self._load()
        except ValidationError as error:
            _log.warning("the keys as they were stay in force", reason=str(error))
        return super().lookup(api_key)

    def list(self) -> list[ApiKey]:
        """Return all keys in the order of their creation, with digests for secrets."""
        self._load()
        return list(self._keys.values())

    def create(self, name: str, scope: Scope) -> ApiKey:
        """Draw a key and keep it; the answer is the only one that has its secret.

        Raises
        ------
        ValidationError
            If the scope is unknown, or the name empty, too long or taken.
        """
        if scope not in get_args(Scope):
            raise ValidationError.of_fields(
                [{"field": "scope", "reason": f"must be one of {', '.join(get_args(Scope))}"}]
            )
        if not 1 <= len(name) <= 60 or not name.isprintable():
            raise ValidationError.of_fields([{"field": "name", "reason": "must be 1 to 60 printable characters"}])
        secret = secrets.token_urlsafe(_SECRET_BYTES).encode()
        created = ApiKey(f"zk_{secrets.token_hex(8)}", secret, name, scope, utc_from_ns(time.time_ns()))
        with self._exclusive():
            if any(key.name == name for key in self._keys.values()):
                raise ValidationError.of_fields([{"field": "name", "reason": f"there is a key named {name} already"}])
            self._keys[created.key] = replace(created, secret=_digest(secret))
            self._save()
        return created

    def revoke(self, api_key: str) -> ApiKey:
        """Remove a key, named by its id or its name, and return what it was.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        with self._exclusive():
            for key in list(self._keys.values()):
                if api_key in (key.key, key.name):
                    del self._keys[key.key]
                    self._save()
                    return key
        raise NotFoundError(f"there is no key {api_key}")

    def verify(self, api_key: str, secret: str) -> bool:
        """Say whether the secret is that key's."""
        key = self.lookup(api_key)
        return key is not None and secrets.compare_digest(key.secret, _digest(secret.encode()))

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._load()
            yield
        finally:
            os.close(lock)

    def _load(self) -> None:
        try:
            state = self._path.stat()
            version = (state.st_mtime_ns, state.st_ino, state.st_size)
            if version == self._version:
                return
            keep_private(self._path)
            keys = [_from_file(entry) for entry in decode(self._path.read_bytes())["keys"]]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, ZenOTCError) as error:
            raise ValidationError(f"{self._path} cannot be read: {error}") from error
        self._keys = {key.key: key for key in keys}
        self._version = version

    def _save(self) -> None:
        entries = [
            {
                "key": key.key,
                "digest": key.secret.hex(),
                "name": key.name,
                "scope": key.scope,
                "createdAt": key.created_at,
            }
            for key in self._keys.values()
        ]
        write_durably(self._path, encode({"keys": entries}))


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _from_file(entry: dict[str, str]) -> ApiKey:
    scope = entry["scope"]
    created = entry.get("createdAt")
    for known in get_args(Scope):
        if scope == known:
            digest = bytes.fromhex(entry["digest"])
            return ApiKey(
                entry["key"], digest, entry["name"], known, datetime.fromisoformat(created) if created else None
            )
    raise ValueError(f"unknown scope {scope}")
