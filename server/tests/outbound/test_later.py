"""Before a message has left: cancelled, moved to another time, or kept here by its environment."""

import email
import email.policy
from datetime import UTC, datetime, timedelta
from typing import Any

from agentpost_server.accounts.organizations import insert_full_key
from agentpost_server.core import ids
from agentpost_server.outbound import transmit
from agentpost_server.outbound.lateness import late_hold
from agentpost_server.outbound.transmit import Timing
from harness import client
from outbound.bench import ACCEPTED, Bench
from outbound.sending import events, inbox, recipients, send


async def test_cancelled_before_the_first_call_nothing_leaves(bench: Bench) -> None:
    made = await bench.sent("a@b.example")
    claimed = await bench.claim()  # a worker has it in hand, but has not begun
    answer = await bench.tenant.http.post(f"/messages/{made['id']}/cancel", json={})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    await transmit.transmit(bench.server.runtime, claimed, Timing())
    assert bench.transport.calls == []
    again = await bench.tenant.http.post(f"/messages/{made['id']}/cancel", json={})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert await bench.told() == ["message.queued", "message.cancelled"]
    cancelled = next(data for kind, data in await events(bench.tenant) if kind == "message.cancelled")
    assert cancelled["decided_by"]["type"] == "key"


async def test_scheduled_mail_waits_can_be_moved_and_then_goes(bench: Bench) -> None:
    made = await bench.sent("a@b.example", send_at=_in_days(2))
    assert made["status"] == "scheduled"
    assert await bench.turn() == 0
    moved = await bench.tenant.http.post(f"/messages/{made['id']}/reschedule", json={"send_at": _in_days(3)})
    assert (moved.status_code, moved.json()["send_at"][:10]) == (200, _in_days(3)[:10])
    far = await bench.tenant.http.post(f"/messages/{made['id']}/reschedule", json={"send_at": "9999-01-01T00:00:00Z"})
    assert far.status_code == 422
    now = await bench.tenant.http.post(f"/messages/{made['id']}/reschedule", json={"send_at": _in_days(0)})
    assert now.json()["status"] == "queued"
    bench.transport.script = [ACCEPTED]
    assert await bench.turn() == 1
    late = await bench.tenant.http.post(f"/messages/{made['id']}/reschedule", json={"send_at": _in_days(1)})
    assert late.status_code == 409
    assert (await bench.tenant.http.get("/messages?status=sent")).json()["data"][0]["id"] == made["id"]


def _in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def test_a_dev_environment_sends_to_its_list_and_captures_the_rest(bench: Bench) -> None:
    async with bench.server.database.transaction(bench.organization_id) as tx:
        key = await insert_full_key(tx, bench.organization_id, "dev", "dev key")
        await tx.run(
            """INSERT INTO environments (organization_id, id, name, slug, kind, transport, allowed_recipients)
               VALUES ($1, $2, 'Dev', 'dev', 'dev', 'smtp', '{@ok.example}')""",
            bench.organization_id,
            ids.new_id(),
        )
    async with client(bench.server, key) as http:
        agent = await inbox(http)
        made = await send(http, agent["id"], to=["a@ok.example", "b@outside.example"])
        bench.transport.script = [ACCEPTED]
        assert await bench.turn() == 2
        after = (await http.get(f"/messages/{made['id']}")).json()
        assert recipients(after) == {"a@ok.example": "sent", "b@outside.example": "captured"}
        outbox = (await http.get("/sandbox/outbox")).json()["data"]
        assert [(one["message_id"], one["recipients"]) for one in outbox] == [(made["id"], ["b@outside.example"])]


async def _late(bench: Bench, hours: int, **fields: Any) -> Any:
    """A scheduled message that nobody could send for so long."""
    made = await bench.sent("a@b.example", send_at=_in_days(2), **fields)
    await bench.sql(f"UPDATE messages SET send_at = now() - interval '{hours} hours' WHERE status = 'scheduled'")
    await bench.make_due()
    return made


async def test_what_comes_hours_too_late_waits_for_a_person_and_goes_once_when_they_say_so(bench: Bench) -> None:
    file = {"content": "aGVsbG8=", "filename": "a.txt"}
    made = await _late(bench, 7, headers={"X-Ticket": "7"}, html_body="<p>Hi.</p>", attachments=[file])
    assert await bench.turn() == 1
    assert bench.transport.calls == []
    held = await bench.now(made)
    assert (held["status"], held["hold"]["reason"]) == ("pending_approval", "approval")
    assert "could not be for 7 hours" in held["hold"]["note"]
    assert await bench.told() == ["message.scheduled", "message.held"]
    steps = (await bench.tenant.http.get(f"/messages/{made['id']}/events")).json()["data"]
    assert (steps[0]["type"], steps[0]["detail"]) == ("held", held["hold"]["note"])
    await bench.make_due()
    assert await bench.turn() == 0
    [revision] = (await bench.tenant.http.get(f"/messages/{made['id']}/revisions")).json()["data"]
    assert (revision["text_body"], revision["headers"]) == ("Hi.", {"X-Ticket": "7"})
    approved = await bench.tenant.http.post(f"/messages/{made['id']}/approve", json={"revision": 1})
    assert (approved.status_code, approved.json()["status"]) == (200, "queued"), approved.text
    bench.transport.script = [ACCEPTED]
    assert await bench.turn() == 1
    [(envelope, raw)] = bench.transport.calls
    assert envelope.recipients == ("a@b.example",)
    assert made["message_id_header"].encode() in raw
    for part in (b"X-Ticket: 7", b"<p>Hi.</p>", b"a.txt"):
        assert part in raw, part
    assert (await bench.now(made))["status"] == "sent"


async def test_what_is_late_keeps_who_wrote_it_and_is_watched_if_that_was_asked_for(bench: Bench) -> None:
    made = await _late(bench, 7, html_body="<body><p>Hi.</p></body>", track_opens=True)
    assert await bench.turn() == 1
    [revision] = (await bench.tenant.http.get(f"/messages/{made['id']}/revisions")).json()["data"]
    me = (await bench.tenant.http.get("/auth/me")).json()["key"]
    assert (revision["author"]["id"], revision["track_opens"]) == (me["id"], True)
    approved = await bench.tenant.http.post(f"/messages/{made['id']}/approve", json={"revision": 1})
    assert approved.status_code == 200, approved.text
    bench.transport.script = [ACCEPTED]
    assert await bench.turn() == 1
    [(_, raw)] = bench.transport.calls
    html = email.message_from_bytes(raw, policy=email.policy.default).get_body(("html",))
    assert html is not None
    assert "/o/" in html.get_content()


async def test_what_is_late_may_be_rejected_and_never_goes(bench: Bench) -> None:
    made = await _late(bench, 48)
    assert await bench.turn() == 1
    rejected = await bench.tenant.http.post(f"/messages/{made['id']}/reject", json={"note": "too late"})
    assert (rejected.status_code, rejected.json()["status"]) == (200, "rejected")
    await bench.make_due()
    assert (await bench.turn(), bench.transport.calls) == (0, [])


async def test_within_the_grace_it_goes(bench: Bench) -> None:
    made = await _late(bench, 5)
    bench.transport.script = [ACCEPTED]
    assert await bench.turn() == 1
    assert (await bench.now(made))["status"] == "sent"


def test_lateness_is_a_policy_of_the_operators() -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    assert late_hold(None, moment, 6) is None
    assert late_hold(moment - timedelta(hours=6), moment, 6) is None
    assert late_hold(moment - timedelta(days=300), moment, 0) is None
    assert late_hold(moment + timedelta(days=3), moment, 6) is None
    late = late_hold(moment - timedelta(hours=6, seconds=1), moment, 6)
    assert late is not None
    assert late.author_may_approve
