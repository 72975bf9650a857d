"""What an agent's mail does, told through the doors."""

import asyncio
import json

from standardwebhooks.webhooks import Webhook

from harness import Tenant
from stories.post import eventually, first_message, mail_in, socket_events, webhook_receiver


async def test_mail_comes_in_is_read_answered_and_told_of(tenant: Tenant) -> None:
    """Someone mails an agent; the webhook and the socket tell of it; the agent reads it and answers in its thread."""
    inbox = (await tenant.http.post("/inboxes", json={"username": "agent", "display_name": "Agent"})).json()
    async with webhook_receiver() as (url, came), socket_events(tenant, event_types=["message.received"]) as next_event:
        hook = (await tenant.http.post("/webhooks", json={"url": url, "event_types": ["message.received"]})).json()

        message_id = await mail_in(tenant.server.smtp_port, inbox["email"], subject="Weather?", text="Will it rain?")

        told = await next_event()
        headers, body = await asyncio.wait_for(came.get(), 10)
        assert Webhook(hook["secret"]).verify(body, headers) == json.loads(body) == told
        assert told["type"] == "message.received"

    message = (await tenant.http.get(f"/messages/{told['data']['message_id']}")).json()
    assert (message["subject"], message["extracted_text"]) == ("Weather?", "Will it rain?")
    assert message["message_id_header"] == message_id

    reply = (await tenant.http.post(f"/messages/{message['id']}/reply", json={"text_body": "No."})).json()
    assert reply["to_addresses"] == [{"email": "ann@example.com", "name": None}]
    assert reply["in_reply_to"] == message_id
    thread = (await tenant.http.get(f"/threads/{message['thread_id']}")).json()
    assert [one["direction"] for one in thread["messages"]] == ["inbound", "outbound"]


async def test_a_conversation_with_the_echo_stays_in_one_thread(tenant: Tenant) -> None:
    """An agent writes to echo@sandbox.test; the answer joins the thread; the agent writes again; so does the echo."""
    inbox = (await tenant.http.post("/inboxes", json={"username": "talker"})).json()
    first = {"to": ["echo@sandbox.test"], "subject": "Hello", "text_body": "one"}
    sent = (await tenant.http.post(f"/inboxes/{inbox['id']}/messages", json=first)).json()
    answer = await first_message(tenant, inbox["id"], direction="inbound")
    assert (answer["thread_id"], answer["in_reply_to"]) == (sent["thread_id"], sent["message_id_header"])

    await tenant.http.post(f"/messages/{answer['id']}/reply", json={"text_body": "two"})

    async def both_answers() -> list[str] | None:
        thread = (await tenant.http.get(f"/threads/{sent['thread_id']}")).json()
        directions = [one["direction"] for one in thread["messages"]]
        return directions if len(directions) == 4 else None

    assert sorted(await eventually(both_answers)) == ["inbound", "inbound", "outbound", "outbound"]


async def test_two_agents_of_two_organizations_write_to_each_other(tenant: Tenant, stranger: Tenant) -> None:
    """Mail between tenants goes as between strangers: each has its own copy and thread, and no sight of the other's."""
    ours = (await tenant.http.post("/inboxes", json={"username": "ours"})).json()
    theirs = (await stranger.http.post("/inboxes", json={"username": "theirs"})).json()
    body = {"to": [theirs["email"]], "subject": "Offer", "text_body": "Ten?"}
    await tenant.http.post(f"/inboxes/{ours['id']}/messages", json=body)
    offer = await first_message(stranger, theirs["id"])
    await stranger.http.post(f"/messages/{offer['id']}/reply", json={"text_body": "Nine."})
    counter = await first_message(tenant, ours["id"], direction="inbound")
    assert counter["extracted_text"] == "Nine."
    assert (await tenant.http.get(f"/messages/{offer['id']}")).status_code == 404
    assert (await stranger.http.get(f"/threads/{counter['thread_id']}")).status_code == 404


async def test_a_bounce_comes_home_and_the_address_is_not_tried_again(tenant: Tenant) -> None:
    """Mail to a dead address bounces; the address is suppressed; the next send to it alone is refused."""
    inbox = (await tenant.http.post("/inboxes", json={"username": "sender"})).json()
    body = {"to": ["bounce+story@sandbox.test"], "subject": "Hi", "text_body": "x"}
    sent = (await tenant.http.post(f"/inboxes/{inbox['id']}/messages", json=body)).json()

    async def bounced() -> dict[str, object] | None:
        message = (await tenant.http.get(f"/messages/{sent['id']}")).json()
        return message if message["status"] == "bounced" else None

    message = await eventually(bounced)
    assert message["recipients"][0]["status"] == "bounced"  # type: ignore[index]
    again = await tenant.http.post(f"/inboxes/{inbox['id']}/messages", json=body)
    assert (again.status_code, again.json()["code"]) == (422, "all_recipients_suppressed")


async def test_a_file_travels_out_and_back_unchanged(tenant: Tenant) -> None:
    """A file is put up, sent to another inbox, and downloaded there byte for byte under its own name."""
    content = bytes(range(256)) * 2000
    sender = (await tenant.http.post("/inboxes", json={})).json()
    reader = (await tenant.http.post("/inboxes", json={})).json()
    wanted = {"filename": "Über uns.bin", "mime_type": "application/octet-stream", "size": len(content)}
    upload = (await tenant.http.post("/attachments/upload-url", json=wanted)).json()
    put = await tenant.http.put(upload["upload_url"], content=content, headers=upload["headers"])
    assert put.status_code in (200, 201, 204), put.text
    body = {"to": [reader["email"]], "subject": "File", "text_body": "here", "attachments": [{"key": upload["key"]}]}
    assert (await tenant.http.post(f"/inboxes/{sender['id']}/messages", json=body)).status_code == 201
    message = await first_message(tenant, reader["id"])
    attachment = (await tenant.http.get(f"/attachments/{message['attachments'][0]['id']}")).json()
    assert (attachment["filename"], attachment["size"]) == ("Über uns.bin", len(content))
    download = await tenant.http.get(attachment["download_url"])
    assert download.content == content
    assert "%C3%9Cber%20uns.bin" in download.headers["Content-Disposition"]
