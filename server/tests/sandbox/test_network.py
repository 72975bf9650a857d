"""The local network end to end: own inboxes get mail by the real accept path, personas play, all else stays."""

import httpx2 as httpx
import pytest

from agentpost_server.core import ids
from harness import Tenant
from outbound.sending import Json, events, history, inbox, recipients, send, settled, until


async def _inbound(http: httpx.AsyncClient, agent: Json, count: int = 1) -> list[Json]:
    path = f"/inboxes/{agent['id']}/messages?labels=received"
    page = await until(http, path, lambda page: len(page["data"]) >= count)
    return [(await http.get(f"/messages/{one['id']}")).json() for one in page["data"]]


async def test_mail_between_two_inboxes_is_delivered_and_the_answer_joins_the_thread(tenant: Tenant) -> None:
    one, two = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    made = await send(tenant.http, one["id"], to=[two["email"]], bcc=[])
    done = await settled(tenant.http, made["id"], "delivered")
    assert recipients(done) == {two["email"]: "delivered"}
    assert [kind for kind, _ in await history(tenant.http, made["id"])] == ["queued", "sending", "sent", "delivered"]
    got = (await _inbound(tenant.http, two))[0]
    assert (got["message_id_header"], got["envelope"]["source"]) == (made["message_id_header"], "local")
    answer = (await tenant.http.post(f"/messages/{got['id']}/reply", json={"text_body": "Hello back."})).json()
    back = (await _inbound(tenant.http, one))[0]
    assert (back["thread_id"], back["in_reply_to"]) == (made["thread_id"], made["message_id_header"])
    assert back["message_id_header"] == answer["message_id_header"]
    told = [kind for kind, data in await events(tenant) if data.get("message_id") == made["id"]]
    assert told == ["message.queued", "message.sent", "message.delivered"]


async def test_a_live_environment_reaches_another_tenants_inbox_as_mail_does(tenant: Tenant, stranger: Tenant) -> None:
    ours, theirs = await inbox(tenant.http), await inbox(stranger.http)
    made = await send(tenant.http, ours["id"], to=[theirs["email"].replace("@", "+tag@")])
    await settled(tenant.http, made["id"], "delivered")
    got = (await _inbound(stranger.http, theirs))[0]
    assert got["subject"] == "Hello"
    assert (await tenant.http.get(f"/messages/{got['id']}")).status_code == 404


async def test_a_test_environment_reaches_its_own_inboxes_only(tenant: Tenant) -> None:
    live = await inbox(tenant.http)
    one, two = await inbox(tenant.sandbox, "one"), await inbox(tenant.sandbox, "two")
    made = await send(tenant.sandbox, one["id"], to=[two["email"], live["email"], "a@outside.example"])
    done = await settled(tenant.sandbox, made["id"], "delivered")
    assert recipients(done) == {two["email"]: "delivered", live["email"]: "captured", "a@outside.example": "captured"}
    outbox = (await tenant.sandbox.get("/sandbox/outbox")).json()["data"]
    assert sorted(email for row in outbox for email in row["recipients"]) == sorted(
        [live["email"], "a@outside.example"]
    )
    assert {row["message"]["subject"] for row in outbox} == {"Hello"}
    assert (await tenant.http.get("/sandbox/outbox")).json()["data"] == []
    assert (await tenant.http.get(f"/inboxes/{live['id']}/messages")).json()["data"] == []


@pytest.mark.parametrize("name", ["echo", "otp", "support", "ooo", "newsletter", "injection"])
async def test_a_persona_writes_back_into_the_thread(tenant: Tenant, name: str) -> None:
    agent = await inbox(tenant.http)
    made = await send(tenant.http, agent["id"], to=[f"{name}+try@sandbox.test"], text_body="Anyone there?")
    await settled(tenant.http, made["id"], "delivered")
    got = (await _inbound(tenant.http, agent))[0]
    headers = {one["name"]: one["value"] for one in got["headers"]}
    assert (got["thread_id"], got["from_address"]["email"]) == (made["thread_id"], f"{name}+try@sandbox.test")
    if name in ("echo", "support", "ooo", "injection"):
        assert got["in_reply_to"] == made["message_id_header"]
    if name == "echo":
        assert "Anyone there?" in got["text_body"]
    if name == "otp":
        code = got["subject"].rpartition(" ")[2]
        assert (len(code), code.isdigit(), f"verify?code={code}" in got["text_body"]) == (6, True, True)
    if name == "ooo":
        assert (headers["Auto-Submitted"], got["loop_class"]) == ("auto-replied", "auto_replied")
        assert got["envelope"]["mail_from"] == ""
    if name == "newsletter":
        assert "List-Unsubscribe" in headers
    if name == "injection":
        assert "Ignore all previous instructions" in got["html_body"]


async def test_support_talks_for_three_turns_then_is_silent(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await send(tenant.http, agent["id"], to=["support@sandbox.test"])
    for turn in (1, 2, 3):
        newest = max(await _inbound(tenant.http, agent, turn), key=lambda one: one["id"])
        assert newest["thread_id"] == made["thread_id"]
        answer = (await tenant.http.post(f"/messages/{newest['id']}/reply", json={"text_body": f"Turn {turn}"})).json()
        await settled(tenant.http, answer["id"], "delivered")
    assert len(await _inbound(tenant.http, agent, 3)) == 3


async def test_personas_never_answer_what_a_program_sent_by_itself(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    quiet = await send(tenant.http, agent["id"], to=["echo@sandbox.test"], unattended=True)
    await settled(tenant.http, quiet["id"], "delivered")
    await send(tenant.http, agent["id"], to=["echo@sandbox.test"], subject="Heard")
    got = await _inbound(tenant.http, agent)
    assert [one["subject"] for one in got] == ["Re: Heard"]


async def test_slow_answers_when_its_time_has_come(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await send(tenant.http, agent["id"], to=["slow@sandbox.test"])
    await settled(tenant.http, made["id"], "delivered")
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        waits = await tx.value(
            "SELECT extract(epoch FROM due_at - now()) FROM inbound_mails WHERE organization_id = $1", organization_id
        )
        assert 20 < waits <= 30
        await tx.run("UPDATE inbound_mails SET due_at = now() WHERE organization_id = $1", organization_id)
    assert (await _inbound(tenant.http, agent))[0]["subject"] == "Re: Hello"


@pytest.mark.parametrize(
    ("name", "message", "recipient"),
    [
        ("delivered", "delivered", "delivered"),
        ("bounce", "bounced", "bounced"),
        ("nobody", "bounced", "bounced"),
        ("softbounce", "sent", "deferred"),
        ("deferred", "sent", "deferred"),
        ("suppressed", "rejected", "suppressed"),
        ("timeout", "unknown", "unknown"),
        ("complaint", "complained", "complained"),
    ],
)
async def test_a_persona_shows_each_end(tenant: Tenant, name: str, message: str, recipient: str) -> None:
    agent = await inbox(tenant.http)
    email = f"{name}@sandbox.test"
    made = await send(tenant.http, agent["id"], to=[email])
    done = await settled(tenant.http, made["id"], message)
    assert recipients(done) == {email: recipient}
    listed = {one["email"]: one["reason"] for one in (await tenant.http.get("/suppressions")).json()["data"]}
    reasons = {"bounce": "bounce", "nobody": "bounce", "suppressed": "provider", "complaint": "complaint"}
    assert listed == ({email: reasons[name]} if name in reasons else {})


async def test_deferred_is_delivered_at_the_second_try(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await send(tenant.http, agent["id"], to=["deferred@sandbox.test"])
    await until(
        tenant.http, f"/messages/{made['id']}", lambda m: recipients(m) == {"deferred@sandbox.test": "deferred"}
    )
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        await tx.run("UPDATE transmissions SET due_at = now() WHERE organization_id = $1", organization_id)
    await settled(tenant.http, made["id"], "delivered")
    kinds = [kind for kind, _ in await history(tenant.http, made["id"])]
    assert kinds == ["queued", "sending", "deferred", "sending", "sent", "delivered"]


async def test_h07_the_outbox_shows_nothing_of_a_stranger(tenant: Tenant, stranger: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await send(tenant.http, agent["id"], to=["a@outside.example"])
    await settled(tenant.http, made["id"], "delivered")
    assert len((await tenant.http.get("/sandbox/outbox")).json()["data"]) == 1
    assert (await stranger.http.get("/sandbox/outbox")).json()["data"] == []
    assert ids.decode_or_none("obx", (await tenant.http.get("/sandbox/outbox")).json()["data"][0]["id"])
