"""Two servers that know each other by the DNS alone: mail goes out by MX records, signed, and is believed on the other
side; answers thread, bounces come home.
"""

import asyncio
import contextlib
import smtplib
import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple

import pytest_asyncio
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agentpost_server.mail.dkim_sign import public_record
from databases import new_database
from dns_server import NameServer, Zone, name_server
from harness import Tenant, new_tenant, running_server
from outbound.sending import Json, inbox, recipients, send, settled, until
from stories.post import first_message

ONE, TWO, FORWARDER = "127.0.0.1", "127.0.0.2", "127.0.0.3"
_REPORT = """From: <MAILER-DAEMON@forward.test>
To: <{to}>
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; forward.test

Final-Recipient: rfc822; moved@elsewhere.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--x--
"""


class World(NamedTuple):
    """An organization on each server, each with an inbox whose mail leaves by `direct`."""

    one: Tenant
    ann: Json
    two: Tenant
    bob: Json


class Forwarder:
    """Takes mail for forward.test, and tells its sender by mail that it came to nothing further on."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert envelope.mail_from
        self._report = asyncio.create_task(asyncio.to_thread(self._tell, envelope.mail_from))
        return "250 2.0.0 queued"

    def _tell(self, sender: str) -> None:
        with smtplib.SMTP(ONE, self._port, local_hostname="mx.forward.test", timeout=10) as out:
            out.sendmail("", [sender], _REPORT.format(to=sender).replace("\n", "\r\n"))


def _zone() -> Zone:
    zone: Zone = {}
    for domain, address in (("one.test", ONE), ("two.test", TWO), ("forward.test", FORWARDER)):
        zone[domain, "MX"] = [f"10 mx.{domain}."]
        zone[f"mx.{domain}", "A"] = [address]
    return zone


def _port_of_all() -> int:
    """A port that is free on every address of the story: MX records name hosts, never ports."""
    while True:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            port = stack.enter_context(socket.create_server((ONE, 0))).getsockname()[1]
            for address in (TWO, FORWARDER):
                stack.enter_context(socket.create_server((address, port)))
            return port


def _key(dns: NameServer, name: str, folder: Path) -> Path:
    """The file of a DKIM key, published with the policy that its domain asks for."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    dns.txt(f"s1._domainkey.{name}.test", public_record(key))
    dns.txt(f"_dmarc.{name}.test", "v=DMARC1; p=reject")
    file = folder / "dkim.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


async def _by_direct(tenant: Tenant, name: str) -> Json:
    made = await inbox(tenant.http, name)
    answer = await tenant.http.patch(f"/environments/{made['environment_id']}", json={"transport": "direct"})
    assert answer.status_code == 200, answer.text
    return made


@pytest_asyncio.fixture(scope="module")
async def world(postgres: str, tmp_path_factory) -> AsyncGenerator[World]:
    port = _port_of_all()
    forwarder, loop = Forwarder(port), asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(forwarder, hostname="mx.forward.test"), FORWARDER, port)
    async with name_server(_zone()) as dns, contextlib.AsyncExitStack() as stack:
        tenants: list[Tenant] = []
        for name, address in (("one", ONE), ("two", TWO)):
            folder: Path = tmp_path_factory.mktemp(name)
            settings: dict[str, Any] = {"direct": True, "direct_port": port, "smtp_port": port, "host": address}
            settings |= {"dkim_selector": "s1", "dkim_key_file": str(_key(dns, name, folder))}
            settings["mail_authentication"] = "on"  # on loopback, too
            settings |= {"shared_domain": f"{name}.test", "smtp_hostname": f"mx.{name}.test"}
            settings["dns_servers"] = dns.address
            url = await new_database(postgres, f"story_{name}")
            server = await stack.enter_async_context(running_server(url, **settings))
            tenants.append(await stack.enter_async_context(new_tenant(server)))
        one, two = tenants
        yield World(one, await _by_direct(one, "ann"), two, await _by_direct(two, "bob"))
    listening.close()


async def test_a_question_and_its_answer_are_one_thread_on_both_servers(world: World) -> None:
    one, ann, two, bob = world
    asked = await send(one.http, ann["id"], to=[bob["email"]], subject="Lunch?", text_body="At noon?")
    came = await first_message(two, bob["id"], subject="Lunch")
    assert came["from_address"]["email"] == ann["email"]
    assert came["envelope"]["mail_from"].startswith("bounces+")
    found = came["authentication"]
    assert (found["dkim"], found["dmarc"], found["aligned_domain"]) == ("pass", "pass", "one.test")
    assert (came["trust"], came["labels"]) == ("verified", ["received", "unread"])
    assert recipients(await settled(one.http, asked["id"], "sent")) == {bob["email"]: "sent"}

    answer = await two.http.post(f"/messages/{came['id']}/reply", json={"text_body": "At one."})
    assert answer.status_code == 201, answer.text
    heard = await first_message(one, ann["id"], direction="inbound")
    assert heard["extracted_text"].strip() == "At one."
    assert heard["thread_id"] == asked["thread_id"]
    assert answer.json()["thread_id"] == came["thread_id"]


async def test_an_address_that_the_other_server_does_not_know_bounces_at_once(world: World) -> None:
    made = await send(world.one.http, world.ann["id"], to=["gone@two.test", world.bob["email"]])
    done = await until(
        world.one.http, f"/messages/{made['id']}", lambda m: set(recipients(m).values()) == {"bounced", "sent"}
    )
    assert recipients(done)["gone@two.test"] == "bounced"
    listed = (await world.one.http.get("/suppressions")).json()["data"]
    assert "gone@two.test" in {one["email"] for one in listed}


async def test_a_bounce_from_further_on_comes_home_by_the_return_path(world: World) -> None:
    made = await send(world.one.http, world.ann["id"], to=["moved@forward.test"])
    done = await settled(world.one.http, made["id"], "bounced")
    assert recipients(done) == {"moved@forward.test": "bounced"}
    told = (await world.one.http.get(f"/messages/{made['id']}/events")).json()["data"]
    assert "5.1.1" in {one["enhanced_code"] for one in told if one["type"] == "bounced"}


async def test_mail_that_leads_back_to_its_own_server_is_delivered_there(world: World) -> None:
    neighbour = await inbox(world.one.http, "carl")
    made = await send(world.one.http, world.ann["id"], to=[neighbour["email"], "nobody@one.test"], subject="Next door")
    came = await first_message(world.one, neighbour["id"])
    assert came["subject"] == "Next door"
    done = await until(
        world.one.http, f"/messages/{made['id']}", lambda m: set(recipients(m).values()) == {"delivered", "bounced"}
    )
    assert recipients(done)[neighbour["email"]] == "delivered"
    captured = (await world.one.http.get("/sandbox/outbox")).json()["data"]
    assert captured == []


async def test_a_domain_that_does_not_exist_bounces_and_its_address_is_suppressed(world: World) -> None:
    made = await send(world.one.http, world.ann["id"], to=["x@nowhere.example"])
    done = await settled(world.one.http, made["id"], "bounced")
    assert recipients(done) == {"x@nowhere.example": "bounced"}
    listed = (await world.one.http.get("/suppressions")).json()["data"]
    assert "x@nowhere.example" in {one["email"] for one in listed}
