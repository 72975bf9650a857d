"""The generated methods through both clients, against a real server."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from agentpost import AgentPost, AsyncAgentPost, errors, with_raw_response


async def test_an_inbox_lives(client: AsyncAgentPost) -> None:
    inbox = await client.inboxes.create(username="support", display_name="Support", metadata={"team": "blue"})
    assert inbox.username == "support"
    assert (await client.inboxes.get(inbox.id)).to_dict() == inbox.to_dict()
    changed = await client.inboxes.update(inbox.id, display_name=None)
    assert changed.display_name is None
    assert changed.metadata == {"team": "blue"}, "what is not given is left alone"
    assert await client.inboxes.delete(inbox.id) is None
    with pytest.raises(errors.NotFound) as caught:
        await client.inboxes.get(inbox.id)
    assert caught.value.code == "not_found"
    assert caught.value.request_id.startswith("req_")


def _send_and_read(client: AgentPost) -> None:
    inbox = client.inboxes.create()
    sent = client.messages.send(
        inbox.id,
        to="delivered@sandbox.test",
        subject="Hello",
        text_body="See the file.",
        attachments=[{"content": b"octets \xff".hex(), "filename": "a.txt"}],
        send_at=datetime.now(UTC) + timedelta(days=1),
    )
    assert (sent.status, sent.to_addresses[0].email) == ("scheduled", "delivered@sandbox.test")
    assert sent.answer is not None
    assert sent.answer.status == 201
    assert client.messages.get_raw(sent.id).startswith(b"")
    assert [one.id for one in client.messages.list(inbox.id)] == [sent.id]
    assert [one.id for one in client.messages.list()] == [sent.id]
    assert client.messages.cancel(sent.id).status == "cancelled"


async def test_the_plain_client_sends_and_reads(sync_client: AgentPost) -> None:
    await asyncio.to_thread(_send_and_read, sync_client)


async def test_a_list_walks_all_its_pages(client: AsyncAgentPost) -> None:
    made = [(await client.inboxes.create(username=f"u{number}")).id for number in range(7)]
    assert [one.id async for one in client.inboxes.list(limit=3, ascending=True)] == made
    page = await client.inboxes.list(limit=3, ascending=True)
    assert [one.id for one in page.data] == made[:3]
    assert page.has_next_page()
    following = await page.get_next_page()
    assert following is not None
    assert [one.id for one in following.data] == made[3:6]
    assert page.answer.status == 200


async def test_the_answer_itself_can_be_had(client: AsyncAgentPost) -> None:
    first = await with_raw_response(client.inboxes.create)(username="same", idempotency_key="once")
    again = await with_raw_response(client.inboxes.create)(username="same", idempotency_key="once")
    assert again.value.id == first.value.id
    assert (first.answer.idempotent_replay, again.answer.idempotent_replay) == (False, True)
    gone = await with_raw_response(client.inboxes.delete)(first.value.id)
    assert (gone.value, gone.answer.status) == (None, 204)


async def test_an_empty_id_names_nothing(client: AsyncAgentPost) -> None:
    with pytest.raises(ValueError, match="empty"):
        await client.inboxes.get("")
