"""kill -9 of PostgreSQL and of the server while mail goes in and out; then a ledger of promises against the API.

Mail in: whatever was answered 250 is there, once. Clients do as mail servers do: what was not answered is sent again.
Mail out, to inboxes of the server and through a relay that keeps a ledger: sent + unknown = submitted, nothing twice,
and unknown is only what a kill of the server met under way.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx2 as httpx
import pytest

from agentpost_server.cli.data_folder import DataFolder
from agentpost_server.cli.secret_key import keyring_of
from agentpost_server.core import ids
from agentpost_server.providers.postgres import EmbeddedPostgres
from program.relay import Relay, listening
from program.running import Program, all_gone, family, until, up

CLIENTS = 8
FIRST_OF_BURST = 5


class Story:
    """A data folder, whichever program runs on it now, and what its clients were promised."""

    def __init__(self, data: Path, relay: Relay, stack: AsyncExitStack) -> None:
        self.data = data
        self.relay = relay
        self.stack = stack
        self.program: Program
        self.accepted: set[str] = set()
        self.submitted: dict[str, str] = {}
        self.under_way: set[str] = set()
        """Messages in a call when the server was killed: the database says so, before anybody runs again."""
        self.again = 0
        self.released = 0

    async def start(self) -> None:
        relay = {"AGENTPOST_RELAY_URL": f"smtp://127.0.0.1:{self.relay.port}", "AGENTPOST_RELAY_TLS": "none"}
        self.program = await self.stack.enter_async_context(up(self.data, **relay))

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
        rows = await connection.fetch(
            """SELECT t.message_id FROM agentpost.attempts a JOIN agentpost.transmissions t
                 ON t.organization_id = a.organization_id AND t.id = a.transmission_id WHERE a.finished_at IS NULL"""
        )
        self.under_way |= {ids.encode("msg", row["message_id"]) for row in rows}
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


class Way(NamedTuple):
    """From which inbox, with which key, to whom: live mail goes by the relay, that of the sandbox stays here."""

    key: str
    sender: str
    recipient: str


async def send(story: Story, token: str, way: Way) -> None:
    """The same Idempotency-Key until there is an answer."""
    body = {"to": [way.recipient], "subject": token, "text_body": "kept"}
    while token not in story.submitted:
        try:
            async with story.program.http() as http:
                answer = await http.post(
                    f"/api/v1/inboxes/{way.sender}/messages",
                    json=body,
                    headers={"Idempotency-Key": token, "Authorization": f"Bearer {way.key}"},
                )
            if answer.status_code == 201:
                story.submitted[token] = answer.json()["id"]
                return
        except (OSError, ValueError, AttributeError, httpx.HTTPError):
            pass  # an AttributeError is what the client says of a connection that is gone as soon as it stands
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


async def new_inbox(story: Story, key: str, name: str) -> dict[str, Any]:
    async with story.program.http() as http:
        bearer = {"Authorization": f"Bearer {key}"}
        return (await http.post("/api/v1/inboxes", json={"username": name}, headers=bearer)).json()


async def crash(data: Path, deliveries: int, sends: int, rounds: int) -> None:
    async with AsyncExitStack() as stack:
        story = Story(data, await stack.enter_async_context(listening()), stack)
        await story.start()
        live, test = story.program.keys["live_key"], story.program.keys["test_key"]
        target, out = await new_inbox(story, live, "in"), await new_inbox(story, live, "out")
        sender, receiver = await new_inbox(story, test, "from"), await new_inbox(story, test, "to")
        async with story.program.http() as http:
            await http.patch(f"/api/v1/environments/{out['environment_id']}", json={"transport": "smtp"})
        ways = (Way(live, out["id"], "ann@b.example"), Way(test, sender["id"], receiver["email"]))
        mails = [f"mail-{n}" for n in range(deliveries)]
        posts = [f"send-{n}" for n in range(sends)]

        async def send_in_step(token: str) -> None:
            await until(lambda: posts.index(token) < story.released, 300)
            await send(story, token, ways[posts.index(token) % 2])

        work = asyncio.gather(
            in_turn(mails, lambda token: deliver(story, token, target["email"]), CLIENTS),
            in_turn(posts, send_in_step, CLIENTS),
        )
        for n in range(1, 2 * rounds + 1):
            await until(lambda n=n: len(story.accepted) >= deliveries * n // (2 * rounds + 1), 300)
            # A burst of sends begins, and a kill comes in the middle of it: it meets calls under way.
            begun = len(story.submitted)
            story.released = sends * n // (2 * rounds)
            await until(lambda begun=begun: len(story.submitted) >= begun + FIRST_OF_BURST, 300)
            await (story.kill_postgres() if n % 2 else story.kill_server())
        await asyncio.wait_for(work, 600)
        assert story.again > 0, "no kill met a delivery"
        async with story.program.http() as http:
            await judge_mail_in(http, target["id"], mails)
            by_relay = await settled(http, story, out["id"], "sent")
            http.headers["Authorization"] = f"Bearer {test}"
            here = await settled(http, story, sender["id"], "delivered")
            assert len(by_relay) + len(here) == sends
            judge_arrivals(by_relay, "sent", story.relay.took)
            judge_arrivals(here, "delivered", await arrived(http, receiver["id"], here))
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


async def settled(http: httpx.AsyncClient, story: Story, sender: str, end: str) -> dict[str, str]:
    """Statuses by subject of all that an inbox sent, when each has its end."""
    sent: list[dict[str, Any]] = []
    for _ in range(300):
        sent = await everything(http, f"/api/v1/inboxes/{sender}/messages")
        if all(one["status"] in (end, "unknown") for one in sent):
            break
        await asyncio.sleep(0.3)
    assert {one["subject"]: one["id"] for one in sent}.items() <= story.submitted.items()
    states = {one["subject"]: one["status"] for one in sent}
    assert len(states) == len(sent)
    assert set(states.values()) <= {end, "unknown"}, states
    unknown = {one["id"] for one in sent if one["status"] == "unknown"}
    assert unknown <= story.under_way, "unknown although no kill of the server met it under way"
    print(f"{end}: {len(sent)}, unknown {len(unknown)}, under way at a kill {len(story.under_way)} of both ways")
    return states


async def arrived(http: httpx.AsyncClient, inbox_id: str, states: dict[str, str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for _ in range(100):
        found = Counter(one["subject"] for one in await everything(http, f"/api/v1/inboxes/{inbox_id}/messages"))
        if all(found[token] for token, status in states.items() if status == "delivered"):
            break
        await asyncio.sleep(0.3)
    return found


def judge_arrivals(states: dict[str, str], end: str, found: Counter[str]) -> None:
    assert [token for token, times in found.items() if times > 1] == [], "twice"
    assert [token for token, status in states.items() if status == end and not found[token]] == [], "lost"


@pytest.mark.timeout(240)
async def test_nothing_promised_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    await crash(tmp_path / "data", deliveries=200, sends=40, rounds=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_nothing_promised_is_lost_or_doubled_by_many_kills(tmp_path: Path) -> None:
    await crash(tmp_path / "data", deliveries=2000, sends=200, rounds=4)
