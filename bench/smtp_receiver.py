"""How many messages a second the SMTP receiver alone takes on loopback: a null mailroom, no disk, no database.

Run: python bench/smtp_receiver.py [--seconds 3] [--connections 16] [--octets 5000]
The receiver runs in this process, the clients in another. Each row is bounded in time; three rows take about 10 s.
"""

import argparse
import asyncio
import multiprocessing
import resource
import time
import uuid
from multiprocessing.connection import Connection

import uvloop

from agentpost_server.inbound.smtp import Accepted, Delivery, Refusal, Route, SessionInfo, SmtpLimits, SmtpServer

ROUTE = Route(organization_id=uuid.uuid4(), environment_id=uuid.uuid4(), inbox_id=uuid.uuid4(), address="b@bench.test")
GROUP = b"MAIL FROM:<a@client.test> SIZE=%d\r\nRCPT TO:<b@bench.test>\r\nDATA\r\n"


class NullMailroom:
    """Knows everyone, keeps nothing."""

    async def route(self, address: str, *, session: SessionInfo) -> Route | Refusal:
        return ROUTE

    async def accept(self, delivery: Delivery) -> Accepted:
        return Accepted(reference="bench")

    def reply_was_read(self, accepted: Accepted) -> None:
        return


class Client(asyncio.Protocol):
    """Sends as fast as it is answered. `plan` is the number of messages a connection carries."""

    def __init__(self, message: bytes, plan: int, pipelined: bool, end: float, done: asyncio.Future[int]) -> None:
        groups = [GROUP % len(message)] if pipelined else (GROUP % len(message)).splitlines(keepends=True)
        self.script = [b"EHLO client.test\r\n"] + ([*groups, message]) * plan + [b"QUIT\r\n"]
        # The lines that have to come back before each step, told apart by their final lines.
        answers = ([3] if pipelined else [1, 1, 1]) + [1]
        self.awaited = [1, 1] + answers * plan + [1]
        self.step, self.left, self.end, self.done, self.sent = 0, 1, end, done, 0
        self.message = message

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for line in data.splitlines():
            if line[3:4] == b" ":
                assert line[0] in b"23", line
                self.left -= 1
        if self.left:
            return
        if self.step and self.step <= len(self.script) and self.script[self.step - 1] is self.message:
            self.sent += 1
        if self.step >= len(self.script) or (self.sent and time.monotonic() > self.end):
            self.transport.close()
            return
        self.transport.write(self.script[self.step])
        self.step += 1
        self.left = self.awaited[self.step]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(self.sent)


async def send_all(port: int, *, connections: int, seconds: float, message: bytes, plan: int, pipelined: bool) -> float:
    loop = asyncio.get_running_loop()
    started = time.monotonic()
    end = started + seconds

    async def one() -> int:
        sent = 0
        while time.monotonic() < end:
            done: asyncio.Future[int] = loop.create_future()
            await loop.create_connection(
                lambda done=done: Client(message, plan, pipelined, end, done), "127.0.0.1", port
            )
            sent += await done
        return sent

    total = sum(await asyncio.gather(*(one() for _ in range(connections))))
    return total / (time.monotonic() - started)


def client_process(pipe: Connection, port: int, connections: int, seconds: float, octets: int) -> None:
    line = b"x" * 70 + b"\r\n"
    header = b"Message-ID: <bench@client.test>\r\nSubject: bench\r\nFrom: a@client.test\r\nTo: b@bench.test\r\n\r\n"
    message = header + line * max(1, (octets - len(header)) // len(line)) + b".\r\n"
    for plan, pipelined in ((1, False), (1, True), (1000, True)):
        sending = send_all(
            port, connections=connections, seconds=seconds, message=message, plan=plan, pipelined=pipelined
        )
        pipe.send(uvloop.run(sending))


async def serve(seconds: float, connections: int, octets: int) -> None:
    limits = SmtpLimits(max_connections_per_network=connections * 4)
    server = await SmtpServer.start("127.0.0.1", 0, mailroom=NullMailroom(), limits=limits, hostname="bench.test")
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=client_process, args=(theirs, server.port, connections, seconds, octets))
    process.start()
    print(f"{connections} connections, {octets} octets, {seconds} s a row, null mailroom, uvloop")
    for name in ("new connection each", "new connection each, pipelined", "reused, pipelined"):
        cpu, accepted = resource.getrusage(resource.RUSAGE_SELF), server.stats.accepted
        rate = await asyncio.to_thread(ours.recv)
        now = resource.getrusage(resource.RUSAGE_SELF)
        used = now.ru_utime + now.ru_stime - cpu.ru_utime - cpu.ru_stime
        count = server.stats.accepted - accepted
        print(f"{name:<34} {rate:>8,.0f} msg/s   {used / max(count, 1) * 1e6:>5.0f} µs CPU a message in the receiver")
    await asyncio.to_thread(process.join, 10)
    await server.close(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--octets", type=int, default=5000)
    options = parser.parse_args()
    uvloop.run(serve(options.seconds, options.connections, options.octets))


if __name__ == "__main__":
    main()
