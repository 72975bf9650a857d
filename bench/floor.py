"""The floor under the API: bare ASGI, msgspec and asyncpg that run the very statements of a route, in the same roles,
and nothing else: no framework, no key, no check, no request log. Run by `bench.api` in a process of its own.

The statements are not copied by hand: one request of each kind is made to the real application in this process, and
what it says to PostgreSQL is written down; then each request to the floor says it again, with ids of its own.
"""

import asyncio
import base64
import itertools
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import uvicorn

from agentpost_server import settings
from agentpost_server.app import Process
from agentpost_server.core import ids
from agentpost_server.core.secrets import Keyring
from agentpost_server.db import Database, Tx
from agentpost_server.inboxes.model import CreateInbox, inbox_of
from agentpost_server.opening import open_runtime

MARK = "floormark"
"""Stands in what has to be unique (an inbox's name), and is renewed in every replay."""
_VERBS = {"rows": "fetch", "row": "fetchrow", "value": "fetchval", "run": "execute", "many": "executemany"}


class _Statement(NamedTuple):
    verb: str
    sql: str
    arguments: tuple[Any, ...]


class _Recording(NamedTuple):
    """A route's transactions, the ids that it made, and what it answered."""

    transactions: list[list[_Statement]]
    made: set[UUID]
    body: bytes


async def _record(application: Any, key: str, method: str, path: str, body: bytes) -> _Recording:
    transactions: list[list[_Statement]] = []
    began = time.time_ns() // 1_000_000
    undo = [_watch_statements(transactions), _watch_transactions(transactions)]
    try:
        answer = await _ask(application, key, method, path, body)
    finally:
        for one in undo:
            one()
    spoken = [one for one in transactions if one]
    return _Recording(spoken, {one for one in _ids_of(spoken) if one.int >> 80 >= began}, answer)


def _ids_of(transactions: list[list[_Statement]]) -> Iterator[UUID]:
    """Every id in the arguments. Ours tell when they were made (UUIDv7), and so which this request made."""
    for statement in itertools.chain.from_iterable(transactions):
        for argument in statement.arguments:
            yield from (
                one for one in (argument if isinstance(argument, list) else [argument]) if isinstance(one, UUID)
            )


def _watch_statements(transactions: list[list[_Statement]]) -> Callable[[], None]:
    originals = {name: getattr(Tx, name) for name in _VERBS}

    def watched(name: str) -> Any:
        async def say(self: Tx, sql: str, *arguments: Any) -> Any:
            transactions[-1].append(_Statement(_VERBS[name], sql, arguments))
            return await originals[name](self, sql, *arguments)

        return say

    for name in _VERBS:
        setattr(Tx, name, watched(name))
    return lambda: [setattr(Tx, name, one) for name, one in originals.items()] and None


def _watch_transactions(transactions: list[list[_Statement]]) -> Callable[[], None]:
    original = Database.transaction

    @asynccontextmanager
    async def transaction(self: Database, organization_id: UUID) -> AsyncIterator[Tx]:
        transactions.append([])
        async with original(self, organization_id) as tx:
            yield tx

    Database.transaction = transaction

    def undo() -> None:
        Database.transaction = original

    return undo


async def _ask(application: Any, key: str, method: str, path: str, body: bytes) -> bytes:
    """One request to an ASGI application in this process."""
    sent: list[dict[str, Any]] = []
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
    headers += [(b"authorization", f"Bearer {key}".encode()), (b"content-length", str(len(body)).encode())]
    bare, _, query = path.partition("?")
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http"}
    scope |= {"path": bare, "raw_path": bare.encode(), "query_string": query.encode(), "headers": headers}
    scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "root_path": "", "state": {}}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    answer = b"".join(one.get("body", b"") for one in sent)
    if sent[0]["status"] >= 300:
        raise RuntimeError(f"{method} {path}: {answer[:300]!r}")
    return answer


class _Route:
    """Says a recording again, and answers what `answer` makes of the rows."""

    def __init__(self, recording: _Recording, begin: str, wanted: Any, answer: Callable[[list[Any]], bytes]) -> None:
        self._transactions = [
            [(one.verb, one.sql, [_renewer(each, recording.made) for each in one.arguments]) for one in transaction]
            for transaction in recording.transactions
        ]
        self._made = list(recording.made)
        self._begin = begin
        self._decoder = msgspec.json.Decoder(wanted) if wanted else None
        self._answer = answer
        self._numbers = itertools.count()

    async def __call__(self, pool: Any, body: bytes) -> bytes:
        if self._decoder is not None:
            self._decoder.decode(body)
        fresh = {one: ids.new_id() for one in self._made}
        name = f"f{next(self._numbers)}x{os.getpid()}"
        results: list[Any] = []
        for transaction in self._transactions:
            async with pool.acquire() as connection:
                await connection.execute(self._begin)
                for verb, sql, renewers in transaction:
                    arguments = [renew(fresh, name) for renew in renewers]
                    results.append(await getattr(connection, verb)(sql, *arguments))
                await connection.execute("COMMIT")
        return self._answer(results)


def _renewer(value: Any, made: set[UUID]) -> Callable[[dict[UUID, UUID], str], Any]:
    """How an argument is made anew: only what must differ costs anything."""
    if isinstance(value, UUID) and value in made:
        return lambda fresh, _: fresh[value]
    if isinstance(value, str) and MARK in value:
        return lambda _, name: value.replace(MARK, name)
    if isinstance(value, list) and value and isinstance(value[0], bytes):
        return lambda _, __: [os.urandom(len(one)) for one in value]
    if isinstance(value, list) and any(_must_differ(one, made) for one in value):
        renewers = [_renewer(one, made) for one in value]
        return lambda fresh, name: [renew(fresh, name) for renew in renewers]
    return lambda _, __: value


def _must_differ(value: Any, made: set[UUID]) -> bool:
    return (isinstance(value, UUID) and value in made) or (isinstance(value, str) and MARK in value)


def application(routes: dict[tuple[str, str], _Route], pool: Any) -> Any:
    """Method and path pick the route; the body is read, the answer written: that is all."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        answer = await routes[scope["method"], scope["path"]](pool, body)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return serve


async def main(port: int, key: str, organization_id: UUID, requests: dict[str, tuple[str, str, str]]) -> None:
    chosen = settings.load()
    keyring = Keyring((base64.b64decode(chosen.secret_key),))
    runtime = await open_runtime(
        chosen, keyring=keyring, dsn=chosen.database_url, data_dir=Path(chosen.data_dir), public_url=chosen.public_url
    )
    real = Process(runtime, ("api",)).http_application()
    begin = f"BEGIN; SET LOCAL agentpost.organization_id = '{organization_id}'"
    answers: dict[str, tuple[Any, Callable[[list[Any]], bytes]]] = {
        "create": (CreateInbox, lambda results: msgspec.json.encode(inbox_of(results[0]))),
        "list": (None, lambda results: msgspec.json.encode({"data": [inbox_of(row) for row in results[-1][:50]]})),
    }
    routes: dict[tuple[str, str], _Route] = {}
    for name, (method, path, body) in requests.items():
        # The first one looks the key up; what is written down is a request with a key that is known.
        await _ask(real, key, method, path, body.replace(MARK, "first").encode())
        await asyncio.sleep(0.01)
        recording = await _record(real, key, method, path, body.encode())
        wanted, answer = answers.get(name, (Any, lambda _, body=recording.body: body))
        routes[method, path.partition("?")[0]] = _Route(recording, begin, wanted, answer)
    config = uvicorn.Config(
        application(routes, runtime.database._api),
        host="127.0.0.1",
        port=port,
        loop="none",
        http="httptools",
        access_log=False,
        log_level="warning",
        lifespan="off",
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), sys.argv[2], UUID(sys.argv[3]), msgspec.json.decode(sys.argv[4])))
