"""A client of /ws for the tests."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from harness import Server


def address_of(server: Server, query: str = "") -> str:
    return server.url.replace("http", "ws", 1) + "/ws" + query


class Socket:
    """A client of /ws that speaks in dictionaries."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        return json.loads(await self.connection.recv())

    async def subscribe(self, **wanted: Any) -> None:
        await self.say(type="subscribe", **wanted)
        assert await self.hear() == {"type": "subscribed"}

    async def event_ids(self, count: int) -> list[str]:
        heard = [await self.hear() for _ in range(count)]
        assert {one["type"] for one in heard} <= {"event"}
        return [one["data"]["id"] for one in heard]

    async def is_quiet(self) -> bool:
        """Nothing was sent: the answer to a ping is the next that comes."""
        await self.say(type="ping")
        return await self.hear() == {"type": "pong"}


@asynccontextmanager
async def open_socket(server: Server, key: str | None, query: str = "", **headers: str) -> AsyncGenerator[Socket]:
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    async with connect(
        address_of(server, query), additional_headers=headers, proxy=None, max_size=None, compression=None
    ) as connection:
        yield Socket(connection)
