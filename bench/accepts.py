"""How many mails a second are made durable, from the final dot to a 250 that survives a power cut; beside Postfix.

Twice: with nothing but acceptance going on (Postfix holds its queue, ours has the role `smtp` alone), and with
everything going on (Postfix delivers to maildirs, ours ingests and publishes in the same process).
"""

import asyncio
from contextlib import ExitStack
from typing import NamedTuple

from bench import postfix
from bench.load import Load, NullReceiver, Sent, send
from bench.server import Installation, installation
from bench.table import ROUNDS, Row, compared, median

_SECONDS = 1.5
_AIM = 3.0


class _Shape(NamedTuple):
    name: str
    connections: int
    per_connection: int


_SHAPES = (
    _Shape("16 connections, a new one each", 16, 1),
    _Shape("16 connections, reused", 16, 0),
    _Shape("one connection, reused", 1, 0),
)


async def measure() -> list[Row]:
    reason = await asyncio.to_thread(postfix.installed)
    async with installation() as here:
        with ExitStack() as stack:
            other = None
            if reason is None:
                other = stack.enter_context(postfix.running(here.folder / "postfix", mailboxes=len(here.addresses)))
            rows = [await asyncio.to_thread(_client_row)]
            rows += await _rows("accepts", here, other, roles="smtp", port=other.hold_port if other else 0)
            rows += await _rows(
                "accepts while ingesting", here, other, roles="api,worker,smtp", port=other.port if other else 0
            )
    if reason is not None:
        rows.append(Row(question="Postfix", ours=f"**left out**: {reason}"))
    return rows


async def _rows(title: str, here: Installation, other: postfix.Postfix | None, *, roles: str, port: int) -> list[Row]:
    ours: dict[_Shape, list[Sent]] = {shape: [] for shape in _SHAPES}
    theirs: dict[_Shape, list[Sent]] = {shape: [] for shape in _SHAPES}
    async with here.server(roles=roles) as server:
        for _ in range(ROUNDS):
            for shape in _SHAPES:
                ours[shape].append(await _load(server.smtp_port, here.addresses, shape))
                await _forget_backlog(here)
                if other is not None:
                    theirs[shape].append(await _load(port, other.recipients, shape))
    return [_row(f"{title}/s, {shape.name}", ours[shape], theirs[shape], shape.connections) for shape in _SHAPES]


def _row(question: str, ours: list[Sent], theirs: list[Sent], connections: int) -> Row:
    if not theirs:
        return Row(question=question, ours=f"{median([one.rate for one in ours]):,.0f}{_times(ours)}")
    return compared(
        question,
        [one.rate for one in ours],
        [one.rate for one in theirs],
        unit="",
        other="Postfix",
        aim=_AIM if connections > 1 else None,
        notes=(_times(ours), _times(theirs)),
    )


def _times(sent: list[Sent]) -> str:
    times = f"p50 {median([one.p50_ms for one in sent]):.1f}, p99 {median([one.p99_ms for one in sent]):.1f} ms"
    refused = sum(one.refused for one in sent)
    return f" ({times}{f', {refused} refused: {sent[-1].refusal}' if refused else ''})"


async def _load(port: int, recipients: list[str], shape: _Shape) -> Sent:
    load = Load(
        port=port,
        recipients=recipients,
        connections=shape.connections,
        per_connection=shape.per_connection,
        seconds=_SECONDS,
    )
    return await asyncio.to_thread(send, load)


async def _forget_backlog(here: Installation) -> None:
    """What waits for ingest would be ingested in the next round's time."""
    connection = await here.admin()
    try:
        await connection.execute("TRUNCATE inbound_mails")
    finally:
        await connection.close()


def _client_row() -> Row:
    with NullReceiver() as port:
        loads = [Load(port=port, recipients=["a@b.test"], per_connection=n, seconds=0.7) for n in (1, 0)]
        new, reused = (send(load).rate for load in loads)
    return Row(question="the load client's own ceiling/s", ours=f"{new:,.0f} new, {reused:,.0f} reused connections")
