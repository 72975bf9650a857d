"""Many workers on one inbox: every message is handled once and none is lost, whoever races, dies or comes too late."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2 as httpx
import pytest
import pytest_asyncio

from databases import new_database
from harness import API, Server, Tenant, client, new_tenant, running_server
from leases.leasing import claim, mail, message_ids, verb
from stories.post import eventually
from waits.waiting import new_inbox

_HOLDER = Path(__file__).parent / "holder.py"
_WORKERS, _MESSAGES = 200, 400


@pytest_asyncio.fixture(scope="module")
async def servers(postgres: str) -> AsyncGenerator[list[Server]]:
    database = await new_database(postgres, "leases")
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(running_server(database, roles)) for roles in (("api", "worker"), ("api",))
        ]


async def ask(http: httpx.AsyncClient, path: str, **body: object) -> httpx.Response:
    """As a careful client does: a server that is too busy for now is asked again when it says so."""
    while True:
        answer = await http.post(path, json=body)
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(float(answer.headers["Retry-After"]))


@pytest.mark.timeout(300)
async def test_two_hundred_workers_handle_every_message_once(servers: list[Server]) -> None:
    """Every tenth forgets what it claims the first time; it comes back by its time, to somebody else."""
    handled: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        tenant = await stack.enter_async_context(new_tenant(servers[0]))
        key = tenant.organization.live_key
        https = [await stack.enter_async_context(client(one, key)) for one in servers]
        inbox = await new_inbox(tenant.http)
        made: list[str] = []
        for _ in range(_MESSAGES // 100):
            made += await mail(tenant, inbox, 100)

        async def work(number: int) -> None:
            forgets = number % 10 == 0
            while sum(handled.values()) < _MESSAGES:
                asked = await ask(https[number % 2], f"/inboxes/{inbox}/messages/claim", limit=3, lease_seconds=30)
                leases = asked.json()["data"]
                if forgets and leases:
                    forgets = False
                    for lease in leases:
                        await ask(https[number % 2], f"/leases/{lease['lease_id']}/extend", lease_seconds=5)
                    continue
                for lease in leases:
                    answer = await ask(https[number % 2], f"/leases/{lease['lease_id']}/ack")
                    if answer.status_code == 200:
                        handled[lease["message"]["id"]] += 1
                    else:
                        assert answer.json()["code"] == "lease_lost"
                if not leases:
                    await asyncio.sleep(0.2)

        await asyncio.gather(*(work(number) for number in range(_WORKERS)))
        assert sorted(handled) == sorted(made)
        assert set(handled.values()) == {1}
        assert await claim(tenant.http, inbox, 50) == []


async def test_a_claim_is_not_short_because_others_claim_too(servers: list[Server]) -> None:
    """As long as there is enough for all, everybody gets what they asked for, and the oldest go."""
    async with AsyncExitStack() as stack:
        tenant = await stack.enter_async_context(new_tenant(servers[0]))
        https = [await stack.enter_async_context(client(one, tenant.organization.live_key)) for one in servers]
        inbox = await new_inbox(tenant.http)
        made = await mail(tenant, inbox, 120)
        got = await asyncio.gather(*(claim(https[n % 2], inbox, 3) for n in range(40)))
        assert [len(one) for one in got] == [3] * 40
        assert sorted(one for leases in got for one in message_ids(leases)) == sorted(made)


async def test_the_mail_of_a_worker_that_is_killed_comes_back(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    made = await mail(tenant, inbox, 2)
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_HOLDER),
        f"{tenant.server.url}{API}",
        tenant.organization.live_key,
        inbox,
        stdout=asyncio.subprocess.PIPE,
    )
    assert worker.stdout is not None
    held = json.loads(await asyncio.wait_for(worker.stdout.readline(), 60))
    assert [one["message"]["id"] for one in held] == made
    worker.kill()
    await worker.wait()

    async def look() -> list[dict] | None:
        return await claim(tenant.http, inbox, 2) or None

    again = await eventually(look, 30)
    assert [(one["message"]["id"], one["attempt"]) for one in again] == [(one, 2) for one in made]
    for lost, lease in zip(held, again, strict=True):
        assert (await verb(tenant.http, lost, "ack", 409))["code"] == "lease_lost"
        await verb(tenant.http, lease, "ack")
