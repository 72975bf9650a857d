"""Scheduled mail counts against caps when its time has come: over one it waits for the next window, or never goes."""

from outbound.bench import ACCEPTED, Bench
from outbound.sending import Json, events, history, inbox, send

_LATER = "2027-01-01T00:00:00Z"


async def _capped(bench: Bench, over: str) -> list[Json]:
    """An inbox that may send one message a day, and three that are scheduled."""
    agent = await inbox(bench.tenant.http)
    rules = {"messages_per_day": 1, "over": over}
    body = {"name": "one a day", "kind": "caps", "scope": "inbox", "inbox_id": agent["id"], "rules": rules}
    assert (await bench.tenant.http.post("/policies", json=body)).status_code == 201
    made = [await send(bench.tenant.http, agent["id"], to=["a@b.example"], send_at=_LATER) for _ in range(3)]
    await bench.sql("UPDATE transmissions SET due_at = now(), first_due_at = now()")
    bench.transport.script = [ACCEPTED] * 3
    bench.transport.calls = []
    await bench.turn()
    return [await bench.now(one) for one in made]


async def test_what_is_over_a_cap_that_rejects_is_never_sent(bench: Bench) -> None:
    messages = await _capped(bench, "reject")
    assert sorted(one["status"] for one in messages) == ["rejected", "rejected", "sent"]
    assert len(bench.transport.calls) == 1
    lost = next(one for one in messages if one["status"] == "rejected")
    assert ("rejected", "a@b.example") in await history(bench.tenant.http, lost["id"])
    assert "messages a day" in lost["recipients"][0]["detail"]
    told = [data for kind, data in await events(bench.tenant) if kind == "message.rejected"]
    assert [one["reason"] for one in told] == ["policy", "policy"]
    await bench.sql("UPDATE transmissions SET due_at = now() WHERE due_at IS NOT NULL")
    await bench.turn()
    assert len(bench.transport.calls) == 1


async def test_what_is_over_a_cap_that_holds_waits_for_the_next_window(bench: Bench) -> None:
    messages = await _capped(bench, "hold")
    assert sorted(one["status"] for one in messages) == ["scheduled", "scheduled", "sent"]
    assert len(bench.transport.calls) == 1
    await bench.sql("UPDATE cap_windows SET starts_at = starts_at - interval '1 day'")
    await bench.sql("UPDATE transmissions SET due_at = now() WHERE due_at IS NOT NULL")
    bench.transport.script = [ACCEPTED] * 3
    await bench.turn()
    assert len(bench.transport.calls) == 2


async def test_bringing_it_forward_counts_too(bench: Bench) -> None:
    messages = await _capped(bench, "hold")
    waiting = next(one for one in messages if one["status"] == "scheduled")
    soon = bench.server.runtime.now().isoformat()
    answer = await bench.tenant.http.post(f"/messages/{waiting['id']}/reschedule", json={"send_at": soon})
    assert (answer.status_code, answer.json()["code"]) == (429, "send_cap_reached")
