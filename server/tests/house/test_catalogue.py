"""The catalogue of the database under test: no table, view, function, grant or key may break tenancy.

What is global stands in a closed list here, with its reason; anything new that is not on it must carry the rule.
"""

import asyncpg
import pytest_asyncio

GLOBAL_TABLES = {
    "migrations": "what ran; no tenant's data",
    "addresses": "one owner for an address on the server; router only",
    "verified_domains": "one owner for a domain; router only",
    "log_head": "the position of the log; router only",
    "provider_mails": "what a provider brought before it is known whose it is; router only",
    "provider_tokens": "one-time tokens of providers' calls; router only",
}
ROUTER_FUNCTIONS = {
    "accept_batch",
    "backlog",
    "claim_address",
    "claim_domain",
    "claim_domains",
    "claim_drafts",
    "claim_file_readings",
    "claim_holds",
    "claim_inbound_mails",
    "claim_notices",
    "claim_transmissions",
    "claim_unrouted",
    "claim_wait_looks",
    "claim_webhook_deliveries",
    "count_domains",
    "count_unrouted",
    "deleted_inboxes",
    "doomed_blobs",
    "ended_waits",
    "expired_messages",
    "forget_seen",
    "free_address",
    "keep_provider_mail",
    "known_provider_mails",
    "known_recipients",
    "list_notices",
    "list_organizations",
    "lock_log",
    "log_position",
    "marked_organizations",
    "move_outbox",
    "open_deliveries",
    "outbox_lag",
    "prune",
    "prune_caps",
    "prune_deliverability",
    "prune_intake",
    "prune_leases",
    "prune_uploads",
    "prune_waits",
    "release_address",
    "release_domain",
    "ring_waits",
    "route_attempts",
    "route_bounce",
    "route_inbox",
    "route_provider_ids",
    "route_recipients",
    "route_report",
    "search_ids",
    "settle_unrouted",
    "settled_position",
    "spent_leases",
    "take_provider_token",
    "time_id",
    "use_provider_token",
}
API_MAY_CALL = {
    "claim_address",
    "claim_domain",
    "free_address",
    "log_position",
    "release_address",
    "release_domain",
    "search_ids",
}


@pytest_asyncio.fixture
async def catalogue(database_url: str):
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def _names(catalogue: asyncpg.Connection, sql: str) -> set[str]:
    return {row[0] for row in await catalogue.fetch(sql)}


async def _tenant_tables(catalogue: asyncpg.Connection) -> set[str]:
    everything = await _names(
        catalogue,
        """SELECT relname FROM pg_class WHERE relnamespace = 'agentpost'::regnamespace
           AND relkind IN ('r', 'p', 'v', 'm')""",
    )
    return everything - GLOBAL_TABLES.keys()


async def test_every_tenant_table_has_forced_row_security_and_the_three_policies(catalogue) -> None:
    for table in await _tenant_tables(catalogue):
        row = await catalogue.fetchrow(
            """SELECT relkind, relrowsecurity, relforcerowsecurity, relowner::regrole::text AS owner
               FROM pg_class WHERE oid = $1::regclass""",
            f"agentpost.{table}",
        )
        assert tuple(row) == (b"r", True, True, "agentpost_owner"), table
        policies = await catalogue.fetch(
            "SELECT policyname, roles::text, qual, with_check FROM pg_policies WHERE tablename = $1", table
        )
        found = {one["policyname"]: one for one in policies}
        assert set(found) == {"api", "worker", "router"}, table
        assert (
            found["api"]["qual"] == found["api"]["with_check"] == "(organization_id = agentpost.current_organization())"
        )
        assert found["worker"]["qual"] == found["worker"]["with_check"]
        # The sub-select makes it read once a statement and not once a row.
        assert " ".join(found["worker"]["qual"].split()) == (
            "(organization_id = ANY (( SELECT agentpost.claimed_organizations() AS claimed_organizations)::uuid[]))"
        )
        assert [found[name]["roles"] for name in ("api", "worker", "router")] == [
            "{agentpost_api}",
            "{agentpost_worker}",
            "{agentpost_router}",
        ]


async def test_every_key_of_a_tenant_table_contains_the_organization(catalogue) -> None:
    rows = await catalogue.fetch(
        """SELECT c.relname, i.relname AS key, array_agg(a.attname::text) AS columns
           FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey)
           WHERE c.relnamespace = 'agentpost'::regnamespace AND x.indisunique GROUP BY 1, 2"""
    )
    loose = [
        row["key"] for row in rows if row["relname"] not in GLOBAL_TABLES and "organization_id" not in row["columns"]
    ]
    assert loose == []


async def test_foreign_keys_between_tenants_are_composite(catalogue) -> None:
    rows = await catalogue.fetch(
        """SELECT conname, (SELECT array_agg(attname::text) FROM pg_attribute WHERE attrelid = conrelid AND attnum =
        ANY (conkey)) AS columns
           FROM pg_constraint WHERE contype = 'f' AND connamespace = 'agentpost'::regnamespace"""
    )
    assert [row["conname"] for row in rows if "organization_id" not in row["columns"]] == []


async def test_global_tables_are_closed_to_the_serving_roles(catalogue) -> None:
    rows = await catalogue.fetch(
        """SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants
           WHERE table_schema = 'agentpost' AND grantee IN ('agentpost_api', 'agentpost_worker', 'PUBLIC')"""
    )
    open_ones = [tuple(row) for row in rows if row["table_name"] in GLOBAL_TABLES]
    assert sorted(open_ones) == [
        ("migrations", "agentpost_api", "SELECT"),
        ("migrations", "agentpost_worker", "SELECT"),
    ]
    assert not [row for row in rows if row["grantee"] == "PUBLIC"]


async def test_the_audit_log_cannot_be_changed_by_a_serving_role(catalogue) -> None:
    for role in ("agentpost_api", "agentpost_worker"):
        for privilege in ("UPDATE", "DELETE", "TRUNCATE"):
            assert not await catalogue.fetchval(
                "SELECT has_table_privilege($1, 'agentpost.audit_log', $2)", role, privilege
            )


async def test_router_functions_are_the_closed_list_and_safely_made(catalogue) -> None:
    rows = await catalogue.fetch(
        """SELECT proname, prosecdef, proowner::regrole::text AS owner, proconfig, oid,
             has_function_privilege('agentpost_api', oid, 'EXECUTE') AS api,
             (SELECT bool_or(grantee = 0) FROM aclexplode(COALESCE(proacl, acldefault('f', proowner)))) AS public
           FROM pg_proc WHERE pronamespace = 'router'::regnamespace"""
    )
    assert {row["proname"] for row in rows} == ROUTER_FUNCTIONS
    assert {row["proname"] for row in rows if row["api"]} == API_MAY_CALL
    for row in rows:
        assert row["owner"] == "agentpost_router", row["proname"]
        assert not row["public"], row["proname"]
        assert any(one.startswith("search_path=") for one in row["proconfig"] or []), row["proname"]


async def test_no_router_function_returns_a_body(catalogue) -> None:
    rows = await catalogue.fetch(
        """SELECT proname, pg_get_function_result(oid) AS result FROM pg_proc WHERE pronamespace =
        'router'::regnamespace"""
    )
    assert [row["proname"] for row in rows if "bytea" in row["result"] or "json" in row["result"]] == []


async def test_other_functions_run_with_the_callers_rights(catalogue) -> None:
    assert not await _names(
        catalogue, "SELECT proname FROM pg_proc WHERE pronamespace = 'agentpost'::regnamespace AND prosecdef"
    )


async def test_the_serving_roles_can_neither_own_nor_bypass(catalogue) -> None:
    rows = await catalogue.fetch("SELECT * FROM pg_roles WHERE rolname LIKE 'agentpost%'")
    for row in rows:
        powers = [name for name in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb") if row[name]]
        assert powers == []
        assert row["rolcanlogin"] == (row["rolname"] in ("agentpost_api", "agentpost_worker"))
    members = await catalogue.fetch(
        "SELECT member::regrole::text FROM pg_auth_members WHERE roleid::regrole::text LIKE 'agentpost%'"
    )
    assert not {row[0] for row in members} & {"agentpost_api", "agentpost_worker"}


async def test_unset_and_empty_settings_both_see_nothing(catalogue) -> None:
    await catalogue.execute("SET ROLE agentpost_api")
    try:
        for setting in (None, ""):
            if setting is not None:
                await catalogue.execute("SELECT set_config('agentpost.organization_id', '', false)")
            assert await catalogue.fetchval("SELECT count(*) FROM agentpost.organizations") == 0
    finally:
        await catalogue.execute("RESET ROLE")
    await catalogue.execute("SET ROLE agentpost_worker")
    try:
        assert await catalogue.fetchval("SELECT count(*) FROM agentpost.organizations") == 0
    finally:
        await catalogue.execute("RESET ROLE")


async def test_nothing_keeps_an_inbox_or_an_environment_but_what_its_deletion_takes_or_names(
    catalogue: asyncpg.Connection,
) -> None:
    """A note that referred to a deleted inbox stopped the keeping times of every tenant."""
    rows = await catalogue.fetch(
        """SELECT k.confrelid::regclass::text AS kept, k.conrelid::regclass::text AS by FROM pg_constraint k
           WHERE k.contype = 'f' AND k.confdeltype <> 'c'
             AND k.confrelid IN ('agentpost.inboxes'::regclass, 'agentpost.environments'::regclass)"""
    )
    found = {(row["kept"].rpartition(".")[2], row["by"].rpartition(".")[2]) for row in rows}
    assert {by for kept, by in found if kept == "inboxes"} == {"domains", "drafts", "messages", "threads"}
    assert {by for kept, by in found if kept == "environments"} == {"domains", "inboxes", "suppressions", "webhooks"}
