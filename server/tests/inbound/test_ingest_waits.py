"""What is away while mail is ingested: database, storage, time. It comes back soon, and the mail is not to blame."""

import asyncio
from typing import Any

import pytest

from agentpost_server.core.errors import Unavailable
from agentpost_server.db import Tx
from agentpost_server.inbound import Route, accept, ingest, mail_of_bytes, store
from agentpost_server.inbound.ingest import Ingest
from agentpost_server.work import Claimed
from harness import Tenant
from inbound.mailing import Inbox, mail, new_inbox

_TRIED = 6  # one try more, and a mail is taken for one that kills its reader


@pytest.fixture
async def lane(tenant: Tenant) -> Any:
    service = Ingest(tenant.server.runtime)
    yield service
    await service.close(1)


async def _claimed(inbox: Inbox, *raws: bytes, attempts: int = _TRIED) -> list[Claimed]:
    """Accepted mail in the hands of this test; the server's own lane never sees it."""
    runtime, organization = inbox.tenant.server.runtime, inbox.tenant.organization
    route = Route(
        organization_id=organization.organization_id,
        environment_id=organization.live_environment_id,
        inbox_id=inbox.id,
        address=inbox.email,
    )
    claims: list[Claimed] = []
    for raw in raws:
        envelope = {"mail_from": "ann@example.com", "source": "smtp", "received_at": runtime.now()}
        later = runtime.now().replace(year=2100)
        kept = await accept(runtime, mail_of_bytes(raw, routes=(route,), due_at=later, **envelope))
        claims.append(Claimed(organization.organization_id, kept.inbound_ids[0], attempts))
    await inbox.rows("UPDATE inbound_mails SET attempts = $2 WHERE inbox_id = $1", attempts)
    return claims


@pytest.fixture
def handed_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handed back stays where this test can see it: the server's own lane would take it at once."""
    real = store.hand_back

    async def for_long(tx: Tx, one: Claimed, seconds: float, error: str) -> None:
        await real(tx, one, seconds + 86_400, error)

    monkeypatch.setattr(store, "hand_back", for_long)


async def _waiting(inbox: Inbox) -> list[tuple[int, str | None]]:
    rows = await inbox.rows("SELECT attempts, last_error FROM inbound_mails WHERE inbox_id = $1 ORDER BY id")
    return [(row["attempts"], row["last_error"]) for row in rows]


async def test_a_batch_goes_on_when_the_database_is_back(
    tenant: Tenant, lane: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await new_inbox(tenant)
    claims = await _claimed(inbox, mail("<1@x>"), mail("<2@x>"))
    real, calls = ingest.append_all, 0

    async def away(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise Unavailable("gone in the middle", fix="")
        return await real(*given)

    monkeypatch.setattr(ingest, "append_all", away)
    async with asyncio.timeout(5):
        await lane.handle(claims)
    assert calls == 3
    assert [row["parse_status"] for row in await inbox.messages(2)] == ["ok", "ok"]
    assert sum(one["type"] == "message.received" for one in await inbox.events()) == 2


@pytest.mark.usefixtures("handed_back")
async def test_z04_storage_that_is_away_costs_no_mail_a_try(
    tenant: Tenant, lane: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await new_inbox(tenant)
    [claim] = await _claimed(inbox, mail(body="x" * 300_000))
    blobs = tenant.server.runtime.blobs

    async def away(_key: str) -> bytes:
        raise OSError("the store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(blobs, "get", away)
        await lane.handle([claim])
    assert await _waiting(inbox) == [(_TRIED - 1, "OSError: the store does not answer")]
    [claim] = [Claimed(claim.organization_id, claim.id, _TRIED - 1)]
    await lane.handle([claim])
    assert [row["parse_status"] for row in await inbox.messages()] == ["ok"]


@pytest.mark.usefixtures("handed_back")
@pytest.mark.parametrize("what", ["slow ones", "a batch that fails"])
async def test_mail_that_waited_for_other_mail_costs_no_try(
    tenant: Tenant, lane: Ingest, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    inbox = await new_inbox(tenant)
    body = "x" * 300_000 if what == "slow ones" else "x"
    claims = await _claimed(inbox, mail("<1@x>", body=body), mail("<2@x>", body=body))
    monkeypatch.setattr(ingest, "_WORKING_SECONDS", -1)
    if what != "slow ones":

        async def fails(*_: object) -> Any:
            raise ValueError("one of them is bad")

        monkeypatch.setattr(ingest, "add", fails)
    await lane.handle(claims)
    assert await _waiting(inbox) == [(_TRIED - 1, "TimeoutError: other mail took the time")] * 2
    assert await inbox.rows("SELECT id FROM messages WHERE inbox_id = $1") == []
