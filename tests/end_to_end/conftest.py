"""One engine process for the tests that talk to it as a program would; it lives ten times as fast as the clock."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.engine_process import engine
from zenotc import ZenOTCClient


@pytest.fixture(scope="session")
def engine_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("engine")
    with engine(directory, "--empty", "--speed", "10"):
        yield directory


@pytest.fixture
def credentials(engine_dir: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("ZENOTC_STATE_DIR", str(engine_dir))
    body: dict[str, str] = json.loads((engine_dir / "credentials").read_text())
    return body


@pytest.fixture
async def client(credentials: dict[str, str]) -> AsyncIterator[ZenOTCClient]:
    async with ZenOTCClient(api_key=credentials["apiKey"], api_secret=credentials["apiSecret"]) as client:
        yield client
        for strategy in await client.mm_strategy.list():
            if strategy.status != "stopped":
                await client.mm_strategy.stop(strategy.id)
