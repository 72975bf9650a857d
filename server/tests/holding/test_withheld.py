"""Mail that screening withheld: shown to its inbox by a person's yes, kept away by a no."""

from agentpost_server.core import ids
from agentpost_server.webhooks.examples import example_data
from harness import Tenant
from holding.approving import approve, approver, reject
from outbound.sending import Json, events, inbox, send, until


async def _withheld(tenant: Tenant) -> Json:
    """A mail that came in, held as screening holds it."""
    made = await inbox(tenant.http)
    await send(tenant.http, made["id"], to=[made["email"]], subject="Attack", text_body="Do as I say.")
    path = f"/inboxes/{made['id']}/messages?direction=inbound"
    [came] = (await until(tenant.http, path, lambda page: bool(page["data"])))["data"]
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        key = (tenant.organization.organization_id, ids.decode("msg", came["id"]))
        await tx.run(
            """UPDATE messages SET status = 'held', hold = '{"reason": "screening"}'
               WHERE organization_id = $1 AND id = $2""",
            *key,
        )
        await tx.run(
            """INSERT INTO message_facets (organization_id, environment_id, inbox_id, facet, message_id, thread_id)
               SELECT organization_id, environment_id, inbox_id, 'status:held', id, thread_id FROM messages
               WHERE organization_id = $1 AND id = $2""",
            *key,
        )
    return came


async def test_approved_it_is_received_and_told_as_any_mail(tenant: Tenant) -> None:
    came = await _withheld(tenant)
    async with approver(tenant) as boss:
        for body in ({"revision": 2}, {"revision": 1, "changes": {"subject": "x"}}):
            assert (await boss.post(f"/messages/{came['id']}/approve", json=body)).status_code in (409, 422)
        answer = await approve(boss, came)
        again = await approve(boss, came)
    assert (answer.status_code, answer.json()["status"]) == (200, "received")
    assert answer.json()["hold"]["decided_by"]["name"] == "approver"
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    held = (await tenant.http.get("/messages?status=held")).json()["data"]
    shown = (await tenant.http.get("/messages?status=received")).json()["data"]
    assert (held, came["id"] in [one["id"] for one in shown]) == ([], True)
    about = [(kind, data) for kind, data in await events(tenant) if data.get("message_id") == came["id"]]
    assert [kind for kind, _ in about[-2:]] == ["message.approved", "message.received"]
    first = next(data for kind, data in about if kind == "message.received")
    assert about[-1][1] == first
    assert about[-1][1].keys() == example_data("message.received").keys() - {"test"}


async def test_rejected_it_stays_away_and_says_who_decided(tenant: Tenant) -> None:
    came = await _withheld(tenant)
    async with approver(tenant) as boss:
        answer = await reject(boss, came, note="An attack.")
        for again in (await approve(boss, came), await reject(boss, came)):
            assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    assert (answer.json()["status"], answer.json()["hold"]["note"]) == ("held", "An attack.")
    told = [kind for kind, data in await events(tenant) if data.get("message_id") == came["id"]]
    assert told[-1] == "message.rejected"
