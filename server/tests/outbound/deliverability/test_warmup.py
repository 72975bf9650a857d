"""A domain that warms up writes to exactly so many recipients a day; what is over waits for the next and is told."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.opening import check_warmup
from agentpost_server.outbound import transmit
from agentpost_server.outbound.deliverability import warmup
from agentpost_server.outbound.transmit import Timing
from agentpost_server.settings import SettingsError, load
from outbound.bench import ACCEPTED, BUSY, Bench
from outbound.own_domain import inbox_on, verified
from outbound.sending import Json, events, history, inbox, recipients, send


@pytest_asyncio.fixture
async def warming(bench: Bench) -> AsyncGenerator[Json]:
    """An inbox on a domain that may write to 2 recipients on its first day, to 5 on the second."""
    runtime = bench.server.runtime
    before = runtime.settings
    runtime.settings = msgspec.structs.replace(before, warmup_schedule="2, 5")
    yield await inbox_on(bench, await verified(bench))
    runtime.settings = before


async def _statuses(bench: Bench, *messages: Json) -> list[str]:
    return [(await bench.now(one))["status"] for one in messages]


async def _day_later(bench: Bench) -> None:
    """As if the domain had begun, and last sent, a day earlier."""
    await bench.sql("UPDATE warmups SET started_on = started_on - 1, day = day - 1")
    await bench.make_due()


async def _turns(bench: Bench) -> None:
    while await bench.turn():
        pass


async def test_what_is_over_waits_for_the_next_day_and_is_told(bench: Bench, warming: Json) -> None:
    made = [await send(bench.tenant.http, warming["id"], to=[f"p{n}@b.example"]) for n in range(4)]
    bench.transport.script = [ACCEPTED] * 9
    await _turns(bench)
    assert sorted(await _statuses(bench, *made)) == ["queued", "queued", "sent", "sent"]
    waiting, _ = [one for one in made if (await bench.now(one))["status"] == "queued"]
    assert ("deferred", waiting["recipients"][0]["email"]) in await history(bench.tenant.http, waiting["id"])
    told = [data for kind, data in await events(bench.tenant) if kind == "message.deferred"]
    assert len(told) == 2
    assert told[0]["detail"].endswith(
        "is warming up: 2 recipients a day for now. This mail waits for the next day (UTC)."
    )
    assert (told[0]["status"], told[0]["transport"]) == ("queued", "smtp")
    async with bench.server.database.transaction(bench.organization_id) as tx:
        due = await tx.rows("SELECT due_at FROM transmissions WHERE due_at IS NOT NULL")
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert all(abs(one["due_at"] - midnight) < timedelta(seconds=5) for one in due)
    await _day_later(bench)
    await _turns(bench)
    assert await _statuses(bench, *made) == ["sent"] * 4


async def test_each_day_has_its_number_and_behind_the_last_the_domain_is_free(bench: Bench, warming: Json) -> None:
    bench.transport.script = [ACCEPTED] * 40
    sent: list[int] = []
    for _ in range(12):
        await send(bench.tenant.http, warming["id"], to=["p@b.example"])
    for _ in range(3):
        await _turns(bench)
        sent.append(len(bench.transport.calls))
        await _day_later(bench)
    assert sent == [2, 7, 12]


async def test_recipients_count_and_a_smaller_mail_may_go_before_a_larger_one(bench: Bench, warming: Json) -> None:
    large = await send(bench.tenant.http, warming["id"], to=["a@b.example", "b@b.example", "c@b.example"])
    small = await send(bench.tenant.http, warming["id"], to=["d@b.example", "e@b.example"])
    bench.transport.script = [ACCEPTED] * 9
    await _turns(bench)
    assert await _statuses(bench, large, small) == ["queued", "sent"]


async def test_a_retry_is_not_counted_again(bench: Bench, warming: Json) -> None:
    made = [await send(bench.tenant.http, warming["id"], to=[f"p{n}@b.example"]) for n in range(2)]
    bench.transport.script = [BUSY, BUSY, ACCEPTED, ACCEPTED]
    await _turns(bench)
    await bench.make_due()
    await _turns(bench)
    assert await _statuses(bench, *made) == ["sent", "sent"]


async def test_the_shared_domain_and_what_stays_here_are_not_held_back(bench: Bench, warming: Json) -> None:
    agent = await inbox(bench.tenant.http)
    made = [await send(bench.tenant.http, agent["id"], to=[f"p{n}@b.example"]) for n in range(3)]
    played = [await send(bench.tenant.http, warming["id"], to=["delivered@sandbox.test"]) for _ in range(3)]
    bench.transport.script = [ACCEPTED] * 9
    await _turns(bench)
    assert await _statuses(bench, *made, *played) == ["sent"] * 3 + ["delivered"] * 3


async def test_a_domain_that_has_sent_long_ago_is_not_held_back(bench: Bench, warming: Json) -> None:
    async with bench.server.database.transaction(bench.organization_id) as tx:
        await tx.run(
            """INSERT INTO domain_delivery_hours
               SELECT organization_id, environment_id, now() - interval '30 days', domain, 1, 1, 0, 0, 0 FROM inboxes"""
        )
    made = [await send(bench.tenant.http, warming["id"], to=[f"p{n}@b.example"]) for n in range(3)]
    bench.transport.script = [ACCEPTED] * 9
    await _turns(bench)
    assert await _statuses(bench, *made) == ["sent"] * 3


async def test_workers_at_once_never_let_out_one_too_many(bench: Bench, warming: Json) -> None:
    for n in range(20):
        await send(bench.tenant.http, warming["id"], to=[f"p{n}@b.example"])
    bench.transport.script = [ACCEPTED] * 40
    claimed = await bench.claim()
    claimed += await bench.claim()
    assert len(claimed) == 20

    async def worker(n: int) -> None:
        await transmit.transmit(bench.server.runtime, claimed[n::4], Timing())

    await asyncio.gather(*(worker(n) for n in range(4)))
    assert len(bench.transport.calls) == 2


async def test_another_organizations_domain_has_a_count_of_its_own(bench: Bench, warming: Json, tenant: Any) -> None:
    bench.transport.script = [ACCEPTED] * 9
    for n in range(3):
        await send(bench.tenant.http, warming["id"], to=[f"p{n}@b.example"])
    await _turns(bench)
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        assert await tx.rows("SELECT FROM warmups") == []
    async with bench.server.database.transaction(bench.organization_id) as tx:
        (row,) = await tx.rows("SELECT * FROM warmups")
    assert row["used"] == 2


async def test_a_suppressed_recipient_is_still_left_out(bench: Bench, warming: Json) -> None:
    made = await send(bench.tenant.http, warming["id"], to=["a@b.example", "b@b.example"])
    await bench.tenant.http.post("/suppressions", json={"email": "a@b.example"})
    bench.transport.script = [ACCEPTED]
    await _turns(bench)
    assert recipients(await bench.now(made)) == {"a@b.example": "suppressed", "b@b.example": "sent"}


@pytest.mark.parametrize("text", ["50,x", "0", "-1", "1.5", ",".join(["1"] * 366), "9" * 5000])
def test_a_wrong_schedule_stops_the_start_and_says_why(text: str) -> None:
    with pytest.raises(SettingsError, match="AGENTPOST_WARMUP_SCHEDULE is wrong: it is"):
        check_warmup(load({}, warmup_schedule=text))


@given(st.lists(st.integers(1, 10**9), max_size=365))
def test_a_schedule_is_read_as_it_was_written(days: list[int]) -> None:
    assert warmup.parse(", ".join(map(str, days))) == tuple(days)
