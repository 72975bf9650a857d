"""Large mails under way are bounded in octets, over all and for each organization; what waits for room is no try."""

import asyncio
from uuid import UUID, uuid4

import pytest

from agentpost_server.core.errors import Unavailable
from agentpost_server.outbound import transmit
from agentpost_server.outbound.sorting import Ready
from agentpost_server.outbound.transmit import MailOut
from agentpost_server.outbound.weights import Weights
from outbound.bench import Bench
from outbound.sending import history, settled
from outbound.test_lane import Stalling, stalling

__all__ = ["stalling"]
A, B, C = uuid4(), uuid4(), uuid4()


def _mail(organization_id: UUID, octets: int | None) -> Ready:
    row = {"organization_id": organization_id, "id": uuid4(), "large_octets": octets}
    return Ready(row=row, recipients=("a@b.example",))


def test_one_organization_carries_half_and_all_together_no_more_than_there_is() -> None:
    weights = Weights(100)
    mine = [_mail(A, 30), _mail(A, 20), _mail(A, 1), _mail(A, None)]
    go, wait = weights.take(mine)
    assert (go, wait) == ([mine[0], mine[1], mine[3]], [mine[2]])
    theirs, others = _mail(B, 40), [_mail(C, 20), _mail(C, 10)]
    assert weights.take([theirs, *others]) == ([theirs, others[1]], [others[0]])
    weights.give_back(theirs.row["id"])
    weights.give_back(theirs.row["id"])
    assert weights.take([others[0], mine[2]]) == ([others[0]], [mine[2]])


async def test_a_large_mail_waits_for_room_and_holds_up_no_small_one(
    bench: Bench, stalling: Stalling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transmit, "Weights", lambda: Weights(1_000_000))
    large = [await bench.sent(f"a@slow{n}.example", text_body="a word\n" * 45_000) for n in range(2)]
    lane = MailOut(bench.server.runtime)
    await lane.start()
    try:
        while not stalling.calls:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await settled(bench.tenant.http, (await bench.sent("a@quick.example"))["id"], "sent")
        assert sorted([(await bench.now(one))["status"] for one in large]) == ["queued", "sending"]
        stalling.go_on.set()
        (waiting,) = [one for one in large if (await bench.now(one))["status"] == "queued"]
        await settled(bench.tenant.http, waiting["id"], "sent")
    finally:
        await lane.close()
    steps = [kind for kind, _ in await history(bench.tenant.http, waiting["id"])]
    assert steps == ["queued", "sending", "sent"]


async def test_calls_that_are_not_made_after_all_carry_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("The database went away.", fix="")

    monkeypatch.setattr(transmit, "senders_of", away)
    weights, end = Weights(1_000_000), asyncio.get_running_loop().time() + 60
    await bench.sent("a@b.example", text_body="a word\n" * 45_000)
    assert await transmit.begin(bench.server.runtime, await bench.claim(), transmit.Timing(), end, weights) == []
    whole_half = _mail(bench.organization_id, 500_000)
    assert weights.take([whole_half]) == ([whole_half], [])
