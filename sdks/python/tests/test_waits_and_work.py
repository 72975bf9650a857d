"""The verbs that are more than one request: waiting, codes, the worker's loop."""

import asyncio
import time

import pytest

from agentpost import AgentPost, AsyncAgentPost, errors


async def _deliver(client: AsyncAgentPost, inbox_id: str, subject: str, text: str = "Hello.") -> None:
    await client.sandbox.deliver(
        inbox_id=inbox_id, from_address="login@service.example", subject=subject, text_body=text
    )


async def test_a_message_is_waited_for(client: AsyncAgentPost) -> None:
    inbox = await client.inboxes.create()
    waiting = asyncio.create_task(client.inboxes.wait_for_message(inbox.id, subject="invoice", timeout=60))
    await asyncio.sleep(0.5)
    await _deliver(client, inbox.id, "Lunch?")
    await _deliver(client, inbox.id, "Your INVOICE of May")
    assert (await waiting).subject == "Your INVOICE of May"


async def test_a_wait_armed_before_the_trigger_misses_nothing(client: AsyncAgentPost) -> None:
    inbox = await client.inboxes.create()
    wait = await client.waits.create(inbox.id, has_code=True)
    await _deliver(client, inbox.id, "Sign in", "Your verification code is 482913. It is valid for ten minutes.")
    matched = await client.waits.join(wait.id, timeout=60)
    assert [(one.kind, one.value) for one in matched.codes] == [("otp", "482913")]


async def test_one_poll_waits_as_long_as_it_is_told(client: AsyncAgentPost) -> None:
    inbox = await client.inboxes.create()
    wait = await client.waits.create(inbox.id)
    began = time.monotonic()
    assert (await client.waits.get(wait.id, wait_seconds=2)).status == "armed"
    assert time.monotonic() - began >= 2


async def test_a_code_is_waited_for(client: AsyncAgentPost, sync_client: AgentPost) -> None:
    inbox = await client.inboxes.create()
    waiting = asyncio.create_task(asyncio.to_thread(sync_client.inboxes.wait_for_code, inbox.id, timeout=60))
    await asyncio.sleep(0.5)
    await _deliver(client, inbox.id, "Sign in", "Your verification code is 482913. It is valid for ten minutes.")
    assert (await waiting).value == "482913"


async def test_a_wait_ends_in_time_and_says_how_to_go_on(client: AsyncAgentPost) -> None:
    inbox = await client.inboxes.create()
    with pytest.raises(errors.WaitTimedOut) as caught:
        await client.inboxes.wait_for_message(inbox.id, timeout=0.5)
    await _deliver(client, inbox.id, "Late")
    matched = await client.waits.join(caught.value.wait_id, timeout=60)
    assert matched.message is not None
    assert matched.message.subject == "Late"


async def test_each_message_is_worked_on_once(client: AsyncAgentPost) -> None:
    inbox = await client.inboxes.create()
    for number in range(6):
        await _deliver(client, inbox.id, f"Task {number}")

    async def worker() -> list[str]:
        return [message.subject async for message in client.inboxes.work(inbox.id, until_empty=True)]

    # Mail is read a moment after it was delivered: the workers come again until all of it was seen.
    done: list[str] = []
    async with asyncio.timeout(60):
        while len(done) < 6:
            for some in await asyncio.gather(worker(), worker(), worker()):
                done.extend(some)
    assert sorted(done) == [f"Task {number}" for number in range(6)]


async def test_a_resting_worker_hears_of_new_mail(client: AsyncAgentPost) -> None:
    inbox = await client.inboxes.create()
    work = client.inboxes.work(inbox.id)
    first = asyncio.ensure_future(anext(work))
    await asyncio.sleep(0.5)
    await _deliver(client, inbox.id, "Wake up")
    async with asyncio.timeout(15):
        assert (await first).subject == "Wake up"


async def test_what_is_left_unfinished_comes_back(sync_client: AgentPost, client: AsyncAgentPost) -> None:
    inbox = await client.inboxes.create()
    await _deliver(client, inbox.id, "Hard")

    def fail() -> None:
        with sync_client.inboxes.work(inbox.id) as work:
            for message in work:
                work.extend(600)
                raise RuntimeError(message.subject)

    with pytest.raises(RuntimeError, match="Hard"):
        await asyncio.to_thread(fail)
    async with client.inboxes.work(inbox.id) as work, asyncio.timeout(30):
        again = await anext(work)
        assert again.subject == "Hard"
        assert work.lease is not None
        assert work.lease.attempt == 2
