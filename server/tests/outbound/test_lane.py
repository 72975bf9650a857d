"""The lane of mail out: a slow call holds its own place and nothing else; what ends together is stored together."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from agentpost_server.core.errors import Unavailable
from agentpost_server.outbound import settle, transmit
from agentpost_server.outbound.call import Ended
from agentpost_server.outbound.transmit import MailOut
from agentpost_server.ports.transport import OutgoingEnvelope, Receipt, all_recipients
from agentpost_server.runtime import Runtime
from harness import new_tenant
from outbound.bench import ACCEPTED, Bench, Scripted
from outbound.sending import settled


class Stalling(Scripted):
    """Accepts all, those for slow.example and slow1.example … only when told."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        self.calls.append((envelope, raw))
        if "@slow" in envelope.recipients[0]:
            await self.go_on.wait()
        return all_recipients(envelope, ACCEPTED)


@pytest.fixture
def stalling(bench: Bench) -> Stalling:
    transport = Stalling()
    bench.server.runtime.transports = {**bench.server.runtime.transports, "smtp": transport}
    return transport


async def test_slow_calls_hold_up_no_mail_that_was_claimed_beside_or_behind_them(
    bench: Bench, stalling: Stalling
) -> None:
    slow = [await bench.sent("a@slow.example") for _ in range(3)]
    quick = [await bench.sent("a@quick.example") for _ in range(15)]
    lane = MailOut(bench.server.runtime)
    await lane.start()
    try:
        for one in quick:
            await settled(bench.tenant.http, one["id"], "sent")
        assert {(await bench.now(one))["status"] for one in slow} == {"sending"}
        stalling.go_on.set()
        for one in slow:
            await settled(bench.tenant.http, one["id"], "sent")
    finally:
        await lane.close()
    assert len(stalling.calls) == 18


async def test_no_more_is_claimed_than_there_are_places_and_each_that_ends_gives_its_own_back(
    bench: Bench, stalling: Stalling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transmit, "_PLACES", 5)
    made = [await bench.sent(f"a@slow{n}.example") for n in range(7)]
    lane = MailOut(bench.server.runtime)
    await lane.start()
    try:
        while len(stalling.calls) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        lane.ring()
        await asyncio.sleep(0.3)
        assert len(stalling.calls) == 4
        assert sorted([(await bench.now(one))["status"] for one in made]) == ["queued"] * 3 + ["sending"] * 4
        stalling.go_on.set()
        for one in made:
            await settled(bench.tenant.http, one["id"], "sent")
    finally:
        await lane.close()


async def test_receivers_that_stall_hold_up_no_other_domain_and_no_other_organization(
    bench: Bench, stalling: Stalling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transmit, "_PLACES", 8)
    stuck = [await bench.sent("a@slow.example") for _ in range(12)]
    lane = MailOut(bench.server.runtime)
    await lane.start()
    try:
        while len(stalling.calls) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        for _ in range(3):
            await settled(bench.tenant.http, (await bench.sent("a@quick.example"))["id"], "sent")
        stuck += [await bench.sent(f"a@slow{n}.example") for n in range(8)]
        while len(stalling.calls) < 9:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with new_tenant(bench.server) as other:
            for one in (await other.http.get("/environments")).json()["data"]:
                await other.http.patch(f"/environments/{one['id']}", json={"transport": "smtp"})
            theirs = Bench(bench.server, other, stalling)
            for _ in range(3):
                await settled(other.http, (await theirs.sent("a@quick.example"))["id"], "sent")
        assert Counter([(await bench.now(one))["status"] for one in stuck]) == {"sending": 6, "queued": 14}
        stalling.go_on.set()
        for one in stuck:
            await settled(bench.tenant.http, one["id"], "sent")
    finally:
        await lane.close()
    assert len(stalling.calls) == 26


async def test_closing_lets_calls_under_way_end_and_stores_their_ends(bench: Bench, stalling: Stalling) -> None:
    made = await bench.sent("a@slow.example")
    lane = MailOut(bench.server.runtime)
    await lane.start()
    while not stalling.calls:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    asyncio.get_running_loop().call_later(0.2, stalling.go_on.set)
    await lane.close(5)
    assert (await bench.now(made))["status"] == "sent"


async def test_calls_that_end_together_are_stored_in_one_transaction(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await bench.sent("a@b.example")
    batches: list[int] = []
    real = settle.settle

    async def counted(runtime: Runtime, ended: list[Ended], timing: settle.Timing) -> None:
        batches.append(len(ended))
        await real(runtime, ended, timing)

    monkeypatch.setattr(settle, "settle", counted)
    bench.transport.script = [ACCEPTED] * 5
    await bench.turn()
    assert batches == [5]


async def test_an_end_that_cannot_be_stored_takes_no_other_with_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await bench.sent("bad@b.example"), await bench.sent("good@b.example")
    real = settle.settle

    async def faulty(runtime: Runtime, ended: list[Ended], timing: settle.Timing) -> None:
        if any(one.call.recipients == ("bad@b.example",) for one in ended):
            raise ValueError("nothing stores this")
        await real(runtime, ended, timing)

    monkeypatch.setattr(settle, "settle", faulty)
    monkeypatch.setattr(settle, "_AGAIN_SECONDS", (0.01,))
    bench.transport.script = [ACCEPTED] * 2
    await bench.turn()
    assert (await bench.now(good))["status"] == "sent"
    await bench.make_due()
    monkeypatch.setattr(settle, "settle", real)
    await bench.turn()
    assert (await bench.now(bad))["status"] == "unknown"
    assert len(bench.transport.calls) == 2


async def test_storing_is_given_up_when_the_lease_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "_AGAIN_SECONDS", (0.02,))
    tries: list[Any] = []

    async def away() -> None:
        tries.append(None)
        raise Unavailable("gone", fix="")

    assert not await settle.patiently(away, asyncio.get_running_loop().time() + 0.1)
    assert 1 < len(tries) < 10
