"""No bounce and no answer of the server's own ever goes to somebody outside: after a 250 it is silent."""

import ast
from pathlib import Path

import pytest

import agentpost_server
from agentpost_server.core import ids
from harness import Tenant
from inbound.mailing import Inbox, mail, new_inbox, send, smtp, until
from outbound.sending import send as send_out
from outbound.sending import settled

_SOURCE = Path(agentpost_server.__file__).parent


def _callers(name: str) -> set[str]:
    """Modules that call something of that name, whatever it belongs to."""
    found: set[str] = set()
    for path in _SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if name in text else ():
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == name:
                found.add(str(path.relative_to(_SOURCE)))
    return found


def test_mail_leaves_by_a_send_of_the_api_and_by_nothing_else() -> None:
    """Who adds a caller here adds mail that nobody asked for: it needs a decision."""
    assert _callers("insert_transmissions") == {"outbound/record.py"}
    assert _callers("make_call") == {"outbound/transmit.py"}
    # `arrivals`: what a test environment asks for by POST /sandbox/deliver, into its own inboxes.
    assert _callers("into_inboxes") == {"sandbox/arrivals.py", "sandbox/delivery.py", "sandbox/network.py"}


async def _calls(tenant: Tenant) -> int:
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        return await tx.value("SELECT count(*) FROM transmissions") + await tx.value("SELECT count(*) FROM recipients")


async def test_mail_for_an_inbox_that_was_deleted_behind_the_250_is_dropped_in_silence(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    assert (await send(tenant.server, mail("<1@x>"), inbox.email)).startswith("250")
    async with smtp(tenant.server) as client:
        await client.say("MAIL FROM:<ann@example.com>")
        assert (await client.say(f"RCPT TO:<{inbox.email}>")).startswith("250")
        assert (await tenant.http.delete(f"/inboxes/{ids.encode('inb', inbox.id)}")).status_code == 204
        # The address was good a moment ago: this connection's mail is taken, and leads nowhere.
        await client.say("DATA")
        await client.say(mail("<2@x>").decode() + ".")
    await _all_is_dealt_with(inbox)
    assert await _calls(tenant) == 0


async def _all_is_dealt_with(inbox: Inbox) -> None:
    async def none_waits() -> bool | None:
        return None if await inbox.rows("SELECT id FROM inbound_mails WHERE inbox_id = $1") else True

    await until(none_waits)


@pytest.mark.parametrize("how", ["unreadable", "paused", "unknown", "asks for receipts"])
async def test_whatever_becomes_of_it_nothing_goes_back(tenant: Tenant, how: str) -> None:
    inbox = await new_inbox(tenant)
    if how == "paused":
        await tenant.http.post(f"/inboxes/{ids.encode('inb', inbox.id)}/pause", json={})
    asks = ("Disposition-Notification-To: ann@example.com", "Return-Receipt-To: ann@example.com")
    raw = b"\xff\x00\xfe" * 50 if how == "unreadable" else mail("<1@x>", *asks)
    to = f"no-{inbox.email}" if how == "unknown" else inbox.email
    answer = await send(tenant.server, raw, to)
    # Refused in the dialogue: then it is the client's own server that tells its sender.
    assert answer.startswith("550 5.1.1" if how == "unknown" else "250")
    await _all_is_dealt_with(inbox)
    assert await _calls(tenant) == 0


async def test_personas_answer_to_inboxes_of_this_server_alone(tenant: Tenant) -> None:
    async with smtp(tenant.server) as client:
        await client.say("MAIL FROM:<victim@example.org>")
        assert (await client.say("RCPT TO:<echo@sandbox.test>")).startswith("550 5.7.1")


async def test_L_06_a_bounce_of_mail_that_we_never_sent_moves_nothing(tenant: Tenant) -> None:  # noqa: N802
    inbox = await new_inbox(tenant)
    made = await send_out(tenant.http, ids.encode("inb", inbox.id), to=["delivered@sandbox.test"])
    await settled(tenant.http, made["id"], "delivered")
    report = [
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; delivered@sandbox.test\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: {made['message_id_header']}\r\n",
    ]
    kind = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"'
    body = "".join(f"--b\r\n{part}\r\n" for part in report) + "--b--"
    forged = mail("<dsn@x>", "MIME-Version: 1.0", kind, body=body)
    assert (await send(tenant.server, forged, inbox.email, sender="")).startswith("250")
    assert (await send(tenant.server, forged, f"bounces+aaaa@{inbox.email.partition('@')[2]}", sender="")).startswith(
        "5"
    )
    messages = await inbox.messages(2)
    assert [one["loop_class"] for one in messages] == ["none", "bounce"]
    now = (await tenant.http.get(f"/messages/{made['id']}")).json()
    assert (now["status"], now["recipients"][0]["status"]) == ("delivered", "delivered")
    assert (await tenant.http.get("/suppressions")).json()["data"] == []
