"""Approval: which sends wait, and what they take along for whoever decides."""

import pytest

from harness import Tenant
from outbound.sending import inbox, send, settled, until
from policies.asking import ask, failures, policy, uuid


async def test_without_policies_nothing_is_looked_at(tenant: Tenant) -> None:
    found = await ask(tenant, await inbox(tenant.http), "a@b.example")
    assert (found.outcome, found.checks, found.hold) == ("send", (), None)


@pytest.mark.parametrize(
    ("rules", "to", "fields", "waits"),
    [
        ({"when": ["always"]}, ["a@b.example"], {}, True),
        ({"when": ["external_domain"], "internal_domains": ["home.example"]}, ["a@home.example"], {}, False),
        ({"when": ["external_domain"], "internal_domains": ["home.example"]}, ["a@x.home.example"], {}, True),
        ({"when": ["external_domain"]}, ["a@own.example"], {"own_domain": "own.example"}, False),
        ({"when": ["external_domain"]}, ["a@own.example"], {}, True),
        ({"when": ["attachment"]}, ["a@b.example"], {"attachment_count": 1}, True),
        ({"when": ["attachment"]}, ["a@b.example"], {}, False),
        ({"recipients_over": 2}, ["a@b.example", "b@b.example"], {}, False),
        ({"recipients_over": 2}, ["a@b.example", "b@b.example", "c@b.example"], {}, True),
        ({"when": ["loop"]}, ["a@b.example"], {}, False),
        ({"when": ["screening"]}, ["a@b.example"], {}, False),
    ],
)
async def test_what_a_policy_names_waits(
    tenant: Tenant, rules: dict[str, object], to: list[str], fields: dict[str, object], waits: bool
) -> None:
    agent = await inbox(tenant.http)
    made = await policy(tenant.http, "approval", {"approvers": ["boss@home.example"], **rules})
    found = await ask(tenant, agent, *to, **fields)
    assert found.outcome == ("hold" if waits else "send")
    assert [one.policy_id for one in found.checks] == [made["id"]]
    if waits:
        assert found.hold is not None
        assert (found.hold.reason, found.hold.approvers) == ("approval", ("boss@home.example",))
        assert found.hold.policy_id == uuid("pol", made["id"])


async def test_first_contact_is_who_never_wrote_and_was_never_written_to(tenant: Tenant) -> None:
    agent, other = await inbox(tenant.http), await inbox(tenant.http, "other")
    await send(tenant.http, agent["id"], to=["Known@b.example"])
    echoed = await send(tenant.http, agent["id"], to=["echo@sandbox.test"])
    await settled(tenant.http, echoed["id"], "delivered", "sent")
    later = await send(tenant.http, agent["id"], to=["later@b.example"], send_at="2027-01-01T00:00:00Z")
    await policy(tenant.http, "approval", {"when": ["first_contact"]})
    assert (await ask(tenant, agent, "known@b.example")).outcome == "send"
    for stranger in ("new@b.example", "later@b.example"):
        found = await ask(tenant, agent, "known@b.example", stranger)
        assert found.outcome == "hold", stranger
        assert stranger in found.checks[0].message
    assert (await ask(tenant, other, "known@b.example")).outcome == "hold"
    assert later["status"] == "scheduled"


async def test_who_wrote_to_the_inbox_is_no_stranger(tenant: Tenant) -> None:
    agent, friend = await inbox(tenant.http), await inbox(tenant.http, "friend")
    await send(tenant.http, friend["id"], to=[agent["email"]])
    await until(tenant.http, f"/inboxes/{agent['id']}/messages", lambda page: len(page["data"]) == 1)
    await policy(tenant.http, "approval", {"when": ["first_contact"]})
    assert (await ask(tenant, agent, friend["email"])).outcome == "send"


async def test_the_strictest_of_several_holds(tenant: Tenant) -> None:
    agent, free = await inbox(tenant.http), await inbox(tenant.http, "free")
    lax = {"when": ["always"], "approvers": ["a@b.example"], "on_expiry": "send", "author_may_approve": True}
    await policy(tenant.http, "approval", lax, scope="organization")
    strict = {"when": ["always"], "approvers": ["c@b.example"], "expires_seconds": 600}
    await policy(tenant.http, "approval", strict, scope="inbox", inbox_id=agent["id"])
    both = (await ask(tenant, agent, "x@b.example")).hold
    assert both is not None
    assert both.approvers == ("a@b.example", "c@b.example")
    assert (both.expires_seconds, both.on_expiry, both.author_may_approve) == (600, "reject", False)
    one = (await ask(tenant, free, "x@b.example")).hold
    assert one is not None
    assert (one.expires_seconds, one.on_expiry, one.author_may_approve) == (86400, "send", True)


async def test_a_policy_that_is_off_or_of_another_environment_holds_nothing(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "approval", {"when": ["always"]}, enabled=False)
    await policy(tenant.sandbox, "approval", {"when": ["always"]})
    assert (await ask(tenant, agent, "x@b.example")).outcome == "send"


async def test_the_policies_that_name_a_loop_say_who_looks_at_it(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    assert (await ask(tenant, agent, "x@b.example")).loop_hold.approvers == ()
    made = await policy(tenant.http, "approval", {"when": ["loop"], "approvers": ["a@b.example"]})
    held = (await ask(tenant, agent, "x@b.example")).loop_hold
    assert (held.reason, held.approvers, held.policy_id) == ("loop", ("a@b.example",), uuid("pol", made["id"]))


async def test_a_send_that_must_wait_does_not_go(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await policy(tenant.http, "approval", {"when": ["attachment"]}, name="files")
    body = {"to": ["a@b.example"], "subject": "s", "attachments": [{"content": "aGk=", "filename": "a.txt"}]}
    answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body)
    if answer.status_code == 201:
        assert answer.json()["status"] == "pending_approval"
        assert answer.json()["hold"]["policy_id"] == made["id"]
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "policy_rejected")
        assert "files" in answer.json()["detail"]
        assert (await tenant.http.get("/messages")).json()["data"] == []
    assert failures(await ask(tenant, agent, "a@b.example", attachment_count=1)) == ["approval"]
