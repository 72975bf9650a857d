"""Databases of the test run's PostgreSQL: each is new, and nobody else's."""

import asyncio
import os
import tempfile
from itertools import count
from pathlib import Path

import asyncpg
from filelock import FileLock, Timeout

from agentpost_server.db.migrate import migrate
from harness import KEYRING

_numbers = count()


async def empty_database(postgres: str, purpose: str) -> str:
    """The URL of a database without a table. `postgres` is an administrative URL."""
    name = f"{purpose}_{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f'CREATE DATABASE "{name}"')
    await admin.close()
    head, _, query = postgres.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"


async def new_database(postgres: str, purpose: str) -> str:
    """The URL of a migrated one, on which no server works."""
    url = await empty_database(postgres, purpose)
    await migrate_in_turn(url)
    return url


async def drop_database(url: str) -> None:
    """For the large ones; the small ones go with the cluster."""
    head, _, query = url.partition("?")
    before, _, name = head.rpartition("/")
    admin = await asyncpg.connect(f"{before}/postgres?{query}")
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


async def migrate_in_turn(url: str) -> None:
    """Roles are the cluster's: two test processes that make them at once collide."""
    lock = FileLock(str(Path(tempfile.gettempdir()) / "agentpost-tests-roles.lock"))
    while True:  # on the loop's own thread: who takes this lock must be who gives it back
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            await asyncio.sleep(0.05)
    try:
        await migrate(url, KEYRING.password)
    finally:
        lock.release()
