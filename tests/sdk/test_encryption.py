"""The client before an engine with a certificate, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from tests.gateway.desk_double import KEYS, SECRET, DeskDouble
from tests.waiting import until
from zenotc import ZenOTCClient
from zenotc.exceptions import ConnectionFailedError, ValidationError
from zenotc.gateway.application import create_app
from zenotc.gateway.server import Certificate, GatewayServer


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the certificate of an engine, and two authorities, the one that has issued it and another."""
    directory = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "desk.example")
    issued.cert_chain_pems[0].write_to_path(directory / "cert.pem")
    issued.private_key_pem.write_to_path(directory / "key.pem")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    trustme.CA().cert_pem.write_to_path(directory / "other-ca.pem")
    return directory


@pytest.fixture
async def url(desk: DeskDouble, directory: Path) -> AsyncIterator[str]:
    certificate = Certificate(directory / "cert.pem", directory / "key.pem")
    server = GatewayServer(create_app(desk, KEYS), certificate=certificate)
    await server.start()
    yield server.url
    await server.stop()


async def test_requests_and_stream_are_encrypted_and_verified(url: str, desk: DeskDouble, directory: Path) -> None:
    assert url.startswith("https://")
    seen: list[int] = []
    async with ZenOTCClient("trader", SECRET, base_url=url, ca_file=directory / "ca.pem") as client:
        assert (await client.mm_strategy.status()).ready
        await client.mm_strategy.subscribe_events(None, lambda event: seen.append(event.seq))
        desk.commit("started")
        await until(lambda: seen == [1])


async def test_the_authority_comes_from_the_environment_too(
    url: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENOTC_CA_FILE", str(directory / "ca.pem"))
    async with ZenOTCClient("trader", SECRET, base_url=url) as client:
        assert (await client.mm_strategy.emergency_stop_all()).confirmed


@pytest.mark.parametrize("ca_file", [None, "other-ca.pem"])
async def test_whom_nobody_vouches_for_is_not_spoken_to(
    url: str, desk: DeskDouble, directory: Path, ca_file: str | None
) -> None:
    trusted = None if ca_file is None else directory / ca_file
    async with ZenOTCClient("trader", SECRET, base_url=url, ca_file=trusted) as client:
        with pytest.raises(ConnectionFailedError, match=r"(?i)certificate"):
            await client.mm_strategy.cancel_all_quotes(asset="BTC")
        with pytest.raises(ConnectionFailedError, match=r"(?i)certificate"):
            await client.mm_strategy.subscribe_events(None, print)
    assert desk.commands == []


async def test_a_certificate_of_another_name_is_refused(url: str, directory: Path) -> None:
    elsewhere = url.replace("127.0.0.1", "localhost")
    async with ZenOTCClient("trader", SECRET, base_url=elsewhere, ca_file=directory / "ca.pem") as client:
        with pytest.raises(ConnectionFailedError, match=r"(?i)certificate"):
            await client.mm_strategy.status()


def test_an_authority_that_cannot_be_read_is_said_to_be(directory: Path) -> None:
    for unreadable in (directory / "nothing.pem", directory / "key.pem"):
        with pytest.raises(ValidationError) as refused:
            ZenOTCClient("trader", SECRET, base_url="https://desk.example", ca_file=unreadable)
        assert refused.value.fields[0]["field"] == "ca_file"
