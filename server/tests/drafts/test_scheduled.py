"""Scheduled drafts: sent when their time has come, never before, once, whatever stops in between; and what refuses to
be sent says why."""

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentpost_server.drafts import due
from agentpost_server.outbound import submit
from agentpost_server.work import Claimed, Lane
from databases import new_database
from drafts.drafting import ANN, change, draft, send_draft, told
from harness import Tenant, client, new_tenant, running_server
from outbound.bench import Bench
from outbound.sending import Json, events, inbox, until


def _at(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


class Crank:
    """The lane of drafts, turned by hand."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.http = bench.tenant.http

    async def scheduled(self, **fields: Any) -> Json:
        agent = await inbox(self.http)
        return await draft(self.http, agent["id"], **{**ANN, "send_at": _at(hours=1), **fields})

    async def come(self) -> None:
        """Its time."""
        await self.bench.sql("UPDATE drafts SET due_at = now() WHERE due_at IS NOT NULL")

    async def claim(self) -> list[Claimed]:
        lane = Lane("t", "drafts", _nothing, database=self.bench.server.database)
        return [one for one in await lane.claim() if one.organization_id == self.bench.organization_id]

    async def turn(self) -> int:
        claimed = await self.claim()
        for one in claimed:
            await due.send_due(self.bench.server.runtime, one)
        return len(claimed)

    async def now(self, made: Json) -> Json:
        return (await self.http.get(f"/drafts/{made['id']}")).json()

    async def messages(self) -> list[Json]:
        return (await self.http.get("/messages")).json()["data"]


async def _nothing(_claimed: list[Any]) -> None: ...


@pytest.fixture
async def crank(bench: Bench) -> AsyncGenerator[Crank]:
    yield Crank(bench)
    await bench.sql("UPDATE drafts SET due_at = NULL")


async def test_before_its_time_it_is_nobodys_work(crank: Crank) -> None:
    made = await crank.scheduled()
    assert (made["status"], await crank.turn()) == ("scheduled", 0)
    await crank.come()
    assert await crank.turn() == 1
    [sent] = await crank.messages()
    assert (sent["status"], sent["subject"]) == ("queued", "Your order")
    assert (await crank.http.get(f"/drafts/{made['id']}")).status_code == 404
    assert [kind for kind, _ in await told(crank.bench.tenant)] == ["draft.created", "draft.sent"]


async def test_moved_cleared_or_deleted_it_does_not_go(crank: Crank) -> None:
    made = await crank.scheduled()
    await crank.come()
    moved = await change(crank.http, made, send_at=_at(hours=2))
    assert (moved["status"], await crank.turn()) == ("scheduled", 0)
    await crank.come()
    assert (await change(crank.http, made, send_at=None))["status"] == "open"
    assert await crank.turn() == 0
    again = await change(crank.http, made, send_at=_at(hours=1))
    await crank.come()
    await crank.http.delete(f"/drafts/{again['id']}")
    assert (await crank.turn(), await crank.messages()) == (0, [])


async def test_changed_while_it_is_being_sent_the_change_is_what_goes(crank: Crank) -> None:
    made = await crank.scheduled()
    await crank.come()
    claimed = await crank.claim()
    assert (await crank.now(made))["status"] == "sending"
    assert (await change(crank.http, made, subject="Changed", send_at=_at(seconds=-5)))["status"] == "scheduled"
    for one in claimed:
        await due.send_due(crank.bench.server.runtime, one)
    assert await crank.messages() == []
    assert await crank.turn() == 1
    assert [one["subject"] for one in await crank.messages()] == ["Changed"]


async def test_a_worker_that_died_with_it_in_hand_sends_nothing_twice(crank: Crank) -> None:
    """The first worker lost its lease and wakes up when the second has sent: the draft is gone."""
    await crank.scheduled()
    await crank.come()
    first = await crank.claim()
    await crank.come()
    second = await crank.claim()
    assert [one.attempts for one in (*first, *second)] == [1, 2]
    await asyncio.gather(*(due.send_due(crank.bench.server.runtime, one) for one in (*second, *first)))
    assert len(await crank.messages()) == 1


@pytest.mark.parametrize("what", ["suppressed", "unverified", "file"])
async def test_what_cannot_be_sent_fails_with_its_reason_and_an_event(crank: Crank, what: str) -> None:
    made = await crank.scheduled()
    codes = {"suppressed": "all_recipients_suppressed", "unverified": "domain_not_verified", "file": "not_found"}
    if what == "suppressed":
        await crank.http.post("/suppressions", json={"email": "ann@b.example"})
    elif what == "unverified":
        domain = f"{made['inbox_id'][4:].lower()}.example"
        await crank.http.post("/domains", json={"domain": domain})
        await crank.bench.sql(f"UPDATE inboxes SET domain = '{domain}'")
    else:
        await crank.bench.sql(
            "UPDATE draft_revisions SET content = jsonb_set(content::jsonb, '{files}', '[{\"id\":"
            ' "00000000-0000-7000-8000-000000000000", "filename": "a", "mime_type": "text/plain", "declared": null,'
            ' "size": 1, "inline": false, "content_id": null}]\')'
        )
    await crank.come()
    assert await crank.turn() == 1
    after = await crank.now(made)
    assert (after["status"], after["failure"]["code"]) == ("failed", codes[what])
    assert after["failure"]["detail"]
    assert after["failure"]["fix"]
    kind, data = (await told(crank.bench.tenant))[-1]
    assert (kind, data["status"], data["failure"]["code"]) == ("draft.updated", "failed", codes[what])
    await crank.come()
    assert (await crank.turn(), await crank.messages()) == (0, [])


async def test_what_failed_stays_failed_until_it_gets_another_time_or_is_sent(crank: Crank) -> None:
    made = await crank.scheduled()
    await crank.http.post("/suppressions", json={"email": "ann@b.example"})
    await crank.come()
    await crank.turn()
    mended = await change(crank.http, made, to=["bob@b.example"])
    assert (mended["status"], mended["failure"]["code"]) == ("failed", "all_recipients_suppressed")
    timed = await change(crank.http, made, send_at=made["send_at"])
    assert (timed["status"], timed["failure"]) == ("scheduled", None)
    assert (await send_draft(crank.http, made))["status"] == "queued"


async def test_a_paused_inbox_puts_it_off_and_says_so(crank: Crank) -> None:
    made = await crank.scheduled()
    await crank.http.post(f"/inboxes/{made['inbox_id']}/pause")
    await crank.come()
    assert await crank.turn() == 1
    waiting = await crank.now(made)
    assert (waiting["status"], waiting["failure"]["code"]) == ("scheduled", "inbox_paused")
    await crank.http.post(f"/inboxes/{made['inbox_id']}/resume")
    await crank.come()
    assert (await crank.turn(), len(await crank.messages())) == (1, 1)


async def test_a_fault_of_the_server_is_tried_again_but_not_for_ever(
    crank: Crank, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await crank.scheduled()

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(submit, "send", broken)
        for _ in range(4):
            await crank.come()
            assert await crank.turn() == 1
            assert (await crank.now(made))["status"] == "scheduled"
        await crank.come()
        assert await crank.turn() == 1
    after = await crank.now(made)
    assert (after["status"], after["failure"]["code"]) == ("failed", "internal_error")
    assert (await send_draft(crank.http, made))["status"] == "queued"


async def test_what_comes_hours_too_late_becomes_a_message_that_waits_for_a_person(crank: Crank) -> None:
    made = await crank.scheduled()
    await crank.bench.sql("UPDATE draft_revisions SET send_at = now() - interval '9 hours'")
    await crank.come()
    assert await crank.turn() == 1
    [held] = await crank.messages()
    assert held["status"] == "pending_approval"
    assert "could not be for 9 hours" in held["hold"]["note"]
    assert (await crank.http.get(f"/drafts/{made['id']}")).status_code == 404
    approved = await crank.http.post(f"/messages/{held['id']}/approve", json={"revision": 1})
    assert (approved.status_code, approved.json()["status"]) == (200, "queued")


async def test_with_a_deleted_inbox_nothing_goes(crank: Crank) -> None:
    made = await crank.scheduled()
    await crank.come()
    assert (await crank.http.delete(f"/inboxes/{made['inbox_id']}")).status_code == 204
    assert (await crank.turn(), await crank.turn(), await crank.messages()) == (1, 0, [])


async def test_without_recipients_nothing_is_scheduled(crank: Crank) -> None:
    agent = await inbox(crank.http)
    assert (await draft(crank.http, agent["id"], 422, send_at=_at(hours=1)))["errors"][0]["field"] == "to"
    made = await crank.scheduled()
    assert (await change(crank.http, made, 422, to=None))["errors"][0]["field"] == "to"
    assert (await crank.now(made)) == made


async def test_never_early_and_within_a_second_draft_and_message(tenant: Tenant) -> None:
    """Of a whole server: from `send_at` to the hand-over, by the message's own history."""
    agent = await inbox(tenant.http)
    at = datetime.now(UTC) + timedelta(seconds=2)
    fields = {"to": ["delivered@sandbox.test"], "text_body": "x", "send_at": at.isoformat()}
    await draft(tenant.http, agent["id"], subject="draft", **fields)
    sent = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json={"subject": "message", **fields})
    assert sent.json()["status"] == "scheduled"
    page = await until(
        tenant.http,
        f"/inboxes/{agent['id']}/messages",
        lambda page: sum(one["status"] == "delivered" for one in page["data"]) == 2,
    )
    for one in page["data"]:
        steps = (await tenant.http.get(f"/messages/{one['id']}/events")).json()["data"]
        begun = next(datetime.fromisoformat(step["at"]) for step in steps if step["type"] == "sending")
        assert begun >= at, one["subject"]
        assert begun <= at + timedelta(seconds=1.5), one["subject"]  # a second, and what a busy test machine takes


async def test_across_restarts_each_goes_once(postgres: str) -> None:
    """Scheduled by one process, due while none runs, sent by two that start at once."""
    url = await new_database(postgres, "restart")
    async with running_server(url, roles=("api",)) as first, new_tenant(first) as tenant:
        agent = await inbox(tenant.http)
        fields = {"to": ["delivered@sandbox.test"], "text_body": "x", "send_at": _at(seconds=2)}
        for n in range(5):
            await draft(tenant.http, agent["id"], subject=f"draft {n}", **fields)
            await tenant.http.post(f"/inboxes/{agent['id']}/messages", json={"subject": f"message {n}", **fields})
        due_at = time.monotonic() + 2
        key = tenant.organization.live_key
    await asyncio.sleep(max(0.0, due_at - time.monotonic()))  # not for others' sake: the time itself is the test
    async with running_server(url) as one, running_server(url), client(one, key) as http:
        page = await until(
            http,
            f"/inboxes/{agent['id']}/messages",
            lambda page: [each["status"] for each in page["data"]] == ["delivered"] * 10,
        )
        assert len({each["subject"] for each in page["data"]}) == 10
        assert (await http.get(f"/inboxes/{agent['id']}/drafts")).json()["data"] == []
        told = [kind for kind, _ in await events(Tenant(one, tenant.organization, http, http))]
        assert [told.count(kind) for kind in ("draft.sent", "message.queued", "message.scheduled", "message.sent")] == [
            5, 5, 5, 10,
        ]  # fmt: skip
