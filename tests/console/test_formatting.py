"""Numbers and times as the user writes them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from console.formatting import Convention, clock_time, number, on_point, use, zone_name


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    yield
    use(Convention())


@pytest.mark.parametrize(
    ("thousands", "decimal", "written"),
    [(",", ".", "-1,234,567.50"), (".", ",", "-1.234.567,50"), ("'", ".", "-1'234'567.50"), ("", ".", "-1234567.50")],
)
def test_a_number_has_the_users_separators(thousands: str, decimal: str, written: str) -> None:
    use(Convention(thousands, decimal))
    assert number(Decimal("-1234567.5"), 2) == written
    assert on_point(written, 18, 4).rstrip().rjust(16) == written.rjust(16), "two places are left for decimals"
    assert on_point(number(1_234, 0), 10, 2) == number(1_234, 0).rjust(7) + "   "


def test_a_time_is_in_the_users_zone() -> None:
    at = "2026-07-02T12:41:07.250Z"
    assert (clock_time(at, milliseconds=True), zone_name(at)) == ("12:41:07.250", "UTC")
    use(Convention(zone=ZoneInfo("Europe/Zurich")))
    assert (clock_time(at), zone_name(at)) == ("14:41:07", "CEST")
