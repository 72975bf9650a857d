"""A 250 promises that the mail survives a power cut: between the final dot and the 250 something was flushed."""

import asyncio
import re
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from program.running import Program, until, up

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: NO PROOF OF FSYNC IN THIS RUN"),
]
# A whole call: its start, and how long it took. A resumed one: its end.
_CALL = re.compile(
    r"^(?P<pid>\d+)\s+(?P<at>\d+\.\d+) (?P<resumed><\.\.\. )?(fsync|fdatasync)\b.*= 0(?: <(?P<took>[\d.]+)>)?$"
)


class Flush(NamedTuple):
    pid: int
    ended_at: float


@asynccontextmanager
async def traced(pids: list[int], output: Path) -> AsyncGenerator[None]:
    """Every flush of these processes, their threads and children goes to `output`."""
    attach = [word for pid in pids for word in ("-p", str(pid))]
    words = ("-f", "-ttt", "-T", "-e", "trace=fsync,fdatasync", "-o", str(output), *attach)
    strace = await asyncio.create_subprocess_exec("strace", *words, stderr=asyncio.subprocess.PIPE)
    assert strace.stderr is not None
    try:
        heard = b""
        # It says once that it is attached; until then nothing is counted.
        while heard.count(b"attached") < len(pids):
            line = await asyncio.wait_for(strace.stderr.readline(), 20)
            if not line or b"Operation not permitted" in line:
                pytest.skip("this system does not let strace attach: NO PROOF OF FSYNC IN THIS RUN")
            heard += line
        yield
    finally:
        if strace.returncode is None:
            strace.terminate()
        await strace.wait()


def flushes(output: Path) -> list[Flush]:
    found: list[Flush] = []
    for line in output.read_text().splitlines():
        if (call := _CALL.match(line)) is not None:
            took = 0.0 if call["resumed"] else float(call["took"] or 0)
            found.append(Flush(int(call["pid"]), float(call["at"]) + took))
    return found


async def deliver(program: Program, content: bytes) -> tuple[float, float]:
    """When the final dot was written, and when the 250 was read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", program.smtp_port)
    await reader.readline()
    for line in (b"HELO c.example", b"MAIL FROM:<a@b.example>", b"RCPT TO:<postmaster@agentpost.test>", b"DATA"):
        writer.write(line + b"\r\n")
        assert (await reader.readline())[:1] in (b"2", b"3")
    writer.write(content)
    await writer.drain()
    await asyncio.sleep(0.2)
    dot = time.time()
    writer.write(b".\r\n")
    reply = await asyncio.wait_for(reader.readline(), 60)
    answered = time.time()
    writer.close()
    assert reply.startswith(b"250"), reply
    return dot, answered


async def quiet(output: Path) -> None:
    """Until a second passes without a flush that is not the delivery's."""
    seen = -1

    def unchanged() -> bool:
        nonlocal seen
        before, seen = seen, output.stat().st_size
        return before == seen

    await until(unchanged)


async def test_a_250_comes_after_a_flush(tmp_path: Path) -> None:
    output = tmp_path / "strace"
    async with up(tmp_path / "data") as program:
        await deliver(program, b"Subject: warm\r\n\r\nup\r\n")
        database = [child.pid for child in psutil.Process(program.postmaster_pid).children()]
        async with traced([program.pid, program.postmaster_pid, *database], output):
            small = await deliver(program, b"Subject: small\r\n\r\nkept\r\n")
            large = await deliver(program, b"Subject: large\r\n\r\n" + (b"x" * 70 + b"\r\n") * 6000)
            await quiet(output)
        server = {thread.id for thread in psutil.Process(program.pid).threads()} | {program.pid}
    found = flushes(output)
    assert found
    between = [[one for one in found if dot <= one.ended_at <= answered] for dot, answered in (small, large)]
    of_database = [[one for one in some if one.pid not in server] for some in between]
    assert len(of_database[0]) >= 1, "a 250 without a flush of the write-ahead log"
    assert len(of_database[1]) >= 1, "a 250 without a flush of the write-ahead log"
    # Above 256 KiB the bytes are a file: it, and the folder that names it, before the row that says so.
    assert len(between[1]) - len(of_database[1]) >= 2, "a 250 before the file was on the disk"
