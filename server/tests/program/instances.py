"""Several `serve` processes on one PostgreSQL and one bucket, as an operator runs them; clients that go to whichever
answers.
"""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx2 as httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from agentpost_server.core import ids
from agentpost_server.providers.s3 import S3Location
from harness import KEYRING
from program.running import Program, all_gone, family, running, until

_GONE = (OSError, ValueError, AttributeError, TimeoutError, httpx.HTTPError, WebSocketException)
"""What clients say of a process that is killed under them."""


class Instance:
    """One process: its doors, while it runs."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.http_port = self._port("HTTP")
        self.smtp_port = self._port("SMTP")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    async def kill(self) -> None:
        pids = family(self.program.pid)
        self.program.process.kill()
        await self.program.process.wait()
        await until(lambda: all_gone(pids))

    def _port(self, door: str) -> int:
        _, found, rest = self.program.said.partition(f"{door} on port ")
        return int(rest.split()[0].strip(",")) if found else 0


class Site:
    """The instances that run now; all use the same settings."""

    def __init__(self, database_url: str, bucket: S3Location, folder: Path, settings: dict[str, str]) -> None:
        assert bucket.endpoint is not None
        assert bucket.credentials is not None
        self.database_url = database_url
        self.instances: list[Instance] = []
        self._stack = AsyncExitStack()
        self._folder = folder
        self._numbers = itertools.count()
        self._settings = {
            "AGENTPOST_DATABASE_URL": database_url,
            "AGENTPOST_SECRET_KEY": KEYRING._roots[0].hex(),
            "AGENTPOST_PUBLIC_URL": "https://mail.example",
            "AGENTPOST_DATABASE_CONNECTIONS": "4",
            "AGENTPOST_EGRESS_ALLOW": "127.0.0.0/8",
            "AGENTPOST_WEBHOOK_RETRY_SECONDS": "1,1,1,1",
            "AGENTPOST_BLOB_URL": f"s3://{bucket.bucket}/site",
            "AGENTPOST_S3_ENDPOINT": bucket.endpoint,
            "AGENTPOST_S3_ACCESS_KEY_ID": bucket.credentials.access_key_id,
            "AGENTPOST_S3_SECRET_ACCESS_KEY": bucket.credentials.secret_access_key,
            **settings,
        }

    async def start(self, roles: str = "api,worker,smtp") -> Instance:
        """Nothing of an instance outlives it: each has a data folder of its own."""
        folder = self._folder / str(next(self._numbers))
        own: dict[str, Any] = {**self._settings, "AGENTPOST_DATA_DIR": str(folder / "data")}
        words = ("serve", "--roles", roles, "--http-port", "0", "--smtp-port", "0")
        program = await self._stack.enter_async_context(running(*words, data=folder, output=folder / "out", **own))
        await until(lambda: "HTTP on port" in program.said or program.process.returncode is not None, 60)
        assert program.process.returncode is None, program.log
        self.instances.append(Instance(program))
        return self.instances[-1]

    async def kill(self, instance: Instance) -> None:
        self.instances.remove(instance)
        await instance.kill()

    async def close(self) -> None:
        await self._stack.aclose()

    async def admin(self, statement: str) -> list[Any]:
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    async def under_way(self) -> set[str]:
        """Messages in a call just now, by whichever instance."""
        rows = await self.admin(
            """SELECT t.message_id FROM agentpost.attempts a JOIN agentpost.transmissions t
                 ON t.organization_id = a.organization_id AND t.id = a.transmission_id WHERE a.finished_at IS NULL"""
        )
        return {ids.encode("msg", row["message_id"]) for row in rows}


@asynccontextmanager
async def site(database_url: str, bucket: S3Location, folder: Path, **settings: str) -> AsyncGenerator[Site]:
    made = Site(database_url, bucket, folder, settings)
    try:
        yield made
    finally:
        await made.close()


def http_to(instance: Instance, key: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=f"{instance.url}/api/v1", headers=headers, timeout=15, trust_env=False)


async def post(place: Site, turn: int, path: str, body: object, **headers: str) -> dict[str, Any]:
    """To one instance after the other, until one has answered 201."""
    for number in itertools.count(turn):
        instance = place.instances[number % len(place.instances)]
        with contextlib.suppress(*_GONE):
            async with httpx.AsyncClient(base_url=instance.url, timeout=15, trust_env=False) as http:
                answer = await http.post(f"/api/v1{path}", json=body, headers=headers)
            if answer.status_code == 201:
                return answer.json()
        await asyncio.sleep(0.1)
    raise AssertionError


async def deliver(place: Site, turn: int, recipient: str, content: bytes) -> None:
    """As mail servers do: to one instance after the other, until one has said 250 to the end of the data."""
    for number in itertools.count(turn):
        instance = place.instances[number % len(place.instances)]
        with contextlib.suppress(*_GONE):
            async with asyncio.timeout(15):
                if await _accepted(instance.smtp_port, recipient, content):
                    return
        await asyncio.sleep(0.1)


async def _accepted(port: int, recipient: str, content: bytes) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await reader.readline()
        commands = ("HELO client.example", "MAIL FROM:<a@example.com>", f"RCPT TO:<{recipient}>", "DATA")
        for line in (*(f"{command}\r\n".encode() for command in commands), content + b".\r\n"):
            writer.write(line)
            if (await reader.readline())[:1] not in (b"2", b"3"):
                return False
        return True
    finally:
        writer.close()


class Follower:
    """A subscriber: whenever its instance is gone it goes to another, and on from the last event that it heard."""

    def __init__(self, place: Site, key: str, turn: int) -> None:
        self.heard: list[str] = []
        self.connections = 0
        self._place = place
        self._key = key
        self._turn = turn

    async def follow(self) -> None:
        for number in itertools.count(self._turn):
            instance = self._place.instances[number % len(self._place.instances)]
            with contextlib.suppress(*_GONE):
                await self._listen(instance)
            await asyncio.sleep(0.1)

    async def _listen(self, instance: Instance) -> None:
        url = f"ws://127.0.0.1:{instance.http_port}/ws"
        headers = {"Authorization": f"Bearer {self._key}"}
        async with connect(url, additional_headers=headers, proxy=None, max_size=None) as connection:
            after = {"after": self.heard[-1]} if self.heard else {}
            await connection.send(json.dumps({"type": "subscribe", **after}))
            async for said in connection:
                message = json.loads(said)
                if message["type"] == "subscribed":
                    self.connections += 1
                elif message["type"] == "event":
                    self.heard.append(message["data"]["id"])
