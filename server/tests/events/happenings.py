"""Events made to happen, for the tests of the log and of its streams."""

import asyncio

from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.events.append import NewEvent, append
from agentpost_server.events.read import find
from harness import Server, Tenant


def live(tenant: Tenant) -> Scope:
    return Scope(tenant.organization.organization_id, tenant.organization.live_environment_id)


def sandbox(tenant: Tenant) -> Scope:
    return Scope(tenant.organization.organization_id, tenant.organization.test_environment_id)


async def happen(
    server: Server,
    scope: Scope,
    type_: str = "thread.created",
    *,
    inbox: str | None = None,
    times: int = 1,
    size: int = 0,
) -> list[str]:
    """Append events in one transaction; answers their encoded ids."""
    inbox_id = ids.decode("inb", inbox) if inbox else None
    news = [NewEvent(type=type_, inbox_id=inbox_id, data={"n": n, "text": "ä\n" + "x" * size}) for n in range(times)]
    async with server.database.transaction(scope.organization_id) as tx:
        return [ids.encode("evt", one) for one in await append(tx, scope, *news)]


async def publish(
    server: Server, scope: Scope, type_: str = "thread.created", *, inbox: str | None = None, times: int = 1
) -> list[str]:
    """The same, and waits until they stand in the log."""
    made = await happen(server, scope, type_, inbox=inbox, times=times)
    for _ in range(300):
        try:
            async with server.database.transaction(scope.organization_id) as tx:
                await find(tx, scope, made[-1])
            return made
        except NotFound:
            await asyncio.sleep(0.01)
    raise AssertionError("not published within three seconds")
