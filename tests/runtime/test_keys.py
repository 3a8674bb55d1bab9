from __future__ import annotations

import json
import stat
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from zenotc.exceptions import AuthenticationError, NotFoundError, ValidationError, ZenOTCError
from zenotc.gateway.authentication import Authenticator
from zenotc.models.signature import sign_request
from zenotc.runtime.files import keep_private
from zenotc.runtime.keys import KeyFile
from zenotc.sdk.signing import Signer


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


def test_a_file_that_others_could_read_is_closed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    created = KeyFile(path).create("desk", "STOP")
    path.chmod(0o644)
    kept = KeyFile(path).lookup(created.key)
    assert kept is not None and kept.created_at == created.created_at
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "mode 644" in caplog.text and "replace the keys" in caplog.text
    assert created.secret.decode() not in caplog.text


def test_what_is_not_ours_to_close_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o1777)
    with pytest.raises(ZenOTCError, match="not ours to close"):
        keep_private(tmp_path / "shared")


def test_keys_from_before_they_had_a_time_are_read(path: Path) -> None:
    created = KeyFile(path).create("desk", "STOP")
    entry = json.loads(path.read_text())["keys"][0]
    path.write_text(json.dumps({"keys": [{name: entry[name] for name in ("key", "digest", "name", "scope")}]}))
    kept = KeyFile(path).lookup(created.key)
    assert kept is not None and kept.created_at is None


def test_the_secret_is_in_no_traceback(path: Path) -> None:
    created = KeyFile(path).create("desk", "MARKET_MAKING")
    caller = Authenticator(KeyFile(path))
    signer = Signer(created.key, SecretStr(created.secret.decode()))
    headers = {name.lower(): value for name, value in signer.headers("GET", "/x").items()}
    told = [repr(signer), repr(caller.authenticate("GET", "/x", headers, b""))]
    try:
        caller.authenticate("GET", "/y", headers, b"")
    except AuthenticationError as error:
        told += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    kept = KeyFile(path).lookup(created.key)
    assert kept is not None
    for secret in (created.secret.decode(), kept.secret.hex(), repr(kept.secret)):
        assert not any(secret in text for text in told)
