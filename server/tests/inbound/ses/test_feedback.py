"""What became of our mail, as SES tells it by SNS: through the queue and by HTTP, matched by the tag of our call."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from agentpost_server.inbound.ses.poll import QueuePoll
from agentpost_server.providers.aws import account_of
from agentpost_server.providers.aws_sqs import SqsQueue
from inbound.mailing import Inbox
from inbound.provider_doors import forged, handed_over, what_became
from inbound.ses.conftest import Amazon, Door
from inbound.ses.signing import notification
from outbound.provider_events import ses_bounce, ses_complaint, ses_delivery

ANN, BOB = "timeout+ann@sandbox.test", "timeout+bob@sandbox.test"
Tell = Callable[[dict[str, Any]], Awaitable[None]]


@pytest.fixture(params=["queue", "http"])
def tell(request: pytest.FixtureRequest, door: Door, amazon: Amazon) -> Tell:
    """An event, signed by SNS, on its way to us; done when it was acknowledged."""

    async def by_queue(event: dict[str, Any]) -> None:
        url = amazon.new_queue(f"feedback-{uuid4().hex}")
        amazon.sqs.send_message(
            QueueUrl=url, MessageBody=door.http.build_request("POST", "/", json=event).content.decode()
        )
        queue = SqsQueue(account_of(door.server.runtime.settings), url)
        try:
            assert await QueuePoll(door.server.process.intake, queue).once() == 1
        finally:
            await queue.close()

    async def by_http(event: dict[str, Any]) -> None:
        assert (await door.post(event)).status_code == 200

    return by_queue if request.param == "queue" else by_http


async def test_n_16_delivery_bounce_and_complaint_come_home_and_forged_ones_do_not(tell: Tell, inbox: Inbox) -> None:
    message, tag = await handed_over(inbox, ANN, BOB)
    for wrong in (None, "a" * 52, forged(tag)):
        await tell(notification(ses_bounce(wrong, ANN, status="5.1.1")))
    assert await what_became(inbox, message) == ({ANN: "unknown", BOB: "unknown"}, [])
    await tell(notification(ses_delivery(tag, ANN, BOB)))
    assert await what_became(inbox, message) == ({ANN: "delivered", BOB: "delivered"}, [])
    await tell(notification(ses_bounce(tag, ANN, status="5.1.1")))
    await tell(notification(ses_complaint(tag, BOB)))
    statuses, suppressed = await what_became(inbox, message)
    assert (statuses, sorted(suppressed)) == ({ANN: "bounced", BOB: "complained"}, [ANN, BOB])


async def test_n_18_a_delivery_that_comes_behind_the_bounce_changes_nothing(tell: Tell, inbox: Inbox) -> None:
    message, tag = await handed_over(inbox, ANN)
    for event in (ses_bounce(tag, ANN, status="5.1.1"), ses_delivery(tag, ANN), ses_bounce(tag, ANN, status="5.1.1")):
        await tell(notification(event))
    assert await what_became(inbox, message) == ({ANN: "bounced"}, [ANN])
