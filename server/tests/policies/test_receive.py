"""Filter rules on mail that comes in: kept with a label and told as blocked, or refused at SMTP by setting."""

from uuid import UUID

import pytest

from agentpost_server.core.scope import Scope
from agentpost_server.policies.governing import FoundRule
from agentpost_server.policies.receive import Arriving, rule_mail
from harness import Tenant, new_tenant, running_server
from outbound.sending import events, inbox, until
from policies.asking import Json, rule
from policies.mailing import mailed

_SCOPE = Scope(UUID(int=1), UUID(int=2))


def found(action: str, value: str, *, required: bool = False) -> FoundRule:
    kind = "address" if "@" in value else "domain"
    return FoundRule(
        id=UUID(int=hash((action, value)) & (1 << 64) - 1), direction="receive", action=action, match_type=kind,
        value=value, environment_id=None, inbox_id=None, require_authentication=required,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "author", "mail_from", "authentic", "allowed"),
    [
        ([found("block", "b.example")], "x@b.example", "x@b.example", True, False),
        ([found("block", "b.example")], "x@c.example", "x@b.example", True, False),
        ([found("block", "b.example")], "x@c.example", "x@c.example", False, True),
        ([found("allow", "b.example")], "x@b.example", "x@c.example", False, True),
        ([found("allow", "b.example")], "x@c.example", "x@b.example", True, False),
        ([found("allow", "b.example")], "x@c.example", "", True, True),
        ([found("allow", "b.example", required=True)], "x@b.example", "x@b.example", True, True),
        ([found("allow", "b.example", required=True)], "x@b.example", "x@b.example", False, False),
        ([found("allow", "b.example", required=True), found("allow", "x@b.example")], "x@b.example", "", False, True),
        ([found("block", "x@b.example"), found("allow", "b.example")], "x@b.example", "", True, False),
    ],
)
def test_l11_what_the_rules_say_of_a_mail(
    rules: list[FoundRule], author: str, mail_from: str, authentic: bool, allowed: bool
) -> None:
    mail = Arriving(scope=_SCOPE, inbox_id=UUID(int=3), author=author, mail_from=mail_from, authentic=authentic)
    lists = next((one.id for one in rules if one.action == "allow"), None)
    assert rule_mail(mail, rules, lists).allowed == allowed


async def the_mail(tenant: Tenant, agent: Json) -> Json:
    page = await until(tenant.http, f"/inboxes/{agent['id']}/messages", lambda found: bool(found["data"]))
    return page["data"][0]


async def test_blocked_mail_is_kept_labelled_and_told_as_blocked(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await rule(tenant.http, "receive", "block", "b.example")
    assert (await mailed(tenant.server.smtp_port, agent["email"])).startswith("250")
    mail = await the_mail(tenant, agent)
    assert "blocked" in mail["labels"]
    assert mail["status"] == "received"
    told = {kind: data for kind, data in await events(tenant) if kind.startswith("message.")}
    assert list(told) == ["message.blocked"]
    assert told["message.blocked"]["rule_id"] == made["id"]


async def test_a_list_of_the_allowed_lets_the_others_in_nowhere(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await rule(tenant.http, "receive", "allow", "ann@b.example", scope="inbox", inbox_id=agent["id"])
    await mailed(tenant.server.smtp_port, agent["email"], author="eve@c.example", mail_from="ann@b.example")
    mail = await the_mail(tenant, agent)
    assert "blocked" in mail["labels"]
    rule_ids = [data["rule_id"] for kind, data in await events(tenant) if kind == "message.blocked"]
    assert rule_ids == [made["id"]]
    await mailed(tenant.server.smtp_port, agent["email"])
    path = f"/inboxes/{agent['id']}/messages?from=ann@b.example"
    page = await until(tenant.http, path, lambda one: bool(one["data"]))
    assert "blocked" not in page["data"][0]["labels"]


async def test_l11_an_allow_rule_that_requires_it_counts_only_with_proof(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await rule(tenant.http, "receive", "allow", "b.example", require_authentication=True)
    await mailed(tenant.server.smtp_port, agent["email"])
    assert "blocked" in (await the_mail(tenant, agent))["labels"]


@pytest.mark.parametrize(
    ("is_answer", "wants_proof", "allowed"),
    [(False, False, True), (True, False, True), (False, True, False), (True, True, True)],
)
def test_who_names_no_sender_gets_past_a_list_of_the_proven_only_with_a_report_about_our_mail(
    is_answer: bool, wants_proof: bool, allowed: bool
) -> None:
    mail = Arriving(
        scope=_SCOPE, inbox_id=UUID(int=3), author="x@c.example", mail_from="", authentic=False, is_answer=is_answer
    )
    assert rule_mail(mail, [], UUID(int=4), wants_proof=wants_proof).allowed == allowed


async def test_the_null_sender_is_no_way_around_proof(tenant: Tenant) -> None:
    agent, other = await inbox(tenant.http), await inbox(tenant.http, "other")
    proven = {"scope": "inbox", "inbox_id": agent["id"], "require_authentication": True}
    await rule(tenant.http, "receive", "allow", "b.example", **proven)
    await rule(tenant.http, "receive", "allow", "b.example", scope="inbox", inbox_id=other["id"])
    for one in (agent, other):
        assert (await mailed(tenant.server.smtp_port, one["email"], "", "eve@c.example")).startswith("250")
    assert "blocked" in (await the_mail(tenant, agent))["labels"]
    assert "blocked" not in (await the_mail(tenant, other))["labels"]
    # One rule of the list that wants no proof leaves it a list of names alone.
    await rule(tenant.http, "receive", "allow", "d.example", scope="inbox", inbox_id=agent["id"])
    await mailed(tenant.server.smtp_port, agent["email"], "", "eve2@c.example")
    path = f"/inboxes/{agent['id']}/messages?from=eve2@c.example"
    page = await until(tenant.http, path, lambda one: bool(one["data"]))
    assert "blocked" not in page["data"][0]["labels"]


async def test_mail_of_the_house_is_proven(tenant: Tenant) -> None:
    agent, friend = await inbox(tenant.http), await inbox(tenant.http, "friend")
    domain = friend["email"].rpartition("@")[2]
    await rule(tenant.http, "receive", "allow", domain, require_authentication=True)
    sent = await tenant.http.post(f"/inboxes/{friend['id']}/messages", json={"to": [agent["email"]], "subject": "s"})
    assert sent.status_code == 201
    assert "blocked" not in (await the_mail(tenant, agent))["labels"]


async def test_the_operator_may_have_it_refused_at_smtp(own_database: str) -> None:
    async with running_server(own_database, smtp_refuse_blocked=True) as server, new_tenant(server) as tenant:
        agent = await inbox(tenant.http)
        await rule(tenant.http, "receive", "block", "b.example")
        refused = await mailed(server.smtp_port, agent["email"])
        assert refused.startswith("550 5.7.1"), refused
        by_author = await mailed(server.smtp_port, agent["email"], mail_from="x@c.example")
        assert by_author.startswith("550 5.7.1"), by_author
        assert (await mailed(server.smtp_port, agent["email"], "x@c.example", "x@c.example")).startswith("250")
        assert "blocked" not in (await the_mail(tenant, agent))["labels"]
