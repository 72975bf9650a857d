"""What the tests of webhooks share: a receiver on loopback that notes what it hears, a lane with short times."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.events import Publisher, append
from agentpost_server.events.append import NewEvent
from agentpost_server.web.fetch import Egress, FetchLimits
from agentpost_server.webhooks import DeliveryLane, DeliveryPolicy
from harness import Server, Tenant

QUICK = DeliveryPolicy(
    retry_seconds=(0.05, 0.05, 0.1),
    poll_seconds=0.03,
    limits=FetchLimits(connect_seconds=1, total_seconds=2),
    lease_seconds=5,
    breaker_after=1000,
)


class Heard(msgspec.Struct, frozen=True):
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body)


Answer = Callable[[Heard], Awaitable[bytes]]


def answer(status: int, *headers: str, body: bytes = b"") -> Answer:
    head = "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""])

    async def say(_heard: Heard) -> bytes:
        return head.encode() + body

    return say


class Receiver:
    """Answers what `say` says; raising in it resets the connection."""

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[Heard] = []
        self.under_way = 0
        self.most_at_once = 0
        self.say: Answer = answer(204)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=b"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                request, *lines = head.rstrip("\r\n").split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                heard = Heard(request.split()[1], headers, body, time.monotonic())
                self.heard.append(heard)
                self.under_way += 1
                self.most_at_once = max(self.most_at_once, self.under_way)
                try:
                    writer.write(await self.say(heard))
                finally:
                    self.under_way -= 1
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def until(self, count: int, *, seconds: float = 8) -> list[Heard]:
        """Wait for `count` requests."""
        async with asyncio.timeout(seconds):
            while len(self.heard) < count:  # noqa: ASYNC110 a test's own clock
                await asyncio.sleep(0.01)
        return self.heard


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    listener = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = listener.sockets[0].getsockname()[1]
    yield receiver
    listener.close()


@contextlib.asynccontextmanager
async def delivering(server: Server, *, egress: Egress | None = None, **numbers: Any) -> AsyncIterator[DeliveryLane]:
    """Publish and deliver while this lasts."""
    lane = DeliveryLane(server.runtime, egress=egress, policy=msgspec.structs.replace(QUICK, **numbers))
    publisher = Publisher(server.database, server.runtime.bus, consumers=[lane.open], look_seconds=0.05)
    await publisher.start()
    await lane.start()
    try:
        yield lane
    finally:
        await publisher.close()
        await lane.close(3)


def scope_of(tenant: Tenant) -> Scope:
    return Scope(tenant.organization.organization_id, tenant.organization.live_environment_id)


async def emit(tenant: Tenant, count: int = 1, event_type: str = "thread.created", data: Any = None) -> None:
    scope = scope_of(tenant)
    news = [
        NewEvent(type=event_type, data={"thread_id": "thr_1", "number": n} if data is None else data)
        for n in range(count)
    ]
    async with tenant.server.database.transaction(scope.organization_id) as tx:
        await append(tx, scope, *news)


async def register(tenant: Tenant, url: str, **fields: Any) -> dict[str, Any]:
    made = await tenant.http.post("/webhooks", json={"url": url, **fields})
    assert made.status_code == 201, made.text
    return made.json()


async def ended(tenant: Tenant, delivery_id: str, *, seconds: float = 8) -> dict[str, Any]:
    """The delivery once it is not pending any more."""
    async with asyncio.timeout(seconds):
        while True:
            shown = (await tenant.http.get(f"/deliveries/{delivery_id}")).json()
            if shown["status"] != "pending":
                return shown
            await asyncio.sleep(0.02)


async def deliveries(tenant: Tenant, webhook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    return (await tenant.http.get(f"/webhooks/{webhook['id']}/deliveries", params=query)).json()["data"]


async def all_ended(tenant: Tenant, webhook: dict[str, Any], count: int, *, seconds: float = 8) -> list[dict[str, Any]]:
    """The endpoint's deliveries once there are `count` and none is pending."""
    async with asyncio.timeout(seconds):
        while True:
            found = await deliveries(tenant, webhook)
            if len(found) >= count and all(one["status"] != "pending" for one in found):
                return found
            await asyncio.sleep(0.02)
