"""Spam through the real door: stored and labelled, told as blocked, and never judged between inboxes of the server."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest

from agentpost_server.core import ids
from agentpost_server.inbound import Route, accept, ingest, mail_of_bytes
from agentpost_server.inbound.ingest import Ingest
from agentpost_server.screening import Factor, Question, Screen
from agentpost_server.work import Claimed
from harness import Tenant, new_tenant, running_server
from inbound.mailing import Inbox, mail, new_inbox, send
from screening.ham_mails import HAM
from screening.spam_mails import SPAM

_GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL" + "*C.34X"


async def _read(inbox: Inbox) -> dict[str, Any]:
    [row] = await inbox.messages()
    answer = await inbox.tenant.http.get(f"/messages/{ids.encode('msg', row['id'])}")
    assert answer.status_code == 200
    return answer.json()


async def _told(inbox: Inbox) -> dict[str, Any]:
    return {one["type"]: msgspec.json.decode(one["data"]) for one in await inbox.events()}


async def test_spam_is_stored_labelled_and_told_as_blocked_by_no_rule(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    assert (await send(tenant.server, mail(body=_GTUBE), inbox.email)).startswith("250")
    message = await _read(inbox)
    assert message["labels"] == ["received", "unread", "spam"]
    assert message["spam_score"] >= 1000
    assert set(message["envelope"]) == {"mail_from", "rcpt_to", "source", "client_ip", "helo", "tls"}
    told = await _told(inbox)
    assert {"message.blocked", "thread.created"} <= told.keys()
    assert "message.received" not in told
    assert told["message.blocked"]["rule_id"] is None
    assert told["message.blocked"]["labels"] == ["received", "unread", "spam"]
    listed = (await tenant.http.get("/messages", params={"labels": "spam"})).json()
    assert [one["id"] for one in listed["data"]] == [message["id"]]


async def test_the_reasons_stand_in_the_envelope_of_the_row_alone(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    assert (await send(tenant.server, SPAM["a password form over a number"], inbox.email)).startswith("250")
    [row] = await inbox.messages()
    reasons = {one["name"]: one["weight"] for one in msgspec.json.decode(row["envelope"])["_spam"]}
    assert reasons["asks_password"] == 4.0
    assert round(sum(reasons.values()), 2) == round(row["spam_score"], 2)


async def test_ordinary_mail_has_a_score_and_is_received(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    assert (await send(tenant.server, HAM["a personal mail"], inbox.email)).startswith("250")
    message = await _read(inbox)
    assert message["labels"] == ["received", "unread"]
    assert 0 <= message["spam_score"] < 5
    assert "message.received" in await _told(inbox)


async def test_mail_between_inboxes_of_this_server_is_not_judged(tenant: Tenant) -> None:
    sender, inbox = await new_inbox(tenant), await new_inbox(tenant)
    body = {"to": [inbox.email], "subject": "FREE $$$ FOR YOU!!", "text_body": _GTUBE}
    sent = await tenant.http.post(f"/inboxes/{ids.encode('inb', sender.id)}/messages", json=body)
    assert sent.status_code in (200, 201, 202), sent.text
    message = await _read(inbox)
    assert message["spam_score"] is None
    assert "spam" not in message["labels"]
    own = (await tenant.http.get(f"/messages/{sent.json()['id']}")).json()
    assert own["spam_score"] is None


@pytest.fixture
async def calm(own_database: str) -> AsyncGenerator[Tenant]:
    async with running_server(own_database, spam_threshold=0) as server, new_tenant(server) as tenant:
        yield tenant


async def test_a_threshold_of_zero_scores_and_labels_nothing(calm: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = await new_inbox(calm)
    await _handle(calm, inbox, mail(body=_GTUBE))
    message = await _read(inbox)
    assert message["spam_score"] >= 1000
    assert message["labels"] == ["received", "unread"]
    assert "message.received" in await _told(inbox)


async def _handle(tenant: Tenant, inbox: Inbox, *raws: bytes, source: str = "smtp") -> None:
    """Let a lane of the test's own take mail that no other takes."""
    organization = tenant.organization
    # Whose mail it is, is not the question here, and no name server is asked.
    settings = msgspec.structs.replace(tenant.server.runtime.settings, mail_authentication="off")
    runtime = msgspec.structs.replace(tenant.server.runtime, settings=settings)
    route = Route(
        organization_id=organization.organization_id,
        environment_id=organization.live_environment_id,
        inbox_id=inbox.id,
        address=inbox.email,
    )
    claims: list[Claimed] = []
    for raw in raws:
        kept = await accept(
            runtime,
            mail_of_bytes(
                raw,
                routes=(route,),
                mail_from="ann@example.com",
                source=source,
                client_ip="8.8.4.4",
                received_at=runtime.now(),
                due_at=runtime.now().replace(year=2100),
            ),
        )
        claims.append(Claimed(organization.organization_id, kept.inbound_ids[0], 0))
    lane = Ingest(runtime)
    await lane.handle(claims)
    await lane.close(1)


async def test_helpers_are_asked_once_a_batch_and_before_any_transaction(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[list[Question]] = []

    class Asking(Screen):
        @property
        def has_helpers(self) -> bool:
            return True

        async def ask(self, questions: Any) -> Any:
            batches.append(list(questions))
            return [(Factor("rspamd", 6.0),) if one.raw.endswith(b"bad\r\n") else () for one in questions]

    monkeypatch.setattr(ingest, "Screen", Asking)
    inbox = await new_inbox(tenant)
    await _handle(tenant, inbox, mail("<1@x>", body="good"), mail("<2@x>", body="bad"))
    await _handle(tenant, inbox, mail("<3@x>", body="bad"), source="local")
    await _handle(tenant, inbox, mail("<4@x>", body="bad"), source="ses")
    rows = await inbox.messages(4)
    assert {row["message_id_header"] for row in rows if "spam" in row["labels"]} == {"<2@x>", "<4@x>"}
    assert [[one.client_ip for one in batch] for batch in batches] == [["8.8.4.4", "8.8.4.4"], [None]]
