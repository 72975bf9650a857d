"""Where a provider replaces Message-ID and Date on the wire, answers still find their thread, in both directions."""

import asyncio
import re
import smtplib
from collections.abc import AsyncGenerator
from typing import Any

import pytest_asyncio

from agentpost_server.core import ids
from agentpost_server.outbound import telling
from agentpost_server.outbound.decode import ses
from agentpost_server.ports.transport import Outcome, OutgoingEnvelope, Receipt, TransportLimits, all_recipients
from harness import Server, Tenant
from outbound import provider_events as made
from outbound.sending import Json, inbox, send, settled, until


class StandIn:
    """Writes Message-ID and Date anew as SES does, delivers to our own SMTP door, and tells of it by `Send` events."""

    name = "smtp"
    limits = TransportLimits(max_recipients=50, max_octets=41_943_040)

    def __init__(self, server: Server, *, receipt: bool, event: bool) -> None:
        self.server, self.receipt, self.event = server, receipt, event
        self.wire_ids: list[str] = []

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        provider_id = f"0102-{ids.new_id().hex}"
        wire_id = f"<{provider_id}@eu-west-1.amazonses.com>"
        self.wire_ids.append(wire_id)
        if self.event:
            told = ses.told(made.ses("Send", envelope.tag, provider_id=provider_id, send={}))
            assert await telling.apply(self.server.runtime, told) == 1
        head, _, body = raw.partition(b"\r\n\r\n")
        head = re.sub(rb"(?m)^Message-ID: .*$", b"Message-ID: " + wire_id.encode(), head)
        head = re.sub(rb"(?m)^Date: .*$", b"Date: Thu, 01 Jan 2026 00:00:00 +0000", head)
        await asyncio.to_thread(_deliver, self.server.smtp_port, envelope, head + b"\r\n\r\n" + body)
        receipt = all_recipients(envelope, Outcome(status="accepted"), provider_id=provider_id)
        if not self.receipt:
            return receipt
        return Receipt(outcomes=receipt.outcomes, provider_id=provider_id, wire_message_id=wire_id)

    async def close(self) -> None: ...


def _deliver(port: int, envelope: OutgoingEnvelope, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.sendmail(envelope.mail_from, list(envelope.recipients), raw)


@pytest_asyncio.fixture
async def pair(server: Server, tenant: Tenant, stranger: Tenant) -> AsyncGenerator[tuple[Json, Json]]:
    """An inbox of each of two organizations, who write to each other through a stand-in."""
    known = server.runtime.transports
    _use(server, StandIn(server, receipt=True, event=True))
    for one in (tenant, stranger):
        for environment in (await one.http.get("/environments")).json()["data"]:
            await one.http.patch(f"/environments/{environment['id']}", json={"transport": "smtp"})
    yield await inbox(tenant.http), await inbox(stranger.http)
    server.runtime.transports = known


def _use(server: Server, stand_in: StandIn) -> StandIn:
    server.runtime.transports = {**server.runtime.transports, "smtp": stand_in}
    return stand_in


async def _received(tenant: Tenant, box: Json, count: int) -> Json:
    path = f"/inboxes/{box['id']}/messages?labels=received"
    page = await until(tenant.http, path, lambda page: len(page["data"]) == count)
    return (await tenant.http.get(f"/messages/{page['data'][0]['id']}")).json()


def _header(message: Json, name: str) -> Any:
    return next(one["value"] for one in message["headers"] if one["name"].lower() == name)


async def _there_and_back(tenant: Tenant, stranger: Tenant, pair: tuple[Json, Json], stand_in: StandIn) -> None:
    ours, theirs = pair
    first = await send(tenant.http, ours["id"], to=[theirs["email"]], subject="Question")
    got = await _received(stranger, theirs, 1)
    assert got["message_id_header"] == stand_in.wire_ids[0] != first["message_id_header"]
    await settled(tenant.http, first["id"], "sent", "delivered")
    assert (await tenant.http.get(f"/messages/{first['id']}")).json()["wire_message_ids"] == [stand_in.wire_ids[0]]
    answer = await stranger.http.post(f"/messages/{got['id']}/reply", json={"text_body": "Answer."})
    assert answer.status_code == 201
    back = await _received(tenant, ours, 1)
    assert back["in_reply_to"] == stand_in.wire_ids[0]
    assert back["thread_id"] == first["thread_id"]
    # The second of ours cites what their mail programs know: the ids on the wire.
    again = await tenant.http.post(
        f"/messages/{first['id']}/reply", json={"text_body": "More.", "to": [theirs["email"]]}
    )
    assert again.status_code == 201
    more = await _received(stranger, theirs, 2)
    assert _header(more, "in-reply-to") == stand_in.wire_ids[0]
    assert more["thread_id"] == got["thread_id"]


async def test_replies_thread_when_the_receipt_tells_the_id_on_the_wire(
    server: Server, tenant: Tenant, stranger: Tenant, pair: tuple[Json, Json]
) -> None:
    stand_in = _use(server, StandIn(server, receipt=True, event=False))
    await _there_and_back(tenant, stranger, pair, stand_in)


async def test_replies_thread_when_only_the_send_event_tells_it_and_both_together_tell_it_once(
    server: Server, tenant: Tenant, stranger: Tenant, pair: tuple[Json, Json]
) -> None:
    for receipt in (False, True):
        stand_in = _use(server, StandIn(server, receipt=receipt, event=True))
        ours, theirs = await inbox(tenant.http), await inbox(stranger.http)
        await _there_and_back(tenant, stranger, (ours, theirs), stand_in)
