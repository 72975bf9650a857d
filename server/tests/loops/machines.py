"""Agents that answer everything they get, at once and for ever, and a postman between two servers."""

import asyncio
import contextlib
import re
import smtplib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2 as httpx
from aiosmtpd.smtp import SMTP, Envelope, Session

from harness import Tenant
from outbound.sending import Json, events

Act = Callable[[httpx.AsyncClient, Json], Awaitable[httpx.Response]]
_STRIPPED = re.compile(
    rb"(?:Auto-Submitted|X-Auto-Response-Suppress|X-AgentPost-Trace|In-Reply-To|References|Message-ID|Sender|List-[^:]*"
    rb"|Precedence|Date|From|To|DKIM-Signature):.*?\r\n(?![ \t])",
    re.IGNORECASE | re.DOTALL,
)


class Agent:
    """Answers each message of its inbox once. `held` are the answers that wait for a person, `refused` the problems of
    what came behind."""

    def __init__(self, tenant: Tenant, inbox: Json, act: Act | None = None) -> None:
        self.tenant, self.inbox = tenant, inbox
        self.held: list[Json] = []
        self.refused: list[Json] = []
        self._act = act or reply
        self._seen: set[str] = set()

    async def watch(self) -> None:
        while True:
            page = await self.tenant.http.get(f"/inboxes/{self.inbox['id']}/messages", params={"direction": "inbound"})
            for one in page.json()["data"]:
                if one["id"] not in self._seen:
                    self._seen.add(one["id"])
                    answer = await self._act(self.tenant.http, one)
                    if answer.status_code != 201:
                        self.refused.append(answer.json())
                    elif answer.json()["status"] == "pending_approval":
                        self.held.append(answer.json())
            await asyncio.sleep(0.02)

    async def written(self) -> int:
        page = await self.tenant.http.get(f"/inboxes/{self.inbox['id']}/messages", params={"direction": "outbound"})
        return sum(one["status"] != "pending_approval" for one in page.json()["data"])

    async def told(self) -> list[Json]:
        """Its `loop.detected`."""
        found = [data for kind, data in await events(self.tenant) if kind == "loop.detected"]
        return [one for one in found if one["inbox_id"] == self.inbox["id"]]


async def reply(http: httpx.AsyncClient, message: Json) -> httpx.Response:
    return await http.post(f"/messages/{message['id']}/reply", json={"text_body": "Thank you. What else?"})


async def write_anew(http: httpx.AsyncClient, message: Json) -> httpx.Response:
    """An answer by its subject alone, which cites nothing: each one opens a thread."""
    body = {"to": [message["from_address"]["email"]], "subject": "Re: Question", "text_body": "Thank you. What else?"}
    return await http.post(f"/inboxes/{message['inbox_id']}/messages", json=body)


def forward_to(email: str) -> Act:
    async def act(http: httpx.AsyncClient, message: Json) -> httpx.Response:
        return await http.post(f"/messages/{message['id']}/forward", json={"to": [email], "text_body": "Please see."})

    return act


async def until_it_stops(*agents: Agent, seconds: float = 25) -> int:
    """Let them run until one is stopped and nothing moves any more. Answers how many mails left in all."""
    tasks = [asyncio.create_task(one.watch()) for one in agents]
    try:
        async with asyncio.timeout(seconds):
            while True:
                before = [await one.written() for one in agents]
                assert sum(before) <= 30, "it goes on for ever"
                await asyncio.sleep(0.7)
                if any(one.held or one.refused for one in agents) and before == [await one.written() for one in agents]:
                    return sum(before)
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


class Postman:
    """A relay that hands mail on: `leads` says which port each recipient's mail goes to, and as which recipient.

    `aliases` gives senders another address and takes the headers off, as some forwarders do.
    """

    def __init__(self) -> None:
        self.port = 0
        self.leads: dict[str, tuple[int, str]] = {}
        self.aliases: Mapping[str, str] = {}
        self.carried = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        for recipient in envelope.rcpt_tos:
            port, address = self.leads[recipient]
            self.carried += 1
            await asyncio.to_thread(_hand_on, port, address, *self._made_over(envelope))
        return "250 handed on"

    def _made_over(self, envelope: Envelope) -> tuple[str, bytes]:
        raw: Any = envelope.content
        if not self.aliases:
            return envelope.mail_from or "", raw
        author = re.search(rb"\r\nFrom:.*?([^\s<]+@[^\s>]+)", b"\r\n" + raw)
        assert author is not None
        alias = self.aliases[author[1].decode()]
        head, _, body = raw.partition(b"\r\n\r\n")
        kept = _STRIPPED.sub(b"", head + b"\r\n")
        fresh = f"From: {alias}\r\nMessage-ID: <{self.carried}@forwarder.example>\r\n".encode()
        return alias, fresh + kept + b"\r\n" + body


def _hand_on(port: int, to: str, mail_from: str, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.sendmail(mail_from, [to], raw)


@asynccontextmanager
async def postman() -> AsyncGenerator[Postman]:
    made = Postman()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(made, hostname="postman.test", loop=loop), "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
