"""An engine that listens beyond its machine, as its operator starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import trustme

from tests.end_to_end.engine_process import engine, profile
from zenotc import ZenOTCClient
from zenotc.cli.child_engine import find_engine
from zenotc.exceptions import RateLimitError


def test_beyond_its_machine_it_takes_a_certificate(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zenotc", "serve", "--host", "0.0.0.0", "--port", "0", "--state-dir", tmp_path]
    refused = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert "--tls-cert" in refused.stderr and "--insecure" in refused.stderr and "Traceback" not in refused.stderr
    assert not (tmp_path / "engine.json").exists()


async def test_clients_of_its_machine_find_it_and_verify_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    state = tmp_path / "state"
    certificate = ("--tls-cert", tmp_path / "cert.pem", "--tls-key", tmp_path / "key.pem")
    (tmp_path / "settings.toml").write_text("requests_per_second = 0.1\nrequest_burst = 2\n")
    with engine(state, "--host", "0.0.0.0", "--empty", *certificate, "--settings", tmp_path / "settings.toml"):
        url = str(profile(state)["url"])
        assert url.startswith("https://127.0.0.1:")
        monkeypatch.setenv("ZENOTC_CA_FILE", str(tmp_path / "ca.pem"))
        assert await find_engine(state, 5) == url
        async with ZenOTCClient(state_dir=state) as client:
            for _ in range(2):
                assert (await client.mm_strategy.status()).environment == "sandbox"
            with pytest.raises(RateLimitError):
                await client.mm_strategy.status()
            assert (await client.mm_strategy.emergency_stop_all()).confirmed
        async with httpx.AsyncClient(trust_env=False) as http:
            with pytest.raises(httpx.HTTPError):
                await http.get(url.replace("https", "http") + "/livez")
