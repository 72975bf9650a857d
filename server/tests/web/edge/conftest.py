"""A real server on loopback under uvloop, a raw ASGI application that says what it saw, and a raw client."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest
import uvloop

from agentpost_server.web.limits import HttpLimits
from agentpost_server.web.server import EdgeServer, make_server


class Seen:
    """What reached the application."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.requests: list[dict] = []
        self.disconnected = 0
        self.release = threading.Event()

    async def app(self, scope, receive, send) -> None:
        if scope["type"] == "websocket":
            await self.websocket(receive, send)
            return
        if scope["type"] != "http":
            return
        if scope["path"] == "/raise":
            raise RuntimeError("on purpose")
        body = 0
        more = scope["path"] != "/ignore"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnected += 1
                return
            body += len(message["body"])
            more = message["more_body"]
        if scope["path"] == "/wait":
            await asyncio.to_thread(self.release.wait, 20)
        request = {
            "method": scope["method"],
            "path": scope["path"],
            "client": scope["client"][0],
            "body": body,
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
        }
        self.requests.append(request)
        answer = json.dumps(request).encode()
        if scope["path"] == "/large":
            answer = b"x" * 50_000_000
        headers = [(b"content-length", str(len(answer)).encode()), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def websocket(self, receive, send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})


class Edge:
    def __init__(self, seen: Seen, server: EdgeServer, port: int) -> None:
        self.seen = seen
        self.server = server
        self.port = port

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def exchange(self, *pieces: bytes, pause: float = 0.0) -> bytes:
        """Send the pieces and read until the server closes; what the server says before it closes is never lost."""
        with closing(self.connect()) as client:
            for index, piece in enumerate(pieces):
                if index and pause:
                    time.sleep(pause)
                try:
                    client.sendall(piece)
                except (BrokenPipeError, ConnectionResetError):
                    break
            return read_all(client)


def read_all(client: socket.socket) -> bytes:
    received = bytearray()
    try:
        while data := client.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return bytes(received)


def split(answers: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """(status, headers, body) of each answer in a row; all of them carry Content-Length."""
    found = []
    while answers:
        head, separator, rest = answers.partition(b"\r\n\r\n")
        assert separator, answers
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers["content-length"])
        assert len(rest) >= length
        found.append((int(first.split()[1]), headers, rest[:length]))
        answers = rest[length:]
    return found


def refusal_of(answer: bytes) -> tuple[int, str]:
    """Status and code of the one refusal that `answer` must be, with everything a Problem has to have."""
    ((status, headers, body),) = split(answer)
    problem = json.loads(body)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert set(problem) == {"type", "title", "status", "detail", "code", "errors", "fix", "request_id"}
    assert problem["status"] == status
    assert problem["type"] == f"https://docs.example/errors#{problem['code']}"
    assert problem["request_id"] == headers["x-request-id"]
    assert problem["request_id"].startswith("req_")
    assert len(problem["request_id"]) == 30
    return status, problem["code"]


def run_edge(
    limits: HttpLimits, *, keep_alive_seconds: int = 75, trusted_proxies: Sequence[str] = ()
) -> Iterator[Edge]:
    seen = Seen()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = make_server(
        seen.app,
        limits=limits,
        errors_url="https://docs.example/errors",
        trusted_proxies=trusted_proxies,
        keep_alive_seconds=keep_alive_seconds,
        drain_seconds=2,
    )
    thread = threading.Thread(target=lambda: uvloop.run(server.serve(sockets=[listener])))
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield Edge(seen, server, port)
    seen.release.set()
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def edge_module() -> Iterator[Edge]:
    """Limits as delivered."""
    yield from run_edge(HttpLimits())


@pytest.fixture
def edge(edge_module: Edge) -> Edge:
    edge_module.seen.forget()
    return edge_module


@pytest.fixture
def start_edge() -> Iterator[Callable[..., Edge]]:
    running: list[Iterator[Edge]] = []

    def start(limits: HttpLimits, **options) -> Edge:
        running.append(run_edge(limits, **options))
        return next(running[-1])

    yield start
    for one in running:
        next(one, None)


@pytest.fixture
def answers() -> Callable[[bytes], list[tuple[int, dict[str, str], bytes]]]:
    return split


@pytest.fixture
def refusal() -> Callable[[bytes], tuple[int, str]]:
    return refusal_of
