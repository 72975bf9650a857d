"""What providers tell later counts once, when it is told, and pauses as what a call says at once does."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest_asyncio

from agentpost_server.outbound import telling
from agentpost_server.outbound.told import Feedback, Told
from agentpost_server.ports.transport import Outcome
from outbound.bench import ACCEPTED, GONE, Bench
from outbound.deliverability.counted import added_up, numbers, told
from outbound.sending import Json, inbox, send

UNKNOWN = Outcome(status="unknown", detail="The connection was lost behind the request.")


@pytest_asyncio.fixture
async def strict(bench: Bench) -> AsyncGenerator[Json]:
    """An inbox that is paused from two bounces of ten, or two complaints of ten."""
    runtime = bench.server.runtime
    before = runtime.settings
    names = ("recipients", "count", "percent")
    small = {
        f"pause_{kind}_{name}": n
        for kind in ("bounce", "complaint")
        for name, n in zip(names, (10, 2, 10), strict=True)
    }
    runtime.settings = msgspec.structs.replace(before, **small)
    yield await inbox(bench.tenant.http)
    runtime.settings = before


async def _handed_over(bench: Bench, agent: Json, count: int, outcome: Outcome = ACCEPTED) -> list[str]:
    """Mails that the transport answered so; the tags that it had."""
    begin = len(bench.transport.calls)
    for n in range(begin, begin + count):
        await send(bench.tenant.http, agent["id"], to=[f"p{n}@b.example"])
    bench.transport.script = [outcome] * count
    while await bench.turn():
        pass
    return [envelope.tag for envelope, _ in bench.transport.calls[begin:]]


async def _tell(bench: Bench, tags: list[str], kind: Any, **more: Any) -> None:
    await telling.apply(
        bench.server.runtime, [Told(source="ses", tag=tag, told=(Feedback(kind=kind, **more),)) for tag in tags]
    )


async def _counts(bench: Bench, agent: Json) -> tuple[int, ...]:
    await added_up(bench.tenant)
    shown = await numbers(bench.tenant.http, f"/inboxes/{agent['id']}/deliverability")
    last = shown["series"][-1]
    return tuple(last[name] for name in ("sent", "delivered", "bounced", "hard_bounced", "complained"))


async def _reason(bench: Bench, agent: Json) -> str | None:
    return (await bench.tenant.http.get(f"/inboxes/{agent['id']}")).json()["pause_reason"]


async def test_late_and_repeated_feedback_counts_once(bench: Bench, strict: Json) -> None:
    tags = await _handed_over(bench, strict, 10)
    assert await _counts(bench, strict) == (10, 0, 0, 0, 0)
    for _ in range(2):
        await _tell(bench, tags, "delivered")
        await _tell(bench, tags[:1], "bounced", bounce_type="transient")
        await _tell(bench, tags[1:2], "bounced", bounce_type="permanent")
        await _tell(bench, tags[2:3], "complained")
    assert await _counts(bench, strict) == (10, 10, 2, 1, 1)
    assert await _reason(bench, strict) is None, "neither is over ten percent"


async def test_bounces_that_a_provider_tells_pause(bench: Bench, strict: Json) -> None:
    tags = await _handed_over(bench, strict, 10)
    await _tell(bench, tags[:2], "bounced", bounce_type="permanent")
    await added_up(bench.tenant)
    assert await _reason(bench, strict) == "bounce_rate"
    (paused,) = await told(bench.tenant, "inbox.paused")
    assert (paused["bounce_rate"], paused["complaint_rate"]) == (20.0, 0.0)


async def test_complaints_that_a_provider_tells_pause_and_queued_mail_waits(bench: Bench, strict: Json) -> None:
    tags = await _handed_over(bench, strict, 10)
    waiting = await send(bench.tenant.http, strict["id"], to=["later@b.example"])
    await _tell(bench, tags[:2], "complained")
    await added_up(bench.tenant)
    assert await _reason(bench, strict) == "complaint_rate"
    before = len(bench.transport.calls)
    await bench.turn()
    assert len(bench.transport.calls) == before
    assert (await bench.now(waiting))["status"] == "queued"


async def test_whom_the_receiver_refused_at_once_was_sent_to_and_who_is_unknown_was_not_yet(
    bench: Bench, strict: Json
) -> None:
    await _handed_over(bench, strict, 1, GONE)
    tags = await _handed_over(bench, strict, 2, UNKNOWN)
    await _handed_over(bench, strict, 1, Outcome(status="refused", detail="Not configured."))
    assert await _counts(bench, strict) == (1, 0, 1, 1, 0)
    await _tell(bench, tags[:1], "delivered")
    assert await _counts(bench, strict) == (2, 1, 1, 1, 0)


async def test_feedback_about_nobody_of_ours_counts_nowhere(bench: Bench, strict: Json) -> None:
    await _handed_over(bench, strict, 1)
    await _tell(bench, ["not-a-tag-of-ours"], "bounced", bounce_type="permanent")
    assert await _counts(bench, strict) == (1, 0, 0, 0, 0)
