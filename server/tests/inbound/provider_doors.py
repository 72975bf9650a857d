"""A server with a provider's door open, how to knock, and a mail that the provider can tell of."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2 as httpx

from agentpost_server.core import ids
from agentpost_server.outbound import tags
from harness import API, Server, new_tenant, running_server
from inbound.mailing import Inbox, new_inbox
from outbound.sending import Json, recipients, send, settled

GONE = "timeout+gone@sandbox.test"
"""Nobody knows what became of mail to it, until a provider tells."""


class Opened(NamedTuple):
    server: Server
    http: httpx.AsyncClient
    inbox: Inbox


@asynccontextmanager
async def serving(database_url: str, **settings: Any) -> AsyncGenerator[Server]:
    """A server that takes mail of 100,000 octets at most."""
    bounds: dict[str, Any] = {"mail_authentication": "off", "max_receive_octets": 100_000}
    async with running_server(database_url, **bounds, **settings) as one:
        yield one


@asynccontextmanager
async def knocking(server: Server) -> AsyncGenerator[Opened]:
    """A client without a key, and an inbox."""
    async with (
        httpx.AsyncClient(base_url=server.url + API + "/inbound", timeout=30, trust_env=False) as http,
        new_tenant(server) as tenant,
    ):
        yield Opened(server, http, await new_inbox(tenant))


@asynccontextmanager
async def opened(database_url: str, **settings: Any) -> AsyncGenerator[Opened]:
    """Both, for one test alone."""
    async with serving(database_url, **settings) as server, knocking(server) as one:
        yield one


async def nothing_came(inbox: Inbox) -> None:
    assert await inbox.rows("SELECT id FROM inbound_mails WHERE inbox_id = $1") == []
    assert await inbox.rows("SELECT id FROM messages WHERE inbox_id = $1") == []


async def handed_over(inbox: Inbox, *to: str) -> tuple[Json, str]:
    """A mail of the inbox to people of whom nobody knows what became of it, and the tag that a provider would give back
    in its events."""
    message = await send(inbox.tenant.http, ids.encode("inb", inbox.id), to=list(to))
    await settled(inbox.tenant.http, message["id"], "unknown")
    async with inbox.tenant.server.database.transaction(inbox.tenant.organization.organization_id) as tx:
        attempt_id = await tx.value(
            """SELECT a.id FROM attempts a
               JOIN transmissions t ON t.organization_id = a.organization_id AND t.id = a.transmission_id
               WHERE t.message_id = $1""",
            ids.decode("msg", message["id"]),
        )
    return message, tags.write(inbox.tenant.server.runtime.keyring, attempt_id)


def forged(tag: str) -> str:
    """A name of the same call that we did not sign."""
    return tag[:40] + ("a" if tag[40] != "a" else "b") + tag[41:]


async def what_became(inbox: Inbox, message: Json) -> tuple[dict[str, str], list[str]]:
    """Each recipient's status, and who is suppressed."""
    http = inbox.tenant.http
    listed = (await http.get("/suppressions")).json()["data"]
    return recipients((await http.get(f"/messages/{message['id']}")).json()), [one["email"] for one in listed]
