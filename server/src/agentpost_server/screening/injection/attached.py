"""The second look: the text of an attached file, read behind the message that brought it, is one more place of it.

It only ever raises. The mail may be delivered, answered or decided about by then, so nothing is taken back: it is
labelled, and whatever asks for a person because of `screening` asks from then on (decision 0052).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages import labels
from agentpost_server.screening.injection import store_attached as store
from agentpost_server.screening.injection.look import look_at_file
from agentpost_server.screening.injection.model import Factor, Judgement, raised
from agentpost_server.screening.injection.places import CHARACTERS
from agentpost_server.screening.injection.thresholds import Verdict, thresholds_of, verdict_of

_RANK: Final[dict[Verdict, int]] = {"pass": 0, "label": 1, "hold": 2}


class _Stored(msgspec.Struct):
    """`messages.screening`, as ingest writes it."""

    score: float
    verdict: Verdict
    detector: str
    factors: tuple[Factor, ...]


async def look_again(tenant: Scope, message_id: UUID, pages: Sequence[str]) -> Callable[[Tx], Awaitable[None]] | None:
    """What is to be written with the text, when the message's row is held; None when the text says nothing."""
    factors = await asyncio.to_thread(look_at_file, _beginning(pages))
    return partial(_raise, tenant=tenant, message_id=message_id, factors=factors) if factors else None


def _beginning(pages: Sequence[str]) -> str:
    kept: list[str] = []
    room = CHARACTERS
    for page in pages:
        kept.append(page[:room])
        room -= len(page)
        if room <= 0:
            break
    return "\n".join(kept)


async def _raise(tx: Tx, *, tenant: Scope, message_id: UUID, factors: Sequence[Factor]) -> None:
    row = await store.read(tx, tenant, message_id)
    if row is None:
        return
    stored = msgspec.json.decode(row["screening"], type=_Stored)
    before = Judgement(stored.score, stored.detector, stored.factors)
    after = raised(before, factors)
    if after == before:
        return
    verdict = _later(verdict_of(after, thresholds_of(row["policies"])), stored.verdict)
    told = _Stored(after.score, verdict, after.detector, after.factors)
    await store.write(tx, tenant, message_id, msgspec.json.encode(told).decode())
    if verdict != "pass":
        await labels.mark(tx, tenant, [message_id], "suspicious")


def _later(now: Verdict, before: Verdict) -> Verdict:
    """What is delivered is not held any more: the label is what is left to do about it."""
    possible: Verdict = "label" if now == "hold" else now
    return max(possible, before, key=_RANK.__getitem__)
