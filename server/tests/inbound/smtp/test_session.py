"""Connections over real sockets: content end to end, memory, and clients that leave early."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_bare_newlines_are_refused_by_setting(open_house: Any) -> None:
    house = await open_house(refuse_bare_newlines=True)
    wire = await house.dial()
    await wire.ready()
    assert (await wire.say(b"a\nb\r\n.")).startswith("550 5.6.11")
    assert house.mailroom.deliveries == []
    assert (await wire.say(b"MAIL FROM:<a@c.test>")).startswith("250 ")


async def test_bare_newlines_and_nul_are_flagged(house: Any) -> None:
    wire = await house.dial()
    await wire.ready()
    assert (await wire.say(b"a\nb\0c\r\n.")).startswith("250 ")
    assert house.mailroom.contents == [b"a\r\nbc\r\n"]
    assert (house.mailroom.deliveries[0].bare_newlines, house.mailroom.deliveries[0].nul_removed) == (True, True)


async def test_S_43_51_received_headers(house: Any) -> None:  # noqa: N802
    wire = await house.dial()
    await wire.ready()
    assert (await wire.say(b"Received: x\r\n" * 51 + b"\r\n.")).startswith("554 5.4.6")
    for line in (b"MAIL FROM:<>", b"RCPT TO:<b@us.test>", b"DATA"):
        await wire.say(line)
    assert (await wire.say(b"Received: x\r\n" * 50 + b"\r\nReceived: body\r\n.")).startswith("250 ")
    assert house.mailroom.deliveries[0].received_count == 50


async def test_too_large_is_552_and_the_session_goes_on(open_house: Any) -> None:
    house = await open_house(max_message_octets=1000)
    wire = await house.dial()
    await wire.ready()
    assert (await wire.say(b"x" * 1000 + b"\r\n.")).startswith("552 5.3.4")
    assert (await wire.say(b"MAIL FROM:<a@c.test> SIZE=1001")).startswith("552 5.3.4")
    assert (await wire.say(b"MAIL FROM:<a@c.test> SIZE=1000")).startswith("250 ")


async def test_large_content_is_a_file_that_may_be_moved_and_is_removed(open_house: Any, tmp_path: Path) -> None:
    house = await open_house(memory_octets=1000, spool_folder=tmp_path)
    wire = await house.dial()
    await wire.ready()
    body = b"line\r\n" * 5000
    assert (await wire.say(body + b".")).startswith("250 ")
    assert house.mailroom.contents == [body]
    assert house.mailroom.paths[0].parent == tmp_path
    assert names(tmp_path) == []
    for line in (b"MAIL FROM:<>", b"RCPT TO:<b@us.test>", b"DATA"):
        await wire.say(line)
    await wire.send(body)
    await house.until(lambda: len(names(tmp_path)) == 1)
    await wire.close()
    await house.until(lambda: not names(tmp_path) and house.server.stats.open == 0)


MESSY = (
    b"EHLO c.test\r\nNOOP\r\nMAIL FROM:<a@c.test> SIZE=10\r\nRCPT TO:<b@us.test>\r\nRCPT TO:<x@y.test>\r\nDATA\r\n"
    b"Subject: a\r\n\r\n..x\r\n.\ny\r\r\n.\r\nFOO\r\nMAIL FROM:<>\r\nRCPT TO:<c@us.test>\r\nDATA\r\n.\r\nQUIT\r\n"
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, len(MESSY) - 1), max_size=8))
def test_any_split_gives_the_same_answers_and_deliveries(house_context: Any, cuts: list[int]) -> None:
    async def outcome(edges: list[int]) -> tuple[bytes, list[bytes], list[str]]:
        async with house_context() as house:
            wire = await house.dial()
            for start, end in zip([0, *edges], [*edges, len(MESSY)], strict=True):
                await wire.send(MESSY[start:end])
                await asyncio.sleep(0.001)
            answers = await wire.rest()
            return answers, house.mailroom.contents, house.mailroom.asked

    whole = uvloop.run(outcome([]))
    assert len(whole[1]) == 2
    assert whole[1] == [b"Subject: a\r\n\r\n.x\r\n\r\ny\r\n", b""]
    assert uvloop.run(outcome(sorted(set(cuts)))) == whole


def test_quit_and_half_close_behind_the_dot(run: Callable[..., Any], house_context: Any) -> None:
    async def scenario() -> None:
        async with house_context() as house:
            house.mailroom.gate = asyncio.Event()
            wire = await house.dial()
            await wire.ready()
            await wire.send(b"x\r\n.\r\nQUIT\r\n")
            wire.writer.write_eof()
            await house.mailroom.entered.wait()
            house.mailroom.gate.set()
            answers = (await wire.rest()).decode().splitlines()
            assert [line[:3] for line in answers] == ["250", "221"]
            assert house.mailroom.read == []

    run(scenario())


async def test_a_client_that_vanishes_behind_the_dot_is_delivered_and_holds_its_place(open_house: Any) -> None:
    house = await open_house(max_connections=1)
    house.mailroom.gate = asyncio.Event()
    wire = await house.dial()
    await wire.ready()
    await wire.send(b"x\r\n.\r\n")
    await house.mailroom.entered.wait()
    wire.writer.transport.abort()
    await asyncio.sleep(0.05)
    other = await house.dial()
    assert (await other.reply()).startswith("421 4.7.0")
    house.mailroom.gate.set()
    await house.until(lambda: house.server.stats.open == 0)
    assert len(house.mailroom.deliveries) == 1
    assert house.mailroom.read == []


async def test_reply_was_read_once_a_later_command_comes(house: Any) -> None:
    wire = await house.dial()
    await wire.ready()
    await wire.say(b"x\r\n.")
    assert house.mailroom.read == []
    await wire.say(b"NOOP")
    await wire.say(b"NOOP")
    assert house.mailroom.read == ["m1"]


SERVER = """
import asyncio, sys, uuid, uvloop
from agentpost_server.inbound.smtp import Accepted, Route, SmtpServer
class Mailroom:
    async def route(self, address, *, session):
        return Route(organization_id=uuid.uuid4(), environment_id=uuid.uuid4(), inbox_id=uuid.uuid4(), address=address)
    async def accept(self, delivery):
        return Accepted(reference=f"{delivery.size}")
    def reply_was_read(self, accepted): pass
async def main():
    server = await SmtpServer.start("127.0.0.1", 0, mailroom=Mailroom(), hostname="mx.us.test")
    print(server.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
uvloop.run(main())
"""


@pytest.mark.parametrize(
    ("piece", "count", "answer"),
    [
        (b"x" * 1_048_576, 400, "552 5.3.4"),
        (b"\r\n" * 524_288, 10, "250 2.0.0 Ok, queued as 10485762"),
        (b"a\n" * 524_288, 10, "250 2.0.0 Ok, queued as 15728642"),
        (b"\r" * 1_048_576, 10, "250 2.0.0 Ok, queued as 20971520"),
    ],
    ids=["400_mb_without_a_line_end", "S_15_10_mb_of_empty_lines", "10_mb_of_two_byte_lines", "10_mb_of_cr"],
)
async def test_memory_is_bounded(piece: bytes, count: int, answer: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdin is not None
        port = int(await process.stdout.readline())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@us.test>\r\nDATA\r\n")
        while not (await reader.readline()).startswith(b"354"):
            pass
        memory = psutil.Process(process.pid)
        before = peak = memory.memory_info().rss
        for index in range(count):
            writer.write(piece)
            await writer.drain()
            if index % 4 == 0:
                peak = max(peak, memory.memory_info().rss)
        writer.write(b"\r\n.\r\n")
        reply = (await asyncio.wait_for(reader.readline(), 30)).decode()
        peak = max(peak, memory.memory_info().rss)
        assert reply.startswith(answer[:9])
        assert answer[:3] != "250" or answer in reply
        assert peak - before < 12 * 1024 * 1024
        writer.close()
    finally:
        process.kill()
        await process.wait()
