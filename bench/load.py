"""A cheap SMTP load client: one epoll loop over plain sockets in a process of its own, so that it is not what is
measured. `NullReceiver` answers like a server and keeps nothing: what it reaches is the client's own ceiling.
"""

import multiprocessing
import resource
import select
import socket
import time
from collections.abc import Callable, Iterator
from itertools import cycle

import msgspec

from bench.mails import mail_maker


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: for `seconds`, or `count` mails; `per_connection` mails before QUIT (0: all on one)."""

    port: int
    recipients: list[str]
    connections: int = 16
    per_connection: int = 1
    octets: int = 5000
    seconds: float = 3.0
    count: int = 0


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. Times are from the final dot to its 250."""

    accepted: int
    refused: int
    refusal: str
    seconds: float
    p50_ms: float
    p99_ms: float
    client_cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.accepted / self.seconds


def send(load: Load) -> Sent:
    """Run the load in a process of its own and wait for it. Blocking."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(theirs, load), daemon=True)
    process.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        process.kill()
        process.join()


def _child(pipe: "multiprocessing.connection.Connection", load: Load) -> None:
    pipe.send(_Loop(load).run())


class _Session:
    """One connection: what it sends next, and how many final lines it waits for."""

    __slots__ = ("awaited", "buffer", "left", "sent_at", "socket", "step")

    def __init__(self, plan: int, connected: socket.socket) -> None:
        self.socket = connected
        self.left = plan
        self.step = "greeting"
        self.awaited = 1
        self.buffer = b""
        self.sent_at = 0.0


class _Loop:
    def __init__(self, load: Load) -> None:
        self.load = load
        self.make = mail_maker(load.octets)
        self.recipients: Iterator[str] = cycle(load.recipients)
        self.poll = select.epoll()
        self.sessions: dict[int, _Session] = {}
        self.latencies: list[float] = []
        self.refused = 0
        self.refusal = b""
        self.begun = 0

    def run(self) -> Sent:
        started = time.monotonic()
        cpu = resource.getrusage(resource.RUSAGE_SELF)
        self.end = started + (self.load.seconds if not self.load.count else 120)
        for _ in range(self.load.connections):
            self._connect()
        while self.sessions:
            for number, _ in self.poll.poll(10):
                self._read(self.sessions[number])
            if time.monotonic() > self.end + 20:
                break
        seconds = time.monotonic() - started
        used = resource.getrusage(resource.RUSAGE_SELF)
        times = sorted(self.latencies) or [0.0]
        return Sent(
            accepted=len(self.latencies),
            refused=self.refused,
            refusal=self.refusal.decode(errors="replace"),
            seconds=seconds,
            p50_ms=times[len(times) // 2] * 1000,
            p99_ms=times[int(len(times) * 0.99)] * 1000,
            client_cpu_seconds=used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime,
        )

    def _more(self) -> bool:
        if self.load.count:
            return self.begun < self.load.count
        return time.monotonic() < self.end

    def _connect(self) -> None:
        if not self._more():
            return
        connected = socket.create_connection(("127.0.0.1", self.load.port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sessions[connected.fileno()] = _Session(self.load.per_connection or 1 << 40, connected)
        self.poll.register(connected, select.EPOLLIN)

    def _read(self, session: _Session) -> None:
        try:
            data = session.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._drop(session)
            return
        lines = (session.buffer + data).split(b"\r\n")
        session.buffer = lines.pop()
        for line in lines:
            if line[3:4] != b"-":
                session.awaited -= 1
                if line[:1] not in b"23":
                    self.refused += 1
                    self.refusal = line
                    self._drop(session)
                    return
        if session.awaited <= 0:
            self._advance(session)

    def _advance(self, session: _Session) -> None:
        if session.step == "greeting":
            self._write(session, "hello", 1, b"EHLO client.test\r\n")
            return
        if session.step == "envelope":
            session.sent_at = time.monotonic()
            self._write(session, "data", 1, self.make())
            return
        if session.step == "data":
            self.latencies.append(time.monotonic() - session.sent_at)
            session.left -= 1
        elif session.step == "quit":
            self._drop(session)
            return
        if session.left and self._more():
            self.begun += 1
            envelope = f"MAIL FROM:<ann@client.test>\r\nRCPT TO:<{next(self.recipients)}>\r\nDATA\r\n"
            self._write(session, "envelope", 3, envelope.encode())
        else:
            self._write(session, "quit", 1, b"QUIT\r\n")

    def _write(self, session: _Session, step: str, awaited: int, data: bytes) -> None:
        session.step, session.awaited = step, awaited
        try:
            session.socket.sendall(data)
        except OSError:
            self._drop(session)

    def _drop(self, session: _Session) -> None:
        if self.sessions.pop(session.socket.fileno(), None) is not None:
            self.poll.unregister(session.socket)
            session.socket.close()
            self._connect()


class NullReceiver:
    """The least that the client takes for a mail server, in a process of its own. A context manager giving its port."""

    def __enter__(self) -> int:
        context = multiprocessing.get_context("spawn")
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._process = context.Process(target=_answer, args=(listener, _reply), daemon=True)
        self._process.start()
        self._listener = listener
        return listener.getsockname()[1]

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._listener.close()


def _reply(data: bytes) -> bytes:
    if data.endswith(b"\r\n.\r\n"):
        return b"250 2.0.0 Ok\r\n"
    if data.endswith(b"DATA\r\n"):
        return b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go\r\n"
    if data.startswith(b"EHLO"):
        return b"250-null\r\n250 PIPELINING\r\n"
    return b"221 2.0.0 Bye\r\n" if data.startswith(b"QUIT") else b""


def _answer(listener: socket.socket, reply: Callable[[bytes], bytes]) -> None:
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    open_: dict[int, socket.socket] = {}
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                taken, _ = listener.accept()
                open_[taken.fileno()] = taken
                poll.register(taken, select.EPOLLIN)
                taken.sendall(b"220 null\r\n")
                continue
            try:
                data = open_[number].recv(262144)
            except OSError:
                data = b""
            if not data:
                poll.unregister(number)
                open_.pop(number).close()
            elif answer := reply(data):
                open_[number].sendall(answer)
