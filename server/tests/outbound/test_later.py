"""Before a message has left: cancelled, moved to another time, or kept here by its environment."""

from datetime import UTC, datetime, timedelta

from agentpost_server.accounts.organizations import insert_full_key
from agentpost_server.core import ids
from agentpost_server.outbound import transmit
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
