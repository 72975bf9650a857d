"""A draft has its files: wherever they came from, it keeps them when their source is gone, and they go with it."""

import asyncio
import base64
from typing import Any
from uuid import UUID

import httpx2 as httpx
import msgspec
import pytest

from agentpost_server.core import ids
from agentpost_server.drafts.content import Content, StoredFile
from agentpost_server.messages import retention
from agentpost_server.ports.blobs import BlobNotFound
from drafts.drafting import ANN, change, draft, revisions, send_draft
from harness import Tenant
from outbound.sending import Json, inbox, send

_LARGE = bytes(range(256)) * 2048


async def _uploaded(tenant: Tenant, content: bytes) -> str:
    wanted = {"filename": "up.bin", "mime_type": "application/octet-stream", "size": len(content)}
    url = (await tenant.http.post("/attachments/upload-url", json=wanted)).json()
    async with httpx.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.put(url["upload_url"], content=content, headers=url["headers"])).status_code == 200
    return url["key"]


async def _served(content: bytes) -> tuple[asyncio.Server, str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + content)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    return listening, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/table.csv"


async def _bytes_of(message: Json, tenant: Tenant) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    async with httpx.AsyncClient(trust_env=False) as anybody:
        for one in message["attachments"]:
            whole = (await tenant.http.get(f"/attachments/{one['id']}")).json()
            found[one["filename"]] = (await anybody.get(whole["download_url"])).content
    return found


async def test_from_every_source_and_when_every_source_is_gone(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    file = {"content": base64.b64encode(b"of a message").decode(), "filename": "old.txt"}
    elder = await send(tenant.http, agent["id"], to=["delivered@sandbox.test"], attachments=[file])
    key = await _uploaded(tenant, _LARGE)
    listening, url = await _served(b"a,b\n1,2\n")
    made = await draft(
        tenant.http,
        agent["id"],
        **{**ANN, "to": ["delivered@sandbox.test"]},
        attachments=[
            {"key": key, "filename": "large.bin"},
            {"content": base64.b64encode(b"inline").decode(), "filename": "note.txt", "mime_type": "text/plain"},
            {"url": url},
            {"attachment_id": elder["attachments"][0]["id"]},
        ],
    )
    assert [(one["filename"], one["size"]) for one in made["attachments_meta"]] == [
        ("large.bin", len(_LARGE)),
        ("note.txt", 6),
        ("table.csv", 8),
        ("old.txt", 12),
    ]
    listening.close()
    await _settle(tenant, elder)
    assert (await tenant.http.delete(f"/messages/{elder['id']}")).status_code == 204
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run("UPDATE uploads SET expires_at = now() - interval '1 hour'")
    await retention.prune_uploads(tenant.server.runtime)
    await retention.sweep_blobs(tenant.server.runtime)
    sent = await send_draft(tenant.http, made)
    assert await _bytes_of(sent, tenant) == {
        "large.bin": _LARGE,
        "note.txt": b"inline",
        "table.csv": b"a,b\n1,2\n",
        "old.txt": b"of a message",
    }


async def _settle(tenant: Tenant, message: Json) -> None:
    for _ in range(200):
        if (await tenant.http.get(f"/messages/{message['id']}")).json()["status"] == "delivered":
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not delivered")


async def test_files_stay_by_their_key_and_come_back_from_older_revisions(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    files = [{"content": base64.b64encode(name.encode()).decode(), "filename": name} for name in ("a.txt", "b.txt")]
    made = await draft(tenant.http, agent["id"], **ANN, attachments=files)
    a, b = (one["key"] for one in made["attachments_meta"])
    one = await change(tenant.http, made, attachments=[{"key": b.lower()}, {"content": "eA==", "filename": "c.txt"}])
    assert [each["filename"] for each in one["attachments_meta"]] == ["b.txt", "c.txt"]
    assert one["attachments_meta"][0]["key"] == b
    back = await change(tenant.http, made, attachments=[{"key": a, "filename": "renamed.txt"}])
    assert [(each["key"], each["filename"]) for each in back["attachments_meta"]] == [(a, "renamed.txt")]
    none = await change(tenant.http, made, attachments=None)
    assert none["attachments_meta"] == []
    assert [each["changed"] for each in await revisions(tenant.http, made)][1:] == [["attachments_meta"]] * 3
    await change(tenant.http, made, attachments=[{"key": a}])
    sent = await send_draft(tenant.http, made)
    assert await _bytes_of(sent, tenant) == {"renamed.txt": b"a.txt"}


async def test_a_file_of_one_draft_is_no_file_of_another(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    file = {"content": "eA==", "filename": "a.txt"}
    made = await draft(tenant.http, agent["id"], **ANN, attachments=[file])
    key = made["attachments_meta"][0]["key"]
    assert (await draft(tenant.http, agent["id"], 422, attachments=[{"key": key}]))["errors"][0]["code"] == "not_found"
    answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json={**ANN, "attachments": [{"key": key}]})
    assert answer.status_code == 422


async def _left(tenant: Tenant) -> dict[str, int]:
    """Rows of drafts' files and their bytes, of this tenant."""
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        row: Any = await tx.row(
            """SELECT (SELECT count(*) FROM draft_files) AS files, (SELECT count(*) FROM draft_revisions) AS revisions,
                 (SELECT count(*) FROM blobs WHERE media_type <> 'message/rfc822') AS bytes"""
        )
    return dict(row)


async def test_its_bytes_go_with_it_in_the_blob_store_too(tenant: Tenant) -> None:
    runtime = tenant.server.runtime
    agent = await inbox(tenant.http)
    file = {"content": base64.b64encode(_LARGE).decode(), "filename": "large.bin"}
    made = await draft(tenant.http, agent["id"], **ANN, attachments=[file])
    key = made["attachments_meta"][0]["key"]
    async with runtime.database.transaction(tenant.organization.organization_id) as tx:
        stored_at = await tx.value("SELECT created_at FROM blobs WHERE id = $1", ids.decode("att", key))
    where = f"{tenant.organization.organization_id}/{stored_at:%Y%m}/{ids.decode('att', key)}"
    assert await runtime.blobs.size(where) == len(_LARGE)
    assert (await tenant.http.delete(f"/drafts/{made['id']}")).status_code == 204
    assert await _left(tenant) == {"files": 0, "revisions": 0, "bytes": 0}
    while await retention.sweep_blobs(runtime):
        pass
    with pytest.raises(BlobNotFound):
        await runtime.blobs.size(where)


async def test_what_was_refused_leaves_no_bytes(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    file = {"content": base64.b64encode(_LARGE).decode(), "filename": "large.bin"}
    await draft(tenant.http, agent["id"], 422, in_reply_to="msg_00000000000000000000000000", attachments=[file])
    folder = tenant.server.runtime.blobs
    root = getattr(folder, "_root", None) or getattr(folder, "root", None)
    organization = str(tenant.organization.organization_id)
    assert root is None or not [one for one in (root / organization).rglob("*") if one.is_file()]
    assert await _left(tenant) == {"files": 0, "revisions": 0, "bytes": 0}


async def test_with_a_deleted_inbox_its_drafts_and_their_bytes_go(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await draft(tenant.http, agent["id"], **ANN, attachments=[{"content": "eA==", "filename": "a.txt"}])
    await tenant.http.delete(f"/inboxes/{agent['id']}")
    await retention.purge_deleted_inboxes(tenant.server.runtime, 0)
    assert await _left(tenant) == {"files": 0, "revisions": 0, "bytes": 0}
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        inbox_id: UUID = ids.decode("inb", agent["id"])
        assert await tx.value("SELECT count(*) FROM inboxes WHERE id = $1", inbox_id) == 0


def test_files_are_described_as_they_are_read_again() -> None:
    file = StoredFile(
        id=ids.new_id(), filename="a", mime_type="text/plain", declared=None, size=1, inline=True, content_id="x"
    )
    content = Content(files=(file,), headers={"X-A": "1"})
    assert msgspec.json.decode(content.rest(), type=Content) == content
