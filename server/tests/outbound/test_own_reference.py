"""A send names its own Message-ID in References, so that answers find their thread whatever a provider does to it."""

from email import message_from_bytes, policy

from harness import Tenant
from stories.post import first_message, mail_in


async def test_the_own_id_stands_last_in_references(tenant: Tenant) -> None:
    inbox = (await tenant.http.post("/inboxes", json={})).json()
    body = {"to": ["delivered@sandbox.test"], "subject": "Hi", "text_body": "x"}
    sent = (await tenant.http.post(f"/inboxes/{inbox['id']}/messages", json=body)).json()
    raw = (await tenant.http.get(f"/messages/{sent['id']}/raw")).content
    assert message_from_bytes(raw, policy=policy.default)["References"].split() == [sent["message_id_header"]]
    assert sent["references"] == []


async def test_an_answer_that_cites_only_references_finds_its_thread(tenant: Tenant) -> None:
    """As behind a provider that put another Message-ID on the wire: In-Reply-To names one that we never saw."""
    inbox = (await tenant.http.post("/inboxes", json={})).json()
    body = {"to": ["ann@example.com"], "subject": "Hi", "text_body": "x"}
    sent = (await tenant.http.post(f"/inboxes/{inbox['id']}/messages", json=body)).json()
    await mail_in(
        tenant.server.smtp_port,
        inbox["email"],
        subject="Re: Hi",
        text="y",
        In_Reply_To="<0100-replaced@provider.example>",
        References=f"{sent['message_id_header']} <0100-replaced@provider.example>",
    )
    answer = await first_message(tenant, inbox["id"], direction="inbound")
    assert answer["thread_id"] == sent["thread_id"]
    assert answer["flags"] == []
