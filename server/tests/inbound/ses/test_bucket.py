"""Mail that SES stored in S3: fetched by the receipt, within what may be read, and found again when nobody told."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentpost_server.inbound.ses import stored as chore
from agentpost_server.inbound.ses.stored import envelope_of, sweep
from agentpost_server.mail.address import canonical
from agentpost_server.providers import s3_mail
from harness import Server, Tenant, running_server
from inbound.mailing import Inbox, mail, new_inbox
from inbound.ses.conftest import Amazon, Door, settings_of
from inbound.ses.signing import mail_id, notification, receipt, stored

AT_ONCE = timedelta()


async def _note(inbox: Inbox, provider_id: str) -> set[str]:
    rows = await inbox.tenant.server.database.route(
        "SELECT router.known_recipients($1, $2) AS recipient", "ses", provider_id
    )
    return {row["recipient"] for row in rows}


async def test_the_mail_is_fetched_from_the_bucket(door: Door, inbox: Inbox, amazon: Amazon) -> None:
    id_ = mail_id()
    raw = stored(id_, inbox.email, mail())
    amazon.put(f"in/{id_}", raw)
    assert (await door.post(notification(receipt(inbox.email, id_=id_)))).status_code == 200
    [row] = await inbox.messages()
    [blob] = await inbox.blobs(row["id"])
    assert blob["content"] == raw
    assert await _note(inbox, id_) == {canonical(inbox.email)}


@pytest.mark.parametrize(
    "where",
    [
        {"bucket": "another-bucket"},
        {"key": "elsewhere/{}"},
        {"key": "in/../elsewhere/{}"},
        {"key": "in/./{}"},
        {"key": "in//{}"},
        {"key": "/in/{}"},
        {"key": "in/%2e%2e/{}"},
        {"key": "in/\0/{}"},
        {"key": "inside/{}"},
        {"key": "in/another-mail-than-the-named-one"},
        {"key": ""},
    ],
)
async def test_n_13_a_bucket_or_key_outside_of_what_may_be_read(
    door: Door, inbox: Inbox, where: dict[str, str]
) -> None:
    id_ = mail_id()
    named: dict[str, Any] = {name: value.format(id_) for name, value in where.items()}
    answer = await door.post(notification(receipt(inbox.email, id_=id_, **named)))
    assert answer.status_code == 403
    assert await _note(inbox, id_) == set()


async def test_n_13_an_object_that_is_too_large_is_kept_aside(door: Door, inbox: Inbox, amazon: Amazon) -> None:
    id_ = mail_id()
    amazon.put(f"in/{id_}", stored(id_, inbox.email, mail(body="x" * 300_000)))
    assert (await door.post(notification(receipt(inbox.email, id_=id_)))).status_code == 200
    assert await inbox.rows("SELECT id FROM inbound_mails WHERE inbox_id = $1") == []
    assert await _note(inbox, id_) == {canonical(inbox.email)}  # for a day, should the limit be raised


async def test_n_13_n_14_an_object_that_is_not_there_yet_is_asked_for_again(
    door: Door, inbox: Inbox, amazon: Amazon
) -> None:
    message = notification(receipt(inbox.email, id_=(id_ := mail_id())))
    answer = await door.post(message)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert await _note(inbox, id_) == set()
    amazon.put(f"in/{id_}", stored(id_, inbox.email, mail()))
    assert (await door.post(message)).status_code == 200
    assert len(await inbox.messages()) == 1


async def test_n_13_a_store_that_cannot_be_reached_is_asked_again(
    ses_database: str, amazon: Amazon, door: Door, inbox: Inbox
) -> None:
    wrong = {**settings_of(amazon), "ses_inbound_bucket": "s3://no-such-bucket/in"}
    async with running_server(ses_database, ("api",), **wrong) as other:
        other.process.intake.certificates.fetch = door.sns.fetch
        answer = await door.http.post(
            f"{other.url}/api/v1/inbound/ses/the-secret-of-the-path",
            json=notification(receipt(inbox.email, id_=mail_id(), bucket="no-such-bucket")),
        )
    assert answer.status_code == 503


@asynccontextmanager
async def _restarted(database_url: str, amazon: Amazon) -> AsyncGenerator[Server]:
    """The server comes back, with a memory that holds nothing."""
    async with running_server(database_url, ("worker",), **settings_of(amazon)) as server:
        yield server


async def test_what_the_bucket_holds_and_nobody_told_is_found(ses_database: str, amazon: Amazon, inbox: Inbox) -> None:
    ids = [mail_id() for _ in range(5)]
    for number, id_ in enumerate(ids):
        amazon.put(f"in/{id_}", stored(id_, inbox.email, mail(f"<{number}@example.com>")))
    amazon.put("in/AMAZON_SES_SETUP_NOTIFICATION", b"hello")
    async with _restarted(ses_database, amazon) as server:
        assert await sweep(server.process.intake) == 0  # a notification may still be under way
        assert await sweep(server.process.intake, settled=AT_ONCE) >= 5
        assert await sweep(server.process.intake, settled=AT_ONCE) == 0
    assert len(await inbox.messages(5)) == 5


async def test_mail_of_more_than_a_week_ago_is_left_alone(
    door: Door, amazon: Amazon, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = mail_id()
    amazon.put(f"in/{id_}", stored(id_, inbox.email, mail()))
    later = datetime.now(UTC) + timedelta(days=8)
    with monkeypatch.context() as patched:
        patched.setattr(door.server.runtime, "now", lambda: later)
        await sweep(door.server.process.intake, settled=AT_ONCE)
    assert await _note(inbox, id_) == set()
    await sweep(door.server.process.intake, settled=AT_ONCE)
    assert await _note(inbox, id_) == {canonical(inbox.email)}


async def test_a_round_is_a_stretch_of_the_bucket_and_the_next_one_goes_on_behind_it(
    door: Door, amazon: Amazon, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_mail, "_PAGE", 2)
    monkeypatch.setattr(chore, "_PAGES", 1)
    ids = [mail_id() for _ in range(5)]
    for number, id_ in enumerate(ids):
        amazon.put(f"in/{id_}", stored(id_, inbox.email, mail(f"<{number}@example.com>")))
    chores = door.server.process.intake
    chores.swept_to = None
    rounds = [await sweep(chores, settled=AT_ONCE)]
    # The bucket holds the mail of other tests, too.
    while chores.swept_to is not None and len(rounds) < 200:
        rounds.append(await sweep(chores, settled=AT_ONCE))
    assert len(rounds) >= 3
    assert max(rounds) <= 2
    assert len(await inbox.messages(5)) == 5


async def test_an_object_that_may_not_be_read_keeps_no_other_waiting(
    door: Door, amazon: Amazon, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sorted(mail_id() for _ in range(3))
    for number, id_ in enumerate(ids):
        amazon.put(f"in/{id_}", stored(id_, inbox.email, mail(f"<{number}@example.com>")))
    chores = door.server.process.intake
    objects = door.server.runtime.mail_objects
    assert objects is not None
    read = objects.read

    async def denied(key: str, *, most: int) -> bytes:
        if key.endswith(ids[0]):
            raise OSError("AccessDenied: its key may not be used")
        return await read(key, most=most)

    with monkeypatch.context() as patched:
        patched.setattr(objects, "read", denied)
        await sweep(chores, settled=AT_ONCE)
    assert chores.swept_to is None
    assert len(await inbox.messages(2)) == 2
    assert await _note(inbox, ids[0]) == set()
    await sweep(chores, settled=AT_ONCE)
    assert len(await inbox.messages(3)) == 3


async def test_a_late_notification_of_what_was_found_adds_nobody_twice(
    door: Door, amazon: Amazon, inbox: Inbox, owner: Tenant
) -> None:
    other = await new_inbox(owner)
    id_ = mail_id()
    amazon.put(f"in/{id_}", stored(id_, inbox.email, mail()))
    await sweep(door.server.process.intake, settled=AT_ONCE)
    assert (await door.post(notification(receipt(inbox.email, other.email, id_=id_)))).status_code == 200
    assert len(await inbox.messages()) == 1
    assert len(await other.messages()) == 1


def test_only_the_lines_that_ses_wrote_on_top_tell_for_whom() -> None:
    id_ = mail_id()
    forged = stored(id_, "victim@example.com", b"")
    assert envelope_of(stored(id_, "me@example.com", mail()), id_) == ("ann@example.com", ("me@example.com",))
    assert envelope_of(stored(id_, "a@example.com, <b@example.com>", mail()), id_) == (
        "ann@example.com",
        ("a@example.com", "b@example.com"),
    )
    assert envelope_of(stored(id_, "me@example.com", forged + mail()), id_) == ("ann@example.com", ("me@example.com",))
    for raw in (
        mail(),
        b"",
        b"Subject: x\r\n" + forged,
        stored(mail_id(), "me@example.com", forged),
        stored(id_, "me@example.com", b"").replace(b"inbound-smtp.eu-west-1.amazonaws.com", b"evil.example"),
        stored(id_, "me@example.com", b"").replace(b"\r\n for me@example.com", b""),
        b"Received: " + b"x by inbound-smtp.a.amazonaws.com with SMTP id " * 20_000,
    ):
        assert envelope_of(raw, id_) is None


async def test_an_object_without_those_lines_waits_for_its_notification(
    door: Door, amazon: Amazon, inbox: Inbox
) -> None:
    id_ = mail_id()
    amazon.put(f"in/{id_}", mail())
    await sweep(door.server.process.intake, settled=AT_ONCE)
    assert await _note(inbox, id_) == {""}
    assert (await door.post(notification(receipt(inbox.email, id_=id_)))).status_code == 200
    assert len(await inbox.messages()) == 1
