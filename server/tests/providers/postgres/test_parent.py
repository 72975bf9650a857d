"""The embedded database and the process that owns it: terminal signals, kill -9, ordinary users."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import asyncpg
import psutil
import pytest

from agentpost_server.providers.postgres import EmbeddedPostgres

PARENT = Path(__file__).with_name("parent.py")


@contextmanager
def parent(folder: Path, *words: str) -> Iterator[tuple[Popen[str], dict[str, Any]]]:
    """The small parent process, in a session of its own as a terminal would give it, and its first line."""
    process = Popen(
        [sys.executable, str(PARENT), str(folder), *words], stdin=PIPE, stdout=PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        if process.poll() is None:
            process.stdin.close() if process.stdin else None
            process.wait(60)
        # The forked child that "fork" asks for.
        for left in psutil.process_iter():
            try:
                if os.getsid(left.pid) == process.pid:
                    left.kill()
            except (OSError, psutil.Error):
                continue


async def run_sql(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def is_gone(pid: int) -> bool:
    """No such process, or one that only waits for init to take note."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def gone_within(pids: list[int], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not all(map(is_gone, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def row_is_there(folder: Path) -> None:
    server = await EmbeddedPostgres.start(folder, password="secret")
    try:
        assert await run_sql(server.dsn, "SELECT n FROM kept") == 42
    finally:
        await server.stop()


async def test_kill_9_of_the_parent_leaves_no_orphan(tmp_path: Path) -> None:
    # A forked child keeps the pipe to the keeper open; the keeper must see the parent's death all the same.
    with parent(tmp_path / "db", "fork", "uvloop") as (process, ready):
        await run_sql(ready["dsn"], "CREATE TABLE kept AS SELECT 42 AS n")
        children = [child.pid for child in psutil.Process(ready["pid"]).children(recursive=True)]
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        assert await asyncio.to_thread(gone_within, [ready["pid"], ready["keeper"], *children], 20)
    await row_is_there(tmp_path / "db")


async def test_kill_9_of_everything_is_recovered_from(tmp_path: Path) -> None:
    with parent(tmp_path / "db") as (process, ready):
        await run_sql(ready["dsn"], "CREATE TABLE kept AS SELECT 42 AS n")
        victims = [ready["pid"], *(child.pid for child in psutil.Process(ready["pid"]).children(recursive=True))]
        for pid in (process.pid, ready["keeper"], *victims):
            os.kill(pid, signal.SIGKILL)
        process.wait(10)
    assert (tmp_path / "db/data/postmaster.pid").exists()
    await row_is_there(tmp_path / "db")


async def test_keeper_and_parent_killed_together_end_the_server(tmp_path: Path) -> None:
    with parent(tmp_path / "db") as (process, ready):
        await run_sql(ready["dsn"], "CREATE TABLE kept AS SELECT 42 AS n")
        os.kill(ready["keeper"], signal.SIGKILL)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        # At once: the next start waits for the old server's last process by itself.
        await row_is_there(tmp_path / "db")
        assert gone_within([ready["pid"]], 20)


async def test_terminal_signals_do_not_reach_the_server(tmp_path: Path) -> None:
    with parent(tmp_path / "db", "ignore-sigint", "uvloop") as (process, ready):
        os.killpg(process.pid, signal.SIGINT)
        os.kill(ready["keeper"], signal.SIGTERM)
        await asyncio.sleep(0.2)
        assert await run_sql(ready["dsn"], "SELECT 1") == 1
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        assert json.loads(process.stdout.readline()) == {"stopped": True}
        assert gone_within([ready["pid"], ready["keeper"]], 10)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_as_an_ordinary_user() -> None:
    nobody = pwd.getpwnam("nobody")
    folder = Path(tempfile.mkdtemp(prefix="agentpost-test-"))
    try:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        with parent(folder / "db", str(nobody.pw_uid)) as (_process, ready):
            assert ready["uid"] == nobody.pw_uid
            await run_sql(ready["dsn"], "CREATE TABLE kept AS SELECT 42 AS n")
            assert psutil.Process(ready["pid"]).uids().effective == nobody.pw_uid
        # Root then serves the same folder as its owner, and leaves it usable for the owner.
        await row_is_there(folder / "db")
        with parent(folder / "db", str(nobody.pw_uid)) as (_process, ready):
            assert "dsn" in ready
        with parent(Path("/root/agentpost-never-made/db"), str(nobody.pw_uid)) as (_process, ready):
            assert "/root/agentpost-never-made" in ready["error"]
            assert "Start AgentPost as the folder's owner" in ready["error"]
    finally:
        shutil.rmtree(folder)
