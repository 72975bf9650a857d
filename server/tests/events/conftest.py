"""What the tests of the publisher stand on: a database in which no server of the test run publishes."""

import asyncio
import os
import tempfile
from pathlib import Path

import asyncpg
import pytest_asyncio
from filelock import FileLock

from agentpost_server.db.migrate import migrate
from harness import KEYRING


@pytest_asyncio.fixture(scope="module")
async def quiet_database_url(postgres: str, worker_id: str) -> str:
    name = f"log_{worker_id}_{os.getpid()}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f'CREATE DATABASE "{name}"')
    await admin.close()
    head, _, query = postgres.partition("?")
    url = f"{head.rpartition('/')[0]}/{name}?{query}"
    lock = FileLock(str(Path(tempfile.gettempdir()) / "agentpost-tests-roles.lock"), thread_local=False)
    while True:  # not in a thread: who acquires it must be who releases it
        try:
            lock.acquire(timeout=0)
            break
        except TimeoutError:
            await asyncio.sleep(0.05)
    try:
        await migrate(url, KEYRING.password)
    finally:
        lock.release()
    return url
