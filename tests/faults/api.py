"""Whatever is sent to the API: no answer is a 500, and every one is as the API's own description says.

The requests come from the description, valid and invalid, and go, signed, over a real socket to a desk on the sandbox
exchange. Some of what the description cannot know is put in: the ids of strategies that there are, and an asset.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

from tests.faults.row import Outcome, Row
from zenotc.gateway.application import create_app
from zenotc.gateway.server import GatewayServer
from zenotc.gateway.settings import GatewaySettings
from zenotc.journal import Journal
from zenotc.models.settings import EngineSettings
from zenotc.runtime.desk import Desk
from zenotc.runtime.keys import ApiKey, KeyStore
from zenotc.runtime.state_directory import StateDirectory
from zenotc.sdk.signing import Signer
from zenotc.venues.sandbox import demo_venues

__all__ = ["ROWS", "run"]

_SECRET = "what the requests are signed with"
_ROOT = "/api/sdk/mm-strategies"
_STARTED_WITHIN = 30.0
_ANSWERED_WITHIN = 20.0
_LIVING = 3
_CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]


def run(count: int, seed: int) -> Outcome:
    """Send so many requests to every operation, as many valid as invalid ones where there are both."""
    outcome = Outcome(figures={"operations": 0})
    with _engine() as url:
        api = _Api(url)
        description = api.session.get(f"{url}/openapi.json", timeout=10).json()
        for result in schemathesis.openapi.from_dict(_without_headers(description)).get_all_operations():
            api.arrange()
            _try_operation(api, result.ok(), count, seed, outcome)
    return outcome


ROWS = (Row("api", "no 500, and every answer as the description says, for each operation", 500, run),)


def _without_headers(description: dict[str, Any]) -> dict[str, Any]:
    """Return a description without the signature and the idempotency key, which each request gets when it is sent."""
    for operations in description["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
            kept = [parameter for parameter in operation.get("parameters", []) if parameter["in"] != "header"]
            operation["parameters"] = kept
    return description


def _try_operation(api: _Api, operation: Any, count: int, seed: int, outcome: Outcome) -> None:
    outcome.figures["operations"] += 1
    # Any text is a path: what takes nothing else cannot be asked for wrongly.
    modes = list(GenerationMode) if operation.query or operation.body else [GenerationMode.POSITIVE]
    for mode in modes:

        @seeded(seed)
        @settings(
            max_examples=max(count // len(modes), 1),
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode), known=st.integers(-1, _LIVING - 1))
        def send(case: Case, known: int) -> None:
            if known >= 0:
                _make_known(case, api.living[known])
            response = api.send(case)
            outcome.tried += 1
            status = f"answers of {response.status_code}"
            outcome.figures[status] = outcome.figures.get(status, 0) + 1
            case.validate_response(response, checks=_CHECKS)

        try:
            send()
        except (Failure, FailureGroup) as failure:
            outcome.failures.append(f"{operation.label} ({mode.value}): {_text(failure)}")


def _make_known(case: Case, strategy_id: str) -> None:
    """Put in what exists, where the generated text would all but never be it."""
    if case.path_parameters.get("strategy_id"):
        case.path_parameters["strategy_id"] = strategy_id
    if case.path_parameters.get("asset"):
        case.path_parameters["asset"] = "BTC"
    if isinstance(case.body, dict) and isinstance(case.body.get("asset"), str):
        case.body["asset"] = "BTC"


def _text(failure: BaseException) -> str:
    inner = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
    return " | ".join(f"{getattr(error, 'title', type(error).__name__)}: {error}" for error in inner)


class _Api:
    """A client that signs the bytes that it sends."""

    def __init__(self, url: str) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.living: list[str] = []
        self._url = url
        self._signer = Signer("faults", SecretStr(_SECRET))

    def send(self, case: Case) -> requests.Response:
        """Send a generated request."""
        given = case.as_transport_kwargs(base_url=self._url)
        return self._send(requests.Request(**{name: given[name] for name in given if name not in _NOT_OF_A_REQUEST}))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that has to succeed, and return its data."""
        answer = self._send(requests.Request(method, self._url + path, json=body))
        assert answer.ok, answer.text
        return answer.json()["data"]

    def arrange(self) -> None:
        """Have some strategies, and no emergency stop."""
        self.ask("DELETE", f"{_ROOT}/emergency-stop", {"operator": "faults"})
        for strategy in self.ask("GET", f"{_ROOT}?limit=500")[_LIVING:]:
            path = f"{_ROOT}/{strategy['id']}"
            if self.ask("POST", f"{path}/stop", {"flattenPosition": True})["remainingPosition"] == 0:
                self.ask("DELETE", path)
        self.living = [strategy["id"] for strategy in self.ask("GET", _ROOT)]
        while len(self.living) < _LIVING:
            body = {"name": "x", "asset": "BTC", "baseSpreadBps": 10, "quoteSize": 0.1, "maxPosition": 1}
            self.living.append(self.ask("POST", _ROOT, body)["id"])

    def _send(self, request: requests.Request) -> requests.Response:
        prepared = self.session.prepare_request(request)
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
        changes = prepared.method != "GET" and not prepared.url.partition("?")[0].endswith("/preview")
        signed = self._signer.headers(prepared.method, prepared.path_url, body, uuid.uuid4().hex if changes else "")
        prepared.headers.update(signed)
        return self.session.send(prepared, timeout=_ANSWERED_WITHIN, allow_redirects=False)


_NOT_OF_A_REQUEST = frozenset({"timeout", "allow_redirects", "verify", "cert", "proxies", "stream"})


@contextlib.contextmanager
def _engine() -> Iterator[str]:
    """Run a desk and its gateway in a thread; yields the gateway's address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="engine")
    thread.start()

    def within(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(_STARTED_WITHIN)

    try:
        with tempfile.TemporaryDirectory() as directory:
            state = StateDirectory.open(Path(directory))
            with Journal.open(state.journal, now_ns=time.time_ns()) as journal:
                started: list[Callable[[], Any]] = []
                try:
                    yield within(_start(state, journal, started))
                finally:
                    for stop in reversed(started):
                        within(stop())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_STARTED_WITHIN)
        loop.close()


async def _start(state: StateDirectory, journal: Journal, started: list[Callable[[], Any]]) -> str:
    quoting, hedge = demo_venues(1, time.time_ns(), 1_000_000)
    limits = EngineSettings(
        quoting_venue=quoting.name,
        hedge_venue=hedge.name,
        command_deadline_seconds=2,
        flatten_deadline_seconds=2,
    )
    desk = Desk([quoting, hedge], journal, state.emergency, limits)
    keys = KeyStore([ApiKey("faults", _SECRET.encode(), "faults", "MARKET_MAKING")])
    unlimited = GatewaySettings(requests_per_second=1e6, burst=1_000_000)
    gateway = GatewayServer(create_app(desk, keys, settings=unlimited), settings=unlimited)
    await gateway.start()
    started.append(gateway.stop)
    await desk.start()
    started.append(desk.stop)
    async with asyncio.timeout(_STARTED_WITHIN):
        while not desk.status().ready:  # noqa: ASYNC110 - a desk is asked
            await asyncio.sleep(0.02)
    return gateway.url
