"""Attachments, uploads and signed links: whose they are, and that what a stranger sent stays a file."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest

from agentpost_server.core import ids
from agentpost_server.core.ids import encode
from agentpost_server.core.scope import Scope
from agentpost_server.messages import attachments, uploads
from agentpost_server.messages.new import NewAttachment
from agentpost_server.ports.blobs import blob_key
from harness import Tenant
from messages.added import live, new_inbox
from messages.reading import fetch, msg, outsiders, store_mail

_LARGE = bytes(range(256)) * 4096


def _file(content: bytes | None, **fields: Any) -> NewAttachment:
    return NewAttachment(
        **{
            "id": ids.new_id(),
            "filename": "a.pdf",
            "mime_type": "application/pdf",
            "declared_mime_type": None,
            "size": len(content or b""),
            "sha256": hashlib.sha256(content or b"").hexdigest(),
            "disposition": "attachment",
            "content": content,
            **fields,
        }
    )


async def _received(tenant: Tenant, file: NewAttachment) -> dict[str, Any]:
    """The attachment as the API gives it, of a mail that brought it."""
    await store_mail(tenant, await new_inbox(tenant), attachments=(file,))
    answer = await tenant.http.get(f"/attachments/{encode('att', file.id)}")
    assert answer.status_code == 200
    return answer.json()


async def _download(url: str, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as anybody:
        return await anybody.request(method, url)


async def test_a_link_needs_no_key_and_gives_the_bytes_as_a_file(tenant: Tenant) -> None:
    found = await _received(tenant, _file(b"%PDF-1.7"))
    assert found["download_url"].startswith(f"{tenant.server.url}/files/")
    assert found["download_url_expires_at"] > "2026"
    answer = await _download(found["download_url"])
    assert answer.content == b"%PDF-1.7"
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="a.pdf"'
    assert answer.headers["content-length"] == "8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_h68_head_of_a_download_has_the_headers_and_no_body(tenant: Tenant) -> None:
    found = await _received(tenant, _file(b"12345"))
    answer = await _download(found["download_url"], "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-disposition"] == 'attachment; filename="a.pdf"'


async def test_h45_a_download_takes_no_ranges(tenant: Tenant) -> None:
    found = await _received(tenant, _file(b"12345"))
    async with httpx.AsyncClient(trust_env=False) as anybody:
        ranges = ",".join(f"{n}-{n}" for n in range(2000))
        answer = await anybody.get(found["download_url"], headers={"Range": f"bytes={ranges}"})
    assert (answer.status_code, answer.content) == (200, b"12345")


async def test_large_bytes_come_from_the_blob_store_in_pieces(tenant: Tenant) -> None:
    file = _file(None, size=len(_LARGE))
    await store_mail(tenant, await new_inbox(tenant), attachments=(file,))
    [row] = await fetch(tenant, "SELECT created_at FROM blobs WHERE id = $1", file.id)
    organization_id = tenant.organization.organization_id
    await tenant.server.runtime.blobs.put(blob_key(organization_id, file.id, row["created_at"]), _LARGE)
    found = (await tenant.http.get(f"/attachments/{encode('att', file.id)}")).json()
    assert (await _download(found["download_url"])).content == _LARGE
    assert await attachments.load_bytes(tenant.server.runtime, organization_id, file.id) == _LARGE


@pytest.mark.parametrize(
    "filename",
    [
        "a\r\nSet-Cookie: x=1\r\n\r\n<script>",
        'a"; filename="b.exe',
        "../../etc/passwd",
        "\u202egnp.exe",
        "übung.pdf",
        "",
    ],
)
async def test_m09_a_file_name_brings_no_header(tenant: Tenant, filename: str) -> None:
    found = await _received(tenant, _file(b"x", filename=filename))
    answer = await _download(found["download_url"])
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    value = answer.headers["content-disposition"]
    assert value.startswith('attachment; filename="')
    assert not set(value) & set("\r\n/\\\u202e")
    assert value.count('"') == 2


@pytest.mark.parametrize(
    "mime_type",
    ["text/html", "image/svg+xml", "application/xml", "text/xsl", "application/xhtml+xml", "text/javascript",
     "message/rfc822", "multipart/mixed", "no type\r\nX: y", "text/html; charset=utf-8"],
)  # fmt: skip
async def test_m29_what_is_active_is_served_as_octets(tenant: Tenant, mime_type: str) -> None:
    found = await _received(tenant, _file(b"<script>alert(1)</script>", mime_type=mime_type))
    answer = await _download(found["download_url"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_m40_what_is_not_what_it_says_is_served_as_octets(tenant: Tenant) -> None:
    found = await _received(tenant, _file(b"GIF89a<script>", mime_type="image/gif", flags=("type_mismatch",)))
    assert found["flags"] == ["type_mismatch"]
    assert (await _download(found["download_url"])).headers["content-type"] == "application/octet-stream"


async def test_m34_a_content_id_names_parts_of_its_own_message_only(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    twins = (_file(b"1", content_id="logo@x", disposition="inline"), _file(b"2", content_id="logo@x"))
    one = await store_mail(tenant, inbox, attachments=twins)
    await store_mail(tenant, inbox, attachments=(_file(b"3", content_id="logo@x"),))
    found = (await tenant.http.get(f"/messages/{msg(one)}")).json()["attachments"]
    assert [(each["id"], each["content_id"]) for each in found] == [(encode("att", t.id), "logo@x") for t in twins]


async def test_a_link_that_we_did_not_sign_or_that_is_over_leads_nowhere(tenant: Tenant) -> None:
    found = await _received(tenant, _file(b"x"))
    head, _, token = found["download_url"].rpartition("/")
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    forged = []
    for position in (0, 16, 17, 34, 56):
        changed = bytearray(raw)
        changed[position] ^= 1
        forged.append(base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("="))
    for bad in (*forged, token[:-4], token + "AAAA", "x", "%00", "=" * 40, token.replace(token[5], "é", 1)):
        answer = await _download(f"{head}/{bad}")
        assert answer.status_code in (400, 404), bad
    answer = await _download(f"{head}/{token}", "PUT")
    assert answer.status_code == 404


async def test_a_link_ends_with_its_time_its_message_and_its_inbox(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await new_inbox(tenant)
    file, other = _file(b"x"), _file(b"y")
    first = await store_mail(tenant, inbox, attachments=(file,))
    await store_mail(tenant, inbox, attachments=(other,))
    urls = [
        (await tenant.http.get(f"/attachments/{encode('att', one.id)}")).json()["download_url"] for one in (file, other)
    ]
    runtime = tenant.server.runtime
    with monkeypatch.context() as later:
        later.setattr(runtime, "now", lambda: datetime.now(UTC) + timedelta(seconds=runtime.settings.link_seconds + 2))
        assert (await _download(urls[0])).status_code == 404
    assert (await tenant.http.delete(f"/messages/{msg(first)}")).status_code == 204
    assert (await _download(urls[0])).status_code == 404
    assert (await _download(urls[1])).status_code == 200
    assert (await tenant.http.delete(f"/inboxes/{encode('inb', inbox)}")).status_code == 204
    assert (await _download(urls[1])).status_code == 404
    assert (await tenant.http.get(f"/attachments/{encode('att', other.id)}")).status_code == 404


async def _upload_url(tenant: Tenant, size: int, **fields: str) -> dict[str, Any]:
    body = {"filename": "a.pdf", "mime_type": "application/pdf", "size": size, **fields}
    answer = await tenant.http.post("/attachments/upload-url", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _put(url: str, content: bytes) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as anybody:
        return await anybody.put(url, content=content, headers={"Content-Type": "application/pdf"})


@pytest.mark.parametrize("content", [b"x", _LARGE], ids=["small", "large"])
async def test_what_is_put_up_is_what_a_send_will_find(tenant: Tenant, content: bytes) -> None:
    made = await _upload_url(tenant, len(content))
    assert set(made) == {"upload_url", "method", "headers", "key", "expires_at"}
    assert (made["method"], made["headers"]) == ("PUT", {"Content-Type": "application/pdf"})
    scope = live(tenant)
    async with tenant.server.database.transaction(scope.organization_id) as tx:
        assert await uploads.find(tx, scope, made["key"]) is None
    assert (await _put(made["upload_url"], content)).status_code == 200
    async with tenant.server.database.transaction(scope.organization_id) as tx:
        found = await uploads.find(tx, scope, made["key"])
    assert found is not None
    assert (found.filename, found.mime_type, found.size) == ("a.pdf", "application/pdf", len(content))
    assert await attachments.load_bytes(tenant.server.runtime, scope.organization_id, found.id) == content


async def test_the_same_bytes_again_are_welcome_and_others_are_a_conflict(tenant: Tenant) -> None:
    made = await _upload_url(tenant, 3)
    assert [(await _put(made["upload_url"], b)).status_code for b in (b"abc", b"abc", b"abd")] == [200, 200, 409]
    for _ in range(5):
        racing = await _upload_url(tenant, 3)
        given = (b"abc", b"abd", b"abc", b"abd")
        answers = await asyncio.gather(*(_put(racing["upload_url"], one) for one in given))
        welcome = {content for content, one in zip(given, answers, strict=True) if one.status_code == 200}
        assert {one.status_code for one in answers} == {200, 409}
        assert len(welcome) == 1  # who was told 200 has its bytes there


async def test_h62_the_announced_size_is_held_while_reading(tenant: Tenant) -> None:
    made = await _upload_url(tenant, 10)
    short = await _put(made["upload_url"], b"123")
    long = await _put(made["upload_url"], b"1" * 11)
    assert (short.status_code, short.json()["code"]) == (422, "validation_failed")
    assert long.status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    async with httpx.AsyncClient(trust_env=False) as anybody:
        chunked = await anybody.put(made["upload_url"], content=endless())
    assert chunked.status_code == 413
    assert await fetch(tenant, "SELECT FROM blobs") == []


@pytest.mark.parametrize(
    "wrong",
    [{"size": 0}, {"size": -1}, {"size": 1.5}, {"size": "3"}, {"filename": ""}, {"filename": "x" * 10_000},
     {"filename": "/"}, {"mime_type": "pdf"}, {"mime_type": "a/b\r\nX: y"}, {"extra": 1}],
)  # fmt: skip
async def test_h62_an_upload_that_cannot_be_is_refused(tenant: Tenant, wrong: dict[str, Any]) -> None:
    body = {"filename": "a.pdf", "mime_type": "application/pdf", "size": 3, **wrong}
    answer = await tenant.http.post("/attachments/upload-url", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_an_upload_above_the_sending_limit_is_told_so(tenant: Tenant) -> None:
    body = {"filename": "a.pdf", "mime_type": "application/pdf", "size": 10_485_761}
    answer = await tenant.http.post("/attachments/upload-url", json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "message_too_large")


async def test_h07_h08_nobody_else_finds_an_attachment_or_an_upload(tenant: Tenant, stranger: Tenant) -> None:
    found = await _received(tenant, _file(b"x"))
    made = await _upload_url(tenant, 1)
    await _put(made["upload_url"], b"x")
    async with outsiders(tenant, stranger) as others:
        for http in others:
            foreign = (await http.get(f"/attachments/{found['id']}")).json()
            unknown = (await http.get(f"/attachments/{encode('att', ids.new_id())}")).json()
            assert foreign.pop("request_id") != unknown.pop("request_id")
            assert (foreign, foreign["status"]) == (unknown, 404)
    mine, theirs = live(tenant), live(stranger)
    sandbox = Scope(mine.organization_id, tenant.organization.test_environment_id)
    for scope in (theirs, sandbox):
        async with tenant.server.database.transaction(scope.organization_id) as tx:
            assert await uploads.find(tx, scope, made["key"]) is None
    async with tenant.server.database.transaction(mine.organization_id) as tx:
        assert await uploads.find(tx, mine, "att_nonsense") is None
        assert await uploads.find(tx, mine, found["id"]) is None
