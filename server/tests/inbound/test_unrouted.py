"""Mail from a provider for nobody: kept for a day, delivered when its inbox comes, then dropped; never bounced."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from agentpost_server.core.errors import BadRequest
from agentpost_server.inbound import intake as intake_module
from agentpost_server.inbound import unrouted
from agentpost_server.inbound.intake import Intake, ProviderMail, deliver
from agentpost_server.inbound.unrouted import look_again
from agentpost_server.mail.authentication import Authentication
from agentpost_server.mail.trace_header import TRACE_HEADER, sign
from agentpost_server.ports.blobs import BlobNotFound
from harness import KEYRING, Tenant
from inbound.mailing import mail, new_inbox

_VERDICT = Authentication(spf="pass", checked_by="ses")


@pytest_asyncio.fixture
async def notes(database_url: str) -> AsyncGenerator[asyncpg.Connection]:
    """The rows as an operator sees them."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def _row(notes: asyncpg.Connection, recipient: str) -> asyncpg.Record:
    found = await notes.fetchrow("SELECT * FROM agentpost.provider_mails WHERE recipient = $1", recipient)
    assert found is not None
    return found


async def _age(notes: asyncpg.Connection, recipient: str, hours: int) -> None:
    await notes.execute(
        """UPDATE agentpost.provider_mails SET due_at = now() - interval '1 s',
             seen_at = now() - make_interval(hours => $2) WHERE recipient = $1""",
        recipient,
        hours,
    )


def _mail(*recipients: str, raw: bytes | None = None, location: str | None = None) -> ProviderMail:
    return ProviderMail(
        source="ses",
        provider_id=uuid4().hex,
        mail_from="ann@example.com",
        recipients=recipients,
        raw=mail() if raw is None and location is None else raw,
        location=location,
        received_at=datetime.now(UTC),
        authentication=_VERDICT,
    )


async def test_it_waits_for_its_inbox_and_is_delivered_once(
    tenant: Tenant, notes: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake, inbox = Intake(tenant.server.runtime), await new_inbox(tenant)

    async def nowhere(_intake: Intake, _recipient: str) -> None:
        return None

    for module in (intake_module, unrouted):
        monkeypatch.setattr(module, "find_route", nowhere)
    await deliver(intake, one := _mail(inbox.email))
    await deliver(intake, one)
    waiting = await _row(notes, inbox.email)
    assert (waiting["outcome"], waiting["reason"]) == ("unrouted", "no_inbox")
    key = waiting["location"].removeprefix("blob:")
    assert await tenant.server.runtime.blobs.get(key) == mail()
    await _age(notes, inbox.email, 1)
    await look_again(intake)
    again = await _row(notes, inbox.email)
    assert (again["outcome"], again["due_at"] > datetime.now(UTC)) == ("unrouted", True)

    monkeypatch.undo()  # now the inbox is there
    await _age(notes, inbox.email, 23)
    await look_again(intake)
    assert len(await inbox.messages()) == 1
    done = await _row(notes, inbox.email)
    assert (done["outcome"], done["location"], done["due_at"]) == ("accepted", None, None)
    assert not await _there(tenant, key)
    await deliver(intake, one)
    assert len(await inbox.messages()) == 1


async def _there(tenant: Tenant, key: str) -> bool:
    try:
        await tenant.server.runtime.blobs.size(key)
    except BlobNotFound:
        return False
    return True


async def test_after_a_day_it_is_dropped_and_nobody_is_told(tenant: Tenant, notes: asyncpg.Connection) -> None:
    intake, email = Intake(tenant.server.runtime), f"nobody-{uuid4().hex[:12]}@agentpost.test"
    before = await notes.fetchval("SELECT count(*) FROM agentpost.transmissions")
    await deliver(intake, one := _mail(email))
    key = (await _row(notes, email))["location"].removeprefix("blob:")
    await _age(notes, email, 25)
    await look_again(intake)
    row = await _row(notes, email)
    assert (row["outcome"], row["due_at"], row["location"]) == ("dropped", None, None)
    assert not await _there(tenant, key)
    assert await notes.fetchval("SELECT count(*) FROM agentpost.transmissions") == before
    await deliver(intake, one)  # told again, it stays dropped
    assert (await _row(notes, email))["outcome"] == "dropped"


async def test_bytes_stay_while_another_recipient_waits_for_them(tenant: Tenant, notes: asyncpg.Connection) -> None:
    intake, names = Intake(tenant.server.runtime), [f"two-{uuid4().hex[:12]}@agentpost.test" for _ in range(2)]
    await deliver(intake, _mail(*names))
    key = (await _row(notes, names[0]))["location"].removeprefix("blob:")
    await _age(notes, names[0], 25)
    await look_again(intake)
    assert await _there(tenant, key)
    await _age(notes, names[1], 25)
    await look_again(intake)
    assert not await _there(tenant, key)


async def test_bytes_that_cannot_be_had_are_given_up_after_a_day(tenant: Tenant, notes: asyncpg.Connection) -> None:
    intake = Intake(tenant.server.runtime)
    made = (await tenant.http.post("/inboxes", json={})).json()
    await deliver(intake, _mail(made["email"], location="s3:in/gone"))
    assert (await _row(notes, made["email"]))["reason"] == "too_large"
    await _age(notes, made["email"], 1)
    await look_again(intake)
    assert (await _row(notes, made["email"]))["outcome"] == "unrouted"
    await _age(notes, made["email"], 25)
    await look_again(intake)
    assert (await _row(notes, made["email"]))["outcome"] == "dropped"


async def test_bytes_whose_store_is_away_are_waited_for_however_late_it_is(
    tenant: Tenant, notes: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake, inbox = Intake(tenant.server.runtime), await new_inbox(tenant)

    async def nowhere(_intake: Intake, _recipient: str) -> None:
        return None

    async def away(_key: str) -> bytes:
        raise OSError("the store is away")

    monkeypatch.setattr(intake_module, "find_route", nowhere)
    await deliver(intake, _mail(inbox.email))
    await _age(notes, inbox.email, 30)
    with monkeypatch.context() as patched:
        patched.setattr(tenant.server.runtime.blobs, "get", away)
        await look_again(intake)
    assert (await _row(notes, inbox.email))["outcome"] == "unrouted"
    await _age(notes, inbox.email, 30)
    await look_again(intake)
    assert len(await inbox.messages()) == 1


async def test_what_its_door_said_of_it_stays_with_it(
    tenant: Tenant, notes: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake, inbox = Intake(tenant.server.runtime), await new_inbox(tenant)

    async def nowhere(_intake: Intake, _recipient: str) -> None:
        return None

    monkeypatch.setattr(intake_module, "find_route", nowhere)
    await deliver(intake, msgspec.structs.replace(_mail(inbox.email), flags=("virus", "rebuilt")))
    await _age(notes, inbox.email, 1)
    await look_again(intake)
    [message] = await inbox.messages()
    assert set(message["flags"]) >= {"virus", "rebuilt"}


async def test_whoever_was_not_looked_at_for_a_day_is_looked_for_once_more(
    tenant: Tenant, notes: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a flood of mail for nobody, or an outage of the worker, a day may pass before the next try."""
    intake, inbox = Intake(tenant.server.runtime), await new_inbox(tenant)

    async def nowhere(_intake: Intake, _recipient: str) -> None:
        return None

    monkeypatch.setattr(intake_module, "find_route", nowhere)
    await deliver(intake, _mail(inbox.email))
    await _age(notes, inbox.email, 30)
    await look_again(intake)
    assert (await _row(notes, inbox.email))["outcome"] == "accepted"
    assert len(await inbox.messages()) == 1


async def test_one_that_fails_stops_no_other(
    tenant: Tenant, notes: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake, bad, good = Intake(tenant.server.runtime), await new_inbox(tenant), await new_inbox(tenant)

    async def nowhere(_intake: Intake, _recipient: str) -> None:
        return None

    monkeypatch.setattr(intake_module, "find_route", nowhere)
    await deliver(intake, _mail(bad.email))
    await deliver(intake, _mail(good.email))
    await _age(notes, bad.email, 2)
    await _age(notes, good.email, 1)
    await notes.execute(
        """UPDATE agentpost.provider_mails SET authentication = '[]', due_at = due_at - interval '1 h'
           WHERE recipient = $1""",
        bad.email,
    )
    await look_again(intake)
    assert (await _row(notes, good.email))["outcome"] == "accepted"
    assert (await _row(notes, bad.email))["outcome"] == "unrouted"


async def test_a_mail_for_more_people_than_a_provider_names_is_refused_and_not_cut(tenant: Tenant) -> None:
    with pytest.raises(BadRequest, match="1001 recipients"):
        await deliver(Intake(tenant.server.runtime), _mail(*(f"n{n}@agentpost.test" for n in range(1001))))


async def test_a_mail_that_goes_round_is_dropped(tenant: Tenant, notes: asyncpg.Connection) -> None:
    """S-43, S-44: by its hops, or by our own signature of this inbox three times."""
    made = [await new_inbox(tenant) for _ in range(3)]
    hops = [f"Received: from a by b; hop {number}" for number in range(51)]
    ours = f"{TRACE_HEADER}: {sign(KEYRING, uuid4(), made[1].id)}"
    for to, head in ((made[0], hops), (made[1], [ours] * 3), (made[2], [ours] * 3)):
        await deliver(Intake(tenant.server.runtime), _mail(to.email, raw=mail(None, *head)))
    rows = [await _row(notes, one.email) for one in made]
    assert [(row["outcome"], row["reason"]) for row in rows] == [*[("dropped", "mail_loop")] * 2, ("accepted", None)]


async def test_old_notes_and_tokens_go(tenant: Tenant, notes: asyncpg.Connection) -> None:
    intake, email = Intake(tenant.server.runtime), f"old-{uuid4().hex[:12]}@agentpost.test"
    await deliver(intake, _mail(email))
    await _age(notes, email, 25)
    await look_again(intake)
    await notes.execute(
        "UPDATE agentpost.provider_mails SET seen_at = now() - interval '31 days' WHERE recipient = $1", email
    )
    await notes.execute(
        """INSERT INTO agentpost.provider_tokens VALUES ('mailgun', $1, '', true, now() - interval '26 hours')""",
        uuid4().bytes,
    )
    await look_again(intake)
    assert await notes.fetchval("SELECT count(*) FROM agentpost.provider_mails WHERE recipient = $1", email) == 0
    old = "SELECT count(*) FROM agentpost.provider_tokens WHERE seen_at < now() - interval '25 hours'"
    assert await notes.fetchval(old) == 0
