"""A client of the server-sent events for the tests."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class Stream:
    def __init__(self, response: Any) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def event(self) -> dict[str, Any]:
        """The next event; its id and that of the envelope are one."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            name, _, value = line.partition(": ")
            fields[name] = value
            if not line and "data" in fields:
                envelope = json.loads(fields["data"])
                assert fields["id"] == envelope["id"]
                return envelope
        raise AssertionError("the stream ended")

    async def ids(self, count: int) -> list[str]:
        return [(await self.event())["id"] for _ in range(count)]

    async def rest(self) -> str:
        return "\n".join([line async for line in self._lines])


@asynccontextmanager
async def stream(http: Any, headers: dict[str, str] | None = None, **query: object) -> AsyncIterator[Stream]:
    async with http.stream("GET", "/events/stream", params=query, headers=headers or {}) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Stream(response)
