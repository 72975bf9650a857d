"""Arriving mail and who really sent it: through the SMTP door of a server that asks a name server of the test's own."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
import pytest_asyncio

from agentpost_server.core import ids
from agentpost_server.inbound import Route, accept, authenticate, mail_of_bytes
from agentpost_server.inbound.authenticate import Checks
from agentpost_server.mail.authentication import UNCHECKED, Authentication
from agentpost_server.screening.authentication import Arrival
from databases import new_database
from dns_server import SERVFAIL, SILENCE, NameServer, name_server
from harness import Server, Tenant, new_tenant, running_server
from inbound.mailing import Inbox, mail, new_inbox, send
from screening.authentication.mails import AUTHOR, MAIL, rsa_record, sealed, signed
from screening.authentication.zones import ZoneResolver

LIST = "list.example"
SEEN = f"dmarc=pass header.from={AUTHOR}"


@pytest_asyncio.fixture(scope="module")
async def dns() -> AsyncGenerator[NameServer]:
    """The author's zone: SPF that names this machine, a key, and a policy of reject. Nothing is cached."""
    async with name_server() as server:
        server.ttl = 0
        server.txt(AUTHOR, "v=spf1 ip4:127.0.0.1 -all")
        server.txt(f"s._domainkey.{AUTHOR}", rsa_record())
        server.txt(f"_dmarc.{AUTHOR}", "v=DMARC1; p=reject")
        server.txt("strict.example", "v=spf1 -all")
        server.txt(f"arc._domainkey.{LIST}", rsa_record())
        for broken in ("broken.example", "_dmarc.broken.example"):
            server.zone[broken, "TXT"] = SERVFAIL
        for silent in ("silent.example", "_dmarc.silent.example"):
            server.zone[silent, "TXT"] = SILENCE
        yield server


@pytest_asyncio.fixture(scope="module")
async def checking(postgres: str, dns: NameServer) -> AsyncGenerator[Server]:
    # On a database of its own, lest a server with other settings ingest its mail.
    async with running_server(
        await new_database(postgres, "checking"),
        dns_servers=dns.address,
        mail_authentication="on",
        arc_sealers=f"other.example, {LIST}",
    ) as server:
        yield server


@pytest_asyncio.fixture
async def box(checking: Server) -> AsyncGenerator[Inbox]:
    async with new_tenant(checking) as tenant:
        yield await new_inbox(tenant)


@pytest_asyncio.fixture(scope="module")
async def strict(postgres: str, dns: NameServer) -> AsyncGenerator[Tenant]:
    """A server that refuses and quarantines."""
    async with (
        running_server(
            await new_database(postgres, "strict"),
            dns_servers=dns.address,
            mail_authentication="on",
            smtp_reject_dmarc=True,
            quarantine_unauthenticated=True,
        ) as server,
        new_tenant(server) as tenant,
    ):
        yield tenant


async def arrived(inbox: Inbox, raw: bytes, *, sender: str = "b@relay.example") -> dict[str, Any]:
    """The message that a mail became, as the API reads it."""
    assert (await send(inbox.tenant.server, raw, inbox.email, sender=sender)).startswith("250")
    [row] = await inbox.messages()
    answer = await inbox.tenant.http.get(f"/messages/{ids.encode('msg', row['id'])}")
    return answer.json()


def to(inbox: Inbox, raw: bytes = MAIL) -> bytes:
    return raw.replace(b"bot@ours.example", inbox.email.encode())


async def _events(inbox: Inbox) -> dict[str, Any]:
    return {one["type"]: msgspec.json.decode(one["data"]) for one in await inbox.events()}


async def test_mail_that_its_author_signed_is_verified(box: Inbox) -> None:
    message = await arrived(box, signed(to(box)))
    assert message["authentication"] == {
        "spf": "none", "dkim": "pass", "dmarc": "pass", "arc": "none", "aligned_domain": AUTHOR,
        "checked_by": "agentpost", "author_domain": AUTHOR, "dkim_domain": AUTHOR, "policy": "reject",
        "arc_sealer": None,
    }  # fmt: skip
    assert (message["trust"], message["labels"], message["flags"]) == ("verified", ["received", "unread"], [])
    told = (await _events(box))["message.received"]
    assert (told["authentication"], told["trust"]) == (message["authentication"], "verified")
    raw = (await box.tenant.http.get(f"/messages/{message['id']}/raw")).text
    assert f"\tdkim=pass header.d={AUTHOR};\r\n\tdmarc=pass header.from={AUTHOR};" in raw


async def test_s_49_results_that_claim_to_be_ours_are_not(box: Inbox) -> None:
    forged = b"Authentication-Results: %b; dmarc=pass\r\n" % box.tenant.server.runtime.smtp_hostname.encode()
    other = b"Authentication-Results: mx.elsewhere.example; dmarc=none\r\n"
    message = await arrived(box, forged + other + to(box))
    assert message["trust"] == "failed"
    shown = [one["value"] for one in message["headers"] if one["name"] == "Authentication-Results"]
    assert shown == ["mx.elsewhere.example; dmarc=none"]
    raw = (await box.tenant.http.get(f"/messages/{message['id']}/raw")).text
    assert "dmarc=pass" not in raw
    assert "dmarc=fail" in raw


async def test_mail_in_anothers_name_is_failed_and_labelled_and_kept(box: Inbox) -> None:
    message = await arrived(box, to(box))
    assert (message["authentication"]["dmarc"], message["trust"], message["status"]) == ("fail", "failed", "received")
    assert message["labels"] == ["received", "unread", "unauthenticated"]
    assert message["spam_score"] >= 2.5


async def test_the_envelope_of_the_author_is_enough(box: Inbox) -> None:
    message = await arrived(box, to(box), sender=f"bounce@{AUTHOR}")
    found = message["authentication"]
    assert (found["spf"], found["dmarc"], message["trust"]) == ("pass", "pass", "verified")


async def test_an_spf_fail_alone_refuses_nothing(strict: Tenant) -> None:
    inbox = await new_inbox(strict)
    message = await arrived(inbox, signed(to(inbox)), sender="x@strict.example")
    assert (message["authentication"]["spf"], message["trust"], message["status"]) == ("fail", "verified", "received")


async def test_a_listed_sealer_keeps_a_lists_mail_from_the_label(box: Inbox) -> None:
    raw = sealed(signed(to(box)).replace(b"Subject: ", b"Subject: [list] "), LIST, SEEN)
    message = await arrived(box, raw)
    found = message["authentication"]
    assert (found["dmarc"], found["arc"], found["arc_sealer"]) == ("fail", "pass", LIST)
    assert (message["trust"], message["labels"]) == ("unverified", ["received", "unread"])
    shown = (await box.tenant.http.get(f"/messages/{message['id']}/raw")).text
    assert f'dmarc=fail reason="sealed by {LIST}" header.from={AUTHOR};' in shown


async def test_s_46_mail_is_delivered_when_name_servers_fail(box: Inbox) -> None:
    message = await arrived(box, to(box).replace(b"@author.example", b"@broken.example"), sender="x@broken.example")
    found = message["authentication"]
    assert (found["spf"], found["dmarc"], message["trust"]) == ("temperror", "temperror", "unverified")
    assert "unauthenticated" not in message["labels"]


async def test_s_46_mail_is_delivered_when_name_servers_are_silent(box: Inbox) -> None:
    began = time.monotonic()
    with patch("agentpost_server.screening.authentication.check.BUDGET_SECONDS", 0.5):
        message = await arrived(box, to(box).replace(b"@author.example", b"@silent.example"), sender="x@silent.example")
    assert time.monotonic() - began < 4
    assert message["authentication"]["spf"] == "temperror"


async def test_s_46_nobody_waits_for_the_name_servers_of_another(box: Inbox) -> None:
    silent = to(box).replace(b"@author.example", b"@silent.example")
    with patch("agentpost_server.screening.authentication.check.BUDGET_SECONDS", 3):
        for number in range(4):
            raw = silent.replace(b"<1@", b"<%d@" % number)
            assert (await send(box.tenant.server, raw, box.email, sender="x@silent.example")).startswith("250")
        other, began = await new_inbox(box.tenant), time.monotonic()
        await arrived(other, signed(to(other)))
        assert time.monotonic() - began < 2
        rows = await box.messages(4)
    assert time.monotonic() - began < 8
    assert {msgspec.json.decode(row["authentication"])["spf"] for row in rows} == {"temperror"}


async def test_s_52_two_authors_are_stored_and_vouched_for_by_nothing(box: Inbox) -> None:
    message = await arrived(box, b"From: Eve <eve@evil.example>\r\n" + signed(to(box)), sender=f"b@{AUTHOR}")
    assert (message["authentication"]["dmarc"], message["authentication"]["aligned_domain"]) == ("permerror", None)
    assert message["trust"] == "failed"
    assert "double_from" in message["flags"]
    assert "unauthenticated" in message["labels"]


async def test_l_12_a_genuine_mail_to_somebody_else_is_suspect(box: Inbox) -> None:
    message = await arrived(box, signed())
    assert (message["authentication"]["dmarc"], message["trust"]) == ("pass", "unverified")
    assert "dkim_replay_suspect" in message["flags"]


async def test_l_04_an_answer_goes_to_a_reply_to_elsewhere_only_when_the_author_is_verified(box: Inbox) -> None:
    asked = to(box).replace(b"Subject:", b"Reply-To: victim@elsewhere.example\r\nSubject:")
    # Nobody vouches for the author, and no check of it failed.
    unknown = await arrived(box, asked.replace(b"@author.example>", b"@nobody.example>"))
    assert unknown["trust"] == "unverified"
    assert await _answered_to(box, unknown) == ["ann@nobody.example"]
    other = await new_inbox(box.tenant)
    verified = await arrived(other, signed(asked.replace(box.email.encode(), other.email.encode())))
    assert verified["trust"] == "verified"
    assert await _answered_to(other, verified) == ["victim@elsewhere.example"]


async def _answered_to(inbox: Inbox, message: dict[str, Any]) -> list[str]:
    answer = await inbox.tenant.http.post(f"/messages/{message['id']}/reply", json={"text_body": "Yes"})
    assert answer.status_code == 201, answer.text
    return [one["email"] for one in answer.json()["to_addresses"]]


async def test_l_09_a_stranger_with_the_right_in_reply_to_stays_one_whoever_pretends_to_bring_him_in(
    box: Inbox,
) -> None:
    thread = (await arrived(box, signed(to(box))))["thread_id"]

    async def answer(number: int, author: str, *headers: str) -> dict[str, Any]:
        answers = (f"From: {author}", "In-Reply-To: <1@author.example>", *headers)
        raw = ("\r\n".join((*answers, f"Message-ID: <{number}@x>")) + f"\r\n\r\nNumber {number}\r\n").encode()
        assert (await send(box.tenant.server, raw, box.email, sender="x@relay.example")).startswith("250")
        newest = (await box.messages(number))[-1]
        return (await box.tenant.http.get(f"/messages/{ids.encode('msg', newest['id'])}")).json()

    stranger = await answer(2, "eve@evil.example")
    assert (stranger["thread_id"], stranger["flags"]) == (thread, ["untrusted_participant"])
    forged = await answer(3, f"ann@{AUTHOR}", "Cc: eve@evil.example")
    assert (forged["thread_id"], forged["trust"]) == (thread, "failed")
    assert (await answer(4, "eve@evil.example"))["flags"] == ["untrusted_participant"]


# Refused and quarantined.


async def test_forged_mail_is_refused_before_the_250_where_its_policy_says_reject(strict: Tenant) -> None:
    inbox = await new_inbox(strict)
    answer = await send(strict.server, to(inbox), inbox.email, sender="b@relay.example")
    assert answer.startswith("550 5.7.26")
    assert AUTHOR in answer
    large = to(inbox) + b"words and words\r\n" * 30_000
    assert (await send(strict.server, large, inbox.email, sender="b@relay.example")).startswith("550 5.7.26")
    assert not await inbox.messages(0)


async def test_what_the_door_asked_is_not_asked_again(strict: Tenant, dns: NameServer) -> None:
    inbox = await new_inbox(strict)
    dns.asked.clear()
    message = await arrived(inbox, signed(to(inbox)))
    assert message["trust"] == "verified"
    assert dns.asked.count((f"_dmarc.{AUTHOR}", "TXT")) == 1


async def test_s_46_no_client_waits_long_for_a_turn_behind_mail_whose_name_servers_are_silent(
    strict: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticate, "_PATIENCE_SECONDS", 0.2)
    runtime, answered = strict.server.runtime, asyncio.Event()

    async def silent(*_: object, **__: object) -> Authentication:
        await answered.wait()
        return UNCHECKED

    monkeypatch.setattr(authenticate, "authenticate", silent)
    checks, arrival = Checks(runtime), Arrival(mail_from="x@silent.example", received_at=runtime.now())
    busy = [asyncio.create_task(checks.check(arrival, MAIL)) for _ in range(20)]
    await asyncio.sleep(0)
    assert await checks.check_soon(arrival, MAIL) is None
    answered.set()
    await asyncio.gather(*busy)
    assert await checks.check_soon(arrival, MAIL) is UNCHECKED


async def test_mail_that_got_no_turn_before_its_250_is_checked_behind_it(
    strict: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none_soon(*_: object) -> None:
        return None

    monkeypatch.setattr(Checks, "check_soon", none_soon)
    message = await arrived(inbox := await new_inbox(strict), to(inbox))
    assert (message["authentication"]["dmarc"], message["status"]) == ("fail", "held")


async def test_s_52_two_authors_are_refused_where_forged_mail_is(strict: Tenant) -> None:
    inbox = await new_inbox(strict)
    raw = b"From: Eve <eve@evil.example>\r\n" + signed(to(inbox))
    assert (await send(strict.server, raw, inbox.email)).startswith("550 5.7.1 ")


async def test_mail_that_fails_a_milder_policy_is_held(strict: Tenant, dns: NameServer) -> None:
    dns.txt("_dmarc.mild.example", "v=DMARC1; p=quarantine")
    inbox = await new_inbox(strict)
    message = await arrived(inbox, to(inbox).replace(b"@author.example", b"@mild.example"))
    assert (message["status"], message["hold"]["reason"]) == ("held", "screening")
    assert message["labels"] == ["received", "unread", "unauthenticated", "held"]
    events = await _events(inbox)
    assert "message.received" not in events
    assert events["message.held"] == {
        "message_id": message["id"], "thread_id": message["thread_id"], "inbox_id": message["inbox_id"],
        "direction": "inbound", "trust": "failed", "authentication": message["authentication"],
        "flags": message["flags"],
        "status": "held", "reason": "screening", "policy_id": None, "approve_by": None,
    }  # fmt: skip


# Not asked.


@pytest.mark.parametrize(
    ("source", "client_ip", "in_auto", "in_on"),
    [
        ("smtp", "8.8.8.8", "8.8.8.8", "8.8.8.8"),
        ("smtp", "::ffff:8.8.8.8", "8.8.8.8", "8.8.8.8"),
        ("smtp", "10.0.0.1", None, "10.0.0.1"),
        ("smtp", "127.0.0.1", None, "127.0.0.1"),
        ("smtp", None, None, None),
        ("smtp", "no address", None, None),
        ("ses", "8.8.8.8", None, None),
        ("mailgun", "8.8.8.8", None, None),
    ],
)
async def test_spf_is_asked_only_about_clients_whom_we_saw(
    tenant: Tenant, checking: Server, source: str, client_ip: str | None, in_auto: str | None, in_on: str | None
) -> None:
    assert Checks(tenant.server.runtime).client_ip(source, client_ip) == in_auto
    assert Checks(checking.runtime).client_ip(source, client_ip) == in_on


async def test_a_client_on_loopback_waits_for_no_name_server(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = ZoneResolver()
    monkeypatch.setattr(tenant.server.runtime, "resolver", resolver)
    inbox = await new_inbox(tenant)
    message = await arrived(inbox, to(inbox))
    assert (message["authentication"]["checked_by"], message["trust"]) == (None, "unverified")
    assert message["labels"] == ["received", "unread"]
    # Domains of other tests are looked after by the same server meanwhile.
    assert not [name for name, _ in resolver.asked if AUTHOR in name]


async def test_mail_of_our_own_inboxes_is_internal_and_not_asked_about(box: Inbox, dns: NameServer) -> None:
    other = await new_inbox(box.tenant)
    dns.asked.clear()
    sent = await box.tenant.http.post(
        f"/inboxes/{ids.encode('inb', box.id)}/messages", json={"to": [other.email], "text_body": "x"}
    )
    assert sent.status_code == 201
    [row] = await other.messages()
    assert (row["trust"], dns.asked) == ("internal", [])


# Told by a provider.


async def _told(inbox: Inbox, raw: bytes, authentication: Authentication | None) -> Any:
    organization = inbox.tenant.organization
    runtime = inbox.tenant.server.runtime
    route = Route(
        organization_id=organization.organization_id,
        environment_id=organization.live_environment_id,
        inbox_id=inbox.id,
        address=inbox.email,
    )
    await accept(
        runtime,
        mail_of_bytes(
            raw,
            routes=(route,),
            mail_from=f"b@{AUTHOR}",
            source="ses",
            received_at=runtime.now(),
            authentication=authentication,
        ),
    )
    [row] = await inbox.messages()
    return row


async def test_a_providers_verdict_is_kept_marked_and_completed(box: Inbox) -> None:
    row = await _told(box, to(box), Authentication(spf="pass", checked_by="ses"))
    found = msgspec.json.decode(row["authentication"])
    assert (found["spf"], found["dmarc"], found["checked_by"], row["trust"]) == ("pass", "pass", "ses", "verified")
    raw = (await box.tenant.http.get(f"/messages/{ids.encode('msg', row['id'])}/raw")).text
    assert f"(ses);\r\n\tspf=pass smtp.mailfrom={AUTHOR};" in raw


async def test_mail_that_its_door_had_to_rebuild_is_not_judged_by_its_signatures(box: Inbox, dns: NameServer) -> None:
    dns.asked.clear()
    row = await _told(box, mail(), Authentication())
    assert (row["trust"], msgspec.json.decode(row["authentication"])["checked_by"], dns.asked) == (
        "unverified",
        None,
        [],
    )
