"""Gathering callers into batches: nobody waits for company, everybody gets his own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from agentpost_server.inbound.batching import Batcher


class Answering:
    """Doubles numbers, one batch at a time as the gate lets them through."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()

    async def __call__(self, items: list[int]) -> Sequence[int | BaseException]:
        self.batches.append(items)
        await self.gate.wait()
        if 99 in items:
            raise OSError("all of it failed")
        return [ValueError("negative") if one < 0 else one * 2 for one in items]


async def test_what_comes_during_a_batch_goes_together_next() -> None:
    answering = Answering()
    batcher = Batcher(answering, most=3)
    answers = [batcher.put_soon(1)]
    await asyncio.sleep(0.01)
    answers += [batcher.put_soon(n) for n in range(2, 7)]
    await asyncio.sleep(0.01)
    assert answering.batches == [[1]]
    answering.gate.set()
    assert await asyncio.gather(*answers) == [2, 4, 6, 8, 10, 12]
    assert answering.batches == [[1], [2, 3, 4], [5, 6]]


async def test_a_batch_closes_by_weight_and_a_heavy_one_goes_alone() -> None:
    answering = Answering()
    answering.gate.set()
    batcher = Batcher(answering, most=50, weigh=lambda one: one, max_weight=10)
    await asyncio.gather(*(batcher.put(one) for one in (6, 4, 3, 25, 5, 5)))
    assert answering.batches == [[6, 4], [3], [25], [5, 5]]


async def test_each_caller_gets_his_own_answer_or_error() -> None:
    answering = Answering()
    answering.gate.set()
    batcher = Batcher(answering, most=50)
    good, bad = await asyncio.gather(batcher.put(1), batcher.put(-1), return_exceptions=True)
    assert good == 2
    assert isinstance(bad, ValueError)
    with pytest.raises(OSError, match="all of it"):
        await batcher.put(99)
    assert await batcher.put(3) == 6


async def test_a_caller_who_left_changes_nothing_for_the_others() -> None:
    answering = Answering()
    batcher = Batcher(answering, most=50)
    leaving = asyncio.create_task(batcher.put(1))
    staying = asyncio.create_task(batcher.put(2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    answering.gate.set()
    assert await staying == 4
