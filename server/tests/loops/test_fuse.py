"""The fuse at submit: one slot is one slot, quiet closes it again, and a person's thread never meets it."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.inbound.accept import accept, mail_of_bytes
from agentpost_server.inbound.smtp import Route
from agentpost_server.loops import Limits, LoopStopped, Sending, Trip, note_refusal
from agentpost_server.mail.reply import base_subject, is_answer_by_subject
from harness import Tenant, new_tenant, running_server
from loops.machines import Agent, reply, until_it_stops
from outbound.sending import Json, events, inbox, send, until


async def _answer_in_turn(tenant: Tenant, one: Json, other: Json, times: int) -> Json:
    """A conversation between two inboxes; answers the last message as it arrived."""
    last = await send(tenant.http, one["id"], to=[other["email"]])
    for n in range(times + 1):
        reader = (other, one)[n % 2]
        arrived = await _arrived(tenant, reader["id"], last["message_id_header"])
        if n == times:
            return arrived
        answer = await reply(tenant.http, arrived)
        assert answer.status_code == 201, answer.text
        last = answer.json()
    raise AssertionError


async def _arrived(tenant: Tenant, inbox_id: str, message_id: str) -> Json:
    def here(page: Json) -> bool:
        return any(one["message_id_header"] == message_id for one in page["data"])

    page = await until(tenant.http, f"/inboxes/{inbox_id}/messages?direction=inbound", here)
    return next(one for one in page["data"] if one["message_id_header"] == message_id)


async def test_ten_workers_at_the_last_slot_send_one_mail_and_tell_of_one_loop(tenant: Tenant) -> None:
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    last = await _answer_in_turn(tenant, one, other, 5)
    answers = await asyncio.gather(*(reply(tenant.http, last) for _ in range(10)))
    assert sorted(each.status_code for each in answers) == [201, 201, *[403] * 8]
    held = [each.json() for each in answers if each.is_success and each.json()["status"] == "pending_approval"]
    assert [each["hold"]["reason"] for each in held] == ["loop"]
    told = [data for kind, data in await events(tenant) if kind == "loop.detected"]
    assert [(each["inbox_id"], each["count"]) for each in told] == [(last["inbox_id"], 6)]


async def test_two_refusals_at_once_tell_of_one_loop(tenant: Tenant) -> None:
    """Each tells in a transaction of its own, behind the one that was rolled back."""
    made = await inbox(tenant.http)
    sent = await send(tenant.http, made["id"], to=["ann@example.com"])
    scope = Scope(tenant.organization.organization_id, ids.decode("env", made["environment_id"]))
    sending = Sending(
        inbox_id=ids.decode("inb", made["id"]),
        thread_id=ids.decode("thr", sent["thread_id"]),
        peer="ann@example.com",
        subject="Hello",
        at=datetime.now(UTC),
    )
    for _ in range(2):
        async with tenant.server.database.transaction(scope.organization_id) as tx:
            await note_refusal(tx, scope, LoopStopped(sending, Trip("ping_pong", 7), Limits()))
    told = [data for kind, data in await events(tenant) if kind == "loop.detected"]
    assert [(each["message_id"], each["count"]) for each in told] == [(sent["id"], 7)]


async def test_one_message_waits_for_a_person_and_what_comes_behind_leaves_nothing(tenant: Tenant) -> None:
    made = await inbox(tenant.http)
    agent = Agent(tenant, made)
    await send(tenant.http, made["id"], to=[made["email"]])
    written = await until_it_stops(agent)
    [came] = (await tenant.http.get(f"/inboxes/{made['id']}/messages?direction=inbound&limit=1")).json()["data"]
    assert (await reply(tenant.http, came)).json()["code"] == "policy_rejected"
    assert await agent.written() == written
    waiting = (await tenant.http.get("/messages?status=pending_approval")).json()["data"]
    assert [one["id"] for one in waiting] == [one["id"] for one in agent.held]
    assert len(await agent.told()) == 1


async def test_another_conversation_of_the_same_two_goes_on(tenant: Tenant) -> None:
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    last = await _answer_in_turn(tenant, one, other, 6)
    assert (await reply(tenant.http, last)).json()["status"] == "pending_approval"
    assert (await reply(tenant.http, last)).status_code == 403
    fresh = await send(tenant.http, one["id"], to=[other["email"]], subject="Something else")
    arrived = await _arrived(tenant, other["id"], fresh["message_id_header"])
    assert (await reply(tenant.http, arrived)).status_code == 201


async def test_the_fuse_closes_after_a_window_in_which_nobody_tried(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    last = await _answer_in_turn(tenant, one, other, 6)
    assert (await reply(tenant.http, last)).json()["status"] == "pending_approval"
    for seconds, status in ((400, 403), (800, 403), (1410, 201)):
        later = datetime.now(UTC) + timedelta(seconds=seconds)
        monkeypatch.setattr(tenant.server.runtime, "now", lambda later=later: later)
        # The second try is within the window of the first: whoever goes on trying keeps it open.
        assert (await reply(tenant.http, last)).status_code == status


async def test_asking_costs_a_send_that_opens_a_thread_nothing_and_an_answer_one_statement(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentpost_server.loops import store

    asked: list[str] = []
    _count(monkeypatch, store, "recent", asked)
    _count(monkeypatch, store, "mark", asked)
    _count(monkeypatch, store, "is_begun_by_us", asked)
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    last = await _answer_in_turn(tenant, one, other, 0)
    assert asked == []
    assert (await reply(tenant.http, last)).status_code == 201
    assert asked == ["recent"]


def _count(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, asked: list[str]) -> None:
    real: Callable[..., Awaitable[Any]] = getattr(module, name)

    async def counted(*arguments: Any) -> Any:
        asked.append(name)
        return await real(*arguments)

    monkeypatch.setattr(module, name, counted)


async def test_a_persons_thread_of_200_messages_over_a_week_is_never_stopped(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In sittings of five mails, two minutes and less apart, each answered by the agent within seconds."""
    clock = SimpleNamespace(at=datetime.now(UTC) - timedelta(days=8))
    stub = SimpleNamespace(time_ns=lambda: int(clock.at.timestamp() * 1e9))
    draw = random.Random(3834)
    async with running_server(own_database) as server, new_tenant(server) as tenant:
        monkeypatch.setattr(ids, "time", stub)
        monkeypatch.setattr(server.runtime, "now", lambda: clock.at)
        made = await inbox(tenant.http)
        references = ""
        for n in range(100):
            clock.at += timedelta(seconds=draw.uniform(80, 120) if n % 5 else draw.uniform(3, 13) * 3600)
            await _person_writes(tenant, made, n, references, clock.at)
            newest = await _newest(tenant, made, f"<{n}@example.com>")
            clock.at += timedelta(seconds=draw.uniform(1, 9))
            answer = await reply(tenant.http, newest)
            assert answer.status_code == 201, (n, answer.text)
            references = answer.json()["message_id_header"]
        [thread] = (await tenant.http.get(f"/inboxes/{made['id']}/threads")).json()["data"]
        assert thread["message_count"] == 200
        assert "loop" not in thread["labels"]
        assert [data for kind, data in await events(tenant) if kind == "loop.detected"] == []


async def _newest(tenant: Tenant, made: Json, message_id: str) -> Json:
    async with asyncio.timeout(20):
        while True:
            page = (await tenant.http.get(f"/inboxes/{made['id']}/messages?limit=1")).json()["data"]
            if page and page[0]["message_id_header"] == message_id:
                return page[0]
            await asyncio.sleep(0.005)


async def _person_writes(tenant: Tenant, made: Json, n: int, references: str, at: datetime) -> None:
    cites = f"In-Reply-To: {references}\r\n" if references else ""
    head = f"From: Ann <ann@example.com>\r\nTo: {made['email']}\r\nSubject: Re: My order\r\n{cites}"
    raw = f"{head}Message-ID: <{n}@example.com>\r\n\r\nAnd what about number {n}?\r\n".encode()
    route = Route(
        organization_id=tenant.organization.organization_id,
        environment_id=ids.decode("env", made["environment_id"]),
        inbox_id=ids.decode("inb", made["id"]),
        address=made["email"],
    )
    mail = mail_of_bytes(raw, routes=(route,), mail_from="ann@example.com", source="smtp", received_at=at)
    await accept(tenant.server.runtime, mail)


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("Re: AW: Hello  World", "hello world"),
        ("Automatic reply: Re[2]: Hello World", "hello world"),
        ("Fwd: Hello World", "hello world"),
        ("Réponse automatique : Re: HELLO World", "hello world"),
        ("", ""),
    ],
)
def test_a_subject_without_its_marks_is_the_conversations(subject: str, base: str) -> None:
    assert base_subject(subject) == base
    assert not is_answer_by_subject(base)
