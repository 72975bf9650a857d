"""The REST door of leases."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agentpost_server.accounts import needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.leases import service
from agentpost_server.leases.model import AckLease, Claim, ClaimMessages, ExtendLease, Lease, ReleaseLease
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect

_WRITE = needs("messages:write")


@post(
    "/inboxes/{inbox_id:str}/messages/claim",
    opt=_WRITE,
    dto=StrictBody[ClaimMessages],
    tags=["leases"],
    summary="Claim messages",
    status_code=200,
)
async def claim_messages(
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    inbox_id: FromPath[str],
    data: JSONBody[ClaimMessages],
) -> Response[Claim]:
    """The oldest received messages that nobody has and nobody has handled, yours until `leased_until`. Ack each when it
    is handled; what you do not ack comes back to whoever claims next."""
    return await effect(lambda tx: service.claim(tx, tenant, ids.decode("inb", inbox_id), data))


@post(
    "/leases/{lease_id:str}/ack",
    opt=_WRITE,
    dto=StrictBody[AckLease],
    tags=["leases"],
    summary="Acknowledge a lease",
    status_code=200,
)
async def ack_lease(
    tenant: NamedDependency[Scope], effect: NamedDependency[Effect], lease_id: FromPath[str], data: JSONBody[AckLease]
) -> Response[Lease]:
    """The message is handled and never claimed again. 409 `lease_lost` when the lease has ended."""
    return await effect(lambda tx: service.ack(tx, tenant, ids.decode("lse", lease_id), data.labels))


@post(
    "/leases/{lease_id:str}/extend",
    opt=_WRITE,
    dto=StrictBody[ExtendLease],
    tags=["leases"],
    summary="Extend a lease",
    status_code=200,
)
async def extend_lease(
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    lease_id: FromPath[str],
    data: JSONBody[ExtendLease],
) -> Response[Lease]:
    """It ends `lease_seconds` from now. 409 `lease_lost` when it has ended already."""
    return await effect(lambda tx: service.extend(tx, tenant, ids.decode("lse", lease_id), data.lease_seconds))


@post(
    "/leases/{lease_id:str}/release",
    opt=_WRITE,
    dto=StrictBody[ReleaseLease],
    tags=["leases"],
    summary="Release a lease",
    status_code=200,
)
async def release_lease(
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    lease_id: FromPath[str],
    data: JSONBody[ReleaseLease],
) -> Response[Lease]:
    """Gives the message back, at once or after `delay_seconds`; the attempt counts. 409 `lease_lost` when the lease has
    ended."""
    return await effect(lambda tx: service.release(tx, tenant, ids.decode("lse", lease_id), data.delay_seconds))


ROUTES = [claim_messages, ack_lease, extend_lease, release_lease]
