"""The end of a hold's time: rejected or sent, once, by whichever process is there, and never what may not leave."""

import asyncio
from datetime import UTC, datetime, timedelta

from agentpost_server.core import ids
from agentpost_server.outbound.holding import expiry
from agentpost_server.work import Claimed
from harness import Tenant, client, new_tenant, running_server
from holding.approving import approve, approver, held, over, policy
from outbound.sending import Json, events, history, inbox, recipients, send, settled


async def test_nobody_decides_and_it_is_rejected(tenant: Tenant) -> None:
    message = await held(tenant)
    await over(tenant, message)
    rejected = await settled(tenant.http, message["id"], "rejected")
    assert rejected["hold"]["decided_by"] == {"type": "system", "id": None, "name": "AgentPost"}
    told = [data for kind, data in await events(tenant) if kind == "message.rejected"]
    assert [(one["reason"], one["decided_by"]["type"]) for one in told] == [("approval_expired", "system")]


async def test_where_the_policy_says_so_it_is_sent(tenant: Tenant) -> None:
    message = await held(tenant, to=["delivered@sandbox.test"], rules={"on_expiry": "send"})
    await over(tenant, message)
    sent = await settled(tenant.http, message["id"], "delivered")
    assert sent["hold"]["decided_by"]["type"] == "system"
    assert [kind for kind, _ in await history(tenant.http, message["id"])][:3] == ["held", "approved", "queued"]


async def test_several_processes_send_it_once_across_a_restart(postgres: str, own_database: str) -> None:
    """Claimed by all at once, and by one that was claimed before and came back late."""
    async with running_server(own_database, ("api",)) as server, new_tenant(server) as tenant:
        messages = [await held(tenant, to=["delivered@sandbox.test"], rules={"on_expiry": "send"}) for _ in range(3)]
        for one in messages:
            await over(tenant, one)
        organization_id = tenant.organization.organization_id
        claimed = [Claimed(organization_id, ids.decode("msg", one["id"]), 0) for one in messages]
        async with running_server(own_database), running_server(own_database):
            await asyncio.gather(*(expiry.expire(server.runtime, claimed) for _ in range(5)))
            for one in messages:
                await settled(tenant.http, one["id"], "delivered")
        for one in messages:
            kinds = [kind for kind, _ in await history(tenant.http, one["id"])]
            assert (kinds.count("approved"), kinds.count("queued"), kinds.count("sending")) == (1, 1, 1)


async def test_paused_it_waits_and_a_dead_address_ends_it(tenant: Tenant) -> None:
    message = await held(tenant, to=["delivered@sandbox.test"], rules={"on_expiry": "send"})
    await tenant.http.post(f"/inboxes/{message['inbox_id']}/pause", json={})
    await over(tenant, message)
    await _looked_at(tenant, message)
    assert (await tenant.http.get(f"/messages/{message['id']}")).json()["status"] == "pending_approval"
    await tenant.http.post(f"/inboxes/{message['inbox_id']}/resume", json={})
    await tenant.http.post("/suppressions", json={"email": "delivered@sandbox.test"})
    await over(tenant, message)
    ended = await settled(tenant.http, message["id"], "rejected")
    told = [data for kind, data in await events(tenant) if kind == "message.rejected"]
    assert [one["reason"] for one in told] == ["suppressed"]
    assert ended["sent_at"] is None


async def _looked_at(tenant: Tenant, message: Json) -> None:
    """Until the lane has tried, and put it off."""
    for _ in range(400):
        async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
            tried = await tx.value(
                """SELECT attempts > 0 AND due_at > now() + interval '30 seconds' FROM holds
                   WHERE organization_id = $1 AND id = $2""",
                tenant.organization.organization_id,
                ids.decode("msg", message["id"]),
            )
        if tried:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the lane never looked")


async def test_a_time_that_has_passed_is_now_and_one_to_come_is_kept(tenant: Tenant) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    later = await held(tenant, to=["delivered@sandbox.test"], send_at=tomorrow)
    passed = await held(tenant, to=["delivered@sandbox.test"], send_at=tomorrow)
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run(
            """UPDATE message_revisions SET content = content || '{"send_at": "2026-01-01T00:00:00Z"}'
               WHERE organization_id = $1 AND message_id = $2""",
            tenant.organization.organization_id,
            ids.decode("msg", passed["id"]),
        )
    async with approver(tenant) as boss:
        assert (await approve(boss, later)).json()["status"] == "scheduled"
        now = (await approve(boss, passed)).json()
    assert (now["status"], now["send_at"]) == ("queued", None)
    moved = await tenant.http.post(f"/messages/{later['id']}/cancel", json={})
    assert moved.json()["status"] == "cancelled"


async def test_what_changed_since_is_asked_again(tenant: Tenant) -> None:
    made = await inbox(tenant.http)
    await policy(tenant.http, made["id"])
    key = await tenant.http.post("/api-keys", json={"name": "boss", "scopes": ["drafts:approve"]})
    both = await send(tenant.http, made["id"], to=["ann@example.com", "ben@example.com"])
    one = await send(tenant.http, made["id"], to=["ann@example.com"])
    blocked = await send(tenant.http, made["id"], to=["cy@blocked.example"])
    await tenant.http.post("/suppressions", json={"email": "ann@example.com"})
    rule = {"direction": "send", "action": "block", "match_type": "domain", "value": "blocked.example"}
    assert (await tenant.http.post("/filter-rules", json=rule)).status_code == 201
    async with client(tenant.server, key.json()["key"]) as boss:
        answers = [await approve(boss, message) for message in (both, one, blocked)]
    assert recipients(answers[0].json()) == {"ann@example.com": "suppressed", "ben@example.com": "queued"}
    assert (answers[1].status_code, answers[1].json()["code"]) == (422, "all_recipients_suppressed")
    assert (answers[2].status_code, answers[2].json()["code"]) == (403, "recipient_blocked")
    for message in (one, blocked):
        assert (await tenant.http.get(f"/messages/{message['id']}")).json()["status"] == "pending_approval"


async def test_a_file_whose_bytes_are_gone_is_no_mail(tenant: Tenant) -> None:
    message = await held(tenant, attachments=[{"content": "aGVsbG8=", "filename": "a.txt"}])
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run(
            "DELETE FROM blobs WHERE organization_id = $1 AND id = $2",
            tenant.organization.organization_id,
            ids.decode("att", message["attachments"][0]["id"]),
        )
    async with approver(tenant) as boss:
        refused = await approve(boss, message)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert (await approve(boss, message, attachments=[])).status_code == 200
