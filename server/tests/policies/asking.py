"""What the tests of policies share: making them, and asking what a send would meet."""

from typing import Any
from uuid import UUID

import httpx2 as httpx

from agentpost_server.core import ids
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.mail.address import canonical
from agentpost_server.policies import Decision, Person, SendFacts, Text, decide
from harness import Tenant

Json = dict[str, Any]


async def policy(http: httpx.AsyncClient, kind: str, rules: Json, **fields: Any) -> Json:
    answer = await http.post("/policies", json={"name": f"my {kind}", "kind": kind, "rules": rules, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def rule(http: httpx.AsyncClient, direction: str, action: str, value: str, **fields: Any) -> Json:
    match_type = "address" if "@" in value else "subdomain_wildcard" if value.startswith("*.") else "domain"
    body = {"direction": direction, "action": action, "match_type": match_type, "value": value, **fields}
    answer = await http.post("/filter-rules", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def scope_of(tenant: Tenant, inbox: Json) -> Scope:
    return Scope(tenant.organization.organization_id, ids.decode("env", inbox["environment_id"]))


async def ask(tenant: Tenant, inbox: Json, *to: str, **fields: Any) -> Decision:
    """What `decide` says of a send to these. `texts` are (where, words)."""
    known: dict[str, Any] = {
        "domain": inbox["domain"],
        "own_domain": None,
        "way": "send",
        "thread_id": None,
        "attachment_count": 0,
        "attachment_octets": None,
        "based_on": (),
        "author": Actor(type="key", id="key_x"),
        "moment": tenant.server.runtime.now(),
    }
    texts = tuple(Text(where, words) for where, words in fields.pop("texts", ()))
    people = tuple(Person(canonical(one), "to") for one in to)
    facts = SendFacts(inbox_id=ids.decode("inb", inbox["id"]), people=people, texts=texts, **{**known, **fields})
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        return await decide(tx, scope_of(tenant, inbox), facts)


def failures(decision: Decision) -> list[str]:
    return [one.name for one in decision.checks if not one.passed]


def uuid(prefix: str, encoded: str) -> UUID:
    return ids.decode(prefix, encoded)
