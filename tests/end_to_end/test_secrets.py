"""No secret is to be found anywhere but in the two files that are there to hold it."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx

from tests.end_to_end.engine_process import engine, profile
from zenotc import ZenOTCClient
from zenotc.exceptions import AuthenticationError

HOLDERS = {"credentials", "venues.json"}


def zenotc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zenotc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


async def _use(state_dir: Path, url: str, key: str, secret: str) -> str:
    """Trade, be refused, and send the secret where it does not belong; returns what was said."""
    said = []
    async with ZenOTCClient(key, secret, base_url=url) as client:
        said.append(repr(client) + repr(vars(client)))
        strategy = await client.mm_strategy.create(
            name="mine", asset="BTC", base_spread_bps=10, quote_size=0.1, max_position=1, enabled=True
        )
        await client.mm_strategy.pause(strategy.id)
    async with ZenOTCClient(key, secret[:-1], base_url=url) as refused:
        try:
            await refused.mm_strategy.list()
        except AuthenticationError as error:
            said.append(repr(error) + str(error.details))
    async with httpx.AsyncClient(base_url=url) as http:
        for path in (f"/api/sdk/mm-strategies?apiSecret={secret}", f"/{secret}", "/ws"):
            answer = await http.get(path, headers={"X-API-Key": secret, "Authorization": f"Bearer {secret}"})
            said.append(answer.text)
        answer = await http.post("/api/sdk/mm-strategies", content=json.dumps({"apiSecret": secret}))
        said.append(answer.text)
        said += [(await http.get(path)).text for path in ("/metrics", "/readyz", "/openapi.json")]
    return "".join(said)


def test_secrets_are_nowhere_to_be_found(tmp_path: Path) -> None:
    created = json.loads(zenotc("keys", "create", "--name", "mine", "--state-dir", tmp_path, "--json").stdout)
    with engine(tmp_path, "--log-level", "debug") as process:
        local = json.loads((tmp_path / "credentials").read_text())
        secrets = [created["apiSecret"], local["apiSecret"]]
        said = asyncio.run(_use(tmp_path, str(profile(tmp_path)["url"]), created["apiKey"], secrets[0]))
        said += zenotc("keys", "list", "--state-dir", tmp_path).stdout
        stopped = zenotc("emergency-stop", "--state-dir", tmp_path)
        assert stopped.returncode == 0, stopped
        said += stopped.stdout + stopped.stderr
        said += Path(f"/proc/{process.pid}/cmdline").read_text()
        process.send_signal(signal.SIGABRT)  # a traceback of every thread, and a journal that was not closed
        process.wait(20)
        assert process.stderr is not None
        said += process.stderr.read()
    assert "Fatal Python error" in said and '"event": "ready"' in said
    for secret in secrets:
        assert secret not in said
        for path in tmp_path.iterdir():
            if path.name not in HOLDERS:
                assert secret.encode() not in path.read_bytes(), path.name
    assert stat.S_IMODE(tmp_path.stat().st_mode) & 0o077 == 0
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name
