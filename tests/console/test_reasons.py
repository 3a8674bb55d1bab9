"""What the engine writes for programs is said once, rounded and in words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from console.reasons import error_words, reason_words, trip_words


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        ("UNHEDGED", "UNHEDGED: unhedged=4.800, unhedged_seconds=120.3", "unhedged 4.8, for 2 min"),
        ("FILL_THROTTLE", "FILL_THROTTLE: side=buy, fills=12, window_seconds=10",
         "fill throttle: side buy, fills 12, window 10 s"),
        ("FLATTEN_INCOMPLETE", "FLATTEN_INCOMPLETE: remaining_position=-3.20",
         "flatten incomplete: remaining position -3.2"),
        ("EXCEPTION", "EXCEPTION: ValueError: a, b=c", "exception: ValueError: a, b=c"),
        (None, None, "error: –"),
    ],
)  # fmt: skip
def test_an_error(code: object, reason: object, words: str) -> None:
    assert error_words(code, reason) == words


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("daily_loss 322.36 of 300 USD", "daily loss 322.36 of 300 USD"),
        ("daily_loss", "daily loss 322.36 of 300"),
        ("stopped_by_hand: why", "daily loss 322.36 of 300  stopped by hand: why"),
    ],
)
def test_a_breaker(reason: str, words: str) -> None:
    assert trip_words("daily_loss", Decimal("322.358001125"), Decimal("300.00"), reason) == words


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("operator", "operator"),
        ("emergency_stop", "emergency stop"),
        ("circuit_breaker: daily_loss", "circuit breaker: daily loss"),
        ("throttled: side=buy, fills=12, window_seconds=10", "throttled: side buy, fills 12, window 10 s"),
        ("as jo_b said", "as jo_b said"),
    ],
)
def test_a_reason(reason: str, words: str) -> None:
    assert reason_words(reason) == words
