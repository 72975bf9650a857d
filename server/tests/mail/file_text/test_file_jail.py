"""The jail of attached files: what burns is cut off with a reason, nothing can be reached from inside, and no file
meets the one before it."""

import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from agentpost_server.mail.file_text import FileText
from agentpost_server.mail.file_text.jail import FileJail
from agentpost_server.mail.jail import JailFailure

BURNING = (sys.executable, str(Path(__file__).with_name("burning_child.py")))


@pytest_asyncio.fixture(scope="module")
async def jail() -> AsyncGenerator[FileJail]:
    async with FileJail(BURNING) as opened:
        yield opened


@pytest.mark.parametrize(
    ("content", "reason"), [(b"cpu", "cpu"), (b"memory", "memory"), (b"exit", "crash"), (b"crash", "crash")]
)
async def test_every_end_has_its_reason_and_the_next_file_is_read(jail: FileJail, content: bytes, reason: str) -> None:
    assert await jail.read("txt", content, 1) == JailFailure(reason)  # pyright: ignore[reportArgumentType]
    assert await jail.read("txt", b"good", 1) == FileText(pages=("good",), page_count=1)


@pytest.mark.parametrize(("child", "parent"), [("0.5", 35.0), ("30", 3.0)])
async def test_a_sleeper_is_woken_by_its_own_clock_or_killed_by_ours(child: str, parent: float) -> None:
    async with FileJail((*BURNING, child), deadline_seconds=parent) as jail:
        assert await jail.read("txt", b"sleep", 1) == JailFailure("deadline")
    mine = [p for p in psutil.process_iter() if str(BURNING[1]) in " ".join(_command(p)) and child in _command(p)]
    # The fork too goes with its parent.
    psutil.wait_procs(mine, timeout=10)
    assert not [p for p in mine if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


async def test_nothing_can_be_opened_from_inside(jail: FileJail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTPOST_SECRET_KEY", "x" * 32)
    async with FileJail(BURNING) as fresh:
        assert await fresh.read("txt", b"pry", 7) == FileText(pages=(), page_count=7)


async def test_no_file_meets_the_one_before_it(jail: FileJail) -> None:
    assert [await jail.read("txt", b"remember", 1) for _ in range(2)] == [FileText(page_count=1)] * 2


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
