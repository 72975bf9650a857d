"""PostgreSQL alone dies: every door says so by its own code, nothing hangs, and all is well when it is back."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from program.running import Program, command, until, up


@asynccontextmanager
async def without_database(program: Program) -> AsyncGenerator[None]:
    """Killed, and not startable: its folder is away until the end of the block."""
    data, away = program.data / "postgres/data", program.data / "postgres/data.away"
    victim = program.postmaster_pid
    data.rename(away)
    os.kill(victim, signal.SIGKILL)
    try:
        yield
    finally:
        away.rename(data)


async def smtp_outcome(port: int, address: str) -> str:
    """The first refusal of a delivery, or the last reply. A known address is believed for a second: DATA may tell."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await reader.readline()
        reply = ""
        for line in (
            "HELO client.example",
            "MAIL FROM:<a@b.example>",
            f"RCPT TO:<{address}>",
            "DATA",
            "x: y\r\n\r\nz\r\n.",
        ):
            writer.write(line.encode() + b"\r\n")
            reply = (await asyncio.wait_for(reader.readline(), 20)).decode()
            if reply[0] not in "23":
                break
        return reply
    finally:
        writer.close()


async def readiness(program: Program) -> tuple[int, dict[str, str]]:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{program.url}/readyz")
    return answer.status_code, answer.json()["checks"]


async def test_every_door_says_so_until_it_is_back(tmp_path: Path) -> None:
    async with up(tmp_path / "data") as program, program.http() as http:
        assert "250" in await smtp_outcome(program.smtp_port, "postmaster@agentpost.test")
        began = time.monotonic()
        async with without_database(program):
            while (found := await readiness(program))[0] != 503:
                assert time.monotonic() - began < 5
                await asyncio.sleep(0.05)
            assert "PostgreSQL" in found[1]["database"] or "database" in found[1]["database"]
            answer = await http.get("/api/v1/inboxes")
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["Content-Type"].startswith("application/problem+json")
            assert answer.headers["Retry-After"]
            assert (await http.get("/healthz")).status_code == 200
            reply = await smtp_outcome(program.smtp_port, "postmaster@agentpost.test")
            assert reply.startswith("451 4.3.0")
            assert (await command("status", "--data", str(program.data)))[0] == 1
            # Longer than a check's word is good for: it is still told, by fresh looks.
            await asyncio.sleep(2)
            assert (await readiness(program))[0] == 503
        deadline = time.monotonic() + 20
        while (await readiness(program))[0] != 200:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        assert (await http.get("/api/v1/inboxes")).status_code == 200
        assert "250" in await smtp_outcome(program.smtp_port, "postmaster@agentpost.test")
        # An absence is told in lines; a traceback would be a bug somewhere.
        assert [line for line in program.log.splitlines() if "Traceback" in line] == []


async def test_a_killed_postgres_is_back_by_itself(tmp_path: Path) -> None:
    async with up(tmp_path / "data") as program, program.http() as http:
        first = program.postmaster_pid
        os.kill(first, signal.SIGKILL)
        await until(
            lambda: (program.data / "postgres/data/postmaster.pid").exists() and program.postmaster_pid != first
        )
        deadline = time.monotonic() + 15
        while (await http.get("/api/v1/inboxes")).status_code != 200:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        assert await program.stop() == 0


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
async def test_unsafe_databases_are_refused(tmp_path: Path, name: str) -> None:
    # The embedded launcher fixes these settings on its command line, so the server is started by hand.
    from agentpost_server.providers.postgres import EmbeddedPostgres, cluster

    unsafe = {**cluster._FIXED, name: "off"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "_FIXED", unsafe)
        postgres = await EmbeddedPostgres.start(tmp_path / "postgres", password="x")
    try:
        settings = {
            "AGENTPOST_DATABASE_URL": postgres.dsn,
            "AGENTPOST_SECRET_KEY": "ab" * 32,
            "AGENTPOST_PUBLIC_URL": "http://localhost",
        }
        for words in (("serve", "--http-port", "0", "--smtp-port", "0"), ("migrate",)):
            code, out, complaint = await command(*words, **settings)
            assert (code, out) == (1, "")
            assert f"{name} = off" in complaint
            assert complaint.count("\n") == 1
    finally:
        await postgres.stop()
