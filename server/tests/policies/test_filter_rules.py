"""Filter rules (SPEC 10): the most specific match wins, an allow rule makes a list, answers have rules of their own."""

import json
from typing import Any

import pytest

from harness import Tenant
from outbound.sending import inbox, send, until
from policies.asking import Json, ask, failures, policy, rule, uuid

_WRONG = [
    ({"value": "nobody"}, "value"),
    ({"match_type": "domain", "value": "a@b.example"}, "value"),
    ({"match_type": "domain", "value": "not a domain"}, "value"),
    ({"match_type": "subdomain_wildcard", "value": "b.example"}, "value"),
    ({"match_type": "subdomain_wildcard", "value": "*.*.b.example"}, "value"),
    ({"match_type": "address", "value": "a@b.example", "require_authentication": True}, "require_authentication"),
    ({"direction": "receive", "action": "block", "require_authentication": True}, "require_authentication"),
    ({"scope": "inbox"}, "inbox_id"),
]


@pytest.mark.parametrize(("fields", "field"), _WRONG)
async def test_what_is_no_rule_is_refused_by_its_field(tenant: Tenant, fields: Json, field: str) -> None:
    known = {"direction": "send", "action": "allow", "match_type": "address", "value": "a@b.example"}
    answer = await tenant.http.post("/filter-rules", json={**known, **fields})
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_values_are_kept_in_one_spelling(tenant: Tenant) -> None:
    for given, kept in (
        ("Ann@Bücher.Example", "ann@xn--bcher-kva.example"),
        ("B.Example.", "b.example"),
        ("*.Bücher.example", "*.xn--bcher-kva.example"),
    ):
        assert (await rule(tenant.http, "send", "block", given))["value"] == kept


async def test_the_same_rule_again_is_the_first(tenant: Tenant) -> None:
    body = {"direction": "send", "action": "block", "match_type": "domain", "value": "b.example"}
    first = await tenant.http.post("/filter-rules", json=body)
    again = await tenant.http.post("/filter-rules", json={**body, "value": "B.example"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    other = await rule(tenant.http, "send", "block", "c.example")
    clash = await tenant.http.patch(f"/filter-rules/{other['id']}", json={"value": "b.example"})
    assert (clash.status_code, clash.json()["code"]) == (409, "conflict")


async def test_an_allow_rule_warns_of_whom_it_shuts_out(tenant: Tenant) -> None:
    made = await rule(tenant.http, "send", "allow", "b.example")
    assert "no send rule allows" in made["warning"]
    assert "warning" not in await rule(tenant.http, "send", "block", "c.example")
    assert "warning" not in (await tenant.http.get(f"/filter-rules/{made['id']}")).json()


async def test_changes_are_audited_and_hold_at_once(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await rule(tenant.http, "send", "block", "b.example", reason="spam trap")
    assert (await ask(tenant, agent, "x@b.example")).outcome == "reject"
    changed = (
        await tenant.http.patch(f"/filter-rules/{made['id']}", json={"value": "c.example", "reason": None})
    ).json()
    assert (changed["value"], changed["reason"], changed["action"]) == ("c.example", None, "block")
    assert (await ask(tenant, agent, "x@b.example")).outcome == "send"
    assert (await ask(tenant, agent, "x@c.example")).outcome == "reject"
    assert (await tenant.http.delete(f"/filter-rules/{made['id']}")).status_code == 204
    assert (await ask(tenant, agent, "x@c.example")).outcome == "send"
    log = (await tenant.http.get("/org/audit-log")).json()["data"]
    assert [one["action"] for one in log if one["target"] == made["id"]] == [
        "filter_rule.deleted", "filter_rule.updated", "filter_rule.created",
    ]  # fmt: skip


# (scope, action, value) of each rule; the address; whether it may be written to.
_PRECEDENCE = [
    ([("inbox", "block", "b.example"), ("organization", "allow", "x@b.example")], "x@b.example", True),
    ([("inbox", "block", "*.example"), ("organization", "allow", "b.example")], "x@b.example", True),
    ([("inbox", "block", "*.b.example"), ("environment", "block", "b.example")], "x@b.example", False),
    ([("environment", "block", "b.example"), ("inbox", "allow", "b.example")], "x@b.example", True),
    ([("organization", "block", "b.example"), ("environment", "allow", "b.example")], "x@b.example", True),
    ([("environment", "allow", "b.example"), ("organization", "block", "b.example")], "x@b.example", True),
    ([("inbox", "allow", "b.example"), ("inbox", "block", "b.example")], "x@b.example", False),
    ([("inbox", "allow", "x@b.example"), ("inbox", "block", "b.example")], "y@b.example", False),
    ([("inbox", "allow", "a.example")], "x@b.example", False),
    ([("organization", "allow", "a.example")], "x@b.example", False),
    ([("organization", "allow", "a.example"), ("inbox", "allow", "b.example")], "x@b.example", True),
    ([("inbox", "allow", "*.b.example")], "x@b.example", False),
    ([("inbox", "allow", "*.b.example")], "x@a.b.example", True),
    ([("inbox", "allow", "*.b.example")], "x@c.a.b.example", True),
    ([("inbox", "allow", "*.b.example")], "x@evilb.example", False),
    ([("inbox", "allow", "*.example")], "x@b.example.evil.test", False),
    ([("inbox", "block", "x@b.example")], "X@B.Example", False),
    ([("inbox", "block", "x@b.example")], "x+tag@b.example", False),
    ([("inbox", "allow", "x@b.example")], "x+tag@b.example", False),
    ([("inbox", "block", "b.example")], "x@a.b.example", True),
    ([], "x@b.example", True),
]


@pytest.mark.parametrize(("rules", "to", "allowed"), _PRECEDENCE)
async def test_the_most_specific_match_wins(
    tenant: Tenant, rules: list[tuple[str, str, str]], to: str, allowed: bool
) -> None:
    agent = await inbox(tenant.http)
    for scope, action, value in rules:
        more = {"inbox_id": agent["id"]} if scope == "inbox" else {}
        await rule(tenant.http, "send", action, value, scope=scope, **more)
    found = await ask(tenant, agent, to)
    assert found.outcome == ("send" if allowed else "reject")
    body = {"direction": "send", "email": to, "inbox_id": agent["id"]}
    assert (await tenant.http.post("/filter-rules/test", json=body)).json()["allowed"] == allowed


async def test_a_rule_of_another_inbox_or_environment_says_nothing(tenant: Tenant) -> None:
    agent, other = await inbox(tenant.http), await inbox(tenant.http, "other")
    await rule(tenant.http, "send", "allow", "a.example", scope="inbox", inbox_id=other["id"])
    await rule(tenant.sandbox, "send", "block", "b.example")
    assert (await ask(tenant, agent, "x@b.example")).outcome == "send"
    assert (await ask(tenant, other, "x@b.example")).outcome == "reject"


async def test_a_blocked_send_names_the_rule_and_stores_nothing(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await rule(tenant.http, "send", "block", "b.example")
    body = {"to": ["ok@c.example"], "bcc": ["x@b.example"], "subject": "s"}
    answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "recipient_blocked")
    assert made["id"] in answer.json()["fix"]
    assert (await tenant.http.get("/messages")).json()["data"] == []
    allowed = await rule(tenant.http, "send", "allow", "c.example")
    listed = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json={**body, "bcc": ["x@d.example"]})
    assert (listed.status_code, listed.json()["code"]) == (403, "recipient_blocked")
    assert allowed["id"] in listed.json()["detail"]


async def test_answers_have_rules_of_their_own_or_those_of_sends(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await send(tenant.http, agent["id"], to=["echo@sandbox.test"])
    path = f"/inboxes/{agent['id']}/messages?direction=inbound"
    mail = (await until(tenant.http, path, lambda page: bool(page["data"])))["data"][0]

    async def answered(**body: Any) -> int:
        return (await tenant.http.post(f"/messages/{mail['id']}/reply", json={"text_body": "t", **body})).status_code

    blocked = await rule(tenant.http, "send", "block", "sandbox.test")
    assert await answered() == 403
    reply = await rule(tenant.http, "reply", "block", "never.example")
    assert await answered() == 201
    body = {"direction": "reply", "email": "echo@sandbox.test", "inbox_id": agent["id"]}
    assert (await tenant.http.post("/filter-rules/test", json=body)).json()["rule"] is None
    await tenant.http.delete(f"/filter-rules/{reply['id']}")
    told = (await tenant.http.post("/filter-rules/test", json=body)).json()
    assert (told["allowed"], told["rule"]["id"]) == (False, blocked["id"])
    forwarded = await tenant.http.post(f"/messages/{mail['id']}/forward", json={"to": ["x@sandbox.test"]})
    assert forwarded.status_code == 403


async def test_rules_and_policies_are_both_asked(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await rule(tenant.http, "send", "block", "b.example")
    made = await policy(tenant.http, "approval", {"when": ["always"]})
    found = await ask(tenant, agent, "x@b.example")
    assert (found.outcome, failures(found)) == ("reject", ["filter_rules", "approval"])
    assert found.hold is not None
    assert found.hold.policy_id == uuid("pol", made["id"])


@pytest.mark.parametrize(
    "fields",
    [
        {"reply_to": ["drop@evil.example"]},
        {"headers": {"Mail-Followup-To": "Drop <drop@evil.example>"}},
        {"headers": {"Disposition-Notification-To": "drop@EVIL.example"}},
        {"headers": {"List-Unsubscribe": "<mailto:drop%40evil.example?subject=x>"}},
    ],
)
async def test_nobody_is_named_for_answers_who_may_not_be_written_to(tenant: Tenant, fields: Json) -> None:
    agent = await inbox(tenant.http)
    for value in ("ann@b.example", "friend.example"):
        await rule(tenant.http, "send", "allow", value)
    body = {"to": ["ann@b.example"], "subject": "s", "text_body": "t"}
    path = f"/inboxes/{agent['id']}/messages"
    answer = await tenant.http.post(path, json={**body, **fields})
    assert (answer.status_code, answer.json()["code"]) == (403, "recipient_blocked"), answer.text
    allowed = json.loads(json.dumps(fields).replace("evil.example", "friend.example").replace("EVIL", "FRIEND"))
    for free in (allowed, {"reply_to": [agent["email"]]}, {"headers": {"X-Ticket": "7"}}):
        assert (await tenant.http.post(path, json={**body, **free})).status_code == 201, free
