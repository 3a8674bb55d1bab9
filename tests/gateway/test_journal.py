"""A copy of the journal over the gateway: for keys that may do everything, and as it is."""

from __future__ import annotations

from tests.gateway.conftest import Caller
from tests.gateway.desk_double import DeskDouble


async def test_a_copy_is_the_file_as_it_is(desk: DeskDouble, call: Caller) -> None:
    desk.commit("quote_sent", "quote_sent")
    answer = await call("GET", "/api/sdk/journal")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.sqlite3"
    assert answer.content == b"".join(event.body for event in desk.journal)
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_only_a_key_that_may_do_everything_gets_it(call: Caller) -> None:
    for key in ("reader", "switch"):
        assert (await call("GET", "/api/sdk/journal", key=key)).status_code == 403
