"""From the dot to the 250, and what the 250 promises: durable, once, in the right inbox."""

import asyncio
from typing import Any

import pytest

from agentpost_server.core import ids
from agentpost_server.core.errors import Unavailable
from agentpost_server.inbound import Route, accept, mail_of_bytes, store
from agentpost_server.inbound.accept import INLINE_OCTETS
from agentpost_server.inbound.store import InboundRow
from harness import Tenant
from inbound.mailing import mail, new_inbox, send, smtp


async def test_a_mail_becomes_a_message_with_its_thread_and_events(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    answer = await send(tenant.server, mail(body="Hi!\r\n\r\n> old words"), inbox.email)
    assert answer.startswith("250 2.0.0")
    [row] = await inbox.messages()
    assert (row["subject"], row["status"], row["direction"]) == ("Greetings", "received", "inbound")
    assert (row["labels"], row["trust"], row["parse_status"]) == (["received", "unread"], "unverified", "ok")
    assert row["text_body"].startswith("Hi!")
    assert '"mail_from": "ann@example.com"' in row["envelope"]
    assert f'"rcpt_to": ["{inbox.email}"]' in row["envelope"]
    events = await inbox.events()
    assert {event["type"] for event in events} >= {"thread.created", "message.received"}
    [blob] = await inbox.blobs(row["id"])
    assert blob["content"] == mail(body="Hi!\r\n\r\n> old words")
    assert not await inbox.rows("SELECT id FROM inbound_mails WHERE inbox_id = $1")


async def test_the_same_bytes_resent_are_one_mail(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    answers = [await send(tenant.server, mail(), inbox.email) for _ in range(3)]
    answers += await asyncio.gather(*(send(tenant.server, mail(), inbox.email) for _ in range(5)))
    assert all(one.startswith("250") for one in answers)
    assert len(set(answers)) == 1  # each answer names the mail that is kept
    assert len(await inbox.messages()) == 1


async def test_an_equal_message_id_with_other_bytes_is_another_mail(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    await send(tenant.server, mail(), inbox.email)
    await send(tenant.server, mail(body="other"), inbox.email)
    assert len(await inbox.messages(2)) == 2


async def test_the_same_bytes_of_another_sender_are_another_mail(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    await send(tenant.server, mail(), inbox.email)
    await send(tenant.server, mail(), inbox.email, sender="bob@example.com")
    assert len(await inbox.messages(2)) == 2


async def test_equal_cron_mail_is_kept_when_the_client_read_the_first_answer(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    async with smtp(tenant.server) as client:
        for _ in range(3):
            assert (await client.send(mail(None), inbox.email)).startswith("250")
    assert len(await inbox.messages(3)) == 3


async def test_equal_mail_without_message_id_is_one_when_the_connection_broke(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    for _ in range(2):
        assert (await send(tenant.server, mail(None), inbox.email)).startswith("250")
    assert len(await inbox.messages()) == 1


async def test_two_inboxes_of_two_tenants_get_a_mail_each_and_learn_nothing_of_the_other(
    tenant: Tenant, stranger: Tenant
) -> None:
    mine, theirs = await new_inbox(tenant), await new_inbox(stranger)
    tagged = mine.email.replace("@", "+tag@")
    answer = await send(tenant.server, mail(), mine.email, theirs.email, tagged)
    assert answer.startswith("250")
    [here], [there] = await mine.messages(), await theirs.messages()
    assert here["id"] != there["id"]
    assert theirs.email not in here["envelope"]
    assert mine.email not in there["envelope"]
    assert tagged in here["envelope"]


async def test_a_large_mail_lies_in_the_blob_store_whole(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    raw = mail(body="\r\n".join(f"line {n} " + "x" * 70 for n in range(6_000)))
    assert len(raw) > INLINE_OCTETS
    assert (await send(tenant.server, raw, inbox.email)).startswith("250")
    [row] = await inbox.messages()
    [blob] = await inbox.blobs(row["id"])
    assert (blob["content"], blob["size"]) == (None, len(raw))
    key = f"{tenant.organization.organization_id}/{blob['created_at']:%Y%m}/{row['id']}"
    assert await tenant.server.runtime.blobs.get(key) == raw


async def test_a_large_mail_sent_twice_leaves_one_blob(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    raw = mail(body="y" * 70 + "\r\n" + "z" * 300_000)
    deleted: list[str] = []
    blobs = tenant.server.runtime.blobs
    delete = blobs.delete

    async def noted(key: str) -> None:
        deleted.append(key)
        await delete(key)

    blobs.delete = noted  # type: ignore[method-assign]
    try:
        for _ in range(2):
            assert (await send(tenant.server, raw, inbox.email)).startswith("250")
    finally:
        del blobs.delete
    assert len(deleted) == 1
    assert len(await inbox.messages()) == 1


async def test_without_a_database_the_sender_is_told_to_come_again(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await new_inbox(tenant)
    real = store.accept

    async def away(*_: object) -> Any:
        raise Unavailable("gone", fix="wait")

    async with smtp(tenant.server) as client:
        monkeypatch.setattr(store, "accept", away)
        assert (await client.send(mail(), inbox.email)).startswith("451 4.3.0")
        monkeypatch.setattr(store, "accept", real)
        assert (await client.send(mail(), inbox.email)).startswith("250")
        monkeypatch.setattr(store, "route_recipients", away)
        assert (await client.send(mail(), "nobody@agentpost.test")).startswith("451 4.3.0")
    assert len(await inbox.messages()) == 1


async def test_only_the_bad_mail_of_a_batch_is_refused(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = await new_inbox(tenant)
    real = store.accept
    sizes: list[int] = []

    async def picky(database: Any, rows: Any) -> Any:
        sizes.append(len(rows))
        if any(row.mail_from == "bad@example.com" for row in rows):
            raise ValueError("PostgreSQL refuses this one")
        return await real(database, rows)

    monkeypatch.setattr(store, "accept", picky)
    senders = [f"s{n}@example.com" for n in range(20)] + ["bad@example.com"]
    answers = await asyncio.gather(*(send(tenant.server, mail(), inbox.email, sender=one) for one in senders))
    assert [answer[:3] for answer in answers] == ["250"] * 20 + ["451"]
    assert len(await inbox.messages(20)) == 20


async def test_concurrent_arrivals_share_commits(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = await new_inbox(tenant)
    real = store.accept
    sizes: list[int] = []

    async def counted(database: Any, rows: Any) -> Any:
        sizes.append(len(rows))
        await asyncio.sleep(0.02)  # as if the disk were slow: company gathers
        return await real(database, rows)

    monkeypatch.setattr(store, "accept", counted)
    answers = await asyncio.gather(*(send(tenant.server, mail(f"<{n}@x>"), inbox.email) for n in range(40)))
    assert all(one.startswith("250") for one in answers)
    assert sum(sizes) == 40
    assert max(sizes) > 5
    assert len(await inbox.messages(40)) == 40


async def test_mail_accepted_for_later_waits_for_its_time(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    runtime = tenant.server.runtime
    route = Route(
        organization_id=tenant.organization.organization_id,
        environment_id=tenant.organization.live_environment_id,
        inbox_id=inbox.id,
        address=inbox.email,
    )
    at = runtime.now().replace(year=2100)
    one = mail_of_bytes(
        mail(), routes=(route,), mail_from="echo@sandbox.test", source="local", received_at=runtime.now(), due_at=at
    )
    kept = await accept(runtime, one)
    [row] = await inbox.rows("SELECT id, due_at FROM inbound_mails WHERE inbox_id = $1")
    assert (row["id"], row["due_at"]) == (kept.inbound_ids[0], at)


async def test_a_duplicate_of_a_mail_that_is_being_accepted_is_told_under_its_name(tenant: Tenant) -> None:
    """Two processes take the same bytes at once: who comes second is answered the mail that stands."""
    inbox = await new_inbox(tenant)
    database, organization = tenant.server.database, tenant.organization
    first, second = [
        InboundRow(
            organization_id=organization.organization_id,
            id=ids.new_id(),
            environment_id=organization.live_environment_id,
            inbox_id=inbox.id,
            mail_from="a@x.org",
            rcpt_to=(inbox.email,),
            source="smtp",
            client_ip=None,
            helo=None,
            protocol=None,
            tls=False,
            size=len(mail()),
            flags=(),
            received_at=tenant.server.runtime.now(),
            due_at=None,
            content=mail(),
            sha256=b"the same",
            fingerprint=b"the same",
            window_seconds=600,
            authentication=None,
        )
        for _ in range(2)
    ]
    columns = [list(column) for column in zip(store._accepted_row(first), strict=True)]
    places = ", ".join(f"${n + 1}" for n in range(len(columns)))
    async with database.routing() as tx:
        await tx.rows(f"SELECT kept_id FROM router.accept_batch({places})", *columns)
        answer = asyncio.create_task(store.accept(database, [second]))
        await asyncio.sleep(0.2)
        assert not answer.done()
    assert await answer == [first.id]
    assert [row["id"] for row in await inbox.messages()] == [first.id]
