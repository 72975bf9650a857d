"""A thousand requests wait in one process: what they cost in memory, and that each gets its own mail."""

import asyncio
import re
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest

from program.running import Program, up
from stories.post import mail_in
from waits.waiting import Json, arm, poll


@pytest.mark.parametrize("number", [150, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
async def test_many_wait_in_one_process_in_little_memory(tmp_path: Path, number: int) -> None:
    async with up(tmp_path / "data") as program:
        limits = httpx.Limits(max_connections=number + 10, max_keepalive_connections=number + 10)
        async with httpx.AsyncClient(
            base_url=f"{program.url}/api/v1",
            headers={"Authorization": f"Bearer {program.keys['live_key']}"},
            timeout=300,
            trust_env=False,
            limits=limits,
        ) as http:
            inboxes = [(await http.post("/inboxes", json={})).json() for _ in range(10)]
            waits = [await arm(http, inboxes[n % 10]["id"], subject=f"mail {n:04}.") for n in range(number)]
            await poll(http, waits[0], 0.1)
            before = psutil.Process(program.pid).memory_info().rss
            over = asyncio.Event()
            polling = [asyncio.create_task(_until_matched(http, wait, over)) for wait in waits]
            await _parked(http, program, number)
            grown = psutil.Process(program.pid).memory_info().rss - before
            print(f"{number} requests wait: {grown / 1e6:.1f} MB more, {before / 1e6:.1f} MB before")
            assert grown < 100_000 * number
            if number <= 200:
                for n in range(number):
                    box = inboxes[n % 10]["email"]
                    await mail_in(program.smtp_port, box, subject=f"Mail {n:04}.", text=str(n))
                matched = await asyncio.gather(*polling)
                assert [one["message"]["subject"] for one in matched] == [f"Mail {n:04}." for n in range(number)]
            else:
                over.set()
                assert {one["status"] for one in await asyncio.gather(*polling)} == {"armed"}


async def _until_matched(http: httpx.AsyncClient, wait: Json, over: asyncio.Event) -> Json:
    """As clients do: whose time is over asks again."""
    while (seen := await poll(http, wait, 55))["status"] == "armed" and not over.is_set():
        pass
    return seen


async def _parked(http: httpx.AsyncClient, program: Program, number: int) -> None:
    """All but those that ask again just now: on a busy machine the first are through before the last have come."""
    async with asyncio.timeout(200):
        while True:
            page = (await http.get(f"{program.url}/metrics")).text
            if (found := re.search(r"^agentpost_waits_parked (\S+)", page, re.MULTILINE)) and float(
                found[1]
            ) >= 0.98 * number:
                return
            await asyncio.sleep(0.1)
