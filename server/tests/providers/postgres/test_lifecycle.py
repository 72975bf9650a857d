"""The embedded database in the process that started it: first start, later starts, deaths, sentences."""

import asyncio
import os
import signal
from importlib import metadata
from pathlib import Path

import asyncpg
import psutil
import pytest

from agentpost_server.providers.postgres import EmbeddedPostgres, PostgresStartError

PG16 = Path(str(metadata.distribution("pgserver").locate_file("pgserver/pginstall")))

# Forty seconds at most, so that a failing test burns no processor for ever.
COMPUTING = """DO $$ DECLARE stop timestamptz := clock_timestamp() + interval '40 s';
BEGIN WHILE clock_timestamp() < stop LOOP END LOOP; END $$"""


async def query(server: EmbeddedPostgres, sql: str) -> object:
    connection = await asyncpg.connect(server.dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def processes_in(data: Path) -> list[int]:
    """Every process that works in the data folder, as all of a server's do, and its keeper."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()) == data:
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def is_gone(pid: int) -> bool:
    """No such process, or one that only waits for init to take note."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Changes:
    """Records `on_change` and lets a test wait for the next n."""

    def __init__(self) -> None:
        self.seen: list[bool] = []
        self.event = asyncio.Event()

    def __call__(self, up: bool) -> None:
        self.seen.append(up)
        self.event.set()
        if not up:
            raise ValueError("a listener that fails must not stop the watcher")

    async def wait_for(self, expected: list[bool]) -> None:
        async with asyncio.timeout(30):
            while self.seen[: len(expected)] != expected:
                self.event.clear()
                await self.event.wait()


@pytest.mark.parametrize("binaries", [None, PG16], ids=["wheel-18", "pgserver-16"])
async def test_second_start_finds_what_the_first_committed(tmp_path: Path, binaries: Path | None) -> None:
    password = "p:w@/ %é'\""
    server = await EmbeddedPostgres.start(tmp_path / "db", password=password, binaries=binaries)
    try:
        assert server.is_up
        major = "16" if binaries else "18"
        assert str(await query(server, "SHOW server_version")).startswith(major)
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert await query(server, f"SHOW {setting}") == "on"
        assert await query(server, "SHOW listen_addresses") == ""
        assert await query(server, "SHOW server_encoding") == "UTF8"
        assert await query(server, "SELECT lower('ÄÖ') || upper('é')") == "äöÉ"
        assert "scram-sha-256" in (server.folder / "data/pg_hba.conf").read_text()
        assert "trust" not in {
            line.split()[-1]
            for line in (server.folder / "data/pg_hba.conf").read_text().splitlines()
            if line.strip() and not line.startswith("#")
        }
        await query(server, "CREATE TABLE kept AS SELECT 42 AS n")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url("postgres", user="postgres", password="wrong"))
    finally:
        await server.stop()
    assert not server.is_up
    assert processes_in(server.folder / "data") == []
    assert not list(server.folder.glob("initdb.password"))

    with pytest.raises(PostgresStartError, match="another password"):
        await EmbeddedPostgres.start(tmp_path / "db", password="not it", binaries=binaries)
    again = await EmbeddedPostgres.start(tmp_path / "db", password=password, binaries=binaries)
    try:
        assert await query(again, "SELECT n FROM kept") == 42
    finally:
        await again.stop()
        await again.stop()


async def test_spaces_commas_and_a_path_longer_than_a_socket_may_have(tmp_path: Path) -> None:
    folder = tmp_path / ("a, b " + "x" * 60) / ("y" * 60) / 'quo"te'
    first = await EmbeddedPostgres.start(folder, password="p")
    try:
        assert await query(first, "SELECT 1") == 1
        assert len(os.fsencode(first.socket_dir)) < 90
        assert first.socket_dir.stat().st_mode & 0o077 == 0
    finally:
        await first.stop()
    assert not first.socket_dir.exists()


async def test_postmaster_killed_alone_is_started_again(tmp_path: Path) -> None:
    changes = Changes()
    server = await EmbeddedPostgres.start(tmp_path / "db", password="p", on_change=changes)
    try:
        await query(server, "CREATE TABLE kept AS SELECT 42 AS n")
        first = server.pid
        # A backend that computes does not see its postmaster die; it must not stand in the way of the next one.
        busy = asyncio.create_task(query(server, COMPUTING))
        async with asyncio.timeout(20):
            while not await query(server, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        os.kill(first, signal.SIGKILL)
        await changes.wait_for([False, True])
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await busy
        assert server.is_up
        assert server.pid != first
        assert await query(server, "SELECT n FROM kept") == 42

        second = server.pid
        assert server._run is not None
        os.kill(server._run.pid, signal.SIGKILL)
        await changes.wait_for([False, True, False, True])
        assert server.pid != second
        assert is_gone(second)
        assert await query(server, "SELECT n FROM kept") == 42
    finally:
        await server.stop()
    assert changes.seen == [False, True, False, True]
    assert processes_in(tmp_path / "db/data") == []


async def test_one_folder_has_one_owner_and_stale_pid_files_do_not_matter(tmp_path: Path) -> None:
    server = await EmbeddedPostgres.start(tmp_path / "db", password="p")
    try:
        with pytest.raises(PostgresStartError, match=f"in use by another AgentPost \\(process {os.getpid()}\\)"):
            await EmbeddedPostgres.start(tmp_path / "db", password="p")
        assert await query(server, "SELECT 1") == 1
    finally:
        await server.stop()
    # What a killed container leaves, when its next life gives the old number to another process.
    (tmp_path / "db/data/postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n0\n5432\n../socket\n\n1 1\nready\n")
    (tmp_path / "db/socket/.s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    again = await EmbeddedPostgres.start(tmp_path / "db", password="p")
    await again.stop()


async def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(PostgresStartError, match="shared_buffers"):
        await EmbeddedPostgres.start(tmp_path / "db", password="p", settings={"shared_buffers": "lots"})
    assert processes_in(tmp_path / "db/data") == []
    (tmp_path / "db/data.new").mkdir()
    server = await EmbeddedPostgres.start(tmp_path / "db", password="p", settings={"fsync": "off", "work_mem": "5MB"})
    try:
        assert await query(server, "SHOW fsync") == "on"
        assert await query(server, "SHOW work_mem") == "5MB"
        with pytest.raises(asyncpg.UndefinedTableError):
            await query(server, "SELECT secret_body FROM nowhere")
    finally:
        await server.stop()
    assert "secret_body" not in (tmp_path / "db/server.log").read_text()


async def test_cancelled_start_leaves_nothing(tmp_path: Path) -> None:
    for pause in (0.0, 0.2, 0.62):
        starting = asyncio.create_task(EmbeddedPostgres.start(tmp_path / "db", password="p"))
        await asyncio.sleep(pause)
        starting.cancel()
        try:
            server = await starting
        except asyncio.CancelledError:
            pass
        else:
            await server.stop()
        assert [pid for name in ("data", "data.new") for pid in processes_in(tmp_path / "db" / name)] == []
    server = await EmbeddedPostgres.start(tmp_path / "db", password="p")
    await server.stop()
