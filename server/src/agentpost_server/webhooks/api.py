"""The REST door of webhook endpoints and their deliveries."""

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from agentpost_server.accounts import Caller, needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page
from agentpost_server.webhooks import deliveries, endpoints, store, store_deliveries
from agentpost_server.webhooks.deliver import TOPIC
from agentpost_server.webhooks.model import (
    CreateWebhook,
    Delivery,
    DeliveryStatus,
    Replayed,
    ReplayWebhook,
    TestWebhook,
    UpdateWebhook,
    WebhookEndpoint,
    delivery_of,
    endpoint_of,
)

StatusFilter = Annotated[DeliveryStatus | None, QueryParameter(description="Only deliveries that stand so.")]


@get("/webhooks", opt=needs("webhooks:read"), tags=["webhooks"], summary="List webhook endpoints")
async def list_webhooks(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], listing: NamedDependency[ListQuery]
) -> Page[WebhookEndpoint]:
    """Newest first. Secrets and header values are never shown again."""
    page = listing.open("webhooks", tenant.organization_id, tenant.environment_id)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        rows = await store.list_by_id(tx, tenant, page.uuid(), page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["id"].bytes], endpoint_of)


@post(
    "/webhooks",
    opt=needs("webhooks:write"),
    dto=StrictBody[CreateWebhook],
    tags=["webhooks"],
    summary="Create a webhook endpoint",
)
async def create_webhook(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    data: JSONBody[CreateWebhook],
) -> Response[WebhookEndpoint]:
    """Events that happen from now on are POSTed to `url`, signed with `secret`, which stands in this answer alone.

    2xx within 30 seconds is success. Anything else is tried again for about five hours.
    """
    return await effect(lambda tx: endpoints.create(tx, tenant, caller.actor, data, runtime=runtime), status=201)


@get("/webhooks/{webhook_id:str}", opt=needs("webhooks:read"), tags=["webhooks"], summary="Get a webhook endpoint")
async def get_webhook(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], webhook_id: FromPath[str]
) -> WebhookEndpoint:
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return endpoint_of(await endpoints.row_of(tx, tenant, ids.decode("whk", webhook_id)))


@patch(
    "/webhooks/{webhook_id:str}",
    opt=needs("webhooks:write"),
    dto=StrictBody[UpdateWebhook],
    tags=["webhooks"],
    summary="Change a webhook endpoint",
)
async def update_webhook(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    webhook_id: FromPath[str],
    data: JSONBody[UpdateWebhook],
) -> Response[WebhookEndpoint]:
    """What is absent stays; null clears. `headers` is replaced whole. `enabled: true` begins the count of failures
    again; deliveries that fell due while it was disabled are `cancelled` and can be replayed."""
    decoded = ids.decode("whk", webhook_id)
    return await effect(lambda tx: endpoints.update(tx, tenant, caller.actor, decoded, data, runtime=runtime))


@delete(
    "/webhooks/{webhook_id:str}",
    opt=needs("webhooks:write"),
    tags=["webhooks"],
    summary="Delete a webhook endpoint",
    status_code=204,
)
async def delete_webhook(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    webhook_id: FromPath[str],
) -> None:
    """Nothing that still waits is delivered, and its log of deliveries goes with it."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await endpoints.delete(tx, tenant, caller.actor, ids.decode("whk", webhook_id))


@post(
    "/webhooks/{webhook_id:str}/rotate-secret",
    opt=needs("webhooks:write"),
    tags=["webhooks"],
    summary="Rotate the secret of a webhook endpoint",
    status_code=200,
)
async def rotate_webhook_secret(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    webhook_id: FromPath[str],
) -> Response[WebhookEndpoint]:
    """The new secret stands in this answer alone. The one before signs on beside it until
    `previous_secret_expires_at`; at most three secrets sign at once."""
    decoded = ids.decode("whk", webhook_id)
    return await effect(lambda tx: endpoints.rotate_secret(tx, tenant, caller.actor, decoded, runtime=runtime))


@post(
    "/webhooks/{webhook_id:str}/test",
    opt=needs("webhooks:write"),
    dto=StrictBody[TestWebhook],
    tags=["webhooks"],
    summary="Send a test event",
    status_code=201,
)
async def send_test_event(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    webhook_id: FromPath[str],
    data: JSONBody[TestWebhook],
) -> Response[Delivery]:
    """An example of `event_type` with `test: true` in its data, to this endpoint alone, also while it is disabled.
    Follow it at `GET /deliveries/{id}`; it does not appear in the event log."""
    decoded = ids.decode("whk", webhook_id)
    answer = await effect(
        lambda tx: deliveries.send_test(tx, tenant, decoded, data.event_type, runtime.now()), status=201
    )
    runtime.bus.publish(TOPIC)
    return answer


@post(
    "/webhooks/{webhook_id:str}/replay",
    opt=needs("webhooks:write"),
    dto=StrictBody[ReplayWebhook],
    tags=["webhooks"],
    summary="Deliver the events of a time again",
    status_code=200,
)
async def replay_webhook(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    webhook_id: FromPath[str],
    data: JSONBody[ReplayWebhook],
) -> Response[Replayed]:
    """Events of `since` to `until`: with `status: failed` those that did not arrive (failed or cancelled), with `all`
    every one that the endpoint asks for, also from before it existed. At most 10,000 a call, oldest first."""
    decoded = ids.decode("whk", webhook_id)
    answer = await effect(lambda tx: deliveries.replay(tx, tenant, decoded, data, runtime.now()))
    runtime.bus.publish(TOPIC)
    return answer


@get(
    "/webhooks/{webhook_id:str}/deliveries",
    opt=needs("webhooks:read"),
    tags=["webhooks"],
    summary="List deliveries of a webhook endpoint",
)
async def list_deliveries(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    webhook_id: FromPath[str],
    status: StatusFilter = None,
) -> Page[Delivery]:
    """Newest first, as long as deliveries are kept."""
    decoded = ids.decode("whk", webhook_id)
    page = listing.open("deliveries", tenant.organization_id, tenant.environment_id, decoded, status)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await endpoints.row_of(tx, tenant, decoded)
        rows = await store_deliveries.list_by_id(
            tx, tenant, decoded, status, page.uuid(), page.ascending, page.limit + 1
        )
    return page.of(rows, lambda row: [row["id"].bytes], delivery_of)


@get("/deliveries/{delivery_id:str}", opt=needs("webhooks:read"), tags=["webhooks"], summary="Get a delivery")
async def get_delivery(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], delivery_id: FromPath[str]
) -> Delivery:
    """With its request as it was sent last, the values of your own headers hidden, and the log of its attempts."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await deliveries.show(tx, tenant, ids.decode("dlv", delivery_id))


@post(
    "/deliveries/{delivery_id:str}/redeliver",
    opt=needs("webhooks:write"),
    tags=["webhooks"],
    summary="Deliver once more",
    status_code=200,
)
async def redeliver(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    delivery_id: FromPath[str],
) -> Response[Delivery]:
    """Now, whatever became of it before: the same body and `webhook-id`, a new signature, all retries before it."""
    answer = await effect(lambda tx: deliveries.redeliver(tx, tenant, ids.decode("dlv", delivery_id)))
    runtime.bus.publish(TOPIC)
    return answer


ROUTES = [
    list_webhooks,
    create_webhook,
    get_webhook,
    update_webhook,
    delete_webhook,
    rotate_webhook_secret,
    send_test_event,
    replay_webhook,
    list_deliveries,
    get_delivery,
    redeliver,
]
