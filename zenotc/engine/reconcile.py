"""From the targets of a side to the fewest requests that bring the resting orders there (semantics, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from zenotc.engine.quoting import Target
from zenotc.engine.working_order import WorkingOrder

__all__ = ["SideChange", "reconcile"]


@dataclass(slots=True)
class SideChange:
    """What one side needs.

    `waiting` orders have a request under way that is not what is wanted now: they are looked at again when it is
    answered, and until then they keep the target that they will be moved to.
    """

    kept: list[WorkingOrder] = field(default_factory=list)
    amended: list[tuple[WorkingOrder, Target]] = field(default_factory=list)
    cancelled: list[WorkingOrder] = field(default_factory=list)
    placed: list[Target] = field(default_factory=list)
    waiting: list[WorkingOrder] = field(default_factory=list)


def reconcile(
    targets: Sequence[Target], orders: Sequence[WorkingOrder], *, tolerance_bps: float, top_up: bool
) -> SideChange:
    """Match orders to targets: by price first, then by layer.

    Parameters
    ----------
    targets
        What should rest, from the inside out.
    orders
        The side's quotes that are neither leaving nor unknown.
    tolerance_bps
        An order whose price is this close to its target, and whose size matches, stays.
    top_up
        Whether a partly filled order gets its full size back; only a refresh does that.
    """
    change = SideChange()
    open_targets = list(targets)
    free = sorted(orders, key=lambda order: order.layer or 0)
    for within_bps in dict.fromkeys((0.0, tolerance_bps)):
        for order in list(free):
            target = _target_at(order, open_targets, within_bps)
            if target is not None:
                open_targets.remove(target)
                free.remove(order)
                _keep_or_resize(change, order, target, top_up)
    # What is left has to move: each order to the target of its own layer, then to the nearest one.
    for order in free:
        if not open_targets:
            change.cancelled.append(order)
            continue
        target = min(open_targets, key=lambda t: abs(t.layer - (order.layer or 0)))
        open_targets.remove(target)
        _move(change, order, _sized(order, target, top_up))
    change.placed = open_targets
    return change


def _target_at(order: WorkingOrder, targets: Sequence[Target], tolerance_bps: float) -> Target | None:
    price = order.price_ticks if order.pending_price_ticks is None else order.pending_price_ticks
    for target in targets:
        if abs(target.price_ticks - price) * 10_000 <= tolerance_bps * target.price_ticks:
            return target
    return None


def _sized(order: WorkingOrder, target: Target, top_up: bool) -> Target:
    """Return the target at the size that this order may have: what has filled is not put back between refreshes."""
    if top_up or not order.filled_lots:
        return target
    return Target(target.price_ticks, min(target.quantity_lots, order.remaining_lots), target.layer)


def _keep_or_resize(change: SideChange, order: WorkingOrder, target: Target, top_up: bool) -> None:
    wanted = _sized(order, target, top_up)
    if wanted.quantity_lots == _remaining_asked(order):
        change.kept.append(order)
    else:
        _move(change, order, wanted)


def _remaining_asked(order: WorkingOrder) -> int:
    asked = order.pending_quantity_lots
    return (order.quantity_lots if asked is None else asked) - order.filled_lots


def _move(change: SideChange, order: WorkingOrder, target: Target) -> None:
    if order.state == "resting":
        change.amended.append((order, target))
    else:
        change.waiting.append(order)
