from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.gateway.desk_double import KEYS, SECRET, DeskDouble
from tests.sdk.conftest import Gateway
from zenotc import ZenOTCClient
from zenotc.exceptions import (
    AuthenticationError,
    CircuitBreakerError,
    ConnectionFailedError,
    InsufficientMarginError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    StrategyError,
    ValidationError,
)
from zenotc.gateway.application import create_app
from zenotc.models.commands import AcceptPosition, ClearEmergencyStop, CreateStrategy, StopStrategy
from zenotc.sdk.profile import stated_client

CONFIG: dict[str, Any] = {
    "name": "BTC Market Maker", "asset": "BTC", "base_spread_bps": 10, "quote_size": 0.1, "max_position": Decimal(10),
}  # fmt: skip
Handler = Callable[[httpx.Request], httpx.Response]


async def test_every_documented_request(client: ZenOTCClient, desk: DeskDouble) -> None:
    mm = client.mm_strategy
    strategy = await mm.create(**CONFIG)
    assert (strategy.status, strategy.quote_size, strategy.min_quote_size) == (
        "stopped",
        Decimal("0.1"),
        Decimal("0.01"),
    )
    assert (await mm.get(strategy.id)).name == "BTC Market Maker"
    assert (await mm.update(strategy.id, base_spread_bps=15, max_position=20.5)).max_position == Decimal("20.5")
    assert (await mm.start(strategy.id)).strategy.status == "active"
    assert (await mm.pause(strategy.id)).strategy.status == "paused"
    assert (await mm.resume(strategy.id)).confirmed is True
    assert (await mm.stop(strategy.id)).strategy.status == "stopped"
    assert (await mm.stop(strategy.id, flatten_position=True)).strategy.status == "stopped"
    flattened = [command.flatten_position for command in desk.commands if isinstance(command, StopStrategy)]
    assert flattened == [False, True]
    assert (await mm.accept_position(strategy.id, source="venue")).strategy.id == strategy.id
    accepted = desk.commands[-1]
    assert isinstance(accepted, AcceptPosition) and accepted.source == "venue"
    assert await mm.cancel_all_quotes(asset="BTC") == 4
    assert (await mm.get_metrics(strategy.id)).total_pnl == Decimal("1.10")
    assert (await mm.get_quote_stats(strategy.id)).quotes_sent == 3
    assert (await mm.get_quotes(strategy.id)).sides == {"buy": "stopped", "sell": "stopped"}
    assert (await mm.preview(strategy.id, quote_layers=2)).worst_case_long == Decimal("1.5")
    assert (await mm.history(strategy.id, start=datetime(2026, 1, 1, tzinfo=UTC)))[0].equity == Decimal("100.10")
    assert (await mm.order_book("BTC", depth=5)).mid == Decimal("50000.25")
    assert (await mm.status()).daily_pnl == Decimal("1.25")
    assert (await mm.emergency_stop_all()).confirmed is True
    with pytest.raises(CircuitBreakerError) as refused:
        await mm.start(strategy.id)
    assert refused.value.reason == "emergency_stop"
    assert (await mm.clear_emergency_stop(operator="alice")).active is False
    cleared = desk.commands[-1]
    assert isinstance(cleared, ClearEmergencyStop) and cleared.operator == "desk/alice"
    await mm.delete(strategy.id)
    with pytest.raises(NotFoundError):
        await mm.get(strategy.id)


async def test_the_journal_hears_who_asks(gateway: Gateway, desk: DeskDouble) -> None:
    async with ZenOTCClient("trader", SECRET, base_url=gateway.url, operator="Zoë at 50 %") as client:
        await client.mm_strategy.cancel_all_quotes(asset="BTC")
    assert desk.commands[-1].operator == "desk/Zoë at 50 %"
    assert desk.commands[-1].client == stated_client()
    assert desk.commands[-1].idempotency_key


async def test_only_what_was_given_is_sent(client: ZenOTCClient, desk: DeskDouble) -> None:
    await client.mm_strategy.create(**CONFIG)
    command = desk.commands[-1]
    assert isinstance(command, CreateStrategy) and command.config.model_fields_set == set(CONFIG)


async def test_list_is_all_pages(client: ZenOTCClient, desk: DeskDouble) -> None:
    await client.mm_strategy.create(**CONFIG)
    (only,) = desk.held.values()
    desk.held = {
        f"mm_{n}": only.model_copy(update={"id": f"mm_{n}", "asset": "BTC" if n else "ETH"}) for n in range(450)
    }
    assert [s.id for s in await client.mm_strategy.list()] == [f"mm_{n}" for n in range(450)]
    assert [s.id for s in await client.mm_strategy.list(asset="ETH", status="stopped")] == ["mm_0"]


@pytest.mark.parametrize(
    "changes",
    [
        {"base_spred_bps": 10}, {"asset": "ETH"}, {"enabled": True}, {"quote_size": float("nan")},
        {"quote_size": Decimal("Infinity")}, {"quote_size": object()},
    ],
)  # fmt: skip
async def test_refused_before_anything_is_sent(changes: dict[str, Any]) -> None:
    client = ZenOTCClient("trader", SECRET, base_url="http://127.0.0.1:9")
    with pytest.raises(ValidationError) as refused:
        await client.mm_strategy.update("mm_1", **changes)
    assert [field["field"] for field in refused.value.fields] == list(changes)
    if "base_spred_bps" in changes:
        with pytest.raises(ValidationError):
            await client.mm_strategy.create(**CONFIG, **changes)


async def test_an_id_is_one_segment_of_the_path(client: ZenOTCClient) -> None:
    with pytest.raises(NotFoundError):
        await client.mm_strategy.get("a/../b?c#d %é")
    for strange in ("", ".", ".."):
        with pytest.raises(ValidationError):
            await client.mm_strategy.get(strange)


def scripted(*script: httpx.Response | Exception) -> tuple[ZenOTCClient, list[httpx.Request]]:
    """Return a client whose engine answers by a script, and the requests that reach it."""
    seen: list[httpx.Request] = []
    answers = list(script)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        step = answers.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    client = ZenOTCClient("k", "s", base_url="http://engine", transport=httpx.MockTransport(answer))
    return client, seen


OK = {"data": {"cancelled": 3, "strategies": []}, "timestamp": "2026-01-01T00:00:00.000Z"}


def refusal(status: int, code: str, **details: Any) -> httpx.Response:
    return httpx.Response(status, json={"statusCode": status, "error": code, "message": "no", "details": details})


@pytest.mark.parametrize(
    "first",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("silence"),
        httpx.RemoteProtocolError("cut"),
        refusal(503, "unavailable"),
        refusal(429, "rate_limited", retryAfter=0.01),
    ],
)
async def test_a_change_is_repeated_under_its_key_with_a_new_nonce(first: httpx.Response | Exception) -> None:
    client, seen = scripted(first, httpx.Response(200, json=OK))
    assert await client.mm_strategy.cancel_all_quotes(asset="BTC") == 3
    assert len({request.headers["Idempotency-Key"] for request in seen}) == 1
    assert len({request.headers["X-API-Nonce"] for request in seen}) == len(seen) == 2


async def test_an_outcome_that_stays_unknown_is_said_to_be() -> None:
    refused = httpx.ConnectError("refused")
    client, _ = scripted(httpx.ReadTimeout("silence"), refused, refused, refused)
    with pytest.raises(OutcomeUnknownError):
        await client.mm_strategy.cancel_all_quotes(asset="BTC")


async def test_nothing_was_done_where_no_connection_was_made() -> None:
    client, seen = scripted(*[httpx.ConnectError("refused")] * 4)
    with pytest.raises(ConnectionFailedError):
        await client.mm_strategy.cancel_all_quotes(asset="BTC")
    assert len(seen) == 4


async def test_a_question_without_an_answer_is_a_failed_connection() -> None:
    client, _ = scripted(*[httpx.ReadTimeout("silence")] * 4, httpx.Response(200, text="<html>"))
    for _ in range(2):
        with pytest.raises(ConnectionFailedError):
            await client.mm_strategy.status()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(401, "unauthorized"), AuthenticationError),
        (refusal(409, "strategy_state"), StrategyError),
        (refusal(422, "validation_failed"), ValidationError),
        (refusal(429, "rate_limited", retryAfter=60), RateLimitError),
        (httpx.Response(404, text="<html>"), NotFoundError),
        (refusal(504, "outcome_unknown", commandId="cmd_1"), OutcomeUnknownError),
        (httpx.Response(200, text="<html>"), OutcomeUnknownError),
    ],
)
async def test_a_refusal_is_not_repeated(answer: httpx.Response, error: type[Exception]) -> None:
    client, seen = scripted(answer)
    with pytest.raises(error):
        await client.mm_strategy.cancel_all_quotes(asset="BTC")
    assert len(seen) == 1


async def test_numbers_of_an_error_are_exact() -> None:
    client, _ = scripted(refusal(409, "insufficient_margin", required=10.1, available=0.3))
    with pytest.raises(InsufficientMarginError) as refused:
        await client.mm_strategy.start("mm_1")
    assert (refused.value.required, refused.value.available) == (Decimal("10.1"), Decimal("0.3"))


@pytest.mark.parametrize("offset_ms", [-3_600_000, 3_600_000])
async def test_a_wrong_clock_locks_nobody_out(
    client: ZenOTCClient, desk: DeskDouble, offset_ms: int, caplog: pytest.LogCaptureFixture
) -> None:
    right = client._signer._clock_ms
    client._signer._clock_ms = lambda: right() + offset_ms
    assert (await client.mm_strategy.emergency_stop_all()).confirmed is True
    assert (await client.mm_strategy.emergency_stop_all()).confirmed is True
    assert len(desk.commands) == 2
    wrong_again = ZenOTCClient("trader", SECRET, base_url=client.base_url)
    wrong_again._signer._clock_ms = client._signer._clock_ms
    subscription = await wrong_again.mm_strategy.subscribe_events(None, print)
    await subscription.close()
    await wrong_again.close()


async def test_a_slow_command_is_done_once(gateway: Gateway, desk: DeskDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zenotc.sdk.market_making._COMMAND_SECONDS", 0.2)
    desk.delay_seconds = 0.5
    async with ZenOTCClient("trader", SECRET, base_url=gateway.url) as client:
        assert await client.mm_strategy.cancel_all_quotes(asset="BTC") == 4
    assert len(desk.commands) == 1


def test_made_outside_a_loop_and_used_in_two(desk: DeskDouble) -> None:
    app: Any = create_app(desk, KEYS)
    client = ZenOTCClient("trader", SECRET, base_url="http://engine", transport=httpx.ASGITransport(app=app))
    for _ in range(2):
        assert asyncio.run(client.mm_strategy.status()).environment == "sandbox"
