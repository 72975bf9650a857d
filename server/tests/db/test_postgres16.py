"""The oldest PostgreSQL that we promise: the whole server on 16, once."""

from importlib.util import find_spec
from pathlib import Path

from agentpost_server.db.migrate import migrate, migrations
from agentpost_server.providers.postgres import EmbeddedPostgres
from harness import KEYRING, new_tenant, running_server


async def test_the_server_runs_on_postgresql_16(tmp_path: Path) -> None:
    wheel = find_spec("pgserver")  # found, not imported: its own launcher must not run
    assert wheel is not None
    assert wheel.origin is not None
    binaries = Path(wheel.origin).parent / "pginstall"
    postgres = await EmbeddedPostgres.start(tmp_path / "postgres", password="tests", binaries=binaries)
    try:
        assert len(await migrate(postgres.dsn, KEYRING.password)) == len(migrations())
        async with running_server(postgres.dsn) as server, new_tenant(server) as tenant:
            version = await server.database.route("SELECT current_setting('server_version_num')::int AS n")
            assert version[0]["n"] // 10000 == 16
            inbox = (await tenant.http.post("/inboxes", json={"username": "sixteen"})).json()
            found = (await tenant.http.get("/inboxes", params={"q": "sixteen"})).json()["data"]
            assert [one["id"] for one in found] == [inbox["id"]]
    finally:
        await postgres.stop()
