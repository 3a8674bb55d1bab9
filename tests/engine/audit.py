"""What must hold of a desk after every call of its engine."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tests.engine.accounts import DIRECTIONS, LOT, TICK, Accounts
from tests.engine.bench import QUOTING, SECOND
from tests.engine.watched import Child, Watched
from zenotc.engine.actions import Action, Emit, OrderChanged, Reply, Send, StrategyChanged
from zenotc.engine.working_order import Purpose
from zenotc.models.events import (
    CircuitBreaker,
    ConfigChanged,
    EmergencyStop,
    EmergencyStopCleared,
    ErrorOccurred,
    HedgeTriggered,
    LifecycleEvent,
)
from zenotc.models.market import BUY, SELL, Side, sign
from zenotc.models.orders import Amend, Cancel, Place


class Audit(Accounts):
    """Checks what an engine does, and its state, against the accounts."""

    # What the engine has done

    def take(self, actions: Sequence[Action]) -> None:
        """Check what an engine asks for, then its state."""
        self.digest.update(repr(actions).encode())
        for action in actions:
            self.remembered.take(action)
            match action:
                case OrderChanged(order=order, new=True):
                    self._owner[order.client_order_id] = order.strategy_id
                    self._purpose[order.client_order_id] = order.purpose
                case Send(request=request):
                    if self.venues[request.venue].up:
                        self.venues[request.venue].requests.append(request)
                    if isinstance(request, Place | Amend | Cancel):
                        self._sent_ns.append(self.now_ns)
                    if isinstance(request, Place | Amend):
                        assert not action.reduces_risk
                        self._check_order(request)
                    else:
                        assert action.reduces_risk
                case StrategyChanged(strategy_id=name, config=config, deleted=deleted):
                    assert not deleted or self._executed[name] == 0
                    self.watched[name].book.config, self.watched[name].deleted = config, deleted
                case Emit(event=ConfigChanged()):
                    self.observe()
                case Emit(event=CircuitBreaker() as event):
                    self._check_breaker(event)
                case Emit(event=LifecycleEvent() as event):
                    self._check_life(event)
                case Emit(event=HedgeTriggered(strategy_id=str(name), side=side)):
                    self.watched[name].hedges_toward = -sign(side)
                case Emit(event=EmergencyStop()):
                    assert self.emergency is not None
                case Emit(event=EmergencyStopCleared()):
                    self.emergency = None
                    for watched in self.watched.values():
                        watched.may.clear()
                case Emit(event=ErrorOccurred() as event):
                    self._check_error(event)
                case Reply(command_id=command_id, error=error):
                    confirmed = self.waiting.pop(command_id)
                    if error is None:
                        for name in confirmed:
                            self.watched[name].still = not self.watched[name].may
        if actions or self._noted:
            self._check()
        self._noted = False
        self._check_fired()

    def _check_order(self, request: Place | Amend) -> None:
        order_id = request.client_order_id
        name, purpose = self._owner[order_id], self._purpose[order_id]
        if isinstance(request, Place):
            self._side[order_id] = request.side
        assert purpose in self.watched[name].may, f"{name} has been asked to stop, and sends a {purpose}"
        assert self.emergency is None or (purpose == "flatten" and self.emergency)
        assert self.venues[request.venue].up, "nothing is asked for where the connection is lost"
        assert request.price_ticks >= 1 and request.quantity_lots >= 1
        if purpose == "quote":
            self._check_quote(name, request)
        else:
            assert isinstance(request, Place)
            self._check_child(name, request, purpose)

    def _check_child(self, name: str, request: Place, purpose: Purpose) -> None:
        """No child is larger than what remained to trade when it was sent, what is under way counted."""
        watched, scale = self.watched[name], self.scale[request.venue]
        assert request.time_in_force == "IOC" and not request.post_only
        toward, target = -sign(request.side), 0
        if purpose == "hedge":
            assert toward == watched.hedges_toward
            assert watched.book.config.auto_hedge_enabled
            target = -(-watched.book.config.hedge_target // LOT)
        # One answer may tell of several fills: they are booked, and acted on, one after the other.
        moments = [(watched.known, self._under_way(name)), *watched.passed]
        remains = max(toward * known - target - under_way for known, under_way in moments)
        assert request.quantity_lots * scale <= remains, f"{name} has {remains} lots to {purpose}"
        self._children[request.client_order_id] = Child(name, request.venue, request.quantity_lots, scale)
        largest, market = self.settings.max_order_usd, self.state.markets[request.venue, "BTC"]
        if largest is not None:
            usd = market.instrument.quantity(request.quantity_lots) * market.instrument.price(request.price_ticks)
            assert usd <= largest or request.quantity_lots == 1

    def _check_quote(self, name: str, request: Place | Amend) -> None:
        watched, book = self.watched[name], self.venues[request.venue].book
        resting = self.venues[request.venue].orders.get(request.client_order_id)
        side = self._side[request.client_order_id]
        assert all(measure is not None for _, measure in watched.book.measures(self.now_ns)), "a breaker is blind"
        assert book.best_bid is not None and book.best_ask is not None
        assert request.price_ticks < book.best_ask if side == BUY else request.price_ticks > book.best_bid
        lots = request.quantity_lots
        if isinstance(request, Place):
            assert request.post_only and request.time_in_force == "GTC"
            config = watched.book.config
            assert config.min_quote_size <= QUOTING.quantity(lots) <= config.max_quote_size
        else:
            assert resting is not None
            lots -= self._told_lots[request.client_order_id]
        self._check_desk_limits(request.price_ticks, lots)
        if resting is None or request.quantity_lots > resting.total_lots:
            self._check_exposure(name, side)

    def _check_desk_limits(self, price_ticks: int, lots: int) -> None:
        settings, price = self.settings, price_ticks * TICK
        assert self.mid is not None
        if settings.price_collar_bps is not None:
            assert abs(price - self.mid) * 10_000 <= self.mid * Fraction(settings.price_collar_bps) * (1 + TICK / 10**9)
        if settings.max_order_usd is not None:
            assert price * Fraction(QUOTING.quantity(lots)) <= settings.max_order_usd
        if settings.max_orders_per_second is not None:
            while self._sent_ns[0] <= self.now_ns - SECOND:
                self._sent_ns.popleft()
            assert len(self._sent_ns) <= settings.max_orders_per_second * (1 - settings.cancel_reserve)

    def _check_exposure(self, name: str, side: Side) -> None:
        """What adds to the desk's exposure stays inside its limits, everything of that side filled."""
        gross_limit, net_limit = self.settings.max_gross_exposure_usd, self.settings.max_net_exposure_usd
        if gross_limit is None and net_limit is None:
            return
        direction, worst = DIRECTIONS[side], self.worst()
        if direction * self.watched[name].known < 0 and worst[name, direction] <= 0:
            return  # it only reduces
        assert self.mid is not None
        usd = self.mid * Fraction(LOT)
        net = sum(worst[other, direction] for other in self.watched)
        gross = sum(max(abs(worst[other, 1]), abs(worst[other, -1])) for other in self.watched)
        assert net_limit is None or net * usd <= net_limit
        assert gross_limit is None or gross * usd <= gross_limit

    def _check_breaker(self, event: CircuitBreaker) -> None:
        """It has a reason to fire, which the second method sees too; what it stops is stopped from here on."""
        fired = {event.strategy_id: self.watched[event.strategy_id]} if event.strategy_id else self.watched
        if event.strategy_id is None:
            assert any(loss == Fraction(event.measure) for loss in self._desk_over)
        else:
            seen = self.watched[event.strategy_id].over.get(event.breaker, ())
            exact = event.breaker.endswith("_loss")
            near = [abs(v - Fraction(event.measure)) <= abs(v) / (10**30 if exact else 10**6) for v in seen]
            assert any(near), f"{event.breaker} fires at {event.measure}, over its limit were {seen}"
        for watched in fired.values():
            if watched.status == "active":
                config = watched.book.config
                watched.may = {"quote", "hedge", "flatten"} & {config.breaker_action}
                watched.still = False
                resumes = config.auto_resume_enabled and event.strategy_id is not None
                delay_ns = round(config.resume_delay_minutes * 60 * SECOND)
                watched.resumes_at_ns = self.now_ns + delay_ns if resumes else None

    def _check_life(self, event: LifecycleEvent) -> None:
        assert event.strategy_id is not None
        watched = self.watched[event.strategy_id]
        if event.type in ("started", "resumed"):
            assert self.emergency is None
            if event.operator is None:
                assert watched.resumes_at_ns is not None and self.now_ns >= watched.resumes_at_ns
                for name, measure in watched.book.measures(self.now_ns):
                    assert measure is not None and measure.calm, name
            watched.status, watched.may, watched.still = "active", {"quote", "hedge"}, False
            watched.resumes_at_ns = None
            if event.type == "started":
                watched.book.start()
        else:
            watched.status = event.type
            if not event.reason.startswith("circuit_breaker"):
                watched.may -= {"quote", "hedge"}

    def _check_error(self, event: ErrorOccurred) -> None:
        assert event.code not in ("EXCEPTION", "PNL_DOES_NOT_CLOSE", "POSITION_DIFFERENCE"), event.reason
        if event.code == "UNKNOWN_FILL":
            assert any(w.deleted for w in self.watched.values()), "only a deleted one is not known"
        if event.code == "FILL_THROTTLE":
            assert event.strategy_id is not None
            side = BUY if "side=buy" in event.reason else SELL
            assert len(self._within_window(self.watched[event.strategy_id], side)) == self.settings.max_fills_per_side
            self.watched[event.strategy_id].recent_fills[side].clear()
            self.watched[event.strategy_id].resumes_at_ns = None

    # What holds at any time

    def _check(self) -> None:
        self._count()
        worst = self.worst()
        for name, watched in self.watched.items():
            if name in self.state.strategies:
                self._check_books(name, watched)
                self._check_limit(name, watched, worst)
            watched.passed.clear()
        assert Fraction(self.state.desk_daily_pnl) == self._desk_daily_pnl
        resting = {self._owner[order_id] for venue in self.venues.values() for order_id, _, _ in venue.may_fill()}
        assert not [name for name in resting if self.watched[name].still], "nothing rests after it was confirmed"

    def _check_books(self, name: str, watched: Watched) -> None:
        """The books are those of the second method, exactly."""
        strategy, book = self.state.strategies[name], watched.book
        ledger = strategy.ledger
        assert strategy.status == watched.status
        assert strategy.position_lots == watched.known
        assert Fraction(ledger.position) == book.position == Fraction(LOT) * watched.known
        assert Fraction(ledger.cash) == book.cash
        assert Fraction(ledger.total_pnl) == book.total == book.terms
        assert Fraction(ledger.spread_capture) == book.capture
        assert Fraction(ledger.hedge_cost) == book.hedge_cost
        assert Fraction(ledger.inventory_move) == book.move
        assert Fraction(ledger.fees) == book.fees
        assert ledger.residual == 0
        assert Fraction(strategy.daily_pnl) == book.daily_pnl(self.now_ns)
        assert Fraction(strategy.curve.hourly_pnl) == book.hourly_pnl(self.now_ns)
        if book.config.capital is not None and watched.status != "stopped":  # the next start takes another peak
            assert Fraction(strategy.curve.peak) == book.peak

    def _check_limit(self, name: str, watched: Watched, worst: dict[tuple[str, int], int]) -> None:
        """The position stays inside its limit whatever fills; what a lowered limit finds above it only becomes less."""
        limit = int(watched.book.config.max_position / LOT)
        for direction in (1, -1):
            bound = max(limit, watched.bounds.get(direction, limit))
            lots = worst[name, direction]
            assert lots <= bound, f"{name}: {lots} of {bound} lots, direction {direction}"
            watched.bounds[direction] = max(limit, min(bound, lots))

    def _check_fired(self) -> None:
        """What should have paused an active strategy has."""
        most = self.settings.max_fills_per_side
        for name, watched in self.watched.items():
            if watched.status == "active":
                assert not watched.over, f"{name} is active over its {', '.join(watched.over)}"
                assert not self._desk_over, f"{name} is active over the desk's daily loss"
                for side in (BUY, SELL) if most is not None else ():
                    assert len(self._within_window(watched, side)) < most, f"{name} has had {most} fills"
            watched.over.clear()
        self._desk_over.clear()

    def settled(self) -> None:
        """Check what holds when everything has stopped and arrived: nothing is left, every lot is accounted for."""
        assert not any(venue.resting for venue in self.venues.values())
        assert not self.state.orders, "every order's fate is known in the end"
        assert not self.waiting, "every command is answered in the end"
        for name, watched in self.watched.items():
            assert watched.known == self._executed[name], "every fill is known in the end"
