"""Reply, reply to all, forward: the right people, the original's thread, its words and files."""

import base64
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default

import pytest

from agentpost_server.core import ids
from agentpost_server.inbound.accept import accept, mail_of_bytes
from agentpost_server.inbound.smtp import Route
from harness import Tenant
from outbound.sending import Json, inbox, send, until


async def _received(tenant: Tenant, agent: Json, **headers: str) -> Json:
    """A mail from outside in the agent's inbox."""
    fields = {
        "From": "Ann <ann@outside.example>",
        "To": f"{agent['email']}, Bob <bob@outside.example>",
        "Cc": "carl@outside.example",
        "Subject": "Question",
        "Message-ID": "<q1@outside.example>",
        "References": "<q0@outside.example>",
        "Content-Type": "multipart/mixed; boundary=x",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    body = (
        "--x\r\nContent-Type: text/plain\r\n\r\nHow much is it?\r\n"
        '--x\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="list.csv"\r\n\r\na,b\r\n--x--\r\n'
    )
    raw = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value) + "\r\n" + body
    route = Route(
        organization_id=tenant.organization.organization_id,
        environment_id=ids.decode("env", agent["environment_id"]),
        inbox_id=ids.decode("inb", agent["id"]),
        address=agent["email"],
    )
    runtime = tenant.server.runtime
    mail = mail_of_bytes(
        raw.encode(), routes=(route,), mail_from="ann@outside.example", source="smtp", received_at=runtime.now()
    )
    await accept(runtime, mail)
    page = await until(tenant.http, f"/inboxes/{agent['id']}/messages", lambda page: bool(page["data"]))
    return (await tenant.http.get(f"/messages/{page['data'][0]['id']}")).json()


async def _answer(tenant: Tenant, original: Json, way: str, **fields: object) -> Json:
    answer = await tenant.http.post(f"/messages/{original['id']}/{way}", json={"text_body": "Ten.", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def _emails(addresses: list[Json]) -> list[str]:
    return [one["email"] for one in addresses]


async def test_a_reply_goes_to_the_author_in_the_same_thread_with_the_original_quoted(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    original = await _received(tenant, agent)
    reply = await _answer(tenant, original, "reply")
    assert (_emails(reply["to_addresses"]), reply["cc_addresses"]) == (["ann@outside.example"], [])
    assert (reply["subject"], reply["thread_id"]) == ("Re: Question", original["thread_id"])
    assert reply["in_reply_to"] == "<q1@outside.example>"
    assert reply["references"] == ["<q0@outside.example>", "<q1@outside.example>"]
    assert reply["text_body"].startswith("Ten.\n\nOn ")
    assert "\n> How much is it?" in reply["text_body"]
    assert (reply["extracted_text"], reply["preview"]) == ("Ten.", "Ten.")
    raw = message_from_bytes((await tenant.http.get(f"/messages/{reply['id']}/raw")).content, policy=default)
    assert raw["References"].split() == ["<q0@outside.example>", "<q1@outside.example>", reply["message_id_header"]]


async def test_a_reply_to_all_leaves_the_inbox_itself_out(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    reply = await _answer(tenant, await _received(tenant, agent), "reply-all")
    assert _emails(reply["to_addresses"]) == ["ann@outside.example"]
    assert _emails(reply["cc_addresses"]) == ["bob@outside.example", "carl@outside.example"]


async def test_reply_to_is_followed_and_whom_the_caller_names_comes_first(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    original = await _received(tenant, agent, Reply_To="desk@outside.example")
    assert _emails((await _answer(tenant, original, "reply"))["to_addresses"]) == ["desk@outside.example"]
    named = await _answer(tenant, original, "reply", to=["me@else.example"], subject="Other")
    assert (_emails(named["to_addresses"]), named["subject"]) == (["me@else.example"], "Other")


async def test_l04_a_reply_to_of_our_own_is_answered_to_the_author(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    original = await _received(tenant, agent, Reply_To=agent["email"])
    assert _emails((await _answer(tenant, original, "reply"))["to_addresses"]) == ["ann@outside.example"]


async def test_l05_a_reply_to_more_than_fifty_is_refused(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    original = await _received(tenant, agent, Cc=", ".join(f"n{n}@outside.example" for n in range(60)))
    answer = await tenant.http.post(f"/messages/{original['id']}/reply-all", json={"text_body": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_many_recipients")


async def test_a_forward_carries_the_original_and_its_files(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    original = await _received(tenant, agent)
    missing = await tenant.http.post(f"/messages/{original['id']}/forward", json={})
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "to")
    forward = await _answer(tenant, original, "forward", to=["boss@outside.example"], text_body="FYI")
    assert (forward["subject"], forward["in_reply_to"]) == ("Fwd: Question", None)
    assert forward["thread_id"] == original["thread_id"]
    assert "FYI\n\n---------- Forwarded message ---------\nFrom: Ann <ann@outside.example>" in forward["text_body"]
    assert [(one["filename"], one["size"]) for one in forward["attachments"]] == [("list.csv", 3)]
    raw = message_from_bytes((await tenant.http.get(f"/messages/{forward['id']}/raw")).content, policy=default)
    assert [part.get_filename() for part in raw.iter_attachments()] == ["list.csv"]


async def test_an_answer_to_our_own_mail_goes_where_that_went(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    first = await send(tenant.http, agent["id"], to=["ann@outside.example"], cc=["bob@outside.example"])
    again = await _answer(tenant, first, "reply-all")
    assert (_emails(again["to_addresses"]), _emails(again["cc_addresses"])) == (
        ["ann@outside.example"],
        ["bob@outside.example"],
    )
    assert (again["thread_id"], again["in_reply_to"]) == (first["thread_id"], first["message_id_header"])


@pytest.mark.parametrize("of", [lambda m: m["id"], lambda m: m["message_id_header"]])
async def test_a_send_may_cite_by_id_or_message_id(tenant: Tenant, of: Callable[[Json], str]) -> None:
    agent = await inbox(tenant.http)
    first = await send(tenant.http, agent["id"], to=["ann@outside.example"])
    second = await send(tenant.http, agent["id"], to=["ann@outside.example"], in_reply_to=of(first))
    assert (second["thread_id"], second["in_reply_to"]) == (first["thread_id"], first["message_id_header"])


async def test_a_mail_that_is_here_is_cited_with_its_whole_chain_by_either_name(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    original = await _received(tenant, agent)
    for name in (original["id"], original["message_id_header"]):
        sent = await send(tenant.http, agent["id"], to=["ann@outside.example"], in_reply_to=name)
        assert (sent["thread_id"], sent["in_reply_to"]) == (original["thread_id"], "<q1@outside.example>")
        assert sent["references"] == ["<q0@outside.example>", "<q1@outside.example>"]
    other = await inbox(tenant.http, "other")
    elsewhere = await send(tenant.http, other["id"], to=["a@b.example"], in_reply_to="<q1@outside.example>")
    assert elsewhere["references"] == ["<q1@outside.example>"]
    assert elsewhere["thread_id"] != original["thread_id"]


async def test_a_message_of_another_inbox_is_cited_by_nobody(tenant: Tenant) -> None:
    one, two = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    first = await send(tenant.http, one["id"], to=["ann@outside.example"])
    answer = await tenant.http.post(
        f"/inboxes/{two['id']}/messages", json={"to": ["ann@outside.example"], "in_reply_to": first["id"]}
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "in_reply_to")


async def test_unattended_mail_says_that_a_program_sent_it(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    sent = await send(tenant.http, agent["id"], to=["ann@outside.example"], unattended=True)
    reply = await _answer(tenant, sent, "reply", unattended=True)
    found = [
        {h["name"]: h["value"] for h in (await tenant.http.get(f"/messages/{one['id']}")).json()["headers"]}
        for one in (sent, reply)
    ]
    assert [one["Auto-Submitted"] for one in found] == ["auto-generated", "auto-replied"]


async def test_files_come_inline_from_an_upload_from_a_message_and_from_a_url(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    put = (
        await tenant.http.post(
            "/attachments/upload-url", json={"filename": "up.txt", "mime_type": "text/plain", "size": 5}
        )
    ).json()
    assert (await tenant.http.put(put["upload_url"], content=b"bytes", headers=put["headers"])).status_code < 300
    first = await send(
        tenant.http,
        agent["id"],
        to=["a@b.example"],
        attachments=[{"key": put["key"]}, {"content": base64.b64encode(b"inline").decode(), "filename": "in.txt"}],
    )
    assert [(one["filename"], one["size"]) for one in first["attachments"]] == [("up.txt", 5), ("in.txt", 6)]
    second = await send(
        tenant.http,
        agent["id"],
        to=["a@b.example"],
        attachments=[
            {"attachment_id": first["attachments"][0]["id"], "filename": "again.txt"},
            {"url": f"{tenant.server.url}/healthz", "filename": "health.json"},
        ],
    )
    assert [one["filename"] for one in second["attachments"]] == ["again.txt", "health.json"]
    assert second["attachments"][0]["sha256"] == first["attachments"][0]["sha256"]


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/x", "http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/", "ftp://x.example/a"]
)
async def test_h63_a_file_at_an_internal_address_is_refused(tenant: Tenant, url: str) -> None:
    agent = await inbox(tenant.http)
    answer = await tenant.http.post(
        f"/inboxes/{agent['id']}/messages", json={"to": ["a@b.example"], "attachments": [{"url": url}]}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "unsafe_url")


async def test_h63_a_redirect_or_an_error_is_no_file(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    answer = await tenant.http.post(
        f"/inboxes/{agent['id']}/messages",
        json={"to": ["a@b.example"], "attachments": [{"url": f"{tenant.server.url}/no/such/page"}]},
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "attachments[0].url")
