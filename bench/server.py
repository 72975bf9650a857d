"""What is measured: a real `agentpost-server` process on the embedded PostgreSQL as it is shipped (fsync on, row-level
security on), with tenants that have inboxes.
"""

import asyncio
import base64
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import psutil

from agentpost_server import inboxes
from agentpost_server.accounts.organizations import create_organization
from agentpost_server.core.scope import SYSTEM, Scope
from agentpost_server.core.secrets import Keyring
from agentpost_server.db import Database
from agentpost_server.db.migrate import migrate
from agentpost_server.inboxes.model import CreateInbox
from agentpost_server.providers.postgres import EmbeddedPostgres
from bench.postfix import free_port

TENANTS = 20
_INBOXES_EACH = 5
_READY_SECONDS = 60


class Tenant(NamedTuple):
    """An organization with its key and its inboxes' ids and addresses."""

    organization_id: UUID
    environment_id: UUID
    key: str
    inbox_ids: list[UUID]
    emails: list[str]


class Server(NamedTuple):
    """A running server: where it listens, and its processes."""

    http_port: int
    smtp_port: int
    main: psutil.Process

    def processes(self) -> list[psutil.Process]:
        return [self.main, *self.main.children(recursive=True)]

    def cpu_seconds(self) -> float:
        return sum(cpu_seconds(one.pid) for one in self.processes())

    def resident_octets(self) -> int:
        return sum(one.memory_info().rss for one in self.processes())


class Installation(NamedTuple):
    """A database with tenants, on which servers can be started."""

    folder: Path
    postgres: EmbeddedPostgres
    secret: bytes
    tenants: list[Tenant]

    @property
    def addresses(self) -> list[str]:
        """Of every tenant in turn, so that each batch of mail has all of them."""
        return [email for emails in zip(*(one.emails for one in self.tenants), strict=True) for email in emails]

    async def admin(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.postgres.dsn, server_settings={"search_path": "agentpost"})

    def environment(self, http_port: int, smtp_port: int) -> dict[str, str]:
        """The settings of a server on this installation."""
        return {
            "AGENTPOST_DATABASE_URL": self.postgres.dsn,
            "AGENTPOST_SECRET_KEY": base64.b64encode(self.secret).decode(),
            "AGENTPOST_PUBLIC_URL": f"http://127.0.0.1:{http_port}",
            "AGENTPOST_DATA_DIR": str(self.folder / "data"),
            "AGENTPOST_HTTP_PORT": str(http_port),
            "AGENTPOST_SMTP_PORT": str(smtp_port),
            "AGENTPOST_EGRESS_ALLOW": "127.0.0.0/8",
            "AGENTPOST_SMTP_MAX_CONNECTIONS_PER_NETWORK": "2000",
        }

    @contextlib.asynccontextmanager
    async def server(
        self, *, roles: str = "api,worker,smtp", workers: int = 1, settings: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Server]:
        http_port, smtp_port = free_port(), free_port()
        environment = {**self.environment(http_port, smtp_port), **(settings or {})}
        command = ["serve", "--roles", roles, "--workers", str(workers)]
        with program(command, environment, self.folder / "server.log") as process:
            await wait_until_ready(process, http_port, self.folder / "server.log")
            yield Server(http_port, smtp_port, psutil.Process(process.pid))


@contextlib.asynccontextmanager
async def installation() -> AsyncGenerator[Installation]:
    """A new database in a temporary folder, gone at the end."""
    with workspace() as folder:
        secret = secrets.token_bytes(32)
        keyring = Keyring((secret,))
        postgres = await EmbeddedPostgres.start(folder / "postgres", password=keyring.password("postgres"))
        try:
            await migrate(postgres.dsn, keyring.password)
            database = await Database.open(postgres.dsn, keyring.password, size=2)
            tenants = [await _tenant(database, number) for number in range(TENANTS)]
            await database.close()
            yield Installation(folder, postgres, secret, tenants)
        finally:
            await postgres.stop()


async def _tenant(database: Database, number: int) -> Tenant:
    made = await create_organization(database, f"Tenant {number}")
    scope = Scope(made.organization_id, made.live_environment_id)
    ids: list[UUID] = []
    emails: list[str] = []
    async with database.transaction(made.organization_id) as tx:
        for _ in range(_INBOXES_EACH):
            wanted = CreateInbox(username="agent")
            answer = await inboxes.create(tx, scope, SYSTEM, wanted, shared_domain="agentpost.test")
            row = await tx.row("SELECT id FROM inboxes WHERE email = $1", answer.value.email)
            assert row is not None
            ids.append(row["id"])
            emails.append(answer.value.email)
    return Tenant(made.organization_id, made.live_environment_id, made.live_key, ids, emails)


@contextlib.contextmanager
def workspace() -> Generator[Path]:
    """A temporary folder that every account may enter (PostgreSQL and Postfix run as their own)."""
    with tempfile.TemporaryDirectory(prefix="agentpost-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextlib.contextmanager
def program(arguments: list[str], environment: dict[str, str], log: Path) -> Generator[subprocess.Popen[bytes]]:
    """Run `agentpost-server` in a session of its own (Ctrl-C is ours to handle); it is ended with the block."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AGENTPOST_")}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "agentpost_server.cli", *arguments],
            env={**inherited, "AGENTPOST_LOG_FORMAT": "json", **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_seconds(pid: int) -> float:
    """What all threads of a process ran, to the nanosecond: clock ticks are too coarse for a few hundred requests."""
    return sum(int((one / "schedstat").read_text().split()[0]) for one in Path(f"/proc/{pid}/task").iterdir()) / 1e9


async def wait_until_ready(process: subprocess.Popen[bytes], http_port: int, log: Path) -> None:
    end = time.monotonic() + _READY_SECONDS
    while not await asyncio.to_thread(_is_ready, http_port):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"agentpost-server did not become ready: {log.read_text()[-500:].strip()}")  # noqa: ASYNC240 over anyway
        await asyncio.sleep(0.02)


def _is_ready(http_port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/readyz", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
