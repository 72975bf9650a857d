"""SNS through SQS: deleted after our commit, left to the queue otherwise; an outage loses nothing."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from agentpost_server.inbound.ses import certificates, poll
from agentpost_server.inbound.ses.poll import QueuePoll
from agentpost_server.inbound.ses.stored import sweep
from agentpost_server.providers.aws import account_of
from agentpost_server.providers.aws_sqs import SqsQueue, region_of_queue
from harness import Tenant, new_tenant, running_server
from inbound.mailing import Inbox, mail, new_inbox, until
from inbound.ses.conftest import Amazon, Door, Sns, settings_of
from inbound.ses.signing import TOPIC, mail_id, notification, receipt, sign, stored

TEXT = mail().decode()


@pytest_asyncio.fixture
async def queue(amazon: Amazon) -> str:
    return amazon.new_queue(f"mail-{uuid4().hex}")


def _send(amazon: Amazon, queue: str, message: Any) -> None:
    body = message if isinstance(message, str) else json.dumps(message)
    amazon.sqs.send_message(QueueUrl=queue, MessageBody=body)


def _left(amazon: Amazon, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = amazon.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(one) for one in told.values())


@pytest_asyncio.fixture
async def polling(door: Door, queue: str) -> AsyncGenerator[QueuePoll]:
    opened = SqsQueue(account_of(door.server.runtime.settings), queue)
    yield QueuePoll(door.server.process.intake, opened)
    await opened.close()


async def test_what_was_done_is_deleted(polling: QueuePoll, amazon: Amazon, queue: str, inbox: Inbox) -> None:
    for number in range(3):
        _send(amazon, queue, notification(receipt(inbox.email, content=mail(f"<{number}@example.com>").decode())))
    assert await polling.once() == 3
    assert len(await inbox.messages(3)) == 3
    assert _left(amazon, queue) == 0


async def test_what_is_not_believed_or_not_understood_is_left_to_the_redrive(
    polling: QueuePoll, amazon: Amazon, queue: str, inbox: Inbox
) -> None:
    good = notification(receipt(inbox.email, content=TEXT))
    for one in (
        {**good, "Signature": "AAAA"},
        sign({**good, "TopicArn": TOPIC + "-foreign"}),
        receipt(inbox.email, content=TEXT),  # raw message delivery
        "garbage",
        notification(receipt(inbox.email, id_=mail_id())),  # not in the bucket yet
        notification('{"deep":' * 10_000),
    ):
        _send(amazon, queue, one)
    _send(amazon, queue, good)
    assert await polling.once() == 1
    assert len(await inbox.messages()) == 1
    assert _left(amazon, queue) == 6


async def test_poison_ends_in_the_dead_letter_queue(door: Door, amazon: Amazon) -> None:
    dead = amazon.new_queue(f"dead-{uuid4().hex}")
    arn = amazon.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
    queue = amazon.new_queue(f"mail-{uuid4().hex}", RedrivePolicy=redrive)
    _send(amazon, queue, "poison")
    opened = SqsQueue(account_of(door.server.runtime.settings), queue)
    for _ in range(3):
        for one in await opened.receive(most=10, wait_seconds=0, hidden_seconds=30):
            await opened.hide([one.receipt], 0)
    await opened.close()
    assert (_left(amazon, queue), _left(amazon, dead)) == (0, 1)


async def test_an_old_notification_in_the_queue_is_no_replay(
    polling: QueuePoll, amazon: Amazon, queue: str, inbox: Inbox
) -> None:
    days_ago = datetime.now(UTC) - timedelta(days=3)
    _send(amazon, queue, notification(receipt(inbox.email, content=TEXT), at=days_ago))
    assert await polling.once() == 1
    assert len(await inbox.messages()) == 1


async def test_what_comes_again_days_later_is_still_known_by_the_id_of_ses_and_the_recipient(
    polling: QueuePoll, amazon: Amazon, queue: str, inbox: Inbox, owner: Tenant
) -> None:
    other, told = await new_inbox(owner), receipt(inbox.email, content=TEXT)
    _send(amazon, queue, notification(told))
    assert await polling.once() == 1
    assert len(await inbox.messages()) == 1
    # The accept forgets after some days; a queue may hold a message for two weeks.
    assert await inbox.rows("DELETE FROM inbound_seen WHERE inbox_id = $1 RETURNING inbox_id")
    told["receipt"]["recipients"].append(other.email)
    _send(amazon, queue, notification(told))
    assert await polling.once() == 1
    assert len(await other.messages()) == 1
    assert len(await inbox.messages()) == 1


async def test_what_takes_long_stays_hidden(
    polling: QueuePoll, amazon: Amazon, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll, "_EXTEND_SECONDS", 0.3)
    monkeypatch.setattr(poll, "_HIDDEN_SECONDS", 3)
    begun: list[bytes] = []

    async def slow(_intake: object, body: bytes, *, by_http: bool) -> None:
        begun.append(body)
        await asyncio.sleep(6)

    monkeypatch.setattr(poll, "handle", slow)
    _send(amazon, queue, "slow")
    first = asyncio.create_task(polling.once())
    await asyncio.sleep(5)
    received = await asyncio.to_thread(amazon.sqs.receive_message, QueueUrl=queue)
    assert received.get("Messages", []) == []
    assert await first == 1
    assert begun == [b"slow"]


async def test_server_down_for_two_hours_and_nothing_is_lost(
    own_database: str, amazon: Amazon, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nobody runs: mail whose notification waits in the queue, and mail whose notification went to a URL that did
    not answer, of which only the object is left."""
    # From the first look on: a server that comes back asks its queue before anybody could reach into it.
    monkeypatch.setattr(certificates, "CertificateFetch", lambda _egress: Sns().fetch)
    async with running_server(own_database, **settings_of(amazon)) as before, new_tenant(before) as tenant:
        inbox = await new_inbox(tenant)
    ids = [mail_id() for _ in range(6)]
    for number, id_ in enumerate(ids):
        amazon.put(f"in/{id_}", stored(id_, inbox.email, mail(f"<{number}@example.com>")))
    for id_ in ids[:4]:
        _send(amazon, queue, notification(receipt(inbox.email, id_=id_)))
    _send(amazon, queue, notification(receipt(inbox.email, id_=ids[0])))  # at least once
    async with running_server(own_database, **settings_of(amazon), ses_queue_url=queue) as back:

        async def emptied() -> bool | None:
            return _left(amazon, queue) == 0 or None

        await until(emptied)
        await sweep(back.process.intake, settled=timedelta())
        inbox = inbox._replace(tenant=tenant._replace(server=back))
        assert len(await inbox.messages(6)) == 6


def test_the_region_of_a_queue_is_that_of_its_url() -> None:
    assert region_of_queue("https://sqs.eu-west-1.amazonaws.com/123456789012/mail") == "eu-west-1"
    assert region_of_queue("http://127.0.0.1:5000/123456789012/mail") == ""
