"""Caps: never more than the cap, whoever races; each window and place for itself; told when it is full."""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.policies import Over, Release, charge
from harness import Tenant
from outbound.sending import events, inbox, send
from policies.asking import Json, ask, failures, policy, scope_of

_CHILD = Path(__file__).parent / "caps_child.py"
_TESTS = Path(__file__).parents[1]
_AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def release(tenant: Tenant, agent: Json, *emails: str, at: datetime = _AT, **fields: Any) -> Release:
    scope: Scope = scope_of(tenant, agent)
    inbox_id = ids.decode("inb", agent["id"])
    known = {"attachment_octets": 0, **fields}
    return Release(scope=scope, inbox_id=inbox_id, emails=emails or ("a@b.example",), moment=at, **known)


async def charged(tenant: Tenant, *releases: Release) -> list[Over | None]:
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        return await charge(tx, releases)


async def passed(tenant: Tenant, *releases: Release) -> list[bool]:
    return [one is None for one in await charged(tenant, *releases)]


async def test_a_window_ends_with_its_hour_and_its_day(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "caps", {"messages_per_hour": 2, "messages_per_day": 3})
    one = release(tenant, agent)
    assert await passed(tenant, one, one, one) == [True, True, False]
    over = (await charged(tenant, one))[0]
    assert over is not None
    assert (over.counter, over.used, over.limit, over.over, over.retry_after) == (
        "messages_per_hour",
        2,
        2,
        "reject",
        1801,
    )
    next_hour = release(tenant, agent, at=_AT + timedelta(minutes=30))
    assert await passed(tenant, next_hour, next_hour) == [True, False]
    assert await passed(tenant, release(tenant, agent, at=_AT + timedelta(hours=12))) == [True]


async def test_a_person_counts_once_in_a_window(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "caps", {"recipients_per_hour": 3})
    assert await passed(tenant, release(tenant, agent, "a@b.example", "b@b.example")) == [True]
    assert await passed(tenant, release(tenant, agent, "a@b.example", "b@b.example", "c@b.example")) == [True]
    assert await passed(tenant, release(tenant, agent, "a@b.example", "d@b.example")) == [False]
    assert await passed(tenant, release(tenant, agent, "c@b.example")) == [True]


async def test_what_is_over_one_cap_counts_against_none(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "caps", {"messages_per_hour": 5, "recipients_per_hour": 2})
    assert await passed(tenant, release(tenant, agent, "a@b.example", "b@b.example", "c@b.example")) == [False]
    four = [release(tenant, agent)] * 6
    assert await passed(tenant, *four) == [True] * 5 + [False]


async def test_organization_environment_and_inbox_each_count_and_the_strictest_holds(tenant: Tenant) -> None:
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "other")
    await policy(tenant.http, "caps", {"messages_per_day": 3}, scope="organization")
    await policy(tenant.http, "caps", {"messages_per_day": 9})
    await policy(tenant.http, "caps", {"messages_per_day": 2}, scope="inbox", inbox_id=one["id"])
    assert await passed(tenant, *[release(tenant, one)] * 3) == [True, True, False]
    assert await passed(tenant, *[release(tenant, other)] * 2) == [True, False]


async def test_the_size_of_files_is_of_each_message(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "caps", {"attachment_bytes": 10})
    small, large = release(tenant, agent, attachment_octets=10), release(tenant, agent, attachment_octets=11)
    assert await passed(tenant, small, small, large) == [True, True, False]
    body = {
        "to": ["a@b.example"],
        "subject": "s",
        "attachments": [{"content": "aGVsbG8gd29ybGQh", "filename": "a.txt"}],
    }
    answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body)
    assert (answer.status_code, answer.json()["code"]) == (429, "send_cap_reached"), answer.text
    assert "attachment_bytes" in answer.json()["fix"]


async def test_at_the_cap_a_send_is_refused_and_nothing_is_stored(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await policy(tenant.http, "caps", {"messages_per_day": 1}, scope="inbox", inbox_id=agent["id"])
    first = await send(tenant.http, agent["id"], to=["a@b.example"])
    body = {"to": ["a@b.example"], "subject": "s"}
    answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body)
    assert (answer.status_code, answer.json()["code"]) == (429, "send_cap_reached")
    assert made["id"] in answer.json()["fix"]
    assert 0 < int(answer.headers["retry-after"]) <= 86_401
    listed = (await tenant.http.get("/messages")).json()["data"]
    assert [one["id"] for one in listed] == [first["id"]]
    told = [data for kind, data in await events(tenant) if kind == "limit.reached"]
    assert told == [{"counter": "messages_per_day", "current": 1, "limit": 1, "hard": True, "inbox_id": agent["id"]}]


async def test_a_decision_tells_of_a_full_cap_and_counts_nothing(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "caps", {"messages_per_day": 1, "over": "hold"})
    for _ in range(3):
        assert (await ask(tenant, agent, "a@b.example")).outcome == "send"
    await charged(tenant, release(tenant, agent, at=tenant.server.runtime.now()))
    found = await ask(tenant, agent, "a@b.example")
    assert (found.outcome, failures(found)) == ("hold", ["caps"])
    assert found.hold is not None
    assert found.hold.reason == "flow"
    assert (await ask(tenant, agent, "a@b.example", leaves_later=True)).outcome == "send"


async def test_what_is_scheduled_counts_when_it_leaves(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "caps", {"messages_per_day": 1})
    for _ in range(2):
        await send(tenant.http, agent["id"], to=["a@b.example"], send_at="2027-01-01T00:00:00Z")
    await send(tenant.http, agent["id"], to=["a@b.example"])


async def test_so_many_may_be_on_their_way_at_once(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "caps", {"concurrent": 0}, scope="inbox", inbox_id=agent["id"])
    assert await passed(tenant, release(tenant, agent)) == [False]


@pytest.mark.parametrize(("rules", "cap"), [({"messages_per_hour": 150}, 150), ({"recipients_per_hour": 20}, None)])
async def test_four_processes_never_let_more_than_the_cap_go(
    tenant: Tenant, database_url: str, rules: Json, cap: int | None
) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "caps", rules)
    scope, inbox_id = scope_of(tenant, agent), ids.decode("inb", agent["id"])
    arguments = [database_url, str(scope.organization_id), str(scope.environment_id), str(inbox_id), "80", "40"]
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(_CHILD), *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(_TESTS)},
        )
        for _ in range(4)
    ]  # fmt: skip
    for child in children:
        assert child.stdout is not None
        assert await asyncio.wait_for(child.stdout.readline(), 60) == b"ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
    said = [await asyncio.wait_for(child.communicate(), 90) for child in children]
    let_go = sum(int(out) for out, _ in said)
    async with tenant.server.database.transaction(scope.organization_id) as tx:
        used = await tx.value("SELECT sum(used) FROM cap_windows WHERE organization_id = $1", scope.organization_id)
        people = await tx.value("SELECT count(*) FROM cap_recipients WHERE organization_id = $1", scope.organization_id)
    if cap is not None:
        assert (let_go, used, people) == (cap, cap, 0)
    else:
        # Threes of forty people: the last place or two may fit nobody's three.
        assert used == people
        assert 18 <= people <= 20


async def test_one_server_that_is_asked_at_once_lets_no_more_go(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "caps", {"messages_per_day": 7})
    body = {"to": ["a@b.example"], "subject": "s", "text_body": "t"}
    path = f"/inboxes/{agent['id']}/messages"
    answers = await asyncio.gather(*(tenant.http.post(path, json=body) for _ in range(20)))
    assert sorted(one.status_code for one in answers) == [201] * 7 + [429] * 13
    assert len((await tenant.http.get("/messages")).json()["data"]) == 7
