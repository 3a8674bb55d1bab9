from __future__ import annotations

import stat
from pathlib import Path

import pytest

from zenotc.exceptions import NotFoundError, ValidationError
from zenotc.models.signature import sign_request
from zenotc.runtime.keys import KeyFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def sign(secret: bytes) -> str:
    return sign_request(
        secret, timestamp="1", nonce="n", idempotency_key="", method="GET", target="/api/sdk/status", body=b""
    )


def test_what_is_kept_verifies_what_the_secret_signed(path: Path) -> None:
    created = KeyFile(path).create("wall switch", "STOP")
    kept = KeyFile(path).lookup(created.key)
    assert kept is not None
    assert (kept.name, kept.scope) == ("wall switch", "STOP")
    assert kept.secret != created.secret
    assert sign(kept.secret) == sign(created.secret)


def test_the_secret_is_neither_in_the_file_nor_in_a_repr(path: Path) -> None:
    created = KeyFile(path).create("desk", "MARKET_MAKING")
    secret = created.secret.decode()
    assert secret not in path.read_text()
    assert secret not in repr(created)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_running_engine_sees_keys_come_and_go(path: Path) -> None:
    running, command = KeyFile(path), KeyFile(path)
    created = command.create("desk", "READ")
    assert running.lookup(created.key) is not None
    command.revoke("desk")
    assert running.lookup(created.key) is None
    assert running.list() == []


def test_an_unreadable_file_locks_nobody_out_of_a_running_engine(path: Path) -> None:
    running = KeyFile(path)
    created = running.create("desk", "STOP")
    path.write_text("{")
    assert running.lookup(created.key) is not None
    with pytest.raises(ValidationError, match="cannot be read"):
        KeyFile(path)


def test_what_is_refused(path: Path) -> None:
    keys = KeyFile(path)
    keys.create("desk", "READ")
    for name, scope, field in (("desk", "READ", "name"), ("", "READ", "name"), ("a\nb", "READ", "name")):
        with pytest.raises(ValidationError) as refused:
            keys.create(name, scope)  # type: ignore[arg-type]
        assert refused.value.fields[0]["field"] == field
    with pytest.raises(ValidationError, match="scope"):
        keys.create("other", "ADMIN")  # type: ignore[arg-type]
    with pytest.raises(NotFoundError):
        keys.revoke("nobody")
