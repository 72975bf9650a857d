"""kill -9 of PostgreSQL and of the server while mail goes in and out; then a ledger of promises against the API.

Mail in: whatever was answered 250 is there, once. Clients do as mail servers do: what was not answered is sent again.
Mail out: delivered + unknown = submitted, nothing twice, and unknown are at most the calls under way at a kill.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import httpx2 as httpx
import pytest

from agentpost_server.cli.data_folder import DataFolder
from agentpost_server.cli.secret_key import keyring_of
from agentpost_server.providers.postgres import EmbeddedPostgres
from program.running import Program, all_gone, family, until, up

CALLS_UNDER_WAY = 40  # four batches of ten in a process
CLIENTS = 8


class Story:
    """A data folder, whichever program runs on it now, and what its clients were promised."""

    def __init__(self, data: Path, stack: AsyncExitStack) -> None:
        self.data = data
        self.stack = stack
        self.program: Program
        self.accepted: set[str] = set()
        self.submitted: dict[str, str] = {}
        self.again = 0

    async def start(self) -> None:
        self.program = await self.stack.enter_async_context(up(self.data))

    async def kill_postgres(self) -> None:
        os.kill(self.program.postmaster_pid, signal.SIGKILL)

    async def kill_server(self) -> None:
        pids = family(self.program.pid)
        self.program.process.kill()
        await self.program.process.wait()
        await until(lambda: all_gone(pids))
        await self._end_leases()
        await self.start()

    async def _end_leases(self) -> None:
        """What the dead had claimed would come back by itself, minutes later. Nobody runs: no lease is broken."""
        password = keyring_of(DataFolder(self.data).secret()).password("postgres")
        postgres = await EmbeddedPostgres.start(self.data / "postgres", password=password)
        connection = await asyncpg.connect(postgres.dsn)
        for table in ("inbound_mails", "transmissions"):
            await connection.execute(f"UPDATE agentpost.{table} SET due_at = now() WHERE due_at IS NOT NULL")
        await connection.close()
        await postgres.stop()


async def deliver(story: Story, token: str, recipient: str) -> None:
    content = (
        f"From: a@example.com\r\nTo: {recipient}\r\nSubject: {token}\r\nMessage-ID: <{token}@example.com>\r\n\r\n"
        + "kept\r\n" * 200
        + ".\r\n"
    )
    while token not in story.accepted:
        try:
            async with asyncio.timeout(15):
                if await _smtp(story.program.smtp_port, recipient, content):
                    story.accepted.add(token)
                    return
        except (OSError, TimeoutError, ValueError):
            pass
        story.again += 1
        await asyncio.sleep(0.1)


async def _smtp(port: int, recipient: str, content: str) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await reader.readline()
        for line in (
            "HELO client.example\r\n",
            "MAIL FROM:<a@example.com>\r\n",
            f"RCPT TO:<{recipient}>\r\n",
            "DATA\r\n",
            content,
        ):
            writer.write(line.encode())
            reply = await reader.readline()
            if reply[:1] not in (b"2", b"3"):
                return False
        return reply.startswith(b"250")
    finally:
        writer.close()


async def send(story: Story, token: str, inbox_id: str, recipient: str) -> None:
    """The same Idempotency-Key until there is an answer."""
    body = {"to": [recipient], "subject": token, "text_body": "kept"}
    while token not in story.submitted:
        try:
            async with story.program.http() as http:
                answer = await http.post(
                    f"/api/v1/inboxes/{inbox_id}/messages", json=body, headers={"Idempotency-Key": token}
                )
            if answer.status_code == 201:
                story.submitted[token] = answer.json()["id"]
                return
        except (OSError, ValueError, httpx.HTTPError):
            pass
        await asyncio.sleep(0.1)


async def in_turn(tokens: list[str], act: Callable[[str], Any], clients: int) -> None:
    waiting = iter(tokens)

    async def client() -> None:
        for token in waiting:
            await act(token)

    await asyncio.gather(*(client() for _ in range(clients)))


async def everything(http: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token: str | None = None
    while True:
        page = (await http.get(path, params={"limit": 100, **({"page_token": token} if token else {})})).json()
        found += page["data"]
        token = page["next_page_token"]
        if token is None:
            return found


async def crash(data: Path, deliveries: int, sends: int, rounds: int) -> None:
    async with AsyncExitStack() as stack:
        story = Story(data, stack)
        await story.start()
        async with story.program.http() as http:
            target, sender, receiver = [
                (await http.post("/api/v1/inboxes", json={"username": name})).json() for name in ("in", "from", "to")
            ]
        mails = [f"mail-{n}" for n in range(deliveries)]
        posts = [f"send-{n}" for n in range(sends)]
        work = asyncio.gather(
            in_turn(mails, lambda token: deliver(story, token, target["email"]), CLIENTS),
            in_turn(posts, lambda token: send(story, token, sender["id"], receiver["email"]), 4),
        )
        for n in range(1, 2 * rounds + 1):
            await until(lambda n=n: len(story.accepted) >= deliveries * n // (2 * rounds + 1), 300)
            await (story.kill_postgres() if n % 2 else story.kill_server())
        await asyncio.wait_for(work, 600)
        assert story.again > 0, "no kill met a delivery"
        async with story.program.http() as http:
            await judge_mail_in(http, target["id"], mails)
            await judge_mail_out(http, story, sender["id"], receiver["id"], kills=2 * rounds)
        assert await story.program.stop() == 0


async def judge_mail_in(http: httpx.AsyncClient, inbox_id: str, mails: list[str]) -> None:
    found: Counter[str] = Counter()
    for _ in range(300):
        found = Counter(one["subject"] for one in await everything(http, f"/api/v1/inboxes/{inbox_id}/messages"))
        if len(found) == len(mails):
            break
        await asyncio.sleep(0.3)
    assert set(mails) - set(found) == set(), "lost"
    assert [token for token, times in found.items() if times != 1] == [], "twice"


async def judge_mail_out(http: httpx.AsyncClient, story: Story, sender: str, receiver: str, *, kills: int) -> None:
    sent: list[dict[str, Any]] = []
    for _ in range(300):
        sent = await everything(http, f"/api/v1/inboxes/{sender}/messages")
        if all(one["status"] in ("delivered", "unknown") for one in sent):
            break
        await asyncio.sleep(0.3)
    assert {one["id"] for one in sent} == set(story.submitted.values())
    assert len(sent) == len(story.submitted)
    state = {one["subject"]: one["status"] for one in sent}
    assert Counter(state.values()) <= Counter(delivered=len(sent), unknown=CALLS_UNDER_WAY * kills), state
    received: Counter[str] = Counter()
    for _ in range(100):
        received = Counter(one["subject"] for one in await everything(http, f"/api/v1/inboxes/{receiver}/messages"))
        if all(received[token] for token, status in state.items() if status == "delivered"):
            break
        await asyncio.sleep(0.3)
    assert [token for token, times in received.items() if times > 1] == [], "twice"
    assert [token for token, status in state.items() if status == "delivered" and not received[token]] == [], "lost"


@pytest.mark.timeout(240)
async def test_nothing_promised_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    await crash(tmp_path / "data", deliveries=200, sends=40, rounds=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_nothing_promised_is_lost_or_doubled_by_many_kills(tmp_path: Path) -> None:
    await crash(tmp_path / "data", deliveries=2000, sends=200, rounds=4)
