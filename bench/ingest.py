"""How many mails a second go the whole way: from the first MAIL FROM until the last one is stored, threaded and its
event published; beside Postfix until the last file lies in its maildir, and PostgreSQL's own ceiling for those rows.
"""

import asyncio
import time
from contextlib import ExitStack

from bench import ceiling, postfix
from bench.load import Load, send
from bench.server import Installation, Server, installation
from bench.table import ROUNDS, Row, compared

_MAILS = 1500
_LONGEST_SECONDS = 30.0
_WAITING = """SELECT EXISTS (SELECT FROM inbound_mails WHERE due_at IS NOT NULL) OR EXISTS (SELECT FROM event_outbox)"""


async def measure() -> list[Row]:
    reason = await asyncio.to_thread(postfix.installed)
    ours: list[float] = []
    theirs: list[float] = []
    most: list[float] = []
    cpu: list[float] = []
    async with installation() as here:
        with ExitStack() as stack:
            other = None
            if reason is None:
                other = stack.enter_context(postfix.running(here.folder / "postfix", mailboxes=len(here.addresses)))
            for number in range(ROUNDS):
                async with here.server() as server:
                    before = server.cpu_seconds()
                    ours.append(await _ours(here, server))
                    cpu.append((server.cpu_seconds() - before) / _MAILS * 1e6)
                if number == 0:
                    await ceiling.prepare(here)
                if other is not None:
                    theirs.append(await asyncio.to_thread(_theirs, other))
                most.append(await asyncio.to_thread(ceiling.mails_per_second, here))
            async with here.server(workers=2) as server:
                both = [await _ours(here, server) for _ in range(ROUNDS)]
    rows: list[Row] = []
    note = (f" ({sorted(cpu)[len(cpu) // 2]:,.0f} µs CPU of the process each)", "")
    for name, rates in (("one process", ours), ("two processes", both)):
        notes = note if rates is ours else ("", "")
        if theirs:
            rows.append(compared(f"ingest/s, {name}", rates, theirs, unit="", other="Postfix", aim=2, notes=notes))
        rows.append(compared(f"ingest/s, {name}", rates, most, unit="", other="pgbench", aim=0.5))
    if reason is not None:
        rows.append(Row(question="Postfix", ours=f"**left out**: {reason}"))
    return rows


async def _ours(here: Installation, server: Server) -> float:
    connection = await here.admin()
    try:
        before = await connection.fetchval("SELECT count(*) FROM events WHERE type = 'message.received'")
        began = time.monotonic()
        sending = asyncio.create_task(asyncio.to_thread(send, _load(server.smtp_port, here.addresses)))
        await asyncio.sleep(0.5)
        while not sending.done() or await connection.fetchval(_WAITING):
            if time.monotonic() - began > _LONGEST_SECONDS:
                break
            await asyncio.sleep(0.02)
        seconds = time.monotonic() - began
        await sending
        after = await connection.fetchval("SELECT count(*) FROM events WHERE type = 'message.received'")
        return (after - before) / seconds
    finally:
        await connection.close()


def _theirs(other: postfix.Postfix) -> float:
    before, began = other.delivered(), time.monotonic()
    send(_load(other.port, other.recipients))
    while other.delivered() < before + _MAILS and time.monotonic() - began < _LONGEST_SECONDS:
        time.sleep(0.02)
    return (other.delivered() - before) / (time.monotonic() - began)


def _load(port: int, recipients: list[str]) -> Load:
    return Load(port=port, recipients=recipients, per_connection=0, count=_MAILS)
