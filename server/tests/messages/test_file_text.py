"""The text of attachments from mail to answer: read behind the message, page by page, tried again, gone with it."""

import asyncio
import hashlib
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from agentpost_server.core import ids
from agentpost_server.core.ids import encode
from agentpost_server.core.times import now
from agentpost_server.mail.file_text.jail import FileJail
from agentpost_server.messages import file_text
from agentpost_server.messages.file_reading import FileReading
from agentpost_server.messages.new import NewAttachment
from agentpost_server.ports.blobs import blob_key
from databases import new_database
from harness import Server, Tenant, new_tenant, running_server
from mail.file_text.making import pdf, word
from messages.added import live, new_inbox
from messages.reading import fetch, store_mail

BURNING = (sys.executable, str(Path(__file__).parents[1] / "mail" / "file_text" / "burning_child.py"))


def _file(inside: bytes, filename: str, mime_type: str, **fields: Any) -> NewAttachment:
    return NewAttachment(
        **{
            "id": ids.new_id(),
            "filename": filename,
            "mime_type": mime_type,
            "declared_mime_type": None,
            "size": len(inside),
            "sha256": hashlib.sha256(inside).hexdigest(),
            "disposition": "attachment",
            "content": inside,
            **fields,
        }
    )


async def _arrived(tenant: Tenant, *files: NewAttachment) -> list[str]:
    await store_mail(tenant, await new_inbox(tenant), attachments=files)
    return [encode("att", one.id) for one in files]


async def _text(tenant: Tenant, attachment_id: str, **query: int) -> dict[str, Any]:
    answer = await tenant.http.get(f"/attachments/{attachment_id}/text", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _read(tenant: Tenant, attachment_id: str) -> dict[str, Any]:
    """The text once the file was read."""
    async with asyncio.timeout(100):
        while (found := await _text(tenant, attachment_id))["text_status"] == "pending":  # noqa: ASYNC110 the worker tells nobody
            await asyncio.sleep(0.1)
    return found


async def test_files_that_arrive_are_read_and_others_have_no_text(tenant: Tenant) -> None:
    paper, picture = await _arrived(
        tenant, _file(pdf("one", "two"), "a.pdf", "application/pdf"), _file(b"\x89PNG", "a.png", "image/png")
    )
    assert await _read(tenant, paper) == {
        "attachment_id": paper,
        "text_status": "ready",
        "failure": None,
        "pages": [{"page": 1, "text": "one"}, {"page": 2, "text": "two"}],
        "page_count": 2,
        "truncated": False,
        "next_page": None,
        "next_offset": None,
    }
    assert (await tenant.http.get(f"/attachments/{paper}")).json()["text_status"] == "ready"
    nothing = await _text(tenant, picture)
    assert (nothing["text_status"], nothing["pages"], nothing["page_count"]) == ("none", [], None)


async def test_what_we_send_is_read_too(tenant: Tenant) -> None:
    inbox_id = encode("inb", await new_inbox(tenant))
    body = {"to": ["echo@sandbox.test"], "attachments": [{"content": "aGVsbG8=", "filename": "a.txt"}]}
    sent = (await tenant.http.post(f"/inboxes/{inbox_id}/messages", json=body)).json()
    found = await _read(tenant, sent["attachments"][0]["id"])
    assert found["pages"] == [{"page": 1, "text": "hello"}]


async def test_a_large_file_is_read_from_the_blob_store(tenant: Tenant) -> None:
    content = b"word " * 100_000
    file = _file(content, "a.txt", "text/plain", content=None)
    organization_id = tenant.organization.organization_id
    # Its bytes are there before its row is, as they are for mail.
    arrived_at = now()
    await tenant.server.runtime.blobs.put(blob_key(organization_id, file.id, arrived_at), content)
    await store_mail(tenant, await new_inbox(tenant), created_at=arrived_at, attachments=(file,))
    found = await _read(tenant, encode("att", file.id))
    assert (found["text_status"], found["page_count"]) == ("ready", 50)


async def test_pages_are_walked_by_what_fits(tenant: Tenant) -> None:
    [paper] = await _arrived(tenant, _file(pdf("a" * 30, "b" * 30, "", "c" * 30), "a.pdf", "application/pdf"))
    await _read(tenant, paper)
    first = await _text(tenant, paper, max_chars=60)
    assert ([one["page"] for one in first["pages"]], first["next_page"]) == ([1, 2, 3], 4)
    rest = await _text(tenant, paper, page=first["next_page"], max_chars=60)
    assert rest["pages"] == [{"page": 4, "text": "c" * 30}]
    assert (rest["next_page"], rest["truncated"], first["truncated"]) == (None, False, False)
    assert (await _text(tenant, paper, page=9))["pages"] == []


async def test_c16_a_long_page_is_cut_and_goes_on_where_it_was(tenant: Tenant) -> None:
    rows = "\n".join(f"{number};{'x' * 20}" for number in range(400))
    [table] = await _arrived(tenant, _file(rows.encode(), "a.csv", "text/csv"))
    await _read(tenant, table)
    heard, page, offset = "", 1, 0
    while True:
        found = await _text(tenant, table, page=page, offset=offset, max_chars=3_000)
        assert sum(len(one["text"]) for one in found["pages"]) <= 3_000
        heard += "".join(one["text"] for one in found["pages"])
        if found["next_offset"] is not None:
            assert found["truncated"]
            page, offset = found["pages"][-1]["page"], found["next_offset"]
        elif found["next_page"] is not None:
            page, offset = found["next_page"], 0
        else:
            break
    # Pages end at line ends, which are not part of either.
    assert heard.replace("\n", "") == rows.replace("\n", "")


@pytest.mark.parametrize("query", [{"max_chars": 100_001}, {"max_chars": 0}, {"page": 0}, {"offset": -1}])
async def test_bounds_of_the_question(tenant: Tenant, query: dict[str, int]) -> None:
    [one] = await _arrived(tenant, _file(b"x", "a.txt", "text/plain"))
    answer = await tenant.http.get(f"/attachments/{one}/text", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_a_locked_file_fails_with_its_reason(tenant: Tenant) -> None:
    content = pdf("x", user_password="k")
    [paper] = await _arrived(tenant, _file(content, "a.pdf", "application/pdf", flags=("encrypted",)))
    found = await _read(tenant, paper)
    assert (found["text_status"], found["failure"], found["pages"]) == ("failed", "encrypted", [])
    assert (await tenant.http.get(f"/attachments/{paper}")).json()["flags"] == ["encrypted"]


async def test_the_text_goes_with_its_message(tenant: Tenant) -> None:
    file = _file(word(), "a.docx", "application/zip")
    mail = await store_mail(tenant, await new_inbox(tenant), attachments=(file,))
    await _read(tenant, encode("att", file.id))
    assert await _rows(tenant, file.id) == 2
    assert (await tenant.http.delete(f"/messages/{encode('msg', mail.id)}")).status_code == 204
    assert await _rows(tenant, file.id) == 0
    assert (await tenant.http.get(f"/attachments/{encode('att', file.id)}/text")).status_code == 404


async def test_the_beginnings_of_several_files_come_in_one_look(tenant: Tenant) -> None:
    paper, note = (
        _file(pdf("a" * 30, "b" * 30), "a.pdf", "application/pdf"),
        _file(b"note", "n.txt", "text/plain"),
    )
    mail = await store_mail(tenant, await new_inbox(tenant), attachments=(paper, note))
    for one in (paper, note):
        await _read(tenant, encode("att", one.id))
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        found = await file_text.beginnings(tx, live(tenant), [mail.id], most_characters=40, most_files=2)
        fewer = await file_text.beginnings(tx, live(tenant), [mail.id], most_characters=99, most_files=1)
    first, second = found[mail.id].files
    assert (first.attachment_id, [(one.page, one.text) for one in first.pages]) == (
        paper.id,
        [(1, "a" * 30), (2, "b" * 10)],
    )
    assert (first.whole, second.whole, found[mail.id].all_of_them) == (False, True, True)
    assert (fewer[mail.id].files[0].whole, fewer[mail.id].all_of_them) == (True, False)


async def test_the_context_of_a_thread_holds_what_files_say_with_their_pages(tenant: Tenant) -> None:
    paper, table = (
        _file(pdf("the first", "", "the third"), "a.pdf", "application/pdf"),
        _file(b"cell;" * 4_000, "a.csv", "text/csv"),
    )
    mail = await store_mail(tenant, await new_inbox(tenant), attachments=(paper, table))
    for one in (paper, table):
        await _read(tenant, encode("att", one.id))
    thread = (await tenant.http.get(f"/messages/{encode('msg', mail.id)}")).json()["thread_id"]
    context = (await tenant.http.get(f"/threads/{thread}/context")).json()
    spans = [one for one in context["spans"] if one["attachment_id"] == encode("att", paper.id)]
    assert [(one["kind"], one["page"], context["content"][one["start"] : one["end"]].strip()) for one in spans] == [
        ("attachment", 1, "the first"),
        ("attachment", 3, "the third"),
    ]
    assert context["omitted"] == [{"message_id": encode("msg", mail.id), "reason": "file"}]


async def _rows(tenant: Tenant, attachment_id: UUID) -> int:
    [row] = await fetch(
        tenant,
        """SELECT (SELECT count(*) FROM file_pages WHERE attachment_id = $1)
             + (SELECT count(*) FROM file_texts WHERE attachment_id = $1) AS number""",
        attachment_id,
    )
    return row["number"]


@pytest_asyncio.fixture(scope="module")
async def idle(postgres: str) -> AsyncGenerator[Server]:
    """A server without workers: the test is the only one that reads."""
    async with running_server(await new_database(postgres, "file_text"), roles=("api",)) as server:
        yield server


async def _turn(server: Server, lane: FileReading) -> int:
    """Everything due is read once, and what waits for its next try is made due. Answers how many files that was."""
    claimed = await lane.claim()
    await lane.read(claimed)
    for organization_id in {one.organization_id for one in claimed}:
        async with server.database.work([organization_id]) as tx:
            await tx.run("UPDATE file_readings SET due_at = now() WHERE organization_id = $1", organization_id)
    return len(claimed)


async def test_a_file_that_breaks_its_reader_is_tried_three_times(idle: Server) -> None:
    async with new_tenant(idle) as tenant:
        [one] = await _arrived(tenant, _file(b"crash", "a.txt", "text/plain"))
        lane = FileReading(idle.runtime, FileJail(BURNING))
        for _ in range(3):
            assert (await _text(tenant, one))["text_status"] == "pending"
            assert await _turn(idle, lane) == 1
        found = await _text(tenant, one)
        assert (found["text_status"], found["failure"]) == ("failed", "crash")
        assert await _turn(idle, lane) == 0
        await lane.close()


async def test_m30_a_file_that_meets_a_limit_is_not_tried_again(idle: Server) -> None:
    async with new_tenant(idle) as tenant:
        [one] = await _arrived(tenant, _file(b"cpu", "a.txt", "text/plain"))
        lane = FileReading(idle.runtime, FileJail(BURNING))
        assert await _turn(idle, lane) == 1
        found = await _text(tenant, one)
        assert (found["text_status"], found["failure"]) == ("failed", "cpu")
        await lane.close()


async def test_who_lost_a_claim_writes_nothing(idle: Server) -> None:
    async with new_tenant(idle) as tenant:
        [one] = await _arrived(tenant, _file(b"good", "a.txt", "text/plain"))
        late, quick = FileReading(idle.runtime, FileJail(BURNING)), FileReading(idle.runtime, FileJail(BURNING))
        lost = await late.claim()
        async with idle.database.work([tenant.organization.organization_id]) as tx:
            await tx.run(
                "UPDATE file_readings SET due_at = now() WHERE organization_id = $1",
                tenant.organization.organization_id,
            )
        assert await _turn(idle, quick) == 1
        await late.read(lost)
        assert (await _text(tenant, one))["pages"] == [{"page": 1, "text": "good"}]
        await late.close()
        await quick.close()


async def test_bytes_that_are_not_there_fail_the_file_alone(idle: Server) -> None:
    async with new_tenant(idle) as tenant:
        gone, here = await _arrived(
            tenant,
            _file(b"", "a.txt", "text/plain", size=9, content=None),
            _file(b"here", "b.txt", "text/plain"),
        )
        lane = FileReading(idle.runtime, FileJail(BURNING))
        assert await _turn(idle, lane) == 2
        assert (await _text(tenant, gone))["failure"] == "missing"
        assert (await _text(tenant, here))["text_status"] == "ready"
        await lane.close()
