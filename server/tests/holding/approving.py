"""What the tests of approval share: a policy that holds, a key of somebody who may approve, and a mail that waits."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2 as httpx

from agentpost_server.core import ids
from harness import Tenant, client
from outbound.sending import Json, inbox, send

APPROVER = "boss@example.com"


async def policy(http: httpx.AsyncClient, inbox_id: str, **rules: Any) -> Json:
    """An approval policy of one inbox; every send of it waits unless the rules say another thing."""
    body = {
        "name": "A person looks",
        "kind": "approval",
        "scope": "inbox",
        "inbox_id": inbox_id,
        "rules": {"when": ["always"], "approvers": [APPROVER], **rules},
    }
    answer = await http.post("/policies", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def held(tenant: Tenant, *, rules: Json | None = None, **fields: Any) -> Json:
    """A mail from a new inbox that waits for a person, written by an agent's key."""
    made = await inbox(tenant.http)
    await policy(tenant.http, made["id"], **(rules or {}))
    key = await tenant.http.post("/api-keys", json={"name": "agent", "scopes": ["messages:send", "messages:read"]})
    async with client(tenant.server, key.json()["key"]) as agent:
        message = await send(agent, made["id"], **{"to": ["ann@example.com"], **fields})
    assert message["status"] == "pending_approval", message
    return message


@asynccontextmanager
async def approver(tenant: Tenant, **limits: Any) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody else with the right to approve."""
    scopes = ["drafts:approve", "messages:read"]
    made = await tenant.http.post("/api-keys", json={"name": "approver", "scopes": scopes, **limits})
    assert made.status_code == 201, made.text
    async with client(tenant.server, made.json()["key"]) as http:
        yield http


async def over(tenant: Tenant, message: Json) -> None:
    """As if its time had passed."""
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run(
            """UPDATE holds SET due_at = now(), expires_at = now() - interval '1 second'
               WHERE organization_id = $1 AND id = $2""",
            tenant.organization.organization_id,
            ids.decode("msg", message["id"]),
        )


async def approve(http: httpx.AsyncClient, message: Json, revision: int = 1, **changes: Any) -> httpx.Response:
    body: Json = {"revision": revision, **({"changes": changes} if changes else {})}
    return await http.post(f"/messages/{message['id']}/approve", json=body)


async def reject(http: httpx.AsyncClient, message: Json, **body: Any) -> httpx.Response:
    return await http.post(f"/messages/{message['id']}/reject", json=body)
