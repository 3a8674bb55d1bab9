"""The REST routes: each turns a request into a command or a view, and the result into an answer."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from zenotc.exceptions import NotFoundError, StrategyError, ValidationError
from zenotc.gateway import parameters
from zenotc.gateway.answers import (
    Answer,
    EventsAnswer,
    ListAnswer,
    answer,
    answer_events,
    answer_file,
    answer_list,
    answer_page,
)
from zenotc.gateway.authentication import Caller, operator_name
from zenotc.gateway.desk import Desk
from zenotc.gateway.parameters import BookQuery, EventsQuery, HistoryQuery, ListQuery, flag, take_only
from zenotc.gateway.requests import Execution, SignedRoute, caller_of, desk_of, execution_of, json_body, signed
from zenotc.models import commands
from zenotc.models.configuration import StrategyConfig
from zenotc.models.metrics import QuoteStats, StrategyMetrics
from zenotc.models.quotes import OrderBook, Preview, Quotes
from zenotc.models.status import Asker, EmergencyState, EngineStatus, HistoryPoint
from zenotc.models.strategy import CancelQuotesResult, CommandResult, EmergencyStopResult, Strategy

__all__ = ["router"]

TheDesk = Annotated[Desk, Depends(desk_of)]
Execute = Annotated[Execution, Depends(execution_of)]
TheCaller = Annotated[Caller, Depends(caller_of)]
Body = Annotated[dict[str, Any], Depends(json_body)]

router = APIRouter(prefix="/api/sdk", route_class=SignedRoute)


def _head(caller: Caller) -> dict[str, str]:
    """Return what every command says of the request that it comes from."""
    return {
        "command_id": caller.drawn("cmd"),
        "operator": caller.operator,
        "client": caller.client,
        "idempotency_key": f"{caller.idempotency_key}:{caller.fingerprint}",
    }


# The routes without an id come first: `emergency-stop` is not the id of a strategy.


@router.post(
    "/mm-strategies/emergency-stop", response_model=Answer[EmergencyStopResult], openapi_extra=parameters.EMERGENCY_BODY
)
@signed("STOP", command=commands.EmergencyStopAll, unlimited=True)
async def emergency_stop(execute: Execute, caller: TheCaller, body: Body) -> Response:
    """Block every order entry, cancel everything at every venue, stop every strategy."""
    take_only(body, "flattenPositions")
    flatten = flag(body, "flattenPositions")
    if flatten:
        caller.require("MARKET_MAKING")
    return answer(await execute(commands.EmergencyStopAll(**_head(caller), flatten_positions=flatten)))


@router.delete(
    "/mm-strategies/emergency-stop", response_model=Answer[EmergencyState], openapi_extra=parameters.OPERATOR_BODY
)
@signed("MARKET_MAKING", command=commands.ClearEmergencyStop)
async def clear_emergency_stop(
    execute: Execute, caller: TheCaller, body: Body, operator: Annotated[str | None, Query(max_length=100)] = None
) -> Response:
    """End the emergency stop; `operator` says who takes that on."""
    take_only(body, "operator")
    stated = operator if operator and "operator" not in body else parameters.text(body, "operator")
    head = _head(caller) | {"operator": operator_name(caller.key.name, stated)}
    return answer(await execute(commands.ClearEmergencyStop(**head)))


@router.post(
    "/mm-strategies/cancel-quotes", response_model=Answer[CancelQuotesResult], openapi_extra=parameters.ASSET_BODY
)
@signed("STOP", command=commands.CancelQuotes, unlimited=True)
async def cancel_quotes(execute: Execute, caller: TheCaller, body: Body) -> Response:
    """Pause every active strategy on an asset and cancel its quotes."""
    take_only(body, "asset")
    return answer(await execute(commands.CancelQuotes(**_head(caller), asset=parameters.text(body, "asset"))))


@router.post("/mm-strategies", response_model=Answer[Strategy], status_code=201, openapi_extra=parameters.CREATE_BODY)
@signed("MARKET_MAKING", command=commands.CreateStrategy)
async def create_strategy(desk: TheDesk, execute: Execute, caller: TheCaller, body: Body) -> Response:
    """Create a strategy, and start it where it is enabled."""
    config = _configuration(desk, body)
    strategy_id = caller.drawn("mm")
    with contextlib.suppress(NotFoundError):
        desk.strategy(strategy_id)
        raise StrategyError(
            "this request has created its strategy before", code="strategy_exists", details={"strategyId": strategy_id}
        )
    command = commands.CreateStrategy(**_head(caller), strategy_id=strategy_id, config=config)
    return answer(await execute(command), 201)


@router.post("/mm-strategies/preview", response_model=Answer[Preview], openapi_extra=parameters.CREATE_BODY)
@signed("READ")
async def preview_new_strategy(desk: TheDesk, body: Body) -> Response:
    """Return what a strategy would quote if it were created and started now; nothing is done."""
    return answer(desk.preview_new(_configuration(desk, body)))


def _configuration(desk: Desk, body: dict[str, Any]) -> StrategyConfig:
    asset = body.get("asset")
    lot_size = desk.lot_size(asset) if isinstance(asset, str) and asset else None
    return StrategyConfig.build(body, lot_size=lot_size)


@router.get("/mm-strategies", response_model=ListAnswer[Strategy])
@signed("READ")
async def list_strategies(desk: TheDesk, query: Annotated[ListQuery, Query()]) -> Response:
    """List strategies, by asset and status."""
    return answer_page(desk.strategies(asset=query.asset, status=query.status), query.page, query.limit)


@router.get("/mm-strategies/{strategy_id}", response_model=Answer[Strategy])
@signed("READ")
async def get_strategy(desk: TheDesk, strategy_id: str) -> Response:
    """Return one strategy."""
    return answer(desk.strategy(strategy_id))


@router.patch("/mm-strategies/{strategy_id}", response_model=Answer[Strategy], openapi_extra=parameters.UPDATE_BODY)
@signed("MARKET_MAKING", command=commands.UpdateStrategy)
async def update_strategy(execute: Execute, caller: TheCaller, body: Body, strategy_id: str) -> Response:
    """Change parameters of a strategy."""
    command = commands.UpdateStrategy(**_head(caller), strategy_id=strategy_id, changes=body)
    return answer(await execute(command))


@router.delete("/mm-strategies/{strategy_id}", response_model=Answer[None])
@signed("MARKET_MAKING", command=commands.DeleteStrategy)
async def delete_strategy(execute: Execute, caller: TheCaller, body: Body, strategy_id: str) -> Response:
    """Forget a strategy that is stopped and flat."""
    take_only(body)
    await execute(commands.DeleteStrategy(**_head(caller), strategy_id=strategy_id))
    return answer(None)


@router.post("/mm-strategies/{strategy_id}/start", response_model=Answer[CommandResult])
@signed("MARKET_MAKING", command=commands.StartStrategy)
async def start_strategy(execute: Execute, caller: TheCaller, body: Body, strategy_id: str) -> Response:
    """Begin to quote."""
    take_only(body)
    return answer(await execute(commands.StartStrategy(**_head(caller), strategy_id=strategy_id)))


@router.post("/mm-strategies/{strategy_id}/pause", response_model=Answer[CommandResult])
@signed("STOP", command=commands.PauseStrategy, unlimited=True)
async def pause_strategy(execute: Execute, caller: TheCaller, body: Body, strategy_id: str) -> Response:
    """Cancel the quotes and keep the position."""
    take_only(body)
    return answer(await execute(commands.PauseStrategy(**_head(caller), strategy_id=strategy_id)))


@router.post("/mm-strategies/{strategy_id}/resume", response_model=Answer[CommandResult])
@signed("MARKET_MAKING", command=commands.ResumeStrategy)
async def resume_strategy(execute: Execute, caller: TheCaller, body: Body, strategy_id: str) -> Response:
    """Go on quoting after a pause."""
    take_only(body)
    return answer(await execute(commands.ResumeStrategy(**_head(caller), strategy_id=strategy_id)))


@router.post(
    "/mm-strategies/{strategy_id}/stop", response_model=Answer[CommandResult], openapi_extra=parameters.STOP_BODY
)
@signed("STOP", command=commands.StopStrategy, unlimited=True)
async def stop_strategy(execute: Execute, caller: TheCaller, body: Body, strategy_id: str) -> Response:
    """Cancel the quotes and hedges, and trade the position to zero where asked to."""
    take_only(body, "flattenPosition")
    flatten = flag(body, "flattenPosition")
    if flatten:
        caller.require("MARKET_MAKING")
    command = commands.StopStrategy(**_head(caller), strategy_id=strategy_id, flatten_position=flatten)
    return answer(await execute(command))


@router.post(
    "/mm-strategies/{strategy_id}/accept-position",
    response_model=Answer[CommandResult],
    openapi_extra=parameters.SOURCE_BODY,
)
@signed("MARKET_MAKING", command=commands.AcceptPosition)
async def accept_position(execute: Execute, caller: TheCaller, body: Body, strategy_id: str) -> Response:
    """End a difference between the venues' positions and ours; `source` says which number is right."""
    take_only(body, "source")
    source = parameters.choice(body, "source", parameters.POSITION_SOURCES)
    command = commands.AcceptPosition(**_head(caller), strategy_id=strategy_id, source=source)
    return answer(await execute(command))


@router.get("/mm-strategies/{strategy_id}/metrics", response_model=Answer[StrategyMetrics])
@signed("READ")
async def get_metrics(desk: TheDesk, strategy_id: str) -> Response:
    """Return a strategy's performance."""
    return answer(desk.metrics(strategy_id))


@router.get("/mm-strategies/{strategy_id}/quote-stats", response_model=Answer[QuoteStats])
@signed("READ")
async def get_quote_stats(desk: TheDesk, strategy_id: str) -> Response:
    """Return a strategy's quote statistics."""
    return answer(desk.quote_stats(strategy_id))


@router.get("/mm-strategies/{strategy_id}/quotes", response_model=Answer[Quotes])
@signed("READ")
async def get_quotes(desk: TheDesk, strategy_id: str) -> Response:
    """Return what a strategy quotes, why a side is not quoted, and what the targets were computed from."""
    return answer(desk.quotes(strategy_id))


@router.post(
    "/mm-strategies/{strategy_id}/preview", response_model=Answer[Preview], openapi_extra=parameters.UPDATE_BODY
)
@signed("READ")
async def preview_strategy(desk: TheDesk, body: Body, strategy_id: str) -> Response:
    """Return what a strategy would quote with changed parameters; nothing is done."""
    return answer(desk.preview(strategy_id, body))


@router.get("/mm-strategies/{strategy_id}/history", response_model=Answer[list[HistoryPoint]])
@signed("READ")
async def get_history(desk: TheDesk, strategy_id: str, query: Annotated[HistoryQuery, Query()]) -> Response:
    """Return a strategy's equity, position, PnL, spread and sigma over time."""
    if query.start and query.end and query.start >= query.end:
        raise ValidationError.of_fields([{"field": "from", "reason": "must be before to"}])
    points = await desk.history(strategy_id, start=query.start, end=query.end, resolution_seconds=query.resolution)
    return await answer_list(points)


@router.get("/events", response_model=EventsAnswer)
@signed("READ")
async def get_events(desk: TheDesk, query: Annotated[EventsQuery, Query()]) -> Response:
    """Return the journal's events after a number, the same content as the stream."""
    events = await desk.events(after_seq=query.after_seq, limit=query.limit + 1, strategy_id=query.strategy_id)
    return answer_events([event.body for event in events], query.limit)


@router.get("/journal", response_class=Response, responses={200: {"content": {"application/vnd.sqlite3": {}}}})
@signed("MARKET_MAKING")
async def copy_journal(desk: TheDesk) -> Response:
    """Return a copy of the journal's file as it is now."""
    return answer_file(await desk.copy_journal(), "application/vnd.sqlite3")


@router.get("/market-data/{asset}/orderbook", response_model=Answer[OrderBook])
@signed("READ")
async def get_order_book(desk: TheDesk, asset: str, query: Annotated[BookQuery, Query()]) -> Response:
    """Return the quoting venue's book with our own quotes marked."""
    return answer(desk.order_book(asset, query.depth))


@router.get("/status", response_model=Answer[EngineStatus])
@signed("READ")
async def get_status(desk: TheDesk, caller: TheCaller) -> Response:
    """Return the state of the engine, and who asks for it."""
    asker = Asker(scope=caller.key.scope, operator=caller.operator)
    return answer(desk.status().model_copy(update={"asker": asker}))
