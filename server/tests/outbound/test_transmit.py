"""Provider calls: retried only when surely not accepted, unknown when nobody can know, never made twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentpost_server.core import ids
from agentpost_server.core.errors import Unavailable
from agentpost_server.db import Tx
from agentpost_server.outbound import call, settle, transmit
from agentpost_server.outbound.store import transmissions as store
from agentpost_server.outbound.transmit import Timing
from agentpost_server.ports.transport import OutgoingEnvelope, Receipt, all_recipients
from outbound.bench import ACCEPTED, BUSY, GONE, Bench, Scripted
from outbound.sending import events, history, inbox, recipients, send


async def test_an_accepted_mail_is_sent_and_its_wire_id_is_kept(bench: Bench) -> None:
    made = await bench.sent("a@b.example")
    bench.transport.script = [{"a@b.example": ACCEPTED}]
    assert await bench.turn() == 1
    after = await bench.now(made)
    assert (after["status"], recipients(after)) == ("sent", {"a@b.example": "sent"})
    assert after["wire_message_ids"] == ["<on-the-wire@provider.example>"]
    envelope, raw = bench.transport.calls[0]
    assert envelope.mail_from.startswith("bounces+")
    assert raw == (await bench.tenant.http.get(f"/messages/{made['id']}/raw")).content
    assert await bench.turn() == 0
    assert await bench.told() == ["message.queued", "message.sent"]


async def test_only_those_still_deferred_are_tried_again_by_the_schedule(bench: Bench) -> None:
    made = await bench.sent("a@b.example", "c@b.example", "d@b.example")
    bench.transport.script = [
        {"a@b.example": ACCEPTED, "c@b.example": BUSY, "d@b.example": GONE},
        {"c@b.example": ACCEPTED},
    ]
    await bench.turn()
    assert recipients(await bench.now(made)) == {
        "a@b.example": "sent",
        "c@b.example": "deferred",
        "d@b.example": "bounced",
    }
    assert await bench.turn() == 0, "not before its time"
    await bench.make_due()
    await bench.turn()
    assert [one.recipients for one, _ in bench.transport.calls] == [
        ("a@b.example", "c@b.example", "d@b.example"),
        ("c@b.example",),
    ]
    after = await bench.now(made)
    assert (after["status"], recipients(after)["c@b.example"]) == ("bounced", "sent")
    assert after["recipients"][2]["detail"] == "550 5.1.1 no such user"


def test_tries_go_on_for_about_a_day() -> None:
    assert 24 <= sum(Timing().retry_seconds) / 3600 < 25
    assert list(Timing().retry_seconds) == sorted(Timing().retry_seconds)


async def test_when_the_schedule_is_over_what_is_deferred_has_bounced(bench: Bench) -> None:
    made = await bench.sent("a@b.example")
    bench.transport.script = [BUSY, BUSY]
    timing = Timing(retry_seconds=(0.0,))
    await bench.turn(timing)
    assert (await bench.now(made))["status"] == "sent"
    await bench.turn(timing)
    after = await bench.now(made)
    assert (after["status"], recipients(after)) == ("bounced", {"a@b.example": "bounced"})
    bounced = [data for kind, data in await events(bench.tenant) if kind == "message.bounced"]
    assert [one["bounce_type"] for one in bounced] == ["transient"]
    assert bounced[0]["bounced_recipients"][0]["detail"].startswith("Given up after 2 tries: ")
    suppressions = (await bench.tenant.http.get("/suppressions")).json()["data"]
    assert suppressions == [], "a busy mailbox is not a dead one"


async def test_a_crash_between_attempt_and_settle_is_unknown_and_not_sent_again(bench: Bench) -> None:
    made = await bench.sent("a@b.example")
    bench.transport.script = [None, ACCEPTED]
    claimed = await bench.claim()
    crashing = asyncio.create_task(transmit.transmit(bench.server.runtime, claimed, Timing()))
    while not bench.transport.calls:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    crashing.cancel()
    await asyncio.gather(crashing, return_exceptions=True)
    assert (await bench.now(made))["status"] == "sending"
    await bench.make_due()  # the lease has ended
    await bench.turn()
    after = await bench.now(made)
    assert (after["status"], recipients(after)) == ("unknown", {"a@b.example": "unknown"})
    await bench.make_due()
    assert await bench.turn() == 0
    assert len(bench.transport.calls) == 1
    assert await bench.told() == ["message.queued", "message.unknown"]
    assert [one for one, _ in await history(bench.tenant.http, made["id"])] == ["queued", "sending", "unknown"]


async def test_z02_a_worker_that_wakes_late_tells_what_it_knows_and_sends_nothing_twice(bench: Bench) -> None:
    made = await bench.sent("a@b.example")
    woken = asyncio.Event()

    class Paused(Scripted):
        async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
            self.calls.append((envelope, raw))
            await woken.wait()
            return all_recipients(envelope, ACCEPTED)

    slow = Paused()
    bench.server.runtime.transports = {**bench.server.runtime.transports, "smtp": slow}
    late = asyncio.create_task(transmit.transmit(bench.server.runtime, await bench.claim(), Timing()))
    while not slow.calls:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await bench.make_due()
    await bench.turn()  # another worker finds the lease ended
    assert (await bench.now(made))["status"] == "unknown"
    woken.set()
    await late
    assert (await bench.now(made))["status"] == "sent"
    await bench.make_due()
    assert await bench.turn() == 0
    assert len(slow.calls) == 1


async def test_a_call_that_was_surely_not_made_is_made_later(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to the commit of the beginning was lost: the attempt stands, and nobody called."""
    made = await bench.sent("a@b.example")
    real = store.begin

    async def answer_lost(tx: Tx, *given: Any) -> Any:
        await real(tx, *given)
        await tx.run("COMMIT")
        raise Unavailable("the connection went", fix="")

    with monkeypatch.context() as patch:
        patch.setattr(store, "begin", answer_lost)
        await bench.turn()
    assert bench.transport.calls == []
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    assert (await bench.now(made))["status"] == "sent"
    assert len(bench.transport.calls) == 1


async def test_what_became_of_a_call_waits_for_the_database_and_ends_no_other_call(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await bench.sent("a@b.example"), await bench.sent("c@d.example")
    real, away = store.settle, 3

    async def away_at_first(tx: Tx, *given: Any) -> Any:
        nonlocal away
        away -= 1
        if away >= 0:
            raise Unavailable("gone", fix="")
        await real(tx, *given)

    monkeypatch.setattr(store, "settle", away_at_first)
    monkeypatch.setattr(settle, "_AGAIN_SECONDS", (0.01,))
    bench.transport.script = [ACCEPTED, ACCEPTED]
    await bench.turn()
    assert {(await bench.now(one))["status"] for one in (first, second)} == {"sent"}
    assert len(bench.transport.calls) == 2


async def test_a_claim_that_was_overtaken_begins_nothing(bench: Bench) -> None:
    await bench.sent("a@b.example")
    overtaken = await bench.claim()
    await bench.make_due()
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    await transmit.transmit(bench.server.runtime, overtaken, Timing())
    assert len(bench.transport.calls) == 1


async def test_a_transport_that_raises_or_never_ends_is_unknown(bench: Bench) -> None:
    first, second = await bench.sent("a@b.example"), await bench.sent("c@d.example")
    bench.transport.script = [RuntimeError("bug"), None]
    await bench.turn(Timing(call_seconds=0.2))
    assert {(await bench.now(one))["status"] for one in (first, second)} == {"unknown"}
    assert len(bench.transport.calls) == 2


async def test_a_transport_that_is_not_configured_fails_clearly(bench: Bench) -> None:
    made = await bench.sent("a@b.example")
    bench.server.runtime.transports = {"local": bench.server.runtime.transports["local"]}
    await bench.turn()
    after = await bench.now(made)
    assert after["status"] == "failed"
    assert after["recipients"][0]["detail"] == "The transport smtp is not configured on this server."


async def test_a_paused_inbox_keeps_its_mail_until_it_is_resumed(bench: Bench) -> None:
    agent = await inbox(bench.tenant.http)
    made = await send(bench.tenant.http, agent["id"], to=["a@b.example"])
    await bench.tenant.http.post(f"/inboxes/{agent['id']}/pause")
    await bench.turn()
    assert (await bench.now(made))["status"] == "queued"
    assert await bench.turn() == 0, "looked at again in a minute"
    await bench.tenant.http.post(f"/inboxes/{agent['id']}/resume")
    await bench.make_due()
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    assert (await bench.now(made))["status"] == "sent"


async def test_h70_an_inbox_stays_while_its_mail_is_on_its_way(bench: Bench) -> None:
    http, agent = bench.tenant.http, await inbox(bench.tenant.http)
    queued = await send(http, agent["id"], to=["a@b.example"])
    later = await send(
        http, agent["id"], to=["a@b.example"], send_at=(datetime.now(UTC) + timedelta(days=1)).isoformat()
    )
    bench.transport.script = [BUSY, ACCEPTED]
    for _ in range(2):  # put off once, then taken
        answer = await http.delete(f"/inboxes/{agent['id']}")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        await bench.turn()
        await bench.sql("UPDATE transmissions SET due_at = now() WHERE due_at < now() + interval '1 hour'")
    assert (await bench.now(queued))["status"] == "sent"
    assert (await http.delete(f"/inboxes/{agent['id']}")).status_code == 409
    assert (await http.post(f"/messages/{later['id']}/cancel", json={})).status_code == 200
    assert (await http.delete(f"/inboxes/{agent['id']}")).status_code == 204
    assert len(bench.transport.calls) == 2


async def test_h70_what_waits_in_an_inbox_that_is_gone_all_the_same_is_never_sent(bench: Bench) -> None:
    made = await bench.sent("a@b.example")
    await bench.sql("UPDATE inboxes SET deleted_at = now()")
    await bench.turn()
    assert bench.transport.calls == []
    async with bench.server.database.transaction(bench.organization_id) as tx:
        status = await tx.value("SELECT status FROM recipients WHERE message_id = $1", ids.decode("msg", made["id"]))
    assert status == "cancelled"


async def test_a_large_mail_goes_through_the_blob_store_unchanged(bench: Bench) -> None:
    text = "A line of a long letter.\n" * 20_000
    made = await bench.sent("a@b.example", text_body=text)
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    raw = bench.transport.calls[0][1]
    assert len(raw) == made["size"] > 262_144
    assert raw.count(b"A line of a long letter.") == 20_000
    async with bench.server.database.transaction(bench.organization_id) as tx:
        content = await tx.value("SELECT content FROM blobs WHERE id = $1", ids.decode("msg", made["id"]))
    assert content is None


async def test_a_mail_that_cannot_be_prepared_takes_no_other_with_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever raises before a call is about one mail: the others of its batch are under way already."""
    bad, good = await bench.sent("a@b.example"), await bench.sent("c@d.example")

    async def signed(_runtime: Any, one: call.Call, raw: bytes) -> bytes:
        if one.recipients == ("a@b.example",):
            raise ValueError("a key that signs nothing")
        return raw

    monkeypatch.setattr(call, "_signed", signed)
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    assert [one["status"] for one in (await bench.now(good))["recipients"]] == ["sent"]
    assert [one["status"] for one in (await bench.now(bad))["recipients"]] == ["deferred"]
    assert len(bench.transport.calls) == 1
