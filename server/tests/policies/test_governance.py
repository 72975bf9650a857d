"""Governance: domains that may send, the life of keys, and of mail."""

from datetime import UTC, datetime, timedelta

from agentpost_server.core import ids
from agentpost_server.messages import retention
from harness import Tenant
from outbound.sending import inbox, send, until
from policies.asking import ask, failures, policy


async def test_mail_leaves_from_the_named_domains_only(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "governance", {"sending_domains": ["mail.example"]}, scope="organization")
    body = {"to": ["a@b.example"], "subject": "s"}
    answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "policy_rejected")
    assert failures(await ask(tenant, agent, "a@b.example", domain="mail.example")) == []
    await policy(tenant.http, "governance", {"sending_domains": ["other.example"]})
    assert failures(await ask(tenant, agent, "a@b.example", domain="mail.example")) == ["governance"]


def _days(key: dict[str, str]) -> float:
    return (datetime.fromisoformat(key["expires_at"]) - datetime.now(UTC)).total_seconds() / 86_400


async def test_no_key_outlives_what_a_policy_allows(tenant: Tenant) -> None:
    body = {"name": "k", "scopes": ["inboxes:read"]}
    old = (await tenant.http.post("/api-keys", json=body)).json()
    assert old["expires_at"] is None
    await policy(tenant.http, "governance", {"max_key_days": 30}, scope="organization")
    await policy(tenant.http, "governance", {"max_key_days": 10})
    assert 9.9 < _days((await tenant.http.post("/api-keys", json=body)).json()) <= 10
    late = {**body, "expires_at": (datetime.now(UTC) + timedelta(days=11)).isoformat()}
    answer = await tenant.http.post("/api-keys", json=late)
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (422, ["expires_at"])
    rotated = await tenant.http.post(f"/api-keys/{old['id']}/rotate", json={})
    assert 9.9 < _days(rotated.json()) <= 10


async def test_mail_is_kept_no_longer_than_the_strictest_says(tenant: Tenant) -> None:
    short, long = await inbox(tenant.http, "short"), await inbox(tenant.http, "long")
    kept = await send(tenant.http, long["id"], to=["delivered@sandbox.test"])
    doomed = await send(tenant.http, short["id"], to=["delivered@sandbox.test"])
    for one in (kept, doomed):
        await until(tenant.http, f"/messages/{one['id']}", lambda message: message["status"] == "delivered")
    old = ids.id_at(int((datetime.now(UTC) - timedelta(days=40)).timestamp() * 1000))
    older = ids.id_at(int((datetime.now(UTC) - timedelta(days=400)).timestamp() * 1000))
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        for message, moved in ((doomed, old), (kept, older)):
            was = ids.decode("msg", message["id"])
            await tx.run(
                """INSERT INTO messages (organization_id, id, environment_id, inbox_id, thread_id, direction, status,
                       message_id_header, subject, from_address, size, trust)
                   SELECT organization_id, $2, environment_id, inbox_id, thread_id, direction, status,
                       message_id_header, subject, from_address, size, trust FROM messages
                   WHERE organization_id = $1 AND id = $3""",
                tenant.organization.organization_id,
                moved,
                was,
            )
    await policy(tenant.http, "governance", {"retention_days": 30}, scope="inbox", inbox_id=short["id"])
    await policy(tenant.http, "governance", {"retention_days": 500}, scope="organization")

    async def stands(message_id: str) -> bool:
        organization_id = tenant.organization.organization_id
        async with tenant.server.database.transaction(organization_id) as tx:
            return await tx.value(
                "SELECT EXISTS (SELECT FROM messages WHERE organization_id = $1 AND id = $2)",
                organization_id,
                ids.decode("msg", message_id),
            )

    for _ in range(20):
        await retention.expire_messages(tenant.server.runtime)
        if not await stands(ids.encode("msg", old)):
            break
    assert not await stands(ids.encode("msg", old))
    assert await stands(ids.encode("msg", older))
    await policy(tenant.http, "governance", {"retention_days": 365})
    for _ in range(20):
        await retention.expire_messages(tenant.server.runtime)
        if not await stands(ids.encode("msg", older)):
            break
    assert not await stands(ids.encode("msg", older))
    assert await stands(kept["id"])
    assert await stands(doomed["id"])


async def test_a_log_in_that_is_not_there_can_not_be_demanded(tenant: Tenant) -> None:
    body = {"name": "p", "kind": "governance", "rules": {"require_totp": True}}
    assert (await tenant.http.post("/policies", json=body)).status_code == 422
