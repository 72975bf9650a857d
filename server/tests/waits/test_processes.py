"""Waits over several processes: whoever arms, publishes, matches and polls, no mail is missed and none goes twice."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from agentpost_server.core import ids
from agentpost_server.db import Tx
from agentpost_server.events import Publisher
from databases import new_database
from harness import Server, Tenant, client, new_tenant, running_server
from program.pair import pair
from stories.post import mail_in
from waits.waiting import arm, new_inbox, parked, poll, receive


@pytest_asyncio.fixture(scope="module")
async def servers(postgres: str) -> AsyncGenerator[list[Server]]:
    """Two that publish and match, and one that only serves the API, on one database."""
    database = await new_database(postgres, "waits")
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(running_server(database, roles))
            for roles in (("api", "worker", "smtp"), ("api", "worker", "smtp"), ("api",))
        ]


@pytest_asyncio.fixture
async def everywhere(servers: list[Server]) -> AsyncGenerator[tuple[Tenant, list[Any]]]:
    """A tenant, and its client at each of the servers."""
    async with AsyncExitStack() as stack:
        tenant = await stack.enter_async_context(new_tenant(servers[0]))
        key = tenant.organization.live_key
        yield tenant, [await stack.enter_async_context(client(one, key)) for one in servers]


async def test_armed_on_one_received_by_another_polled_on_a_third(
    everywhere: tuple[Tenant, list[Any]], servers: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentpost_server.waits.parking._POLL_SECONDS", 3600)
    _, (first, _, third) = everywhere
    inbox = (await first.post("/inboxes", json={})).json()
    wait = await arm(first, inbox["id"], subject="code")
    polling = asyncio.create_task(poll(third, wait, 50))
    await parked(servers[2], 1)
    await mail_in(servers[1].smtp_port, inbox["email"], subject="Your code", text="482913")
    matched = await asyncio.wait_for(polling, 30)
    assert (matched["status"], matched["message"]["subject"]) == ("matched", "Your code")


async def test_a_message_goes_to_one_exclusive_wait_whoever_races(
    everywhere: tuple[Tenant, list[Any]], servers: list[Server]
) -> None:
    tenant, https = everywhere
    inbox = await new_inbox(tenant.http)
    waits = await asyncio.gather(*(arm(https[n % 3], inbox) for n in range(40)))
    shared = [await arm(https[n], inbox, exclusive=False) for n in range(3)]
    doomed = [wait["id"] for wait in waits[::4]]

    async def cancel() -> None:
        for wait in doomed:
            assert (await https[2].delete(f"/waits/{wait}")).status_code == 204

    got = [asyncio.create_task(receive(tenant, inbox, server=servers[n % 2])) for n in range(20)]
    await asyncio.gather(cancel(), *got)
    received = {one.result() for one in got}
    async with asyncio.timeout(60):
        while True:
            ended = await asyncio.gather(*(poll(https[n % 3], wait, 0) for n, wait in enumerate(waits)))
            matched = [one["message"]["id"] for one in ended if one["status"] == "matched"]
            if len(matched) == 20:
                break
            await asyncio.sleep(0.05)
    assert set(matched) == received
    for one in ended:
        assert one["status"] in (("matched", "cancelled") if one["id"] in doomed else ("matched", "armed"))
    assert len({(await poll(https[n], wait))["message"]["id"] for n, wait in enumerate(shared)}) == 1


async def test_no_mail_falls_between_arming_and_matching(
    everywhere: tuple[Tenant, list[Any]], servers: list[Server]
) -> None:
    """Each mail is caused by a wait that stands, at once: it must find it, however busy publishers and lanes are."""
    tenant, https = everywhere
    inboxes = [await new_inbox(tenant.http) for _ in range(3)]

    async def round_trip(n: int) -> bool:
        inbox = inboxes[n % 3]
        wait = await arm(https[n % 3], inbox, subject=f"mail {n:03}.")
        got = await receive(tenant, inbox, server=servers[n % 2], subject=f"Mail {n:03}.")
        return (await poll(https[(n + 1) % 3], wait, 50))["message"]["id"] == got

    for begin in range(0, 120, 20):
        assert all(await asyncio.gather(*(round_trip(n) for n in range(begin, begin + 20))))


async def test_a_publication_under_way_while_a_wait_is_armed_is_not_missed(postgres: str) -> None:
    """The mail gets its position before the wait is there to be rung, and becomes visible after it was looked for."""
    database = await new_database(postgres, "waits")
    reached, go = asyncio.Event(), asyncio.Event()

    async def gate(tx: Tx, after: int, until: int) -> None:
        reached.set()
        await go.wait()

    async with running_server(database) as server, new_tenant(server) as tenant:
        inbox = await new_inbox(tenant.http)
        before = await arm(tenant.http, inbox)
        assert (await poll(tenant.http, before, 0.5))["status"] == "armed"
        await tenant.http.delete(f"/waits/{before['id']}")
        (publisher,) = [one for one in server.process.services if isinstance(one, Publisher)]
        publisher._consumers = [*publisher._consumers, gate]
        got = await receive(tenant, inbox)
        await reached.wait()
        wait = await arm(tenant.http, inbox)
        assert (await poll(tenant.http, wait, 1.5))["status"] == "armed"
        go.set()
        assert (await poll(tenant.http, wait, 20))["message"]["id"] == got


async def test_the_database_itself_gives_a_message_to_one_exclusive_wait(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    waits = [await arm(tenant.http, inbox) for _ in range(2)]
    got = await receive(tenant, inbox)
    assert (await poll(tenant.http, waits[0]))["message"]["id"] == got
    owner = tenant.organization.organization_id
    with pytest.raises(asyncpg.UniqueViolationError):
        async with tenant.server.database.transaction(owner) as tx:
            await tx.run(
                "UPDATE waits SET status = 'matched', message_id = $3 WHERE organization_id = $1 AND id = $2",
                owner,
                ids.decode("wai", waits[1]["id"]),
                ids.decode("msg", got),
            )


@pytest.mark.slow  # mail that was claimed by who is killed comes back when its lease ends
@pytest.mark.timeout(300)
async def test_a_matcher_that_is_killed_loses_and_doubles_nothing(postgres: str, tmp_path: Path) -> None:
    """Real processes: one of two is killed -9 while mail comes in."""
    database = await new_database(postgres, "waits")
    async with pair(database, tmp_path) as two:
        http, other = two.https
        inbox = (await http.post("/inboxes", json={})).json()
        waits = [await arm(http if n % 2 else other, inbox["id"]) for n in range(30)]
        for n in range(30):
            port = two.instances[n % 2 if n < 15 else 0].smtp_port
            await mail_in(port, inbox["email"], subject=f"Mail {n}", text=f"{n}")
            if n == 14:
                two.instances[1].program.process.send_signal(signal.SIGKILL)
        subjects = []
        while len(subjects) < 30:  # the test's own time ends it
            ended = await asyncio.gather(*(poll(http, wait, 50) for wait in waits))
            subjects = [one["message"]["subject"] for one in ended if one["status"] == "matched"]
        assert sorted(subjects) == sorted(f"Mail {n}" for n in range(30))
