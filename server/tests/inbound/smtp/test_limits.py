"""Time limits, counts of connections, and the end of the server: who is cut off, when, and with which answer."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest


async def test_a_mailroom_that_hangs_is_451(open_house: Any) -> None:
    house = await open_house(mailroom_seconds=0.1)
    house.mailroom.gate = asyncio.Event()
    wire = await house.dial()
    await wire.ready()
    assert (await wire.say(b"x\r\n.")).startswith("451 4.3.0")
    house.mailroom.gate.set()
    assert (await wire.say(b"NOOP")).startswith("250 ")


async def test_a_mailroom_that_cancels_itself_is_451(house: Any) -> None:
    house.mailroom.refusals["b@us.test"] = asyncio.CancelledError()
    wire = await house.dial()
    await wire.reply()
    await wire.say(b"EHLO c")
    await wire.say(b"MAIL FROM:<>")
    assert (await wire.say(b"RCPT TO:<b@us.test>")).startswith("451 4.3.0")
    assert (await wire.say(b"NOOP")).startswith("250 ")


async def test_S_39_octets_that_trickle_do_not_renew_the_command_time(open_house: Any) -> None:  # noqa: N802
    house = await open_house(command_seconds=0.4, greeting_seconds=0.4)
    wire = await house.dial()
    await wire.reply()
    await wire.say(b"EHLO c")

    async def trickle() -> None:
        while True:
            await wire.send(b"N")
            await asyncio.sleep(0.05)

    task = asyncio.create_task(trickle())
    assert (await wire.reply()).startswith("421 4.4.2")
    task.cancel()
    silent = await house.dial()
    await silent.reply()
    assert (await silent.reply()).startswith("421 4.4.2")


async def test_S_39_slow_data(open_house: Any) -> None:  # noqa: N802
    house = await open_house(data_window_seconds=0.3, data_min_octets_per_second=100)
    wire = await house.dial()
    await wire.ready()
    await wire.send(b"x" * 10_000)
    # Much at first does not pay for nothing later.
    assert (await wire.reply()).startswith("421 4.4.2")
    assert house.mailroom.deliveries == []


async def test_S_39_fast_enough_data_outlives_windows_but_not_the_total(open_house: Any) -> None:  # noqa: N802
    house = await open_house(data_window_seconds=0.1, data_min_octets_per_second=10, data_seconds=0.6)
    wire = await house.dial()
    await wire.ready()
    sent = 0

    async def drip() -> None:
        nonlocal sent
        while True:
            await wire.send(b"x" * 20)
            sent += 1
            await asyncio.sleep(0.01)

    task = asyncio.create_task(drip())
    assert (await wire.reply()).startswith("421 4.4.2")
    task.cancel()
    assert sent > 15


async def test_S_40_connections_of_one_network_and_in_total(open_house: Any) -> None:  # noqa: N802
    house = await open_house(max_connections=7, max_connections_per_network=5)
    first = [await house.dial(f"127.0.0.{n + 1}") for n in range(5)]
    assert [(await wire.reply())[:3] for wire in first] == ["220"] * 5
    refused = await house.dial("127.0.0.77")
    assert (await refused.rest()).startswith(b"421 4.7.0")
    others = [await house.dial(f"127.0.{n}.1") for n in (1, 2, 3)]
    assert [(await wire.reply())[:3] for wire in others] == ["220", "220", "421"]
    await first[0].close()
    await house.until(lambda: house.server.stats.open == 6)
    again = await house.dial()
    assert (await again.reply())[:3] == "220"
    assert house.server.stats.refused == {"421 4.7.0": 2}


async def test_a_client_that_never_reads_is_not_read_either(open_house: Any) -> None:
    house = await open_house(max_junk_commands=10**9, command_seconds=0.5)
    wire = await house.dial()
    wire.writer.transport.pause_reading()
    for _ in range(400):
        wire.writer.write(b"EHLO c\r\n" * 8192)
    unsent: list[int] = []

    def closed() -> bool:
        if not house.server.stats.refused:
            unsent.append(wire.writer.transport.get_write_buffer_size())
        return house.server.stats.open == 0

    await house.until(closed)
    # 26 MB of commands would be 400 MB of answers; what was taken in is bounded by what the sockets hold.
    assert unsent[-1] > 10_000_000


def test_draining(run: Callable[..., Any], house_context: Any) -> None:
    async def scenario() -> None:
        async with house_context() as house:
            idle, busy = await house.dial(), await house.dial()
            await idle.reply()
            await busy.ready()
            await busy.send(b"half ")
            await asyncio.sleep(0.05)
            closing = asyncio.create_task(house.server.close(10))
            assert (await idle.reply()).startswith("421 4.3.2")
            with pytest.raises(OSError):
                await house.dial()
            assert (await busy.say(b"message\r\n.")).startswith("250 ")
            assert (await busy.reply()).startswith("421 4.3.2")
            await idle.close()
            await busy.close()
            await closing
            assert house.mailroom.contents == [b"half message\r\n"]

    run(scenario())


def test_draining_ends_with_the_grace(run: Callable[..., Any], house_context: Any) -> None:
    async def scenario() -> None:
        async with house_context() as house:
            house.mailroom.gate = asyncio.Event()
            wire, hung = await house.dial(), await house.dial()
            await wire.ready()
            await wire.send(b"half ")
            await hung.ready()
            await hung.send(b"x\r\n.\r\n")
            await house.mailroom.entered.wait()
            await house.server.close(0.1)
            assert (await wire.rest()).startswith(b"421 4.3.2")
            assert (await hung.rest()).startswith(b"421 4.3.2")
            assert house.server.stats.open == 0
            assert house.mailroom.deliveries == []

    run(scenario())
