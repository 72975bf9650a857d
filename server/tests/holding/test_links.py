"""Approval by mail: a link for each approver, a page that asks again, and one decision, whoever comes first."""

import asyncio
import re
from collections.abc import AsyncGenerator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import msgspec
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server import notices
from agentpost_server.app import NOTICES
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.secrets import Keyring
from agentpost_server.core.times import now
from agentpost_server.outbound.holding import link, page
from agentpost_server.outbound.holding.link import Asked
from agentpost_server.outbound.holding.model import Content, FileMeta
from agentpost_server.outbound.holding.page import Shown
from harness import KEYRING, Tenant
from holding.approving import APPROVER, approve, approver, held
from outbound.sending import Json, events, inbox, settled

_EVIL = "<img src=x onerror=alert(1)>\"'&lt;"


@pytest_asyncio.fixture
async def browser(tenant: Tenant) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=tenant.server.url, trust_env=False, timeout=30) as http:
        yield http


async def _links(tenant: Tenant, message: Json) -> dict[str, str]:
    """The path of each approver's link, out of the very letters that are sent."""
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        rows = await tx.rows(
            "SELECT environment_id, about, email FROM notices WHERE organization_id = $1 AND about = $2",
            tenant.organization.organization_id,
            ids.decode("msg", message["id"]),
        )
    found: dict[str, str] = {}
    for row in rows:
        scope = link.Scope(tenant.organization.organization_id, row["environment_id"])
        about = notices.About(scope=scope, id=row["about"], email=row["email"])
        letter = await NOTICES["approval"](tenant.server.runtime, about)
        assert letter is not None
        (url,) = re.findall(r"http\S+", letter.text)
        found[row["email"]] = urlsplit(url).path
    return found


def _form(answer: httpx.Response) -> dict[str, str]:
    return {
        name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text)
    }


async def test_who_is_asked_sees_the_mail_and_decides_by_a_button(tenant: Tenant, browser: httpx.AsyncClient) -> None:
    message = await held(
        tenant, to=["delivered@sandbox.test"], subject=f"S {_EVIL}", text_body=f"T {_EVIL}", html_body=f"<p>{_EVIL}</p>"
    )
    path = (await _links(tenant, message))[APPROVER]
    shown = await browser.get(path)
    assert shown.status_code == 200
    assert shown.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert (shown.headers["cache-control"], shown.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "<img" not in shown.text
    assert "<script" not in shown.text
    assert "S &lt;img src=x onerror=alert(1)&gt;" in shown.text
    assert "delivered@sandbox.test" in shown.text
    done = await browser.post(path, data={**_form(shown), "decision": "approve"})
    assert (done.status_code, "approved" in done.text) == (200, True)
    gone = await settled(tenant.http, message["id"], "delivered")
    assert gone["hold"]["decided_by"] == {"type": "user", "id": None, "name": APPROVER}
    told = next(data for kind, data in await events(tenant) if kind == "message.approved")
    assert told["decided_by"]["name"] == APPROVER
    for again in (await browser.get(path), await browser.post(path, data={**_form(shown), "decision": "reject"})):
        assert (again.status_code, APPROVER in again.text, "approved" in again.text) == (410, True, True)


async def test_scanners_that_look_or_post_blindly_decide_nothing(tenant: Tenant, browser: httpx.AsyncClient) -> None:
    message = await held(tenant)
    path = (await _links(tenant, message))[APPROVER]
    other = (await _links(tenant, await held(tenant)))[APPROVER]
    shown = await browser.get(path)
    assert (await browser.head(path)).status_code == 200
    form, foreign = _form(shown), _form(await browser.get(other))
    blind: list[dict[str, str]] = [
        {},
        {"decision": "approve"},
        {"decision": "approve", "revision": "1", "nonce": "AAAA"},
        {**foreign, "decision": "approve"},
        {**form, "revision": "2", "decision": "approve"},
        {**form, "revision": "x" * 40, "decision": "approve"},
        {**form, "revision": "9" * 40, "decision": "approve"},
        {**form},
        {**form, "decision": "delete"},
    ]
    for body in blind:
        assert (await browser.post(path, data=body)).status_code == 403, body
    assert (await browser.post(path, content=b"\xff" * 100)).status_code == 403
    assert (await browser.post(path, json={**form, "decision": "approve"})).status_code == 403
    assert (await tenant.http.get(f"/messages/{message['id']}")).json()["status"] == "pending_approval"


async def test_a_rejection_by_link_keeps_its_note_and_ends_the_other_link(
    tenant: Tenant, browser: httpx.AsyncClient
) -> None:
    message = await held(tenant, rules={"approvers": ["one@example.com", "two@example.com"]})
    links = await _links(tenant, message)
    assert len(set(links.values())) == 2
    form = _form(await browser.get(links["two@example.com"]))
    done = await browser.post(links["two@example.com"], data={**form, "decision": "reject", "note": f"No {_EVIL}"})
    assert done.status_code == 200
    stands = (await tenant.http.get(f"/messages/{message['id']}")).json()
    assert (stands["status"], stands["hold"]["note"]) == ("rejected", f"No {_EVIL}")
    other = await browser.get(links["one@example.com"])
    assert (other.status_code, "two@example.com" in other.text, "<img" in other.text) == (410, True, False)


async def test_decided_by_api_or_expired_the_link_says_so(tenant: Tenant, browser: httpx.AsyncClient) -> None:
    message = await held(tenant)
    path = (await _links(tenant, message))[APPROVER]
    async with approver(tenant) as boss:
        assert (await approve(boss, message)).status_code == 200
    assert (await browser.get(path)).status_code == 410
    late = await held(tenant)
    path = (await _links(tenant, late))[APPROVER]
    form = _form(await browser.get(path))
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run(
            "UPDATE holds SET expires_at = now() - interval '1 second' WHERE organization_id = $1 AND id = $2",
            tenant.organization.organization_id,
            ids.decode("msg", late["id"]),
        )
    assert (await browser.get(path)).status_code == 410
    assert (await browser.post(path, data={**form, "decision": "approve"})).status_code == 410
    async with approver(tenant) as boss:
        refused = await approve(boss, late)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_decided")


async def test_what_cannot_leave_now_is_said_on_the_page_and_waits(tenant: Tenant, browser: httpx.AsyncClient) -> None:
    message = await held(tenant)
    path = (await _links(tenant, message))[APPROVER]
    form = _form(await browser.get(path))
    assert (await tenant.http.post(f"/inboxes/{message['inbox_id']}/pause", json={})).status_code == 200
    refused = await browser.post(path, data={**form, "decision": "approve"})
    assert (refused.status_code, "paused" in refused.text) == (403, True)
    assert (await tenant.http.get(f"/messages/{message['id']}")).json()["status"] == "pending_approval"


async def test_who_is_no_approver_any_more_and_what_is_gone_leads_nowhere(
    tenant: Tenant, browser: httpx.AsyncClient
) -> None:
    message = await held(tenant)
    asked = Asked(
        organization_id=tenant.organization.organization_id,
        environment_id=ids.decode("env", message["environment_id"]),
        message_id=ids.decode("msg", message["id"]),
        email="stranger@example.com",
    )
    for token in (link.write(KEYRING, asked), "x", "A" * 400, "%00", link.write(_ANOTHER, asked)):
        for answer in (await browser.get(f"/approve/{token}"), await browser.post(f"/approve/{token}")):
            assert answer.status_code in (400, 404), token
            assert "<script" not in answer.text


_ANOTHER = Keyring((b"a secret of somebody else, 32 bytes.",))


def _asked(email: str = "a@b.example") -> Asked:
    return Asked(organization_id=ids.new_id(), environment_id=ids.new_id(), message_id=ids.new_id(), email=email)


@given(st.emails())
def test_a_link_reads_back_and_shows_nothing(address: str) -> None:
    asked = _asked(address)
    token = link.write(KEYRING, asked)
    assert link.read(KEYRING, token) == asked
    assert address not in token


@given(st.text(max_size=200))
def test_what_we_did_not_write_leads_nowhere(token: str) -> None:
    with pytest.raises(NotFound):
        link.read(KEYRING, token)
    assert not link.is_form(KEYRING, _asked(), 1, token, now())


@given(st.text(), st.text(min_size=1), st.text(max_size=50))
def test_no_word_of_a_mail_becomes_markup(subject: str, text: str, name: str) -> None:
    content: Any = Content(
        subject=subject, to_addresses=[], cc_addresses=[], bcc_addresses=[], reply_to_addresses=[], text_body=text,
        html_body=text, attachments_meta=[FileMeta(key="att_x", filename=name, mime_type="a/b", size=1)],
        headers={"X": name}, send_at=None, unattended=False, list_unsubscribe=False, track_opens=False,
    )  # fmt: skip
    shown = Shown(sender="a@b", content=content, reasons=(), expires_at="", on_expiry="reject", revision=1, nonce="n")
    plain = msgspec.structs.replace(
        shown, content=msgspec.structs.replace(content, subject="s", text_body="t", html_body="h")
    )
    assert len(re.findall(r"<[a-z/]", page.ask(shown))) == len(re.findall(r"<[a-z/]", _named(plain)))


def _named(shown: Shown) -> str:
    content = msgspec.structs.replace(
        shown.content,
        headers={"X": "x"},
        attachments_meta=[FileMeta(key="att_x", filename="n", mime_type="a/b", size=1)],
    )
    return page.ask(msgspec.structs.replace(shown, content=content))


async def test_no_key_reads_a_notice_and_an_inbox_here_gets_none(tenant: Tenant) -> None:
    reader = await inbox(tenant.http, "reader")
    message = await held(tenant, rules={"approvers": [reader["email"], APPROVER]})
    rows: list[Any] = []
    for _ in range(400):
        async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
            rows = await tx.rows(
                "SELECT email, status FROM notices WHERE organization_id = $1", tenant.organization.organization_id
            )
        if all(row["status"] != "pending" for row in rows):
            break
        await asyncio.sleep(0.05)
    assert {row["email"]: row["status"] for row in rows} == {reader["email"]: "failed", APPROVER: "kept"}
    assert (await tenant.http.get("/sandbox/outbox")).json()["data"] == []
    assert (await tenant.http.get(f"/inboxes/{reader['id']}/messages")).json()["data"] == []
    assert "/approve/" not in (await tenant.http.get("/events")).text
    assert "/approve/" not in (await tenant.http.get(f"/messages/{message['id']}")).text
    read = await notices.newest(tenant.server.runtime, NOTICES, 50)
    letters = [one.letter.text for one in read if one.email == APPROVER and one.letter is not None]
    assert any("/approve/" in one for one in letters)
