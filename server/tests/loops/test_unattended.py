"""What a program may answer by itself (`unattended: true`): people, proven or known; never machines (RFC 3834 2)."""

from email import message_from_bytes, policy
from typing import Any

import httpx2 as httpx
import pytest

from agentpost_server.core import ids
from harness import Tenant
from inbound.mailing import mail
from inbound.mailing import send as hand_in
from outbound.sending import Json, inbox, recipients, send, until
from stories.post import mail_in


async def _answer(tenant: Tenant, message: Json, way: str = "reply", **fields: Any) -> httpx.Response:
    body = {"text_body": "Thank you.", "unattended": True, **fields}
    return await tenant.http.post(f"/messages/{message['id']}/{way}", json=body)


async def _came(tenant: Tenant, made: Json, **fields: Any) -> Json:
    """A mail from outside, as the API shows it."""
    own = await mail_in(tenant.server.smtp_port, made["email"], text="Hello there.", **{"subject": "Hello", **fields})
    path = f"/inboxes/{made['id']}/messages?direction=inbound"
    page = await until(tenant.http, path, lambda p: any(one["message_id_header"] == own for one in p["data"]))
    return next(one for one in page["data"] if one["message_id_header"] == own)


async def _found_out(tenant: Tenant, message: Json, trust: str, checked_by: str | None = "agentpost") -> None:
    """As if the checks of its origin had said so."""
    authentication = f'{{"checked_by": "{checked_by}"}}' if checked_by else "{}"
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run(
            "UPDATE messages SET trust = $2, authentication = $3 WHERE id = $1",
            ids.decode("msg", message["id"]),
            trust,
            authentication,
        )


@pytest.mark.parametrize(
    ("fields", "loop_class"),
    [
        ({"Auto_Submitted": "auto-generated"}, "auto_generated"),
        ({"Auto_Submitted": "auto-replied"}, "auto_replied"),
        ({"List_Id": "<weekly.example.com>"}, "list"),
        ({"X_Failed_Recipients": "gone@example.org"}, "bounce"),
    ],
)
async def test_machines_get_no_automatic_answer_but_a_persons(
    tenant: Tenant, fields: dict[str, str], loop_class: str
) -> None:
    made = await inbox(tenant.http)
    message = await _came(tenant, made, **fields)
    assert message["loop_class"] == loop_class
    for way in ("reply", "reply-all"):
        refused = (await _answer(tenant, message, way)).json()
        assert (refused["status"], refused["code"]) == (403, "policy_rejected")
        assert "unattended: false" in refused["fix"]
    assert (await _answer(tenant, message, unattended=False)).status_code == 201


async def test_a_send_that_cites_it_is_an_answer_too_and_a_forward_only_to_its_author(tenant: Tenant) -> None:
    made = await inbox(tenant.http)
    message = await _came(tenant, made, Auto_Submitted="auto-replied")
    for name in (message["id"], message["message_id_header"]):
        body = {"to": ["ann@example.com"], "text_body": "x", "in_reply_to": name, "unattended": True}
        assert (await tenant.http.post(f"/inboxes/{made['id']}/messages", json=body)).status_code == 403
    assert (await _answer(tenant, message, "forward", to=["Ann@EXAMPLE.com"])).status_code == 403
    assert (await _answer(tenant, message, "forward", to=["boss@example.org"])).status_code == 201


async def test_s44_the_inboxs_own_mail_that_came_back_gets_no_automatic_answer(tenant: Tenant) -> None:
    made = await inbox(tenant.http)
    await send(tenant.http, made["id"], to=[made["email"]])
    page = await until(tenant.http, f"/inboxes/{made['id']}/messages?direction=inbound", lambda p: bool(p["data"]))
    [echo] = page["data"]
    assert echo["loop_class"] == "own_echo"
    assert (await _answer(tenant, echo)).json()["code"] == "policy_rejected"


@pytest.mark.parametrize(
    ("trust", "checked_by", "status"),
    [
        ("verified", "agentpost", 201),
        ("verified", "ses", 201),
        ("unverified", "agentpost", 403),
        ("failed", "ses", 403),
        ("failed", None, 403),
        ("unverified", None, 201),
    ],
)
async def test_only_who_is_verified_gets_an_automatic_answer_where_anybody_is_checked(
    tenant: Tenant, trust: str, checked_by: str | None, status: int
) -> None:
    message = await _came(tenant, await inbox(tenant.http))
    await _found_out(tenant, message, trust, checked_by)
    assert (await _answer(tenant, message)).status_code == status
    assert (await _answer(tenant, message, unattended=False)).status_code == 201


async def test_agents_of_one_server_answer_each_other(tenant: Tenant) -> None:
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    await send(tenant.http, one["id"], to=[other["email"]])
    page = await until(tenant.http, f"/inboxes/{other['id']}/messages", lambda p: bool(p["data"]))
    assert page["data"][0]["trust"] == "internal"
    answer = (await _answer(tenant, page["data"][0])).json()
    raw = message_from_bytes((await tenant.http.get(f"/messages/{answer['id']}/raw")).content, policy=policy.default)
    assert (raw["Auto-Submitted"], raw["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    back = await until(tenant.http, f"/inboxes/{one['id']}/messages?direction=inbound", lambda p: bool(p["data"]))
    assert back["data"][0]["loop_class"] == "auto_replied"
    assert (await _answer(tenant, back["data"][0])).status_code == 403


async def test_whom_we_wrote_to_first_is_known_and_L_09_who_joins_uninvited_is_not(tenant: Tenant) -> None:  # noqa: N802
    made = await inbox(tenant.http)
    ours = await send(tenant.http, made["id"], to=["ann@example.com"])
    cites = ours["message_id_header"]
    ann = await _came(tenant, made, In_Reply_To=cites, message_id="<ann@example.com>")
    eve = await _came(tenant, made, In_Reply_To=cites, sender="eve@example.org", message_id="<eve@example.org>")
    assert (ann["flags"], eve["flags"]) == ([], ["untrusted_participant"])
    for one, status in ((ann, 201), (eve, 403)):
        await _found_out(tenant, one, "unverified")
        assert (await _answer(tenant, one)).status_code == status
    await _found_out(tenant, ann, "failed")
    assert (await _answer(tenant, ann)).status_code == 403


@pytest.mark.parametrize(
    ("reply_to", "expected"),
    [
        ("support@example.com", {"support@example.com"}),
        ("victim@example.org", {"ann@example.com"}),
        ("list@lists.example", {"ann@example.com"}),
        ("support@example.com, victim@example.org", {"ann@example.com"}),
        ("{own}", {"ann@example.com"}),
        (", ".join(f"v{n}@example.org" for n in range(100)), {"ann@example.com"}),
    ],
    ids=["same domain", "victim", "list", "mixed", "own address", "100 addresses"],
)
async def test_L_04_a_reply_to_elsewhere_is_not_followed_by_a_program(  # noqa: N802
    tenant: Tenant, reply_to: str, expected: set[str]
) -> None:
    made = await inbox(tenant.http)
    message = await _came(tenant, made, Reply_To=reply_to.format(own=made["email"]))
    answer = await _answer(tenant, message)
    assert answer.status_code == 201, answer.text
    assert set(recipients(answer.json())) == expected
    named = await _answer(tenant, message, to=["victim@example.org"])
    assert set(recipients(named.json())) == {"victim@example.org"}


async def test_L_04_whoever_failed_a_check_is_answered_at_their_own_address_alone(tenant: Tenant) -> None:  # noqa: N802
    message = await _came(tenant, await inbox(tenant.http), Reply_To="support@example.com")
    for trust, expected in (("unverified", "support@example.com"), ("failed", "ann@example.com")):
        await _found_out(tenant, message, trust)
        answer = await _answer(tenant, message, unattended=False)
        assert set(recipients(answer.json())) == {expected}


async def test_L_04_whoever_writes_the_inboxs_own_address_into_from_chooses_no_victim(tenant: Tenant) -> None:  # noqa: N802
    made = await inbox(tenant.http)
    head = f"From: {made['email']}\r\nTo: victim@example.org\r\nSubject: Hello\r\nMessage-ID: <forged@example.com>"
    assert (await hand_in(tenant.server, f"{head}\r\n\r\nHello.\r\n".encode(), made["email"])).startswith("250")
    page = await until(tenant.http, f"/inboxes/{made['id']}/messages", lambda p: bool(p["data"]))
    [message] = page["data"]
    for trust, checked_by, expected in (
        ("verified", "agentpost", "victim@example.org"),
        ("unverified", "agentpost", made["email"]),
        ("failed", "agentpost", made["email"]),
        ("unverified", None, made["email"]),
    ):
        await _found_out(tenant, message, trust, checked_by)
        answer = await _answer(tenant, message, unattended=False)
        assert answer.status_code == 201, answer.text
        assert set(recipients(answer.json())) == {expected}, trust


async def test_L_05_a_reply_to_all_of_a_thousand_is_refused(tenant: Tenant) -> None:  # noqa: N802
    made = await inbox(tenant.http)
    crowd = f"Cc: {', '.join(f'c{n}@example.org' for n in range(1000))}"
    assert (await hand_in(tenant.server, mail("<1@x>", crowd), made["email"])).startswith("250")
    page = await until(tenant.http, f"/inboxes/{made['id']}/messages", lambda p: bool(p["data"]))
    [message] = page["data"]
    refused = (await _answer(tenant, message, "reply-all", unattended=False)).json()
    assert (refused["status"], refused["errors"][0]["code"]) == (422, "too_many_recipients")
