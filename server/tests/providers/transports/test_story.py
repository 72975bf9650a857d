"""A whole server sends by a provider's API: settings, plan, call and what the API's users see of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from agentpost_server.outbound import tags
from agentpost_server.ports.transport import MailTransport
from databases import new_database
from harness import KEYRING, Server, new_tenant, running_server
from outbound.sending import inbox, recipients, send, settled
from providers.transports.letters import everybody
from providers.transports.sendgrid_stand_in import KEY, SendGridStandIn


@pytest_asyncio.fixture
async def sendgrid() -> AsyncIterator[SendGridStandIn]:
    stand_in = SendGridStandIn()
    stand_in.verified_domain = "agentpost.test"
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


@pytest_asyncio.fixture
async def sending(postgres: str, tmp_path: Path, sendgrid: SendGridStandIn) -> AsyncIterator[Server]:
    # A database of its own: the other servers of the tests would take its work, and have no such transport.
    database_url = await new_database(postgres, "sendgrid")
    async with running_server(database_url, sendgrid_api_key=KEY, sendgrid_endpoint=sendgrid.url) as server:
        yield server


async def test_a_mail_to_two_domains_is_one_call_and_everybody_sees_everybody(
    sending: Server, sendgrid: SendGridStandIn
) -> None:
    transport: MailTransport = sending.runtime.transports["sendgrid"]
    assert transport.limits.writes_recipients
    async with new_tenant(sending) as tenant:
        agent = await inbox(tenant.http)
        await tenant.http.patch(f"/environments/{agent['environment_id']}", json={"transport": "sendgrid"})
        to, blind = ["bob@one.example", "cy@two.example"], "dee@three.example"
        made = await send(tenant.http, agent["id"], to=to, bcc=[blind])
        done = await settled(tenant.http, made["id"], "sent")
        assert recipients(done) == dict.fromkeys([*to, blind], "sent")
        page = (await tenant.http.get(f"/messages/{made['id']}/events")).json()["data"]
        assert {one["transport"] for one in page if one["type"] == "sent"} == {"sendgrid"}
    (handed,) = sendgrid.handed
    assert everybody([handed]) == sorted([*to, blind])
    assert [one.addr_spec for one in handed.mail["To"].addresses] == to
    assert blind not in handed.wire.decode()
    assert tags.read(KEYRING, handed.tag or "") is not None
