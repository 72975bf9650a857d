"""Preflight: what a send would meet, by name, with its rule and what to do; and nothing is written."""

from typing import Any

import pytest

from harness import Tenant, client
from outbound.sending import events, inbox, send
from policies.asking import Json, policy, rule

_BODY = {"to": ["a@b.example"], "subject": "s", "text_body": "t"}


async def asked(tenant: Tenant, agent: Json, **fields: Any) -> Json:
    answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages/preflight", json={**_BODY, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def failed(told: Json) -> list[str]:
    return [one["name"] for one in told["checks"] if not one["passed"]]


async def _rows(tenant: Tenant) -> dict[str, int]:
    tables = "messages recipients transmissions blobs cap_windows cap_recipients audit_log".split()
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        counts = {
            one: await tx.value(f"SELECT count(*) FROM {one} WHERE organization_id = $1", organization_id)
            for one in tables
        }
        # Together, in one statement: the publisher moves events from one to the other meanwhile.
        counts["events"] = await tx.value(
            """SELECT (SELECT count(*) FROM event_outbox WHERE organization_id = $1)
                    + (SELECT count(*) FROM events WHERE organization_id = $1)""",
            organization_id,
        )
        return counts


async def test_what_nothing_stops_is_sent(tenant: Tenant) -> None:
    told = await asked(tenant, await inbox(tenant.http))
    assert (told["outcome"], failed(told)) == ("send", [])
    assert [one["name"] for one in told["checks"]] == ["paused", "domain", "suppressions", "size"]
    assert told["recipients"] == [{"email": "a@b.example", "outcome": "send"}]


async def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_written(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    place = {"scope": "inbox", "inbox_id": agent["id"]}
    blocked = await rule(tenant.http, "send", "block", "blocked.example", **place)
    waits = await policy(tenant.http, "approval", {"when": ["first_contact"]}, **place)
    full = await policy(tenant.http, "caps", {"messages_per_day": 0}, **place)
    flow = await policy(tenant.http, "flow", {"replies_only": True, "canaries": ["blue-heron-4711"]}, **place)
    await tenant.http.post("/suppressions", json={"email": "gone@b.example"})
    await tenant.http.post(f"/inboxes/{agent['id']}/pause")
    before = await _rows(tenant)
    told = await asked(
        tenant, agent, to=["x@blocked.example"], cc=["gone@b.example", "new@b.example"],
        attachments=[{"content": "Ymx1ZSBoZXJvbiA0NzEx", "filename": "a.txt"}],
    )  # fmt: skip
    assert await _rows(tenant) == before
    assert told["outcome"] == "reject"
    by_name = {one["name"]: one for one in told["checks"] if not one["passed"]}
    assert sorted(by_name) == ["approval", "canaries", "caps", "filter_rules", "paused", "replies_only"]
    assert by_name["filter_rules"]["rule_id"] == blocked["id"]
    assert by_name["approval"]["policy_id"] == waits["id"]
    assert by_name["caps"]["policy_id"] == full["id"]
    assert by_name["replies_only"]["policy_id"] == by_name["canaries"]["policy_id"] == flow["id"]
    assert all(one["message"] and one["fix"] for one in by_name.values())
    assert told["recipients"] == [
        {"email": "x@blocked.example", "outcome": "blocked"},
        {"email": "gone@b.example", "outcome": "suppressed"},
        {"email": "new@b.example", "outcome": "send"},
    ]


async def test_what_would_wait_is_told_so(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "approval", {"when": ["attachment"]})
    assert (await asked(tenant, agent))["outcome"] == "send"
    told = await asked(tenant, agent, attachments=[{"content": "aGk=", "filename": "a.txt"}])
    assert (told["outcome"], failed(told)) == ("hold", ["approval"])


async def test_what_is_too_large_is_told_so(tenant: Tenant) -> None:
    told = await asked(tenant, await inbox(tenant.http), text_body="x" * 10_500_000)
    assert (told["outcome"], failed(told)) == ("reject", ["size"])


async def test_all_suppressed(tenant: Tenant) -> None:
    await tenant.http.post("/suppressions", json={"email": "a@b.example"})
    told = await asked(tenant, await inbox(tenant.http))
    assert (told["outcome"], failed(told)) == ("reject", ["suppressions"])


async def test_nothing_is_fetched_and_nothing_is_told(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    known = await events(tenant)
    told = await asked(tenant, agent, attachments=[{"url": "http://127.0.0.1:9/never"}])
    assert told["outcome"] == "send"
    assert "fetched when it is sent" in next(one["message"] for one in told["checks"] if one["name"] == "size")
    assert await events(tenant) == known


@pytest.mark.parametrize("body", [{"to": []}, {"to": ["nobody"]}, {"based_on": ["msg_00000000000000000000000000"]}])
async def test_what_is_no_send_is_refused_as_a_send_is(tenant: Tenant, body: Json) -> None:
    agent = await inbox(tenant.http)
    path = f"/inboxes/{agent['id']}/messages"
    sent = await tenant.http.post(path, json={**_BODY, **body})
    answer = await tenant.http.post(f"{path}/preflight", json={**_BODY, **body})
    assert (answer.status_code, answer.json()["errors"]) == (sent.status_code, sent.json()["errors"])


async def test_it_says_what_a_send_then_meets(tenant: Tenant) -> None:
    """The two never disagree."""
    agent = await inbox(tenant.http)
    await rule(tenant.http, "send", "allow", "b.example")
    await policy(tenant.http, "caps", {"recipients_per_day": 2})
    await send(tenant.http, agent["id"], to=["a@b.example", "b@b.example"])
    for to, outcome in ((["a@b.example"], "send"), (["c@b.example"], "reject"), (["a@c.example"], "reject")):
        assert (await asked(tenant, agent, to=to))["outcome"] == outcome
        sent = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json={**_BODY, "to": to})
        assert sent.is_success == (outcome == "send"), to


async def test_it_needs_the_scope_of_a_send(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await tenant.http.post("/api-keys", json={"name": "k", "scopes": ["messages:write", "messages:read"]})
    async with client(tenant.server, made.json()["key"]) as http:
        answer = await http.post(f"/inboxes/{agent['id']}/messages/preflight", json=_BODY)
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
