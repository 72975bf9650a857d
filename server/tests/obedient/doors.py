"""The doors by which an agent learns of mail. All of them are read; what each has shown is compared."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2 as httpx

from harness import Server
from obedient.outside import Outside
from streams.sockets import Socket, open_socket

Json = dict[str, Any]


class Doors:
    """`shown`: message ids by door."""

    def __init__(self, http: httpx.AsyncClient, inbox_id: str) -> None:
        self.http = http
        self.inbox_id = inbox_id
        self.shown: dict[str, set[str]] = {}
        self._waits: list[str] = []

    async def arm(self, count: int) -> None:
        """Waits for whatever comes; each gets one mail."""
        for _ in range(count):
            wanted = {"exclusive": True}
            self._waits.append((await self.http.post(f"/inboxes/{self.inbox_id}/waits", json=wanted)).json()["id"])

    async def look(self, out: Outside, heard: set[str]) -> dict[str, set[str]]:
        """Everything that has come, by every door; `heard` is what the WebSocket has told."""
        self.shown = {
            "list": {one["id"] async for one in self._pages(f"/inboxes/{self.inbox_id}/messages", direction="inbound")},
            "environment": {one["id"] async for one in self._pages("/messages", direction="inbound")},
            "events": {one["data"]["message_id"] async for one in self._events()},
            "stream": await self._stream(),
            "socket": heard,
            "webhook": set(_hooked(out)),
            "threads": {one["id"] async for one in self._by_thread()},
            "context": {one["message_id"] async for one in self._spans()},
            "search": {one["message"]["id"] async for one in self._pages("/search", q="please")},
            "waits": {one async for one in self._waited()},
            "claims": {one["message"]["id"] async for one in self._claims()},
        }
        return self.shown

    async def _pages(self, path: str, **query: Any) -> AsyncGenerator[Json]:
        token: str | None = None
        while True:
            asked = {"limit": 100, **query, **({"page_token": token} if token else {})}
            page = (await self.http.get(path, params=asked)).json()
            for one in page["data"]:
                yield one
            if (token := page["next_page_token"]) is None:
                return

    async def _events(self) -> AsyncGenerator[Json]:
        async for one in self._pages("/events", types="message.received"):
            yield one

    async def _by_thread(self) -> AsyncGenerator[Json]:
        async for thread in self._pages("/threads"):
            for one in (await self.http.get(f"/threads/{thread['id']}/messages")).json()["data"]:
                if one["direction"] == "inbound":
                    yield one

    async def _spans(self) -> AsyncGenerator[Json]:
        async for thread in self._pages("/threads"):
            context = (await self.http.get(f"/threads/{thread['id']}/context", params={"max_tokens": 500})).json()
            for one in (*context["spans"], *context["omitted"]):
                yield one

    async def _waited(self) -> AsyncGenerator[str]:
        for wait_id in self._waits:
            wait = (await self.http.get(f"/waits/{wait_id}", params={"timeout": 30}, timeout=60)).json()
            assert wait["status"] == "matched", wait
            yield wait["message"]["id"]

    async def _claims(self) -> AsyncGenerator[Json]:
        path = f"/inboxes/{self.inbox_id}/messages/claim"
        while found := (await self.http.post(path, json={"limit": 50, "lease_seconds": 3600})).json()["data"]:
            for one in found:
                yield one

    async def _stream(self) -> set[str]:
        """Server-sent events, from the first on."""
        first = (await self.http.get("/events", params={"limit": 1})).json()["data"][0]["id"]
        found: set[str] = set()
        last = [one["id"] async for one in self._events()][-1]
        async with self.http.stream("GET", "/events/stream", params={"after": first}) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: ") and (event := json.loads(line[6:])).get("type") == "message.received":
                    found.add(event["data"]["message_id"])
                    if event["id"] == last:
                        break
        return found


@asynccontextmanager
async def listening(server: Server, key: str) -> AsyncGenerator[set[str]]:
    """What a WebSocket tells while this lasts."""
    heard: set[str] = set()

    async def hear(socket: Socket) -> None:
        while True:
            one = await socket.hear()
            if one["type"] == "event":
                heard.add(one["data"]["data"]["message_id"])

    async with open_socket(server, key) as socket:
        await socket.subscribe(event_types=["message.received"])
        task = asyncio.create_task(hear(socket))
        try:
            yield heard
        finally:
            task.cancel()


def _hooked(out: Outside) -> Iterator[str]:
    for one in out.asked:
        if one.startswith(b"POST /owner"):
            event = json.loads(one.partition(b"\r\n\r\n")[2])
            if event["type"] == "message.received":
                yield event["data"]["message_id"]
