"""The transport `smtp` end to end: a send arrives at a real SMTP server, and its bounce by SMTP comes home."""

import asyncio
import smtplib
from collections.abc import AsyncGenerator
from typing import NamedTuple

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP, Envelope, Session

from agentpost_server.outbound import verp
from databases import new_database
from harness import KEYRING, new_tenant, running_server
from outbound.sending import inbox, recipients, send, settled, until

_BOUNCE = """From: <MAILER-DAEMON@b.example>
To: <{to}>
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; b.example

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--x--
"""


class Taken(NamedTuple):
    mail_from: str
    rcpt_tos: tuple[str, ...]
    content: bytes


class _Relay:
    """Takes everything but `gone@`."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []

    async def handle_RCPT(self, _s: SMTP, _session: Session, envelope: Envelope, address: str, _o: list[str]) -> str:  # noqa: N802
        if address.startswith("gone@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _s: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        assert envelope.mail_from
        self.taken.append(Taken(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
        return "250 queued"


def _mail(port: int, to: str, text: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as out:
        out.sendmail("", [to], text.replace("\n", "\r\n").encode())


@pytest_asyncio.fixture
async def relay() -> AsyncGenerator[tuple[_Relay, int]]:
    handler = _Relay()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(handler, hostname="relay.test", loop=loop), "127.0.0.1", 0)
    yield handler, listening.sockets[0].getsockname()[1]
    listening.close()


async def test_a_send_arrives_at_the_relay_and_its_bounce_by_smtp_comes_home(
    postgres: str, relay: tuple[_Relay, int]
) -> None:
    handler, port = relay
    url = await new_database(postgres, "relay")
    async with (
        running_server(url, relay_url=f"smtp://127.0.0.1:{port}", relay_tls="none") as server,
        new_tenant(server) as tenant,
    ):
        agent = await inbox(tenant.http)
        await tenant.http.patch(f"/environments/{agent['environment_id']}", json={"transport": "smtp"})
        made = await send(tenant.http, agent["id"], to=["ann@b.example", "gone@b.example"], bcc=["bob@c.example"])
        done = await settled(tenant.http, made["id"], "bounced")
        assert recipients(done)["gone@b.example"] == "bounced"
        while len(handler.taken) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        by_recipient = {one.rcpt_tos: one for one in handler.taken}
        assert set(by_recipient) == {("ann@b.example",), ("bob@c.example",)}
        assert b"bob@c.example" not in by_recipient["ann@b.example",].content
        bounce_to = by_recipient["ann@b.example",].mail_from
        assert verp.read(KEYRING, bounce_to) is not None

        token = bounce_to.removeprefix("bounces+")
        forged = f"bounces+{'b' if token[0] == 'a' else 'a'}{token[1:]}"
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await asyncio.to_thread(
                _mail, server.smtp_port, forged, _BOUNCE.format(to=forged, recipient="ann@b.example")
            )
        text = _BOUNCE.format(to=bounce_to, recipient="ann@b.example")
        # L-06, M-37: the same words to the inbox itself are an ordinary mail, and bounce nothing.
        await asyncio.to_thread(_mail, server.smtp_port, agent["email"], text)
        await asyncio.sleep(0.5)
        assert recipients((await tenant.http.get(f"/messages/{made['id']}")).json())["ann@b.example"] == "sent"
        await asyncio.to_thread(_mail, server.smtp_port, bounce_to, text)
        await until(tenant.http, f"/messages/{made['id']}", lambda m: recipients(m)["ann@b.example"] == "bounced")
        listed = {one["email"] for one in (await tenant.http.get("/suppressions")).json()["data"]}
        assert listed == {"ann@b.example", "gone@b.example"}
