"""`messages.add`: one transaction stores a batch, whole, once, and inside its tenant."""

import asyncio
import hashlib
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from agentpost_server.core import ids
from agentpost_server.mail.model import Address
from agentpost_server.messages.add import add
from agentpost_server.messages.new import NewAttachment
from harness import Tenant
from messages.added import live, message, new_inbox, stored


async def _rows(tenant: Tenant, sql: str, *arguments: object) -> list[Any]:
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        return await tx.rows(sql, *arguments)


async def test_a_message_stands_with_contents_facets_files_and_thread(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    file = NewAttachment(
        id=ids.new_id(),
        filename="a.pdf",
        mime_type="application/pdf",
        declared_mime_type=None,
        size=3,
        sha256=hashlib.sha256(b"pdf").hexdigest(),
        disposition="attachment",
        content=b"pdf",
    )
    large = msgspec.structs.replace(file, id=ids.new_id(), content=None)
    one = message(
        tenant,
        inbox,
        "<1@x>",
        from_address=Address("Ann@Example.com", "Ann"),
        cc_addresses=(Address("Bob@x.org"),),
        references=("<0@x>", "<00@x>"),
        in_reply_to=("<0@x>",),
        headers=(("X-A", "1"), ("X-A", "2")),
        envelope={"mail_from": "a@b"},
        attachments=(file, large),
    )
    [added] = await stored(tenant, one)
    assert added is not None
    assert added.thread_created
    [row] = await _rows(tenant, "SELECT * FROM messages WHERE id = $1", one.id)
    assert (row["thread_id"], row["in_reply_to"], row["reference_ids"]) == (
        added.thread_id,
        "<0@x>",
        ["<0@x>", "<00@x>"],
    )
    assert row["from_address"] == '{"name": "Ann", "email": "Ann@Example.com"}'
    assert (row["has_attachments"], row["labels"], row["flags"]) == (True, ["received", "unread"], [])
    facets = {
        row["facet"] for row in await _rows(tenant, "SELECT facet FROM message_facets WHERE message_id = $1", one.id)
    }
    assert facets == {
        "label:received",
        "label:unread",
        "from:ann@example.com",
        "to:us@agentpost.test",
        "to:bob@x.org",
        "attachments",
    }
    [thread] = await _rows(tenant, "SELECT * FROM threads WHERE id = $1", added.thread_id)
    assert (thread["message_count"], thread["last_message_id"], thread["has_attachments"]) == (1, one.id, True)
    files = await _rows(
        tenant,
        """SELECT a.position, b.content, b.size, b.created_at FROM attachments a
           JOIN blobs b ON b.organization_id = a.organization_id AND b.id = a.id ORDER BY a.position""",
    )
    assert [(each["position"], each["content"], each["size"]) for each in files] == [(0, b"pdf", 3), (1, None, 3)]
    assert {each["created_at"] for each in files} == {one.created_at}


@pytest.mark.parametrize(
    ("body", "new", "kept"),
    [
        ("Zürich 🙂 first\n\nOn Monday Ann wrote:\n> x", "Zürich 🙂 first", None),
        ("Zürich", "Zürich", None),
        ("> all of it is old", "", None),
        ("\n  Later", "  Later", "  Later"),
        (None, "from the HTML", "from the HTML"),
        ("", None, None),
        (None, None, None),
    ],
)
async def test_new_text_that_begins_the_body_is_kept_once_and_read_whole(
    tenant: Tenant, body: str | None, new: str | None, kept: str | None
) -> None:
    one = message(
        tenant,
        await new_inbox(tenant),
        "<1@x>",
        text_body=body,
        html_body=body,
        extracted_text=new,
        extracted_html=new,
    )
    await stored(tenant, one)
    [row] = await _rows(tenant, "SELECT extracted_text, extracted_html FROM message_contents")
    assert tuple(row) == (kept, kept)
    got = (await tenant.http.get(f"/messages/{ids.encode('msg', one.id)}")).json()
    assert (got["text_body"], got["html_body"]) == (body, body)
    assert (got["extracted_text"], got["extracted_html"]) == (new, new)


async def test_the_same_id_again_changes_nothing_even_within_a_batch(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    one = message(tenant, inbox, "<1@x>")
    first, twin = await stored(tenant, one, one)
    [again] = await stored(tenant, one)
    assert first is not None
    assert (twin, again) == (None, None)
    [thread] = await _rows(tenant, "SELECT message_count FROM threads")
    assert thread["message_count"] == 1


async def test_a_batch_holds_several_organizations(tenant: Tenant, stranger: Tenant) -> None:
    mine = message(tenant, await new_inbox(tenant), "<1@x>")
    theirs = message(stranger, await new_inbox(stranger), "<1@x>")
    first, second = await stored(tenant, mine, theirs)
    assert first is not None
    assert second is not None
    assert first.thread_id != second.thread_id
    assert [row["id"] for row in await _rows(tenant, "SELECT id FROM messages")] == [mine.id]
    assert [row["id"] for row in await _rows(stranger, "SELECT id FROM messages")] == [theirs.id]


async def test_a_transaction_that_does_not_see_the_organization_stores_nothing(
    tenant: Tenant, stranger: Tenant
) -> None:
    theirs = message(stranger, await new_inbox(stranger), "<1@x>")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
            await add(tx, [theirs])


async def test_two_writers_make_one_thread_of_one_conversation(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    replies = [message(tenant, inbox, f"<r{n}@x>", references=("<root@x>",)) for n in range(8)]
    added = await asyncio.gather(*(stored(tenant, one) for one in replies))
    assert len({one.thread_id for [one] in added if one}) == 1
    [thread] = await _rows(tenant, "SELECT message_count FROM threads")
    assert thread["message_count"] == 8


async def test_search_finds_words_only_with_the_tenants_lexemes(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    one = message(tenant, inbox, "<1@x>", subject="Quarterly", text_body="Revenue grew in Zürich")
    await stored(tenant, one)
    scope = live(tenant)
    tags = f"o{scope.organization_id.hex} & e{scope.environment_id.hex} & i{inbox.hex}"
    for words in ("quarterly:A", "ann & example.com:B", "revenue:D & zürich"):
        found = await _rows(
            tenant, "SELECT message_id FROM message_contents WHERE search @@ $1::tsquery", f"{words} & {tags}"
        )
        assert [row["message_id"] for row in found] == [one.id], words


async def test_text_too_rich_to_be_indexed_whole_is_indexed_by_its_beginning(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    # A hyphenated word is indexed whole and in its parts.
    words = [f"{chr(0x4E00 + n // 200)}{chr(0x4E00 + n % 200)}漢-{n:05x}漢" for n in range(26_000)]
    [added] = await stored(tenant, message(tenant, inbox, "<1@x>", text_body=" ".join(words)))
    assert added is not None
    [row] = await _rows(tenant, "SELECT length(search) AS words FROM message_contents")
    assert 3_000 < row["words"] < 12_000
    assert added.flags == ()


async def test_a_message_that_cannot_be_indexed_at_all_is_stored_and_flagged(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    subject = " ".join(f"{chr(0x4E00 + n // 200)}{chr(0x4E00 + n % 200)}" * 3 for n in range(60_000))
    [added] = await stored(tenant, message(tenant, inbox, "<1@x>", subject=subject))
    assert added is not None
    [row] = await _rows(tenant, "SELECT flags FROM messages")
    assert (row["flags"], added.flags) == (["unindexed"], ("unindexed",))


async def test_facets_and_people_of_a_mail_to_a_thousand_are_bounded(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    crowd = tuple(Address(f"p{n}@example.com") for n in range(1000))
    await stored(tenant, message(tenant, inbox, "<1@x>", to_addresses=crowd))
    [row] = await _rows(tenant, "SELECT count(*) AS n FROM message_facets WHERE facet LIKE 'to:%'")
    [thread] = await _rows(tenant, "SELECT jsonb_array_length(participants) AS n FROM threads")
    assert (row["n"], thread["n"]) == (200, 100)


async def test_a_mail_to_an_unknown_thread_opens_one(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    [added] = await stored(tenant, message(tenant, inbox, "<1@x>", thread_id=UUID(int=5)))
    assert added is not None
    assert (added.thread_created, added.thread_id == UUID(int=5)) == (True, False)
