"""`serve`: roles, several workers on shared sockets, a worker that dies, a supervisor that dies."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psutil

from agentpost_server.accounts.organizations import create_organization
from agentpost_server.db import Database
from harness import KEYRING
from program.running import Program, all_gone, command, family, running, until

SECRET = KEYRING._roots[0].hex()


def settings(database_url: str) -> dict[str, str]:
    return {
        "AGENTPOST_DATABASE_URL": database_url,
        "AGENTPOST_SECRET_KEY": SECRET,
        "AGENTPOST_PUBLIC_URL": "https://mail.example",
        "AGENTPOST_DATABASE_CONNECTIONS": "3",
    }


@asynccontextmanager
async def serving(database_url: str, tmp_path: Path, *words: str) -> AsyncGenerator[tuple[Program, str]]:
    """The program, and its URL once it answers."""
    own: dict[str, Any] = {**settings(database_url), "AGENTPOST_DATA_DIR": str(tmp_path / "data")}
    ports = ("--http-port", "0", "--smtp-port", "0")
    async with running("serve", *ports, *words, data=tmp_path, output=tmp_path / "out", **own) as program:
        await until(lambda: "HTTP on port" in program.said or program.process.returncode is not None, 60)
        assert program.process.returncode is None, program.log
        port = program.said.partition("HTTP on port ")[2].split()[0].strip(",")
        yield program, f"http://127.0.0.1:{port}"


def client(url: str, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=20, trust_env=False)


def workers_of(program: Program) -> list[int]:
    return [one.pid for one in psutil.Process(program.pid).children() if "--http-fd" in one.cmdline()]


async def ready(url: str) -> None:
    async with client(url) as http, asyncio.timeout(60):
        while (await http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 it is another process
            await asyncio.sleep(0.1)


async def test_two_workers_share_the_doors_and_a_dead_one_is_replaced(database_url: str, tmp_path: Path) -> None:
    database = await Database.open(database_url, KEYRING.password, size=1)
    key = (await create_organization(database, "Served")).live_key
    await database.close()
    async with serving(database_url, tmp_path, "--workers", "2") as (program, url):
        await ready(url)
        await until(lambda: len(workers_of(program)) == 2)
        victim, other = workers_of(program)
        psutil.Process(victim).kill()
        # The doors stay open: whoever is left answers, until the place is filled again.
        async with client(url, Authorization=f"Bearer {key}") as http:
            for _ in range(10):
                assert (await http.get("/api/v1/auth/me")).status_code == 200
            await until(lambda: len(workers_of(program)) == 2 and victim not in workers_of(program), 30)
            assert other in workers_of(program)
            assert "a worker died" in program.log
            numbers = (await http.get("/metrics")).text
            assert "agentpost_http_request_seconds_count" in numbers
        pids = family(program.pid)
        assert await program.stop(signal.SIGTERM) == 0
        assert all_gone(pids)


async def test_workers_do_not_outlive_a_killed_supervisor(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path, "--workers", "2") as (program, url):
        await ready(url)
        pids = family(program.pid)
        program.process.kill()
        await program.process.wait()
        await until(lambda: all_gone(pids), 40)


async def test_a_process_serves_its_roles_alone(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path, "--roles", "worker") as (program, url):
        assert "SMTP" not in program.said
        async with client(url) as http:
            assert (await http.get("/readyz")).status_code == 200
            assert (await http.get("/api/v1/auth/me")).status_code == 404
            assert (await http.get("/docs")).status_code == 404
        assert await program.stop(signal.SIGINT) == 0


async def test_commands_reach_a_database_of_the_operators_own(database_url: str) -> None:
    own = settings(database_url)
    assert (await command("migrate", **own))[:2] == (0, "The database is up to date.\n")
    code, said, _ = await command("organizations", "create", "Commanded", **own)
    assert (code, said.count("ap_sk_")) == (0, 2)
    organization = said.split()[1]
    code, key, _ = await command("keys", "create", "--organization", organization, **own)
    assert (code, key[:11]) == (0, "ap_sk_live_")
    code, listed, _ = await command("organizations", "list", **own)
    assert f"{organization}  Commanded" in listed


async def test_what_is_wrong_with_the_database_is_one_sentence(database_url: str) -> None:
    own = settings(database_url)
    for url in ("postgresql://nobody:x@127.0.0.1:1/none", "nonsense"):
        code, _, complaint = await command("serve", **{**own, "AGENTPOST_DATABASE_URL": url})
        assert (code, complaint.count("\n")) == (1, 1), complaint
        assert "database" in complaint
