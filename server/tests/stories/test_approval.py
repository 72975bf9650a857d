"""An agent drafts, a policy holds, a person is asked by mail, and one mail leaves: over a relay, as in production."""

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from html import unescape
from typing import Any, NamedTuple

import httpx2 as httpx
import pytest_asyncio
from aiosmtpd.smtp import SMTP, Envelope, Session

from drafts.drafting import draft, send_draft
from harness import Tenant, client, new_tenant, running_server
from holding.approving import APPROVER, approve, approver, policy
from outbound.sending import Json, events, history, inbox, settled
from program.doctoring import SECRET
from program.running import command
from stories.post import eventually

_CUSTOMER = "ann@customer.example"


class Relay:
    """An SMTP server that takes everything for everybody."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails += [(recipient, mail) for recipient in envelope.rcpt_tos]
        return "250 taken"

    def to(self, recipient: str) -> list[EmailMessage]:
        return [mail for to, mail in self.mails if to == recipient]

    async def first_to(self, recipient: str) -> EmailMessage:
        async def look() -> EmailMessage | None:
            return next(iter(self.to(recipient)), None)

        return await eventually(look, 30)


class World(NamedTuple):
    tenant: Tenant
    relay: Relay
    inbox: Json
    agent: httpx.AsyncClient
    database_url: str


@asynccontextmanager
async def _relay() -> AsyncGenerator[tuple[Relay, int]]:
    made = Relay()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(made, hostname="relay.test", loop=loop), "127.0.0.1", 0)
    try:
        yield made, server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest_asyncio.fixture
async def world(own_database: str) -> AsyncGenerator[World]:
    """An organization that sends by the relay, and an agent whose mail a person looks at first."""
    async with _relay() as (relay, port):
        by: dict[str, Any] = {
            "relay_url": f"smtp://127.0.0.1:{port}",
            "relay_tls": "none",
            "shared_domain": "agents.example",
        }
        async with running_server(own_database, **by) as server, new_tenant(server) as tenant:
            made = await inbox(tenant.http)
            await tenant.http.patch(f"/environments/{made['environment_id']}", json={"transport": "smtp"})
            await policy(tenant.http, made["id"])
            scopes = ["drafts:write", "messages:send", "messages:read"]
            key = (await tenant.http.post("/api-keys", json={"name": "agent", "scopes": scopes})).json()["key"]
            async with client(server, key) as agent:
                yield World(tenant, relay, made, agent, own_database)


async def _asked(world: World) -> tuple[Json, EmailMessage, str]:
    """The agent drafts and sends: the message that waits, the mail that asks about it, and the link in that."""
    written = await draft(
        world.agent, world.inbox["id"], to=[_CUSTOMER], subject="Your refund", text_body="You get 500 back."
    )
    waiting = await send_draft(world.agent, written)
    assert waiting["status"] == "pending_approval"
    assert (await world.tenant.http.get(f"/drafts/{written['id']}")).status_code == 404
    notice = await world.relay.first_to(APPROVER)
    (link,) = re.findall(r"http\S+", notice.get_content())
    return waiting, notice, link


async def _left_once(world: World, message: Json, text: str) -> None:
    left = await world.relay.first_to(_CUSTOMER)
    await settled(world.tenant.http, message["id"], "sent", "delivered")
    assert len(world.relay.to(_CUSTOMER)) == 1
    assert (left["Message-ID"], left["Subject"]) == (message["message_id_header"], "Your refund")
    assert left.get_content().strip() == text
    kinds = [kind for kind, _ in await history(world.tenant.http, message["id"])]
    assert kinds == ["held", "approved", "queued", "sending", "sent"]
    told = [kind for kind, data in await events(world.tenant) if data.get("message_id") == message["id"]]
    assert [one for one in told if one.startswith("message.")] == [
        "message.held", "message.approved", "message.queued", "message.sent",
    ]  # fmt: skip


async def test_a_person_changes_what_an_agent_drafted_and_one_mail_leaves(world: World) -> None:
    waiting, notice, link = await _asked(world)
    assert notice["From"].addresses[0].addr_spec == "notices@agents.example"
    assert (notice["Subject"], notice["Auto-Submitted"]) == ("To approve: Your refund", "auto-generated")
    assert "500" not in notice.get_content()
    assert world.relay.to(_CUSTOMER) == []
    async with approver(world.tenant) as boss:
        approved = await approve(boss, waiting, text_body="You get 50 back.")
    assert approved.status_code == 200, approved.text
    await _left_once(world, waiting, "You get 50 back.")
    async with httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        late = await browser.get(link)
    assert (late.status_code, "approver" in late.text) == (410, True)


async def test_a_person_approves_by_the_link_that_the_command_shows(world: World) -> None:
    """`agentpost-server notices` writes the very mail that went out, with a link of its own."""
    waiting, notice, mailed = await _asked(world)
    shown = await _command(world)
    assert f"to {APPROVER}  sent" in shown
    assert f"Subject: {notice['Subject']}" in shown
    assert notice.get_content().splitlines()[0] in shown
    (link,) = re.findall(r"http\S+", shown)
    async with httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        for url in (mailed, link):
            page = await browser.get(url)
            assert (page.status_code, "You get 500 back." in page.text) == (200, True)
        assert world.relay.to(_CUSTOMER) == []
        hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
        form = {name: unescape(value) for name, value in hidden}
        done = await browser.post(link, data={**form, "decision": "approve"})
        assert done.status_code == 200, done.text
        assert (await browser.get(mailed)).status_code == 410
    await _left_once(world, waiting, "You get 500 back.")
    assert "Subject:" not in await _command(world)  # there is nothing to decide any more, and so no link


async def _command(world: World) -> str:
    code, out, err = await command(
        "notices",
        "--last",
        "5",
        AGENTPOST_DATABASE_URL=world.database_url,
        AGENTPOST_SECRET_KEY=SECRET,
        AGENTPOST_PUBLIC_URL=world.tenant.server.url,
    )
    assert code == 0, err
    return out
