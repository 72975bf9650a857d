"""What the tests of waits share: an inbox, mail that is received, waits armed and polled."""

import asyncio
import time
from typing import Any

import httpx2 as httpx

from agentpost_server.core import ids
from agentpost_server.events.append import append_all
from agentpost_server.inbound.announce import received
from agentpost_server.messages.add import add
from agentpost_server.messages.new import NewMessage
from harness import Server, Tenant
from messages.added import message

Json = dict[str, Any]


async def new_inbox(http: httpx.AsyncClient) -> str:
    return (await http.post("/inboxes", json={})).json()["id"]


async def arm(http: httpx.AsyncClient, inbox: str, **wanted: Any) -> Json:
    """`sender` stands for `from`, which Python does not let stand here."""
    if "sender" in wanted:
        wanted["from"] = wanted.pop("sender")
    answer = await http.post(f"/inboxes/{inbox}/waits", json=wanted)
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "armed"
    return answer.json()


async def poll(http: httpx.AsyncClient, wait: Json | str, seconds: float = 30) -> Json:
    wait_id = wait if isinstance(wait, str) else wait["id"]
    answer = await http.get(f"/waits/{wait_id}", params={"timeout": seconds}, timeout=seconds + 30)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def receive(tenant: Tenant, inbox: str, *, server: Server | None = None, **fields: Any) -> str:
    """A mail as ingest leaves it: message and events in one transaction. Answers its id."""
    one: NewMessage = message(tenant, ids.decode("inb", inbox), f"<{ids.new_id()}@x>", **fields)
    async with (server or tenant.server).database.work({one.scope.organization_id}) as tx:
        (added,) = await add(tx, [one])
        assert added is not None
        await append_all(tx, [(one.scope, event) for event in received(one, added)])
    return ids.encode("msg", one.id)


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun


async def parked(server: Server, number: int) -> None:
    """Until so many requests wait in the server's process."""
    async with asyncio.timeout(30):
        while len(server.process.parking) != number:  # noqa: ASYNC110 the parking has no event of its own
            await asyncio.sleep(0.01)
