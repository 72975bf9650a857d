"""What the tests of the simulator share: a test environment's clock, its people, and its coming to rest."""

import asyncio
import time
from typing import Any

import httpx2 as httpx

from outbound.sending import Json

DAY = 86_400


async def advance(http: httpx.AsyncClient, seconds: int = 0, **more: Any) -> Json:
    answer = await http.post("/sandbox/clock", json={"advance_seconds": seconds, **more})
    assert answer.status_code == 200, answer.text
    return await at_rest(http)


async def at_rest(http: httpx.AsyncClient, seconds: float = 30) -> Json:
    """The clock, once nothing that is due is left to do."""
    deadline = time.monotonic() + seconds
    while True:
        clock = (await http.get("/sandbox/clock")).json()
        if clock["under_way"] == 0:
            return clock
        assert time.monotonic() < deadline, clock
        await asyncio.sleep(0.05)


async def persona(http: httpx.AsyncClient, email: str, *script: Json, status: int = 201, **more: Any) -> Json:
    answer = await http.post("/sandbox/personas", json={"email": email, "script": list(script), **more})
    assert answer.status_code == status, answer.text
    return answer.json()


async def inbound(http: httpx.AsyncClient, inbox_id: str) -> list[Json]:
    """Oldest first."""
    answer = await http.get(f"/inboxes/{inbox_id}/messages?direction=inbound&ascending=true&limit=100")
    return answer.json()["data"]
