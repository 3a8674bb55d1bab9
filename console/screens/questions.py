"""What is asked before something that cannot be taken back: each question keeps the strategy it was opened for."""

from __future__ import annotations

from collections.abc import Sequence

from console.formatting import clean, clock_time, number
from console.ink import Line, line, signed_ink
from console.screens.dialog import Confirm
from console.store import Store

__all__ = ["ask_to_clear", "ask_to_flatten"]


def ask_to_flatten(store: Store, strategy_id: str) -> Confirm:
    """Ask whether to trade a position to zero, and show what that would trade as things stand."""

    def write() -> Sequence[Line]:
        strategy = store.strategy(strategy_id)
        if strategy is None:
            return [line(("The strategy is gone.", "alarm"))] + [Line()] * 6
        position, mid = strategy.current_position, strategy.mid
        decimals = store.position_decimals(strategy.asset)
        prices = store.price_decimals(strategy.asset)
        asset = clean(strategy.asset, 20)
        side = "sell" if position > 0 else "buy"
        trade = f"{side} {number(abs(position), decimals)} {asset}"
        worth = "–" if mid is None else f"{number(abs(position) * mid, 2)} USD at the mid of {number(mid, prices)}"
        return [
            line((clean(strategy.name, 80), "strong"), (f"  {strategy.status}", "muted")),
            Line(),
            line(("Position  ", "muted"), (f"{number(position, decimals, signed=True)} {asset}", signed_ink(position))),
            line(("Cancels   ", "muted"), (f"{strategy.open_orders} open orders", "plain")),
            line(("Trades    ", "muted"), (trade if position else "nothing: it is flat", "strong")),
            line(("Worth     ", "muted"), (worth, "plain")),
            line(
                ("Bound     ", "muted"),
                (f"{strategy.max_slippage_bps:g} bps from the mid; then it is stopped", "plain"),
            ),
        ]

    return Confirm("Flatten", write, "Flatten")


def ask_to_clear(store: Store, operator: str) -> Confirm:
    """Ask whether to end the emergency stop."""

    def write() -> Sequence[Line]:
        state = store.status.emergency_stop if store.status else None
        since = clock_time(state.since) if state and state.since else "–"
        missing = ", ".join(clean(venue, 24) for venue in state.unconfirmed_venues) if state else ""
        return [
            line(("In force since  ", "muted"), (f"{since} UTC", "plain")),
            line(("Not confirmed   ", "muted"), (missing or "–", "alarm" if missing else "plain")),
            line(("Cleared by      ", "muted"), (clean(operator, 40), "strong")),
            Line(),
            line(("Every strategy stays stopped until it is started.", "plain")),
        ]

    return Confirm("Clear the emergency stop", write, "Clear")
