"""Mail that is made to be slow to look through holds up neither the server nor, for long, those who wait."""

import asyncio
import time
from typing import Any

import pytest

from harness import Tenant
from waits.waiting import arm, new_inbox, poll, receive


async def test_a_look_whose_time_is_up_goes_on_where_it_stopped(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mail a look: whoever armed before, between and behind the mails gets what is theirs, and nothing older."""
    monkeypatch.setattr("agentpost_server.waits.look._LOOK_SECONDS", 0.0)
    inbox, other = await new_inbox(tenant.http), await new_inbox(tenant.http)
    first = await arm(tenant.http, inbox, subject="mail 09.")
    elsewhere = await arm(tenant.http, other, subject="mail 07.")
    for n in range(10):
        await receive(tenant, inbox, subject=f"Mail {n:02}.")
        await receive(tenant, other, subject=f"Mail {n:02}.")
    late = await arm(tenant.http, inbox, exclusive=False)
    assert (await poll(tenant.http, first))["message"]["subject"] == "Mail 09."
    assert (await poll(tenant.http, elsewhere))["message"]["subject"] == "Mail 07."
    between = await arm(tenant.http, inbox, subject="mail 1", exclusive=False)
    for n in range(10, 13):
        await receive(tenant, inbox, subject=f"Mail {n:02}.")
    assert (await poll(tenant.http, between))["message"]["subject"] == "Mail 10."
    # What was received right before arming may be published behind it; nothing older.
    assert (await poll(tenant.http, late))["message"]["subject"] in ("Mail 09.", "Mail 10.")


_CELL = "<td>4829</td><p>code 7712 order 1 8 2 9 1 3 https://x.example/verify?t=aB3dE9fG7hJ1kL2m</p>"


@pytest.mark.parametrize("number", [10, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.timeout(300)
async def test_mails_full_of_candidates_stop_neither_the_loop_nor_the_wait(tenant: Tenant, number: int) -> None:
    inbox, other = await new_inbox(tenant.http), await new_inbox(tenant.http)
    hostile: dict[str, Any] = {"text_body": "nothing 4829 " * 80_000, "html_body": _CELL * (1_000_000 // len(_CELL))}
    wait = await arm(tenant.http, inbox, has_code=True)
    armed = await arm(tenant.http, inbox, has_code=True)
    for n in range(number):
        await receive(tenant, inbox, subject=f"Nothing {n}", **hostile)
    slowest = 0.0

    async def watch() -> None:
        nonlocal slowest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            slowest = max(slowest, time.monotonic() - before)

    watching = asyncio.create_task(watch())
    begun = time.monotonic()
    strangers = await arm(tenant.http, other)
    got = await receive(tenant, other)
    assert (await poll(tenant.http, strangers, 50))["message"]["id"] == got
    print(f"a stranger waited {time.monotonic() - begun:.1f} s")
    await receive(tenant, inbox, subject="The last", text_body="Your verification code is 482913.")
    async with asyncio.timeout(180):
        while (ended := await poll(tenant.http, wait, 50))["status"] == "armed":
            pass
    watching.cancel()
    print(f"the loop's slowest turn: {slowest:.3f} s")
    assert [one["value"] for one in ended["codes"]] == ["482913"]
    assert (await poll(tenant.http, armed, 0))["status"] == "armed"
    assert slowest < 5
