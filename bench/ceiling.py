"""PostgreSQL's own ceiling: the rows of fifty mails that the product stored, stored again and again by pgbench under
new ids, as the worker role with row-level security, fifty a transaction; nothing is parsed, sent or decided.
"""

import os
import subprocess
from typing import Any

import asyncpg

from agentpost_server.core.secrets import Keyring
from agentpost_server.providers.postgres.binaries import wheel_binaries
from bench.server import Installation

BATCH = 50
_COPIED = ("threads", "thread_references", "messages", "message_contents", "message_facets", "event_outbox")
_NEW_MAIL = "(left(base, 24) || lpad(to_hex(p.n), 8, '0'))::uuid"
_NEW_THREAD = "(left(base, 24) || lpad(to_hex(p.n + 4096), 8, '0'))::uuid"
# What becomes new in a copy; every other column is as it was.
_RENEWED = {
    ("threads", "id"): _NEW_THREAD,
    ("threads", "last_message_id"): _NEW_MAIL,
    ("messages", "id"): _NEW_MAIL,
    ("event_outbox", "id"): "gen_random_uuid()",
    # The words are found again each time, as they have to be for every mail.
    (
        "message_contents",
        "search",
    ): "search_vector('', '', COALESCE(t.text_body, t.extracted_text, ''), tsvector_to_array(p.tenant))",
}
_RENEWED_EVERYWHERE = {
    "thread_id": _NEW_THREAD,
    "message_id": _NEW_MAIL,
    "fingerprint": "decode(md5(base || p.n), 'hex')",
}

_ACCEPT = """
BEGIN;
SET LOCAL agentpost.organization_ids = '{{{organizations}}}';
SELECT quote_literal(replace(router.time_id()::text, '-', '')) AS base \\gset
WITH p AS MATERIALIZED (SELECT p.*, {new_mail} AS new_id FROM bench.picked p, (SELECT :base AS base) b),
seen AS (
    INSERT INTO inbound_seen (organization_id, inbox_id, fingerprint, mail_id, expires_at)
    SELECT organization_id, inbox_id, sha256(new_id::text::bytea), new_id, now() + interval '72 hours' FROM p
), bytes AS (
    INSERT INTO blobs (organization_id, id, size, sha256, media_type, content, created_at)
    SELECT p.organization_id, p.new_id, t.size, t.sha256, t.media_type, t.content, t.created_at
    FROM p JOIN bench.blobs t USING (n)
)
INSERT INTO inbound_mails (organization_id, id, environment_id, inbox_id, mail_from, rcpt_to, source, client_ip, helo,
    protocol, size, received_at)
SELECT organization_id, new_id, environment_id, inbox_id, 'ann@client.test', ARRAY['agent@agentpost.test'], 'smtp',
    '127.0.0.1', 'client.test', 'ESMTP', size, now() FROM p;
COMMIT;
"""
_INGEST = """
BEGIN;
SET LOCAL agentpost.organization_ids = '{{{organizations}}}';
WITH p AS MATERIALIZED (SELECT p.*, {new_mail} AS new_id, base FROM bench.picked p, (SELECT :base AS base) b),
{copies},
done AS (DELETE FROM inbound_mails i USING p WHERE i.organization_id = p.organization_id AND i.id = p.new_id)
SELECT 1;
COMMIT;
BEGIN;
SELECT router.lock_log();
SELECT router.move_outbox(2000);
COMMIT;
"""


async def prepare(here: Installation) -> None:
    """Put the rows of fifty stored mails aside, and write the script that stores them again."""
    connection = await here.admin()
    try:
        await connection.execute(f"""
            CREATE SCHEMA bench;
            CREATE TABLE bench.picked AS
              SELECT row_number() OVER ()::integer AS n, m.organization_id, m.environment_id, m.inbox_id, m.id,
                m.thread_id, m.size, array_to_tsvector(ARRAY['o' || replace(m.organization_id::text, '-', ''),
                'e' || replace(m.environment_id::text, '-', ''), 'i' || replace(m.inbox_id::text, '-', '')]) AS tenant
              FROM messages m JOIN threads t ON t.organization_id = m.organization_id AND t.id = m.thread_id
              WHERE m.direction = 'inbound' AND t.message_count = 1 ORDER BY m.id LIMIT {BATCH};
            CREATE TABLE bench.blobs AS SELECT p.n, t.* FROM bench.picked p JOIN blobs t ON t.id = p.id;
            CREATE TABLE bench.threads AS SELECT p.n, t.* FROM bench.picked p JOIN threads t ON t.id = p.thread_id;
            CREATE TABLE bench.messages AS SELECT p.n, t.* FROM bench.picked p JOIN messages t ON t.id = p.id;
            CREATE TABLE bench.thread_references AS
              SELECT p.n, t.* FROM bench.picked p JOIN thread_references t ON t.message_id = p.id;
        """)
        for table in ("message_contents", "message_facets"):
            await connection.execute(
                f"CREATE TABLE bench.{table} AS"
                f" SELECT p.n, t.* FROM bench.picked p JOIN {table} t ON t.message_id = p.id"
            )
        await connection.execute("""
            CREATE TABLE bench.event_outbox AS
            SELECT p.n, e.organization_id, e.id, e.environment_id, e.inbox_id, e.type, e.occurred_at, e.data
            FROM bench.picked p CROSS JOIN LATERAL (
                (SELECT * FROM events WHERE type = 'message.received' AND organization_id = p.organization_id LIMIT 1)
                UNION ALL
                (SELECT * FROM events WHERE type = 'thread.created' AND organization_id = p.organization_id LIMIT 1)) e;
            GRANT USAGE ON SCHEMA bench TO agentpost_worker;
            GRANT SELECT ON ALL TABLES IN SCHEMA bench TO agentpost_worker;
        """)
        organizations = ",".join(str(one.organization_id) for one in here.tenants)
        copies = ",\n".join([await _copy(connection, table) for table in _COPIED])
        script = _ACCEPT.format(organizations=organizations, new_mail=_NEW_MAIL)
        script += _INGEST.format(organizations=organizations, new_mail=_NEW_MAIL, copies=copies)
        (here.folder / "mails.pgbench").write_text(script)
    finally:
        await connection.close()


async def _copy(connection: "asyncpg.Connection[Any]", table: str) -> str:
    rows = await connection.fetch(
        """SELECT column_name AS name FROM information_schema.columns
           WHERE table_schema = 'agentpost' AND table_name = $1 AND is_identity = 'NO' AND is_generated = 'NEVER'
           ORDER BY ordinal_position""",
        table,
    )
    names = [row["name"] for row in rows]
    values = [_RENEWED.get((table, name)) or _RENEWED_EVERYWHERE.get(name) or f"t.{name}" for name in names]
    return f"""new_{table} AS (INSERT INTO {table} ({", ".join(names)})
    SELECT {", ".join(values)} FROM p JOIN bench.{table} t USING (n))"""


def mails_per_second(here: Installation, *, seconds: int = 4, clients: int = 4) -> float:
    """One round of pgbench. Blocking."""
    environment = {
        **os.environ,
        "PGPASSWORD": Keyring((here.secret,)).password("agentpost_worker"),
        "PGOPTIONS": "-c search_path=agentpost -c jit=off",
    }
    command = [
        str(wheel_binaries() / "bin/pgbench"),
        *("--no-vacuum", "-h", str(here.postgres.socket_dir), "-p", "5432", "-U", "agentpost_worker"),
        *("-f", str(here.folder / "mails.pgbench"), "-c", str(clients), "-j", "1", "-T", str(seconds), "postgres"),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("tps = "):
            return float(line.split()[2]) * BATCH
    raise RuntimeError(f"pgbench: {(done.stderr or done.stdout).strip()[-600:]}")
