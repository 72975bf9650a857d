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


async def _add_notice(tenant: Tenant, days_old: int, status: str, due: bool) -> UUID:
    organization, notice_id = tenant.organization, ids.new_id()
    async with tenant.server.database.transaction(organization.organization_id) as tx:
        await tx.run(
            """INSERT INTO notices (organization_id, environment_id, id, kind, about, email, created_at, status, due_at)
               VALUES ($1, $2, $3, 'approval', $3, 'a@x.example', now() - make_interval(days => $4), $5,
                 CASE WHEN $6 THEN now() + interval '1 day' END)""",
            organization.organization_id,
            organization.live_environment_id,
            notice_id,
            days_old,
            status,
            due,
        )
    return notice_id


async def test_notices_go_when_they_are_old_and_done(server: Server, tenant: Tenant) -> None:
    old = await _add_notice(tenant, 31, "sent", due=False)
    young = await _add_notice(tenant, 29, "sent", due=False)
    under_way = await _add_notice(tenant, 31, "pending", due=True)
    await prune(server.database, keeping_times(server.runtime.settings))
    async with server.database.transaction(tenant.organization.organization_id) as tx:
        kept = {row["id"] for row in await tx.rows("SELECT id FROM notices")}
    assert kept == {young, under_way}
    assert old not in kept


async def test_a_used_key_outlives_its_age_only_by_its_hours(tenant: Tenant) -> None:
    body = {"display_name": "once"}
    first = await tenant.http.post("/inboxes", json=body, headers={"Idempotency-Key": "old"})
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        await tx.run("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    await prune(tenant.server.database, {"idempotency_keys": 24 * 3600})
    again = await tenant.http.post("/inboxes", json=body, headers={"Idempotency-Key": "old"})
    assert again.json()["id"] != first.json()["id"]
