from __future__ import annotations

import json
import logging
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from tests.gateway.desk_double import SECRET
from tests.sdk.conftest import Gateway
from zenotc import ZenOTCClient
from zenotc.exceptions import AuthenticationError, ConnectionFailedError, ValidationError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("API_KEY", "API_SECRET", "ENVIRONMENT", "BASE_URL"):
        monkeypatch.delenv(f"ZENOTC_{name}", raising=False)
    monkeypatch.setenv("ZENOTC_STATE_DIR", str(tmp_path))


def write_profile(directory: Path, environment: str = "sandbox") -> None:
    engine = {"url": "http://127.0.0.1:4711", "pid": 1, "environment": environment, "epoch": "e"}
    (directory / "engine.json").write_text(json.dumps(engine))
    credentials = {"apiKey": "profile-key", "apiSecret": "profile-secret", "environment": environment}
    (directory / "credentials").write_text(json.dumps(credentials))


def test_arguments_come_before_variables_before_the_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_profile(tmp_path)
    found = ZenOTCClient()
    assert (found.base_url, found._signer.api_key) == ("http://127.0.0.1:4711", "profile-key")
    monkeypatch.setenv("ZENOTC_API_KEY", "variable-key")
    monkeypatch.setenv("ZENOTC_API_SECRET", "variable-secret")
    monkeypatch.setenv("ZENOTC_BASE_URL", "http://variable:1/")
    found = ZenOTCClient()
    assert (found.base_url, found._signer.api_key) == ("http://variable:1", "variable-key")
    found = ZenOTCClient("given-key", "given-secret", base_url="http://given:1")
    assert (found.base_url, found._signer.api_key) == ("http://given:1", "given-key")


def test_state_directory_may_be_given(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_profile(elsewhere)
    assert ZenOTCClient(state_dir=elsewhere).base_url == "http://127.0.0.1:4711"


def test_a_live_engine_is_never_found_by_a_sandbox_client(tmp_path: Path) -> None:
    write_profile(tmp_path, "live")
    with pytest.raises(AuthenticationError):
        ZenOTCClient()
    assert ZenOTCClient("k", "s").base_url == "http://127.0.0.1:8731"
    assert ZenOTCClient(environment="live").base_url == "http://127.0.0.1:4711"


def test_unknown_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="environment"):
        ZenOTCClient("k", "s", environment="production")
    monkeypatch.setenv("ZENOTC_ENVIRONMENT", "prod")
    with pytest.raises(ValidationError, match="environment"):
        ZenOTCClient("k", "s")


def test_live_has_no_default_url() -> None:
    with pytest.raises(ValidationError, match="base_url"):
        ZenOTCClient("k", "s", environment="live")
    with pytest.raises(ValidationError, match="base_url"):
        ZenOTCClient("k", "s", base_url="127.0.0.1:8731")


def test_without_credentials_it_says_where_they_come_from() -> None:
    with pytest.raises(AuthenticationError, match="ZENOTC_API_KEY"):
        ZenOTCClient()
    with pytest.raises(AuthenticationError):
        ZenOTCClient(api_key="k")


def locals_of(error: BaseException) -> str:
    """Return a traceback as a reporter shows it that prints every frame's locals, but for the test's own."""
    summary = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(summary.stack.format()[1:]) + str(summary)


async def test_secret_shows_nowhere(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = ZenOTCClient("trader", SECRET, base_url=gateway.url)
    await client.mm_strategy.status()
    subscription = await client.mm_strategy.subscribe_events(None, print)
    shown = [repr(client), repr(client._signer), repr(vars(client)), repr(vars(client._signer)), repr(subscription)]
    await gateway.stop()
    with pytest.raises(ConnectionFailedError) as failed:
        await client.mm_strategy.status()
    await client.close()
    with pytest.raises(ValidationError) as refused:
        ZenOTCClient("trader", SECRET, environment="nowhere")
    shown += [locals_of(failed.value), locals_of(refused.value), caplog.text]
    assert caplog.text
    assert SECRET not in "".join(shown)


def test_import_stays_light() -> None:
    loaded = "import sys, zenotc; zenotc.ZenOTCClient; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, timeout=30, check=True)
    assert not {"httpx", "websockets", "fastapi", "textual", "sqlite3"} & set(modules.stdout.split())
