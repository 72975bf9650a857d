"""Verbs on deliveries: look at one, ask for one again, for many again, for a made-up one."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, NotFound, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.events import EVENT_TYPES
from agentpost_server.webhooks import endpoints, store, store_deliveries
from agentpost_server.webhooks.body import render, render_test
from agentpost_server.webhooks.examples import example_data
from agentpost_server.webhooks.model import (
    Delivery,
    DeliveryRequest,
    Header,
    Replayed,
    ReplayWebhook,
    attempt_of,
    delivery_of,
)

MOST_REPLAYED: Final = 10_000


async def show(tx: Tx, scope: Scope, delivery_id: UUID) -> Delivery:
    """With its request as it was made last (or would be made now) and the log of its attempts."""
    row = await _row_of(tx, scope, delivery_id)
    log = await store_deliveries.attempts(tx, scope, delivery_id)
    shown = delivery_of(row)
    shown.request = DeliveryRequest(
        url=log[-1]["url"] if log else row["url"],
        headers=msgspec.json.decode(log[-1]["request_headers"], type=list[Header]) if log else [],
        body=_body(row),
    )
    shown.attempt_log = [attempt_of(one) for one in log]
    return shown


async def redeliver(tx: Tx, scope: Scope, delivery_id: UUID) -> Delivery:
    """Queue it now, whatever became of it, with the whole retry schedule before it. The body stays the same."""
    row = await _row_of(tx, scope, delivery_id)
    if row["body"] is None:
        _demand_enabled(row)
    await store.probe_now(tx, scope, row["webhook_id"])
    return delivery_of(await store_deliveries.again(tx, scope, delivery_id))


async def send_test(tx: Tx, scope: Scope, webhook_id: UUID, event_type: str, now: datetime) -> Delivery:
    """An example of the type, to this endpoint alone, enabled or not. Its event stands in no log."""
    await endpoints.row_of(tx, scope, webhook_id)
    if event_type not in EVENT_TYPES:
        raise invalid_field("event_type", f"{event_type!r} is not a type of event")
    event_id = ids.new_id()
    body = render_test(
        ids.encode("evt", event_id),
        event_type,
        rfc3339(now),
        ids.encode("org", scope.organization_id),
        ids.encode("env", scope.environment_id),
        example_data(event_type),
    )
    await store.probe_now(tx, scope, webhook_id)
    row = await store_deliveries.insert_test(tx, scope, ids.new_id(), webhook_id, event_id, event_type, body.decode())
    return delivery_of(row)


async def replay(tx: Tx, scope: Scope, webhook_id: UUID, wanted: ReplayWebhook, now: datetime) -> Replayed:
    """Queue again the deliveries of events of a time: those that did not arrive, or all that the endpoint asks for,
    also those it was never told of. At most MOST_REPLAYED a call, oldest first."""
    _demand_enabled(await endpoints.row_of(tx, scope, webhook_id))
    since, until = _bound(wanted.since), _bound(wanted.until or now, after=1)
    await store.probe_now(tx, scope, webhook_id)
    if wanted.status == "failed":
        queued = await store_deliveries.replay_failed(tx, scope, webhook_id, since, until, MOST_REPLAYED)
        return Replayed(queued=queued)
    events = await store_deliveries.wanted_events(tx, scope, webhook_id, since, until, MOST_REPLAYED)
    new_ids = [ids.new_id() for _ in events]
    return Replayed(queued=await store_deliveries.replay_events(tx, scope, webhook_id, new_ids, events))


async def _row_of(tx: Tx, scope: Scope, delivery_id: UUID) -> Any:
    row = await store_deliveries.find(tx, scope, delivery_id)
    if row is None:
        raise NotFound
    return row


def _body(row: Any) -> str | None:
    if row["body"] is not None:
        return row["body"]
    return None if row["data"] is None else render(row).decode()


def _bound(moment: datetime, *, after: int = 0) -> UUID:
    """Ids hold the millisecond of the event."""
    return ids.lowest_id_at(int(moment.timestamp() * 1000) + after)


def _demand_enabled(row: Any) -> None:
    if not row["enabled"]:
        raise Conflict("This webhook endpoint is disabled.", fix="Enable it, then ask again.")
