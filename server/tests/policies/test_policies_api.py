"""Policies as resources: strict rules by kind, scopes, and who may set what holds for everybody."""

from typing import Any

import pytest

from harness import Tenant, client
from outbound.sending import inbox
from policies.asking import policy

_WHOLE: dict[str, dict[str, Any]] = {
    "approval": {
        "when": ["first_contact"], "recipients_over": None, "internal_domains": [], "approvers": [],
        "expires_seconds": 86400, "on_expiry": "reject", "author_may_approve": False,
    },
    "flow": {"replies_only": False, "first_contact": "allow", "taint": "off", "canaries": []},
    "caps": {
        "messages_per_hour": None, "messages_per_day": None, "recipients_per_hour": None, "recipients_per_day": None,
        "attachment_bytes": None, "concurrent": None, "over": "reject",
    },
    "screening": {"label_at": None, "hold_at": None},
    "loop": {"replies": 8, "window_seconds": 600, "ping_pong": 6},
    "governance": {"sending_domains": [], "max_key_days": None, "require_totp": False, "retention_days": None},
}  # fmt: skip
_WRONG = [
    ("approval", {"when": ["sometimes"]}, "rules.when[0]"),
    ("approval", {}, "rules.when"),
    ("approval", {"when": ["always"], "expires_seconds": 59}, "rules.expires_seconds"),
    ("approval", {"when": ["always"], "approvers": ["nobody"]}, "rules.approvers[0]"),
    ("approval", {"when": ["always"], "internal_domains": ["not a domain"]}, "rules.internal_domains[0]"),
    ("flow", {"taint": "allow"}, "rules.taint"),
    ("flow", {"canaries": ["...---..."]}, "rules.canaries[0]"),
    ("flow", {"replies_only": 1}, "rules.replies_only"),
    ("caps", {"messages_per_hour": -1}, "rules.messages_per_hour"),
    ("caps", {"messages_per_hour": "5"}, "rules.messages_per_hour"),
    ("caps", {"messages_per_minute": 5}, "rules.messages_per_minute"),
    ("screening", {"label_at": 0.9, "hold_at": 0.5}, "rules.hold_at"),
    ("screening", {"label_at": 1.5}, "rules.label_at"),
    ("loop", {"replies": 0}, "rules.replies"),
    ("loop", {"taint": "off"}, "rules.taint"),
    ("governance", {"max_key_days": 0}, "rules.max_key_days"),
]


@pytest.mark.parametrize("kind", _WHOLE)
async def test_each_kind_shows_every_rule_that_it_has(tenant: Tenant, kind: str) -> None:
    given = {"when": ["first_contact"]} if kind == "approval" else {}
    made = await policy(tenant.http, kind, given)
    assert made["rules"] == _WHOLE[kind]
    assert (made["scope"], made["enabled"], made["inbox_id"]) == ("environment", True, None)
    assert (await tenant.http.get(f"/policies/{made['id']}")).json() == made
    listed = (await tenant.http.get("/policies", params={"kind": kind})).json()["data"]
    assert listed == [made]


@pytest.mark.parametrize(("kind", "rules", "field"), _WRONG)
async def test_what_a_kind_does_not_know_is_refused_by_its_field(
    tenant: Tenant, kind: str, rules: dict[str, Any], field: str
) -> None:
    answer = await tenant.http.post("/policies", json={"name": "p", "kind": kind, "rules": rules})
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_names_are_kept_in_one_spelling(tenant: Tenant) -> None:
    rules = {"when": ["always", "always"], "approvers": ["Ann@Example.COM"], "internal_domains": ["Bücher.example"]}
    made = await policy(tenant.http, "approval", rules)
    assert made["rules"]["when"] == ["always"]
    assert made["rules"]["approvers"] == ["ann@example.com"]
    assert made["rules"]["internal_domains"] == ["xn--bcher-kva.example"]


async def test_a_change_replaces_the_rules_whole_and_is_audited(tenant: Tenant) -> None:
    made = await policy(tenant.http, "caps", {"messages_per_hour": 5, "over": "hold"})
    path = f"/policies/{made['id']}"
    changed = (await tenant.http.patch(path, json={"rules": {"messages_per_day": 9}, "enabled": False})).json()
    assert changed["rules"] == {**_WHOLE["caps"], "messages_per_day": 9}
    assert (changed["enabled"], changed["name"]) == (False, made["name"])
    assert (await tenant.http.patch(path, json={"rules": {"when": ["always"]}})).status_code == 422
    assert (await tenant.http.patch(path, json={"kind": "flow"})).status_code == 422
    assert (await tenant.http.delete(path)).status_code == 204
    assert (await tenant.http.get(path)).status_code == 404
    log = (await tenant.http.get("/org/audit-log")).json()["data"]
    told = [one for one in log if one["target"] == made["id"]]
    assert [one["action"] for one in told] == ["policy.deleted", "policy.updated", "policy.created"]
    assert told[1]["before"]["rules"]["messages_per_hour"] == 5
    assert told[1]["after"]["rules"]["messages_per_hour"] is None


async def test_a_policy_stands_at_an_inbox_an_environment_or_the_organization(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    at_inbox = await policy(tenant.http, "loop", {}, scope="inbox", inbox_id=agent["id"])
    assert (at_inbox["inbox_id"], at_inbox["environment_id"]) == (agent["id"], agent["environment_id"])
    everywhere = await policy(tenant.http, "loop", {}, scope="organization")
    assert (everywhere["environment_id"], everywhere["inbox_id"]) == (None, None)
    of_inbox = (await tenant.http.get("/policies", params={"inbox_id": agent["id"]})).json()["data"]
    assert [one["id"] for one in of_inbox] == [at_inbox["id"]]
    for wrong in (
        {"scope": "inbox"},
        {"scope": "inbox", "inbox_id": "inb_00000000000000000000000000"},
        {"scope": "environment", "inbox_id": agent["id"]},
        {"scope": "environment", "environment_id": "env_00000000000000000000000000"},
        {"scope": "organization", "environment_id": agent["environment_id"]},
    ):
        answer = await tenant.http.post("/policies", json={"name": "p", "kind": "loop", **wrong})
        assert answer.status_code == 422, (wrong, answer.text)


async def test_a_test_key_reads_what_holds_for_everybody_and_cannot_loosen_it(tenant: Tenant) -> None:
    made = await policy(tenant.http, "caps", {"messages_per_day": 1}, scope="organization")
    path = f"/policies/{made['id']}"
    assert (await tenant.sandbox.get(path)).json() == made
    for answer in (
        await tenant.sandbox.patch(path, json={"enabled": False}),
        await tenant.sandbox.delete(path),
        await tenant.sandbox.post("/policies", json={"name": "p", "kind": "loop", "scope": "organization"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text
    assert (await tenant.http.get(path)).json() == made


async def test_a_key_for_an_inbox_has_no_hand_in_policies(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await tenant.http.post("/api-keys", json={"name": "k", "scopes": ["*"], "inbox_ids": [agent["id"]]})
    async with client(tenant.server, made.json()["key"]) as narrow:
        for path in ("/policies", "/filter-rules"):
            answer = await narrow.get(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


async def test_the_policies_of_an_inbox_go_with_it(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await policy(tenant.http, "loop", {}, scope="inbox", inbox_id=agent["id"])
    assert (await tenant.http.delete(f"/inboxes/{agent['id']}")).status_code == 204
    assert (await tenant.http.get(f"/policies/{made['id']}")).status_code == 404
