"""Real processes race: for the mail of one inbox by exclusive waits, and by claims."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from databases import drop_database, new_database
from leases.leasing import claim, message_ids
from program.pair import Pair, pair
from stories.post import mail_in
from waits.waiting import arm, poll


@pytest_asyncio.fixture(scope="module")
async def two(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Pair]:
    database = await new_database(postgres, "races")
    folder: Path = tmp_path_factory.mktemp("races")
    async with pair(database, folder) as made:
        yield made
    await drop_database(database)


async def _mail(two: Pair, email: str, number: int) -> None:
    """To both by turns, several at once."""
    ports = [one.smtp_port for one in two.instances]
    await asyncio.gather(*(mail_in(ports[n % 2], email, subject=f"Mail {n}", text=str(n)) for n in range(number)))


@pytest.mark.timeout(180)
async def test_each_mail_goes_to_one_exclusive_wait_of_either_process(two: Pair) -> None:
    """More waits than mails: whoever is left over must be left over everywhere."""
    inbox = (await two.https[0].post("/inboxes", json={})).json()
    waits = await asyncio.gather(*(arm(two.https[n % 2], inbox["id"]) for n in range(30)))
    polling = [asyncio.create_task(poll(two.https[(n + 1) % 2], wait, 5)) for n, wait in enumerate(waits)]
    await _mail(two, inbox["email"], 20)
    await asyncio.gather(*polling)
    async with asyncio.timeout(60):
        while True:
            ended = await asyncio.gather(*(poll(two.https[n % 2], wait, 0) for n, wait in enumerate(waits)))
            matched = [one["message"]["subject"] for one in ended if one["status"] == "matched"]
            if len(matched) >= 20:
                break
            await asyncio.sleep(0.1)
    assert sorted(matched) == sorted(f"Mail {n}" for n in range(20))
    again = await asyncio.gather(*(poll(two.https[(n + 1) % 2], wait, 0) for n, wait in enumerate(waits)))
    assert again == ended


@pytest.mark.timeout(180)
async def test_each_mail_is_claimed_once_by_workers_of_either_process(two: Pair) -> None:
    inbox = (await two.https[0].post("/inboxes", json={})).json()
    await _mail(two, inbox["email"], 60)
    got: list[str] = []

    async def work(http: Any) -> None:
        while len(got) < 60:
            leases = await claim(http, inbox["id"], 3, 600)
            got.extend(message_ids(leases))
            if not leases:
                await asyncio.sleep(0.1)  # not all mail is read yet

    async with asyncio.timeout(90):
        await asyncio.gather(*(work(two.https[n % 2]) for n in range(8)))
    assert len(got) == len(set(got)) == 60
    assert [await claim(http, inbox["id"], 50) for http in two.https] == [[], []]
