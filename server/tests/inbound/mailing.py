"""Mail sent to the server under test through its SMTP door, and what became of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

from agentpost_server.core import ids
from harness import Server, Tenant


class Inbox(NamedTuple):
    """An inbox of a tenant."""

    tenant: Tenant
    id: UUID
    email: str

    async def rows(self, sql: str, *arguments: object) -> list[Any]:
        """Rows as the tenant sees them; `$1` is the inbox."""
        async with self.tenant.server.database.transaction(self.tenant.organization.organization_id) as tx:
            return await tx.rows(sql, self.id, *arguments)

    async def messages(self, count: int = 1) -> list[Any]:
        """Its messages, oldest first, once there are `count` and no accepted mail waits."""

        async def there() -> list[Any] | None:
            found = await self.rows(
                """SELECT m.*, c.text_body, c.html_body, c.extracted_text FROM messages m
                   JOIN message_contents c ON c.organization_id = m.organization_id AND c.message_id = m.id
                   WHERE m.inbox_id = $1 ORDER BY m.id"""
            )
            waiting = await self.rows("SELECT id FROM inbound_mails WHERE inbox_id = $1")
            return found if len(found) >= count and not waiting else None

        return await until(there)

    async def blobs(self, blob_id: UUID) -> list[Any]:
        return await self.rows("SELECT * FROM blobs WHERE $1::uuid IS NOT NULL AND id = $2", blob_id)

    async def events(self) -> list[Any]:
        return await self.rows(
            """SELECT type, data FROM event_outbox WHERE inbox_id = $1
               UNION ALL SELECT type, data FROM events WHERE inbox_id = $1"""
        )


async def until(found: Callable[[], Awaitable[Any]]) -> Any:
    """The first answer that is not None, within 20 s."""
    async with asyncio.timeout(20):
        while (answer := await found()) is None:  # noqa: ASYNC110 - rows set no event
            await asyncio.sleep(0.02)
        return answer


async def new_inbox(tenant: Tenant) -> Inbox:
    made = (await tenant.http.post("/inboxes", json={})).json()
    return Inbox(tenant, ids.decode("inb", made["id"]), made["email"])


class Client:
    """One SMTP connection, greeted."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, line: str) -> str:
        self._writer.write(line.encode() + b"\r\n")
        return await self.reply()

    async def reply(self) -> str:
        while True:
            line = (await asyncio.wait_for(self._reader.readline(), 20)).decode()
            if line[3:4] != "-":
                return line.rstrip("\r\n")

    async def send(self, raw: bytes, *recipients: str, sender: str = "ann@example.com") -> str:
        """The reply to the dot, or that of the first command that was refused."""
        for line in (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients)):
            if not (answer := await self.say(line)).startswith("250"):
                return answer
        if not (answer := await self.say("DATA")).startswith("354"):
            return answer
        stuffed = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]
        self._writer.write(stuffed + (b"" if raw.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return await self.reply()

    async def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def smtp(server: Server) -> AsyncGenerator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.smtp_port)
    client = Client(reader, writer)
    assert (await client.reply()).startswith("220")
    assert (await client.say("EHLO client.example")).startswith("250")
    try:
        yield client
    finally:
        await client.close()


async def send(server: Server, raw: bytes, *recipients: str, sender: str = "ann@example.com") -> str:
    async with smtp(server) as client:
        return await client.send(raw, *recipients, sender=sender)


def mail(message_id: str | None = "<1@example.com>", *headers: str, body: str = "Hello there") -> bytes:
    lines = ["From: Ann <ann@example.com>", "To: someone@example.com", "Subject: Greetings", *headers]
    if message_id is not None:
        lines.append(f"Message-ID: {message_id}")
    return ("\r\n".join(lines) + f"\r\n\r\n{body}\r\n").encode()
