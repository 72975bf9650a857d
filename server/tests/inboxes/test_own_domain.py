"""Inboxes on a verified domain of one's own: exact names, once each, and only in the domain's environment."""

import asyncpg
import pytest

from agentpost_server.core import ids
from harness import Tenant


async def _domain(tenant: Tenant, database_url: str, name: str, status: str) -> None:
    admin = await asyncpg.connect(database_url)
    await admin.execute(
        """INSERT INTO agentpost.domains (organization_id, id, environment_id, domain, status)
           VALUES ($1, $2, $3, $4, $5)""",
        tenant.organization.organization_id,
        ids.new_id(),
        tenant.organization.live_environment_id,
        name,
        status,
    )
    await admin.close()


def _name(tenant: Tenant) -> str:
    return f"{tenant.organization_id[-8:].lower()}.example"


async def test_a_verified_domain_gives_the_exact_name_once(tenant: Tenant, database_url: str) -> None:
    domain = _name(tenant)
    await _domain(tenant, database_url, domain, "verified")
    made = await tenant.http.post("/inboxes", json={"username": "Support", "domain": f"{domain.upper()}."})
    assert (made.status_code, made.json()["email"]) == (201, f"support@{domain}")
    assert (made.json()["username"], made.json()["domain"]) == ("support", domain)
    again = await tenant.http.post("/inboxes", json={"username": "support", "domain": domain})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "taken")
    generated = (await tenant.http.post("/inboxes", json={"domain": domain})).json()["email"]
    assert generated.endswith(f"@{domain}")
    assert generated.count("-") == 1
    # Another environment of the same organization does not have it.
    other = await tenant.sandbox.post("/inboxes", json={"username": "a", "domain": domain})
    assert (other.status_code, other.json()["code"]) == (403, "domain_not_verified")


@pytest.mark.parametrize("status", ["pending", "verifying", "failed"])
async def test_a_domain_that_is_not_verified_gives_none(tenant: Tenant, database_url: str, status: str) -> None:
    await _domain(tenant, database_url, _name(tenant), status)
    answer = await tenant.http.post("/inboxes", json={"username": "a", "domain": _name(tenant)})
    assert (answer.status_code, answer.json()["code"]) == (403, "domain_not_verified")


async def test_a_deleted_address_is_nobodys_ever_after(tenant: Tenant, database_url: str) -> None:
    await _domain(tenant, database_url, _name(tenant), "verified")
    body = {"username": "once", "domain": _name(tenant)}
    made = (await tenant.http.post("/inboxes", json=body)).json()
    assert (await tenant.http.delete(f"/inboxes/{made['id']}")).status_code == 204
    assert (await tenant.http.post("/inboxes", json=body)).status_code == 422
