"""Keeping times: mail of deleted inboxes, old mail, unused uploads, and objects of the blob store go; nothing else."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict
from agentpost_server.core.ids import encode
from agentpost_server.db import Tx
from agentpost_server.messages import retention, store_delete
from agentpost_server.messages.new import NewAttachment
from agentpost_server.ports.blobs import BlobNotFound, blob_key
from harness import Tenant
from messages.added import message, new_inbox, stored
from messages.reading import events_of, fetch, listed, msg, store_mail


async def _with_large_file(tenant: Tenant, inbox: UUID) -> tuple[str, str]:
    """A message whose file lies in the blob store: the message's id and the object's key."""
    file = NewAttachment(
        id=ids.new_id(),
        filename="a.bin",
        mime_type="application/octet-stream",
        declared_mime_type=None,
        size=300_000,
        sha256="00" * 32,
        disposition="attachment",
    )
    one = message(tenant, inbox, f"<{file.id}@x>", attachments=(file,))
    await stored(tenant, one)
    key = blob_key(one.scope.organization_id, file.id, one.created_at)
    await tenant.server.runtime.blobs.put(key, b"x" * 300_000)
    return msg(one), key


async def _sweep(tenant: Tenant) -> None:
    while await retention.sweep_blobs(tenant.server.runtime):
        pass


async def test_objects_of_deleted_messages_leave_the_blob_store(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    gone, gone_key = await _with_large_file(tenant, inbox)
    _, kept_key = await _with_large_file(tenant, inbox)
    blobs = tenant.server.runtime.blobs
    assert (await tenant.http.delete(f"/messages/{gone}")).status_code == 204
    await _sweep(tenant)
    with pytest.raises(BlobNotFound):
        await blobs.size(gone_key)
    assert await blobs.size(kept_key) == 300_000
    assert await fetch(tenant, "SELECT FROM doomed_blobs") == []


async def test_a_store_that_is_away_is_asked_again(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, key = await _with_large_file(tenant, await new_inbox(tenant))
    await tenant.http.delete(f"/messages/{gone}")
    blobs = tenant.server.runtime.blobs

    async def away(_key: str) -> None:
        raise OSError("the store is away")

    with monkeypatch.context() as broken:
        broken.setattr(blobs, "delete", away)
        assert await retention.sweep_blobs(tenant.server.runtime) == 0
    assert len(await fetch(tenant, "SELECT FROM doomed_blobs")) == 1
    await _sweep(tenant)
    with pytest.raises(BlobNotFound):
        await blobs.size(key)


async def test_a_deleted_inbox_loses_its_mail_and_its_row_but_not_its_tombstone(tenant: Tenant) -> None:
    inbox, kept = await new_inbox(tenant), await new_inbox(tenant)
    _, key = await _with_large_file(tenant, inbox)
    for _ in range(3):
        await store_mail(tenant, inbox)
    here = await store_mail(tenant, kept)
    assert (await tenant.http.delete(f"/inboxes/{encode('inb', inbox)}")).status_code == 204
    await retention.purge_deleted_inboxes(tenant.server.runtime)
    assert len(await fetch(tenant, "SELECT FROM messages WHERE inbox_id = $1", inbox)) == 4
    await retention.purge_deleted_inboxes(tenant.server.runtime, settled_seconds=0)
    for table in ("messages", "message_facets", "threads", "thread_references", "attachments"):
        assert await fetch(tenant, f"SELECT FROM {table} WHERE inbox_id = $1", inbox) == [], table
    assert await fetch(tenant, "SELECT FROM inboxes WHERE id = $1", inbox) == []
    assert await listed(tenant.http, "/messages") == [msg(here)]
    assert (await tenant.http.get(f"/messages/{msg(here)}/raw")).status_code == 200
    await _sweep(tenant)
    with pytest.raises(BlobNotFound):
        await tenant.server.runtime.blobs.size(key)


async def test_an_inbox_that_cannot_go_keeps_no_other(
    tenant: Tenant, stranger: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, free = await new_inbox(tenant), await new_inbox(stranger)
    for who, inbox in ((tenant, stuck), (stranger, free)):
        assert (await who.http.delete(f"/inboxes/{encode('inb', inbox)}")).status_code == 204
    real = store_delete.delete_rest_of_inbox

    async def refused(tx: Tx, organization_id: UUID, inbox_id: UUID) -> None:
        if inbox_id == stuck:
            raise Conflict("Something new refers to this.", fix="None.")
        await real(tx, organization_id, inbox_id)

    monkeypatch.setattr(store_delete, "delete_rest_of_inbox", refused)
    await retention.purge_deleted_inboxes(tenant.server.runtime, settled_seconds=0)
    assert len(await fetch(tenant, "SELECT FROM inboxes WHERE id = $1", stuck)) == 1
    assert await fetch(stranger, "SELECT FROM inboxes WHERE id = $1", free) == []


async def test_mail_goes_when_its_environment_keeps_it_no_longer(tenant: Tenant, stranger: Tenant) -> None:
    inbox, theirs = await new_inbox(tenant), await new_inbox(stranger)
    ago = [
        ids.id_at(int((datetime.now(UTC) - timedelta(days=days, minutes=1)).timestamp() * 1000)) for days in (8, 7, 6)
    ]
    made = [await store_mail(tenant, inbox, id=one) for one in ago]
    in_flight = await store_mail(
        tenant, inbox, id=ids.id_at(1_700_000_000_000), direction="outbound", status="queued", trust="internal"
    )
    untouched = await store_mail(stranger, theirs, id=ids.id_at(1_700_000_000_000))
    environment = f"/environments/{encode('env', tenant.organization.live_environment_id)}"
    assert (await tenant.http.patch(environment, json={"retention_days": 7})).status_code == 200
    await retention.expire_messages(tenant.server.runtime)
    assert await listed(tenant.http, "/messages") == [msg(made[2]), msg(in_flight)]
    assert {event["message_id"] for event in await events_of(tenant, "message.deleted")} == {msg(made[0]), msg(made[1])}
    assert await listed(stranger.http, "/messages") == [msg(untouched)]
    assert await retention.expire_messages(tenant.server.runtime) == 0


async def test_uploads_that_no_send_took_go_with_their_bytes(tenant: Tenant) -> None:
    made = [
        (
            await tenant.http.post(
                "/attachments/upload-url", json={"filename": "a", "mime_type": "text/plain", "size": size}
            )
        ).json()
        for size in (3, 300_000, 3)
    ]
    for one, size in zip(made, (3, 300_000, 3), strict=True):
        await tenant.http.put(one["upload_url"], content=b"x" * size)
    old = [ids.decode("att", one["key"]) for one in made[:2]]
    [row] = await fetch(tenant, "SELECT created_at FROM blobs WHERE id = $1", old[1])
    key = blob_key(tenant.organization.organization_id, old[1], row["created_at"])
    assert await tenant.server.runtime.blobs.size(key) == 300_000
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run("UPDATE uploads SET expires_at = now() - interval '1 second' WHERE id = ANY ($1)", old)
    await retention.keep_times(tenant.server.runtime)
    assert [row["id"] for row in await fetch(tenant, "SELECT id FROM uploads")] == [ids.decode("att", made[2]["key"])]
    assert [row["id"] for row in await fetch(tenant, "SELECT id FROM blobs")] == [ids.decode("att", made[2]["key"])]
    with pytest.raises(BlobNotFound):
        await tenant.server.runtime.blobs.size(key)
