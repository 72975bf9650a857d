"""Numbers of an inbox as if so much mail had been sent: marks as `states` leaves them, then the chore."""

from typing import Any

from agentpost_server.core import ids
from agentpost_server.outbound.deliverability import judge
from harness import Tenant
from outbound.sending import Json, events


async def mark(
    tenant: Tenant, inbox: Json, *, sent: int = 0, bounced: int = 0, complained: int = 0, hours_ago: int = 0
) -> None:
    """Bounced for good; `sent` counts all of them."""
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        await tx.run(
            """INSERT INTO delivery_marks (organization_id, environment_id, inbox_id, at, sent, delivered, bounced,
                 hard_bounced, complained)
               VALUES ($1, $2, $3, now() - make_interval(hours => $4), $5, $6, $7, $7, $8)""",
            organization_id,
            ids.decode("env", inbox["environment_id"]),
            ids.decode("inb", inbox["id"]),
            hours_ago,
            sent,
            sent - bounced,
            bounced,
            complained,
        )


async def added_up(tenant: Tenant) -> None:
    """Until no mark of the tenant's is left: the server's own chore may hold the lock meanwhile."""
    organization_id = tenant.organization.organization_id
    while True:
        await judge.add_up(tenant.server.runtime)
        async with tenant.server.database.transaction(organization_id) as tx:
            if not await tx.value("SELECT count(*) FROM delivery_marks WHERE organization_id = $1", organization_id):
                return


async def counted(tenant: Tenant, inbox: Json, **counts: int) -> Json:
    """The inbox after these were counted."""
    await mark(tenant, inbox, **counts)
    await added_up(tenant)
    return (await tenant.http.get(f"/inboxes/{inbox['id']}")).json()


async def told(tenant: Tenant, *kinds: str) -> list[Json]:
    return [data for kind, data in await events(tenant) if kind in kinds]


async def numbers(http: Any, path: str, **query: Any) -> Json:
    answer = await http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def total(answer: Json) -> Json:
    """The series of an answer, added up."""
    names = ("sent", "delivered", "bounced", "hard_bounced", "complained")
    return {name: sum(one[name] for one in answer["series"]) for name in names}
