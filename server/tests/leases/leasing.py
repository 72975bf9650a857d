"""What the tests of leases share: mail to claim, and the four verbs."""

from typing import Any

import httpx2 as httpx

from agentpost_server.core import ids
from agentpost_server.core.ids import encode
from harness import Tenant
from messages.added import message, stored

Json = dict[str, Any]


async def mail(tenant: Tenant, inbox: str, number: int = 1, **fields: Any) -> list[str]:
    """Received messages, the oldest first."""
    inbox_id = ids.decode("inb", inbox)
    begin = ids.new_id().int
    made = [message(tenant, inbox_id, f"<{begin + n}@x>", **{"id": ids.new_id(), **fields}) for n in range(number)]
    made.sort(key=lambda one: one.id)
    await stored(tenant, *made)
    return [encode("msg", one.id) for one in made]


async def claim(http: httpx.AsyncClient, inbox: str, limit: int = 1, seconds: int = 60, **filters: Any) -> list[Json]:
    """`sender` stands for `from`, which Python does not let stand here."""
    if "sender" in filters:
        filters["from"] = filters.pop("sender")
    body = {"limit": limit, "lease_seconds": seconds, "filters": filters}
    answer = await http.post(f"/inboxes/{inbox}/messages/claim", json=body)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["data"]
    return answer.json()["data"]


async def verb(http: httpx.AsyncClient, lease: Json | str, name: str, status: int = 200, **body: Any) -> Json:
    lease_id = lease if isinstance(lease, str) else lease["lease_id"]
    answer = await http.post(f"/leases/{lease_id}/{name}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def message_ids(leases: list[Json]) -> list[str]:
    return [one["message"]["id"] for one in leases]


async def run_out(tenant: Tenant, lease: Json) -> None:
    """As if its time were over."""
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run(
            "UPDATE leases SET leased_until = now() - interval '1 second' WHERE organization_id = $1 AND id = $2",
            tenant.organization.organization_id,
            ids.decode("lse", lease["lease_id"]),
        )
