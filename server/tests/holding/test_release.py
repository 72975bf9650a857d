"""What is asked again when a held mail is let go: caps, planted strings, and the fuse where nobody looked."""

import base64
from datetime import datetime, timedelta

import pytest

from harness import Tenant
from holding.approving import approve, approver, over, policy
from loops.machines import reply
from outbound.sending import Json, events, inbox, recipients, send, settled, until
from policies import asking
from sandbox.simulated import DAY, advance

_CANARY = "blue-heron-4711-zq"


@pytest.mark.parametrize("beyond", ["reject", "hold"])
async def test_a_held_mail_counts_against_caps_when_it_is_let_go(tenant: Tenant, beyond: str) -> None:
    made = await inbox(tenant.http)
    await policy(tenant.http, made["id"])
    caps = await asking.policy(tenant.http, "caps", {"messages_per_day": 1, "over": beyond})
    async with approver(tenant) as boss:
        first, second = [await send(tenant.http, made["id"], to=["delivered@sandbox.test"]) for _ in range(2)]
        assert (first["status"], second["status"]) == ("pending_approval", "pending_approval")
        assert (await approve(boss, first)).status_code == 200
        late = await approve(boss, second)
        assert (late.status_code, late.json()["code"]) == (429, "send_cap_reached")
        assert (await tenant.http.get(f"/messages/{second['id']}")).json()["status"] == "pending_approval"
        raised = {"rules": {"messages_per_day": 2, "over": beyond}}
        assert (await tenant.http.patch(f"/policies/{caps['id']}", json=raised)).status_code == 200
        assert (await approve(boss, second)).status_code == 200
    for one in (first, second):
        await settled(tenant.http, one["id"], "delivered")


@pytest.mark.parametrize("where", ["text", "file", "added by the approver"])
async def test_a_string_planted_since_keeps_a_held_mail_here(tenant: Tenant, where: str) -> None:
    made = await inbox(tenant.http)
    await policy(tenant.http, made["id"])
    file = {"content": base64.b64encode(f"it is {_CANARY}".encode()).decode(), "filename": "a.txt"}
    body: Json = {"text": {"text_body": f"it is {_CANARY}"}, "file": {"attachments": [file]}}.get(where, {})
    async with approver(tenant) as boss:
        waiting = await send(tenant.http, made["id"], to=["delivered@sandbox.test"], **body)
        await asking.policy(tenant.http, "flow", {"canaries": [_CANARY]})
        changes: Json = {"subject": _CANARY} if where == "added by the approver" else {}
        refused = await approve(boss, waiting, **changes)
        assert (refused.status_code, refused.json()["code"]) == (403, "policy_rejected")
        assert (await tenant.http.get(f"/messages/{waiting['id']}")).json()["status"] == "pending_approval"
        assert (await approve(boss, waiting, text_body="it is gone", attachments=[])).status_code == 200
    await settled(tenant.http, waiting["id"], "delivered")
    assert _CANARY.encode() not in (await tenant.http.get(f"/messages/{waiting['id']}/raw")).content


async def test_two_policies_that_send_by_themselves_do_not_answer_each_other_for_ever(tenant: Tenant) -> None:
    """Each answer waits, nobody looks, and its time ends at once."""
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    for made in (one, other):
        await policy(tenant.http, made["id"], on_expiry="send")
    waiting = await send(tenant.http, one["id"], to=[other["email"]])
    reader, left = other, 0
    while left < 12:
        await over(tenant, waiting)
        ended = await settled(tenant.http, waiting["id"], "delivered", "rejected")
        if ended["status"] == "rejected":
            break
        left += 1
        arrived = await _arrived(tenant, reader, waiting["message_id_header"])
        waiting = (await reply(tenant.http, arrived)).json()
        assert waiting["status"] == "pending_approval"
        reader = one if reader is other else other
    assert 2 <= left <= 10
    told = [data for kind, data in await events(tenant) if kind == "message.rejected"]
    assert [(each["message_id"], each["reason"]) for each in told] == [(waiting["id"], "policy")]
    assert "loop.detected" in [kind for kind, _ in await events(tenant)]


async def _arrived(tenant: Tenant, reader: Json, message_id: str) -> Json:
    page = await until(
        tenant.http,
        f"/inboxes/{reader['id']}/messages?direction=inbound",
        lambda page: any(one["message_id_header"] == message_id for one in page["data"]),
    )
    return next(one for one in page["data"] if one["message_id_header"] == message_id)


async def test_in_a_test_environment_it_goes_by_the_time_there(tenant: Tenant) -> None:
    http, agent = tenant.sandbox, await inbox(tenant.sandbox)
    rules = {"when": ["always"], "author_may_approve": True, "expires_seconds": 30 * DAY}
    made = await http.post("/policies", json={"name": "a", "kind": "approval", "scope": "environment", "rules": rules})
    assert made.status_code == 201, made.text
    await advance(http, 3 * DAY)
    there = (await http.get("/sandbox/clock")).json()["now"]
    waiting = await send(http, agent["id"], to=["a@b.example"])
    tomorrow = await send(http, agent["id"], to=["c@d.example"], send_at=_later(there, 10))
    await advance(http, 2 * DAY)
    for one in (waiting, tomorrow):
        assert (await approve(http, one)).status_code == 200
    gone = await settled(http, waiting["id"], "delivered")
    assert recipients(gone) == {"a@b.example": "captured"}
    raw = (await http.get(f"/messages/{waiting['id']}/raw")).text
    assert (await http.get(f"/messages/{tomorrow['id']}")).json()["status"] == "scheduled"
    now = (await http.get("/sandbox/clock")).json()["now"]
    assert f"Date: {_day(now)}" in raw


def _later(moment: str, days: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(days=days)).isoformat()


def _day(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%a, %d %b %Y")
