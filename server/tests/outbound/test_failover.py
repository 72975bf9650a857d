"""Fail-over: the next transport at once where only the transport was at fault; never what may have been accepted."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from agentpost_server.opening import failover_of
from agentpost_server.outbound.transmit import Timing
from agentpost_server.ports.transport import Outcome
from agentpost_server.settings import SettingsError, load
from outbound.bench import ACCEPTED, BUSY, GONE, Bench, Scripted
from outbound.sending import history, recipients

DOWN = Outcome(status="deferred", transport_fault=True, detail="The connection was refused.")
UNKNOWN = Outcome(status="unknown", detail="The connection was lost behind the request.")


class Second(Scripted):
    name = "second"


@pytest_asyncio.fixture
async def second(bench: Bench) -> AsyncGenerator[Scripted]:
    """`smtp` is chosen, `second` takes over."""
    runtime, made = bench.server.runtime, Second()
    before = runtime.transports, runtime.failover
    runtime.transports = {**runtime.transports, "second": made}
    runtime.failover = ("second", "smtp")
    yield made
    runtime.transports, runtime.failover = before


async def _attempts(bench: Bench) -> list[tuple[str, str]]:
    async with bench.server.database.transaction(bench.organization_id) as tx:
        rows = await tx.rows("SELECT transport, outcome FROM attempts ORDER BY started_at")
    return [(row["transport"], row["outcome"]) for row in rows]


async def _transmission(bench: Bench) -> Any:
    async with bench.server.database.transaction(bench.organization_id) as tx:
        return await tx.row("SELECT *, due_at <= now() AS is_due FROM transmissions")


async def test_a_fault_of_the_transport_moves_to_the_next_one_at_once(bench: Bench, second: Scripted) -> None:
    made = await bench.sent("a@b.example")
    bench.transport.script, second.script = [DOWN], [ACCEPTED]
    assert await bench.turn() == 1
    assert recipients(await bench.now(made)) == {"a@b.example": "deferred"}
    assert await bench.turn() == 1, "due at once"
    assert (await bench.now(made))["status"] == "sent"
    assert await _attempts(bench) == [("smtp", "deferred"), ("second", "accepted")]
    page = (await bench.tenant.http.get(f"/messages/{made['id']}/events?ascending=true")).json()["data"]
    assert [(one["type"], one["transport"], one["attempt"]) for one in page[1:]] == [
        ("sending", "smtp", 1),
        ("deferred", "smtp", 1),
        ("sending", "second", 2),
        ("sent", "second", 2),
    ]


async def test_the_receivers_own_later_stays_with_its_transport(bench: Bench, second: Scripted) -> None:
    await bench.sent("a@b.example")
    bench.transport.script = [BUSY, ACCEPTED]
    await bench.turn()
    assert await bench.turn() == 0
    await bench.make_due()
    await bench.turn()
    assert (len(bench.transport.calls), second.calls) == (2, [])


@pytest.mark.parametrize("end", [ACCEPTED, UNKNOWN, GONE, RuntimeError("bug")], ids=str)
async def test_what_may_have_been_accepted_or_was_refused_for_good_is_never_called_again(
    bench: Bench, second: Scripted, end: Any
) -> None:
    await bench.sent("a@b.example")
    bench.transport.script = [end]
    await bench.turn()
    await bench.make_due()
    assert await bench.turn() == 0
    assert (len(bench.transport.calls), second.calls) == (1, [])


async def test_behind_the_last_one_it_waits_by_the_schedule_and_begins_with_the_first(
    bench: Bench, second: Scripted
) -> None:
    made = await bench.sent("a@b.example")
    bench.transport.script, second.script = [DOWN, DOWN, DOWN], [DOWN, DOWN, DOWN]
    timing = Timing(retry_seconds=(30.0, 60.0))
    for round_ in (1, 2):
        await bench.turn(timing)
        await bench.turn(timing)
        row = await _transmission(bench)
        assert (row["transport"], row["rounds"], row["is_due"]) == ("smtp", round_, False)
        await bench.make_due()
    await bench.turn(timing)
    await bench.turn(timing)
    after = await bench.now(made)
    assert (after["status"], after["recipients"][0]["detail"]) == (
        "bounced",
        "Given up after 6 tries: The connection was refused.",
    )
    assert (await _transmission(bench))["due_at"] is None


async def test_only_those_still_deferred_move_on_and_a_mixed_answer_waits(bench: Bench, second: Scripted) -> None:
    first = await bench.sent("a@b.example", "c@b.example")
    bench.transport.script = [{"a@b.example": ACCEPTED, "c@b.example": DOWN}]
    second.script = [ACCEPTED]
    await bench.turn()
    await bench.turn()
    assert [one.recipients for one, _ in second.calls] == [("c@b.example",)]
    assert recipients(await bench.now(first)) == {"a@b.example": "sent", "c@b.example": "sent"}
    mixed = await bench.sent("a@b.example", "c@b.example")
    bench.transport.script = [{"a@b.example": BUSY, "c@b.example": DOWN}]
    await bench.turn()
    assert await bench.turn() == 0, "nobody knows that the next one would fare better with the busy receiver"
    assert set(recipients(await bench.now(mixed)).values()) == {"deferred"}


async def test_a_transport_that_went_away_since_the_submit_is_passed_over(bench: Bench, second: Scripted) -> None:
    made = await bench.sent("a@b.example")
    transports = dict(bench.server.runtime.transports)
    del transports["smtp"]
    bench.server.runtime.transports = transports
    second.script = [ACCEPTED]
    await bench.turn()
    await bench.turn()
    assert (await bench.now(made))["status"] == "sent"


async def test_what_stays_here_is_taken_over_by_nobody(bench: Bench, second: Scripted) -> None:
    await bench.sent("echo@sandbox.test")
    assert (await _transmission(bench))["transports"] == ["local"]


async def test_rows_of_before_have_no_order_and_go_by_their_one_transport(bench: Bench, second: Scripted) -> None:
    made = await bench.sent("a@b.example")
    await bench.sql("UPDATE transmissions SET transports = '{}'")
    bench.transport.script = [DOWN, ACCEPTED]
    await bench.turn()
    assert await bench.turn() == 0
    await bench.make_due()
    await bench.turn()
    assert (await bench.now(made))["status"] == "sent"
    assert [one for one, _ in await history(bench.tenant.http, made["id"])].count("deferred") == 1


def test_a_failover_to_what_is_not_there_stops_the_start() -> None:
    settings = load({}, failover="ses, smtp,smtp")
    assert failover_of(settings, {"ses", "smtp"}) == ("ses", "smtp")
    with pytest.raises(SettingsError, match=r"AGENTPOST_FAILOVER names ses, which .* It may name: smtp"):
        failover_of(settings, {"smtp"})
    # What stays on this machine never reaches its receiver: it takes over nothing.
    with pytest.raises(SettingsError, match="names local"):
        failover_of(load({}, failover="local"), {"smtp"})
