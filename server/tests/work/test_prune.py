"""Keeping times: what is over goes, what is not stays, whichever tenant's it is."""

from uuid import UUID

from agentpost_server.app import keeping_times
from agentpost_server.core import ids
from agentpost_server.work import prune
from harness import Server, Tenant


async def _add_request(tenant: Tenant, days_old: int) -> UUID:
    request_id = ids.new_id()
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        await tx.run(
            """INSERT INTO request_log (organization_id, id, at, method, path, status, duration_ms)
               VALUES ($1, $2, now() - make_interval(days => $3), 'GET', '/', 200, 1)""",
            organization_id,
            request_id,
            days_old,
        )
    return request_id


async def test_old_rows_go_and_young_ones_stay(server: Server, tenant: Tenant, stranger: Tenant) -> None:
    old = [await _add_request(one, 8) for one in (tenant, stranger)]
    young = [await _add_request(one, 6) for one in (tenant, stranger)]
    gone = await prune(server.database, keeping_times(server.runtime.settings))
    assert gone["request_log"] >= 2
    assert set(gone) == set(keeping_times(server.runtime.settings))
    for one in (tenant, stranger):
        async with server.database.transaction(one.organization.organization_id) as tx:
            kept = {row["id"] for row in await tx.rows("SELECT id FROM request_log")}
        assert kept & set(old) == set()
        assert len(kept & set(young)) == 1


async def test_a_used_key_outlives_its_age_only_by_its_hours(tenant: Tenant) -> None:
    body = {"display_name": "once"}
    first = await tenant.http.post("/inboxes", json=body, headers={"Idempotency-Key": "old"})
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        await tx.run("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    await prune(tenant.server.database, {"idempotency_keys": 24 * 3600})
    again = await tenant.http.post("/inboxes", json=body, headers={"Idempotency-Key": "old"})
    assert again.json()["id"] != first.json()["id"]
