"""The README's pictures, taken of the console as it runs on a sandbox engine: `python -m tests.pictures`.

An engine process trades for a while, the console is driven without a terminal, and what it shows is written as SVG.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from console.access import Access
from console.app import ConsoleApp
from console.store import Store
from tests.end_to_end.engine_process import engine, profile
from zenotc import ZenOTCClient

PICTURES = Path(__file__).parents[1] / ".pictures"
TRADING_SECONDS = 75
"""How long the strategies trade before the first picture: half a minute until the volatility is known, then fills."""

_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


async def _take(state_dir: Path) -> None:
    url = str(profile(state_dir)["url"])
    async with ZenOTCClient(base_url=url, state_dir=state_dir, operator="trader") as client:
        app = ConsoleApp(Access(client, address="127.0.0.1:8731"), operator="trader")
        async with app.run_test(size=(132, 36)) as pilot:
            await pilot.pause(TRADING_SECONDS)
            await _save(app, pilot, "console")
            await pilot.resize_terminal(80, 24)
            await _save(app, pilot, "small")
            await pilot.resize_terminal(132, 36)
            await pilot.press("exclamation_mark")
            await pilot.pause(0.3)
            await pilot.press("exclamation_mark")
            await _save(app, pilot, "emergency-stop")


def _agrees(store: Store) -> bool:
    """Return whether the strategies have come as far as the log, which has a stream of its own."""
    events = (store.events[number] for number in range(store.events.first, store.events.end))
    newest = {event["strategyId"]: event for event in events if event["type"] == "position_changed"}
    return all(store.wire[key]["currentPosition"] == event["newPosition"] for key, event in newest.items() if key)


async def _save(app: ConsoleApp, pilot: Pilot[Any], name: str) -> None:
    await pilot.pause(3)
    while not _agrees(app.store):
        await pilot.pause(0.02)
    # At one moment: what comes in between two panes' turns would stand in one of them only.
    app.repaint()
    app._journal.draw()
    picture = app.export_screenshot(title="zenotc console")
    # A picture needs no network: Textual's names a font to fetch, and its layout does not depend on the font.
    picture = _FONT_FACE.sub("", picture).replace("font-family: Fira Code, monospace", "font-family: monospace")
    (PICTURES / f"{name}.svg").write_text(picture)


def main() -> None:
    """Take them all."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, engine(Path(directory), "--seed", "3"):
        asyncio.run(_take(Path(directory)))


if __name__ == "__main__":
    main()
