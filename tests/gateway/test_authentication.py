from __future__ import annotations

import pytest
from pydantic import SecretStr

from tests.gateway.conftest import Caller
from tests.gateway.desk_double import KEYS, SECRET, DeskDouble
from zenotc.exceptions import AuthenticationError, ValidationError
from zenotc.gateway.authentication import Authenticator, operator_name
from zenotc.models.signature import sign_request
from zenotc.sdk.signing import Signer

START = 1_763_800_000_000


class Clock:
    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authenticator(clock: Clock) -> Authenticator:
    return Authenticator(KEYS, clock)


def headers(clock_ms: int, *, key: str = "trader", secret: str = SECRET, target: str = "/x") -> dict[str, str]:
    signed = Signer(key, SecretStr(secret), clock_ms=lambda: clock_ms).headers("GET", target)
    return {name.lower(): value for name, value in signed.items()}


def test_protocol_test_vector() -> None:
    signature = sign_request(
        b"test-secret",
        timestamp="1763800000000",
        nonce="n-1",
        idempotency_key="k-1",
        method="POST",
        target="/api/sdk/mm-strategies?dryRun=true",
        body=b'{"asset":"BTC"}',
    )
    assert signature == "58c277250398b36230cf76cac1adf7ccc79eb5ec3ee1fb7281d2533356118a21"


@pytest.mark.parametrize("age_ms", [5_000, 0, -1_000])
def test_window_accepts_its_edges(authenticator: Authenticator, clock: Clock, age_ms: int) -> None:
    clock.now += 10_000
    assert authenticator.authenticate("GET", "/x", headers(clock.now - age_ms), b"").key.key == "trader"


@pytest.mark.parametrize("age_ms", [5_001, -1_001, 10**12])
def test_outside_the_window_is_told_the_time(authenticator: Authenticator, clock: Clock, age_ms: int) -> None:
    clock.now += 10_000
    with pytest.raises(AuthenticationError) as refused:
        authenticator.authenticate("GET", "/x", headers(clock.now - age_ms), b"")
    assert refused.value.code == "timestamp_out_of_window"
    assert refused.value.details == {"serverTime": clock.now}


def test_time_is_told_only_to_who_signs_correctly(authenticator: Authenticator, clock: Clock) -> None:
    with pytest.raises(AuthenticationError) as refused:
        authenticator.authenticate("GET", "/x", headers(clock.now - 60_000, secret="wrong"), b"")
    assert refused.value.details == {}


def test_before_the_start_is_refused(authenticator: Authenticator, clock: Clock) -> None:
    with pytest.raises(AuthenticationError, match="window"):
        authenticator.authenticate("GET", "/x", headers(START - 1), b"")


def test_unknown_key_and_wrong_signature_are_alike(authenticator: Authenticator, clock: Clock) -> None:
    refusals = []
    for signed in (
        headers(clock.now, key="nobody"),
        headers(clock.now, secret="wrong"),
        headers(clock.now, target="/y"),
    ):
        with pytest.raises(AuthenticationError) as refused:
            authenticator.authenticate("GET", "/x", signed, b"")
        refusals.append((refused.value.message, refused.value.code, refused.value.details, refused.value.status_code))
    assert len({str(refusal) for refusal in refusals}) == 1


def test_nonce_is_taken_once_and_forgotten_with_the_window(authenticator: Authenticator, clock: Clock) -> None:
    signed = headers(clock.now)
    authenticator.authenticate("GET", "/x", signed, b"")
    with pytest.raises(AuthenticationError) as refused:
        authenticator.authenticate("GET", "/x", signed, b"")
    assert refused.value.code == "nonce_reused"
    clock.now += 6_001
    with pytest.raises(AuthenticationError, match="window"):
        authenticator.authenticate("GET", "/x", signed, b"")
    authenticator.authenticate("GET", "/x", headers(clock.now), b"")
    assert len(authenticator._nonces) == len(authenticator._expiry) == 1


def test_nonce_from_ahead_cannot_be_replayed_while_it_is_valid(authenticator: Authenticator, clock: Clock) -> None:
    signed = headers(clock.now + 1_000)
    authenticator.authenticate("GET", "/x", signed, b"")
    clock.now += 6_000  # the oldest moment at which its timestamp is still accepted
    with pytest.raises(AuthenticationError) as refused:
        authenticator.authenticate("GET", "/x", signed, b"")
    assert refused.value.code == "nonce_reused"


@pytest.mark.parametrize("timestamp", ["", "abc", "-1", "1e3", "9" * 16, "１２３"])
def test_malformed_timestamp_is_refused(authenticator: Authenticator, timestamp: str) -> None:
    with pytest.raises(AuthenticationError):
        authenticator.authenticate("GET", "/x", headers(START) | {"x-api-timestamp": timestamp}, b"")


def test_endless_header_is_refused(authenticator: Authenticator) -> None:
    with pytest.raises(ValidationError):
        authenticator.authenticate("GET", "/x", headers(START) | {"x-api-nonce": "n" * 201}, b"")


def test_operator_is_bounded_and_clean() -> None:
    assert operator_name("desk", "") == "desk"
    assert operator_name("desk", "alice\n\x1b[31m") == "desk/alice[31m"
    assert len(operator_name("desk", "a" * 1000)) == len("desk/") + 60


async def test_every_route_takes_a_signature(call: Caller, desk: DeskDouble) -> None:
    for method, path in (("GET", "/api/sdk/status"), ("POST", "/api/sdk/mm-strategies"), ("GET", "/api/sdk/events")):
        answer = await call.http.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert desk.commands == []


@pytest.mark.parametrize(
    ("key", "method", "path", "body", "allowed"),
    [
        ("reader", "GET", "mm-strategies", b"", True),
        ("reader", "POST", "mm-strategies/emergency-stop", b"", False),
        ("reader", "POST", "mm-strategies/mm_1/pause", b"", False),
        ("switch", "GET", "status", b"", True),
        ("switch", "POST", "mm-strategies/emergency-stop", b"", True),
        ("switch", "POST", "mm-strategies/emergency-stop", b'{"flattenPositions": true}', False),
        ("switch", "POST", "mm-strategies/cancel-quotes", b'{"asset": "BTC"}', True),
        ("switch", "POST", "mm-strategies/mm_1/stop", b'{"flattenPosition": false}', True),
        ("switch", "POST", "mm-strategies/mm_1/stop", b'{"flattenPosition": true}', False),
        ("switch", "POST", "mm-strategies/mm_1/start", b"", False),
        ("switch", "POST", "mm-strategies/mm_1/resume", b"", False),
        ("switch", "PATCH", "mm-strategies/mm_1", b"{}", False),
        ("switch", "DELETE", "mm-strategies/mm_1", b"", False),
        ("switch", "DELETE", "mm-strategies/emergency-stop", b'{"operator": "x"}', False),
    ],
)
async def test_scopes(call: Caller, key: str, method: str, path: str, body: bytes, allowed: bool) -> None:
    answer = await call(method, f"/api/sdk/{path}", body, key=key)
    assert (answer.status_code != 403) is allowed
    if not allowed:
        assert answer.json()["error"] == "forbidden"
