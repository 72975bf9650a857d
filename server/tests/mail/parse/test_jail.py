"""The jail: what burns is cut off with a reason, what comes next is read, and no child is left behind."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from agentpost_server.mail.jail import JailFailure, ParseJail, needs_jail
from agentpost_server.mail.parse import parse
from agentpost_server.mail.parsed import ParsedMail
from mail.parse.mails import mail, multipart

BURNING = (sys.executable, str(Path(__file__).with_name("burning_child.py")))
GOOD = mail("From: a@b.example", "Subject: good")


def burning(kind: str) -> bytes:
    return mail("From: a@b.example", f"X-Burn: {kind}")


def jails() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if any("jail_child" in a or "burning" in a for a in p.cmdline())]


@pytest.fixture(autouse=True)
def others() -> None:
    """A server of the same test run has a jail of its own."""
    OTHERS[:] = jails()


OTHERS: list[psutil.Process] = []


def children() -> list[psutil.Process]:
    return [p for p in jails() if p not in OTHERS]


async def test_the_jail_reads_as_the_parser_does() -> None:
    async with ParseJail() as jail:
        for raw in (GOOD, b"", b"\x00\xff", multipart("b", "\nx\n", "Content-Type: image/png\n\nx\n")):
            assert await jail.parse(raw, null_sender=True) == parse(raw, null_sender=True)
        assert len(children()) == 1
    assert children() == []


async def test_a_mail_that_burns_cpu_is_cut_off_and_the_next_is_read() -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    async with ParseJail(BURNING) as jail:
        heart = asyncio.create_task(beat())
        burnt, good = await asyncio.gather(jail.parse(burning("cpu")), jail.parse(GOOD))
        heart.cancel()
        # The event loop ran on while the child worked.
        assert beats >= 10
        assert burnt == JailFailure("cpu")
        assert isinstance(good, ParsedMail)
        assert good.subject == "good"
        assert len(children()) == 1
    assert children() == []


@pytest.mark.parametrize(("kind", "reason"), [("memory", "memory"), ("exit", "crash"), ("sleep", "deadline")])
async def test_other_ends_have_their_reason(kind: str, reason: str) -> None:
    async with ParseJail(BURNING, deadline_seconds=1.0 if kind == "sleep" else 10.0) as jail:
        assert await jail.parse(burning(kind)) == JailFailure(reason)  # pyright: ignore[reportArgumentType]
    async with ParseJail(BURNING) as jail:
        assert await jail.parse(burning("exit")) == JailFailure("crash")
        assert isinstance(await jail.parse(GOOD), ParsedMail)
    assert children() == []


async def test_forty_megabytes_fit_within_the_memory() -> None:
    content = base64.encodebytes(os.urandom(28 << 20))
    raw = multipart("b", "\nhi\n", b"Content-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + content)
    async with ParseJail() as jail:
        parsed = await jail.parse(raw)
    assert isinstance(parsed, ParsedMail)
    assert parsed.attachments[0].size == 28 << 20


async def test_a_cancelled_mail_does_not_answer_for_the_next() -> None:
    async with ParseJail(BURNING) as jail:
        task = asyncio.create_task(jail.parse(burning("sleep")))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        parsed = await jail.parse(GOOD)
        assert isinstance(parsed, ParsedMail)
        assert parsed.subject == "good"
    assert children() == []


async def test_a_child_killed_between_mails_is_replaced() -> None:
    async with ParseJail() as jail:
        await jail.parse(GOOD)
        children()[0].kill()
        results = [await jail.parse(GOOD) for _ in range(2)]
        assert isinstance(results[-1], ParsedMail)
    with pytest.raises(RuntimeError):
        await jail.parse(GOOD)


def test_the_child_goes_when_its_parent_is_killed() -> None:
    program = (
        "import asyncio, sys\n"
        "from agentpost_server.mail.jail import ParseJail\n"
        "async def run():\n"
        "    async with ParseJail() as jail:\n"
        "        await jail.parse(b'')\n"
        "        print(jail._process.pid, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(run())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 10
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (GOOD, False),
        (b"", False),
        (mail("From: a@b.example", body=b"x" * 200_000), False),
        (mail("From: a@b.example", body=b"x" * 300_000), True),
        (mail("From: a@b.example", body=b"\n--b" * 3_000), True),
        (mail("From: a@b.example", "Subject: " + "=?utf-8?q?a?= " * 3_000), True),
        (b"X: y\r\n" * 20_000, True),
        (mail("From: a@b.example", body=b"x\n" * 25_000), True),
    ],
)
def test_what_may_run_long_is_told_by_its_shape(raw: bytes, expected: bool) -> None:
    assert needs_jail(raw) is expected
