"""Links in mails: one-click unsubscribing for each recipient, and the picture that tells of an open."""

import email
import email.policy
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.secrets import Keyring
from agentpost_server.outbound import opens, unsubscribe, unsubscribe_page
from agentpost_server.outbound.unsubscribe import Subscription
from harness import KEYRING
from outbound.bench import ACCEPTED, Bench
from outbound.sending import Json, events, history, recipients, send

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def _who(address: str = "ann@c.example") -> Subscription:
    return Subscription(
        organization_id=ids.new_id(), environment_id=ids.new_id(), message_id=ids.new_id(), email=address
    )


async def _mails(bench: Bench, *to: str, **fields: object) -> tuple[Json, dict[str, EmailMessage]]:
    """A message handed over, and the mail that each call's recipients got."""
    message = await bench.sent(*to, **fields)
    before = len(bench.transport.calls)
    bench.transport.script = [ACCEPTED] * len(to)
    await bench.turn()
    calls = bench.transport.calls[before:]
    found: dict[str, EmailMessage] = {}
    for envelope, raw in calls:
        for one in envelope.recipients:
            parsed = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(parsed, EmailMessage)
            found[one] = parsed
    assert len(calls) == (len(to) if fields.get("list_unsubscribe") else 1)
    return message, found


def _link(mail: EmailMessage) -> str:
    """The path behind the one List-Unsubscribe field."""
    (field,) = mail.get_all("List-Unsubscribe", [])
    assert (field[0], field[-1]) == ("<", ">")
    return urlsplit(field[1:-1]).path


def _browser(bench: Bench) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=bench.server.url, trust_env=False)


async def _suppressed(bench: Bench) -> list[tuple[str, str, str | None]]:
    page = (await bench.tenant.http.get("/suppressions")).json()["data"]
    return sorted((one["email"], one["reason"], one["message_id"]) for one in page)


async def test_each_recipient_has_a_link_of_its_own_and_one_click_stops_its_mail(bench: Bench) -> None:
    message, mails = await _mails(bench, "Ann@c.example", "b@c.example", list_unsubscribe=True)
    assert {_link(one) for one in mails.values()} == {_link(mails["Ann@c.example"]), _link(mails["b@c.example"])}
    link = _link(mails["Ann@c.example"])
    assert link != _link(mails["b@c.example"])
    async with _browser(bench) as browser:
        for _ in range(2):
            answer = await browser.post(link, data=ONE_CLICK)
            assert answer.status_code == 200
            assert "Ann@c.example" in answer.text
        posted = await browser.post(_link(mails["b@c.example"]), files={"List-Unsubscribe": (None, "One-Click")})
        assert posted.status_code == 200
    assert await _suppressed(bench) == [
        ("ann@c.example", "unsubscribe", message["id"]),
        ("b@c.example", "unsubscribe", message["id"]),
    ]
    agent = (await bench.tenant.http.get("/inboxes")).json()["data"][0]
    again = await send(bench.tenant.http, agent["id"], to=["ann@c.example", "d@c.example"])
    assert recipients(again) == {"ann@c.example": "suppressed", "d@c.example": "queued"}


async def test_looking_at_the_page_unsubscribes_nobody(bench: Bench) -> None:
    """Scanners fetch every link in a mail."""
    _, mails = await _mails(bench, "ann@c.example", list_unsubscribe=True)
    link = _link(mails["ann@c.example"])
    async with _browser(bench) as browser:
        page, head = await browser.get(link), await browser.head(link)
    assert (page.status_code, head.status_code, head.content) == (200, 200, b"")
    assert page.headers["content-type"].startswith("text/html")
    assert '<form method="post">' in page.text
    assert '<html lang="en">' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert await _suppressed(bench) == []


async def test_a_link_works_after_its_message_was_deleted(bench: Bench) -> None:
    message, mails = await _mails(bench, "ann@c.example", list_unsubscribe=True)
    assert (await bench.tenant.http.delete(f"/messages/{message['id']}")).status_code == 204
    async with _browser(bench) as browser:
        assert (await browser.post(_link(mails["ann@c.example"]))).status_code == 200
    assert [one[:2] for one in await _suppressed(bench)] == [("ann@c.example", "unsubscribe")]


async def test_without_the_flag_nothing_is_added_and_calls_are_shared(bench: Bench) -> None:
    _, mails = await _mails(bench, "a@c.example", "b@c.example", html_body="<p>Hi.</p>")
    for mail in mails.values():
        assert mail["List-Unsubscribe"] is None
        assert "/o/" not in mail.as_string()


async def test_a_field_of_ones_own_and_the_flag_do_not_go_together(bench: Bench) -> None:
    agent = (await bench.tenant.http.post("/inboxes", json={})).json()
    body = {"to": ["a@c.example"], "text_body": "x", "headers": {"list-unsubscribe": "<https://x.example/u>"}}
    path = f"/inboxes/{agent['id']}/messages"
    assert (await bench.tenant.http.post(path, json=body)).status_code == 201
    refused = await bench.tenant.http.post(path, json=body | {"list_unsubscribe": True})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "headers.list-unsubscribe")


def test_one_click_is_promised_over_https_alone() -> None:
    """RFC 8058 3.1."""
    plain = unsubscribe.fields(KEYRING, "http://mail.example", _who()).decode()
    secure = unsubscribe.fields(KEYRING, "https://mail.example", _who()).decode()
    assert [line.partition(":")[0] for line in plain.splitlines()] == ["List-Unsubscribe"]
    assert secure.splitlines()[1:] == ["List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    longest = unsubscribe.fields(KEYRING, "https://mail.example", _who("a" * 64 + "@" + "d" * 180 + ".example"))
    assert all(len(line) <= 998 for line in longest.split(b"\r\n"))


@given(st.emails())
def test_a_token_reads_back_and_shows_no_address(address: str) -> None:
    who = _who(address)
    token = unsubscribe.write(KEYRING, who)
    assert unsubscribe.read(KEYRING, token) == who
    assert address not in token


@given(
    st.text(max_size=200) | st.binary(max_size=100).map(lambda octets: ids.encode("msg", ids.new_id()) + octets.hex())
)
def test_what_we_did_not_write_leads_nowhere(token: str) -> None:
    for read in (unsubscribe.read, opens.read):
        with pytest.raises(NotFound):
            read(KEYRING, token)


def test_a_token_of_another_kind_or_another_server_leads_nowhere() -> None:
    who = _who()
    for token in (opens.write(KEYRING, who.organization_id, who.message_id), unsubscribe.write(_ANOTHER, who)):
        with pytest.raises(NotFound):
            unsubscribe.read(KEYRING, token)
    for token in (unsubscribe.write(KEYRING, who), opens.write(_ANOTHER, who.organization_id, who.message_id)):
        with pytest.raises(NotFound):
            opens.read(KEYRING, token)


_ANOTHER = Keyring((b"a secret of somebody else, 32 bytes.",))


async def test_hostile_tokens_are_404_and_an_organization_that_is_gone_too(bench: Bench) -> None:
    nobody = unsubscribe.write(KEYRING, _who())
    async with _browser(bench) as browser:
        for token in ("x", "A" * 64, "%00", "é", "..%2e", nobody[:-2], "A" * 4000):
            for path in (f"/u/{token}", f"/o/{token}"):
                for method in ("GET", "POST"):
                    answer = await browser.request(method, path)
                    assert answer.status_code in (400, 404, 405), (method, path)
        assert (await browser.post(f"/u/{nobody}")).status_code == 404
        strange = await browser.get(f"/o/{opens.write(KEYRING, ids.new_id(), ids.new_id())}")
        assert (strange.status_code, strange.content) == (200, opens.PIXEL)


def test_the_page_shows_an_address_as_text() -> None:
    for page in (unsubscribe_page.ask, unsubscribe_page.done):
        shown = page('"<script>alert(1)</script>"@c.example')
        assert "<script" not in shown
        assert "&lt;script&gt;" in shown


async def test_an_open_is_told_once_and_the_picture_is_in_the_mail_alone(bench: Bench) -> None:
    message, mails = await _mails(
        bench, "a@c.example", "b@c.example", html_body="<body><p>Hi.</p></body>", track_opens=True
    )
    html = mails["a@c.example"].get_body(("html",))
    assert html is not None
    content = str(html.get_content())
    path = urlsplit(content.partition('src="')[2].partition('"')[0]).path
    assert content.strip() == f'<body><p>Hi.</p><img src="{bench.server.url}{path}" width="1" height="1" alt=""></body>'
    assert "/o/" not in (await bench.now(message))["html_body"]
    async with _browser(bench) as browser:
        assert (await browser.head(path)).status_code == 200
        assert "message.opened" not in await bench.told()
        for _ in range(3):
            answer = await browser.get(path)
            assert (answer.status_code, answer.content) == (200, opens.PIXEL)
            assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
                "image/gif",
                "no-store, private",
            )
    opened = [data for kind, data in await events(bench.tenant) if kind == "message.opened"]
    assert [(one["message_id"], one["inbox_id"]) for one in opened] == [(message["id"], message["inbox_id"])]
    assert (await history(bench.tenant.http, message["id"])).count(("opened", None)) == 1


async def test_a_mail_without_html_has_no_picture(bench: Bench) -> None:
    _, mails = await _mails(bench, "a@c.example", track_opens=True)
    assert "/o/" not in mails["a@c.example"].as_string()


def test_the_picture_stands_at_the_end_of_what_is_shown() -> None:
    assert opens.watched("<p>x</p>", "u").endswith('<p>x</p><img src="u" width="1" height="1" alt="">')
    assert opens.watched("<BODY>x</BODY></HTML>", "u").endswith('alt=""></BODY></HTML>')
