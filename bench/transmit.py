"""How many queued mails a second go out by `smtp`, each with its attempt stored before the call and its end after it;
beside Postfix that empties a queue of as many. Both speak to the same `smtp-sink`, which takes all and keeps nothing.
"""

import asyncio
import time
from contextlib import ExitStack

import msgspec

from agentpost_server.core import ids
from bench import postfix
from bench.http import ask_many
from bench.load import Load, send
from bench.mails import mail_maker
from bench.server import Installation, installation
from bench.table import ROUNDS, Row, compared

_MAILS = 600
_LONGEST_SECONDS = 40.0
_LEFT = "SELECT count(*) FROM transmissions WHERE due_at IS NOT NULL"
_RATE = """SELECT count(*) / extract(epoch FROM max(finished_at) - min(started_at)) FROM attempts
    WHERE outcome = 'accepted'"""


async def measure() -> list[Row]:
    if (reason := await asyncio.to_thread(postfix.installed)) is not None:
        return [Row(question="transmit/s by smtp", ours=f"**left out**: {reason}")]
    ours: list[float] = []
    theirs: list[float] = []
    async with installation() as here:
        with ExitStack() as stack:
            sink = stack.enter_context(postfix.sink())
            folder = here.folder / "postfix"
            other = stack.enter_context(postfix.running(folder, mailboxes=1, relay_port=sink))
            for _ in range(ROUNDS):
                ours.append(await _ours(here, sink))
                theirs.append(await asyncio.to_thread(_theirs, other))
    return [compared("transmit/s by smtp, one process", ours, theirs, unit="", other="Postfix")]


async def _ours(here: Installation, sink: int) -> float:
    settings = {"AGENTPOST_RELAY_URL": f"smtp://127.0.0.1:{sink}", "AGENTPOST_RELAY_TLS": "none"}
    connection = await here.admin()
    try:
        await connection.execute("TRUNCATE attempts, transmissions")
        await connection.execute("UPDATE environments SET transport = 'smtp' WHERE kind = 'live'")
        async with here.server(roles="api", settings=settings) as server:
            body = _body()
            for tenant in here.tenants:
                path = f"/api/v1/inboxes/{ids.encode('inb', tenant.inbox_ids[0])}/messages"
                count = _MAILS // len(here.tenants)
                await ask_many(server.http_port, tenant.key, "POST", path, lambda: body, count=count)
        async with here.server(roles="worker", settings=settings):
            end = time.monotonic() + _LONGEST_SECONDS
            while await connection.fetchval(_LEFT) and time.monotonic() < end:  # noqa: ASYNC110 the database tells
                await asyncio.sleep(0.05)
        return float(await connection.fetchval(_RATE))
    finally:
        await connection.close()


def _body() -> bytes:
    text = mail_maker(5000)().partition(b"\r\n\r\n")[2].decode()
    return msgspec.json.encode({"to": ["b@elsewhere.test"], "subject": "A question", "text_body": text})


def _theirs(other: postfix.Postfix) -> float:
    """From the release of a full queue until it is empty."""
    send(Load(port=other.hold_port, recipients=["b@elsewhere.test"], per_connection=0, count=_MAILS))
    queued, began = other.queued(), time.monotonic()
    other.release()
    while (left := other.queued()) and time.monotonic() - began < _LONGEST_SECONDS:
        time.sleep(0.02)
    return (queued - left) / (time.monotonic() - began)
