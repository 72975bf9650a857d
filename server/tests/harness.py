"""A whole server on real sockets, and tenants of it: what fixtures and stories are made of."""

import asyncio
import atexit
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2 as httpx

from agentpost_server.accounts.organizations import NewOrganization, create_organization
from agentpost_server.app import Process
from agentpost_server.core import ids
from agentpost_server.core.secrets import Keyring
from agentpost_server.db import Database
from agentpost_server.opening import close_runtime, open_runtime
from agentpost_server.runtime import Runtime
from agentpost_server.settings import Settings, load
from agentpost_server.web.server import make_server

KEYRING = Keyring((b"the tests' own secret, 32 bytes long..",))
API = "/api/v1"


class Server(NamedTuple):
    """A whole server in this process, on real sockets."""

    process: Process
    url: str

    @property
    def runtime(self) -> Runtime:
        return self.process.runtime

    @property
    def database(self) -> Database:
        return self.process.runtime.database

    @property
    def smtp_port(self) -> int:
        return self.process.smtp_port


# By database: where its servers keep files, and by which settings its workers work.
_folders: dict[str, Path] = {}
_working: dict[str, list[dict[str, object]]] = {}


def data_folder(database_url: str) -> Path:
    """The one folder of all servers on a database, as in production: what one accepts, another reads."""
    if (folder := _folders.get(database_url)) is None:
        folder = _folders[database_url] = Path(tempfile.mkdtemp(prefix="agentpost-tests-data-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def _at_work(database_url: str, roles: tuple[str, ...], overrides: dict[str, object]) -> Generator[None]:
    """Workers of one database take each other's work: those with other settings would do it wrongly, now and then."""
    others = _working.setdefault(database_url, [])
    if "worker" in roles:
        assert all(one == overrides for one in others), "give the server a database of its own: own_database"
        others.append(overrides)
    try:
        yield
    finally:
        if "worker" in roles:
            others.remove(overrides)


@asynccontextmanager
async def running_server(
    database_url: str, roles: tuple[str, ...] = ("api", "worker", "smtp"), *, port: int = 0, **overrides: object
) -> AsyncGenerator[Server]:
    """Start one more server on the same database: for tests of two processes, of settings, of restarts (on `port`)."""
    with _at_work(database_url, roles, overrides):
        async with _serving(database_url, roles, port, overrides) as running:
            yield running


@asynccontextmanager
async def _serving(
    database_url: str, roles: tuple[str, ...], port: int, overrides: dict[str, object]
) -> AsyncGenerator[Server]:
    data_dir = data_folder(database_url)
    listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings: Settings = load({}, **{"smtp_port": 0, "egress_allow": "127.0.0.0/8,::1/128"} | overrides)
    runtime = await open_runtime(settings, keyring=KEYRING, dsn=database_url, data_dir=data_dir, public_url=url)
    process = Process(runtime, roles)
    http = make_server(process.http_application())
    await process.start()
    serving = asyncio.create_task(http.serve(sockets=[listener]))
    while not http.started:  # noqa: ASYNC110 uvicorn tells by a flag alone
        await asyncio.sleep(0.01)
    try:
        yield Server(process, url)
    finally:
        http.should_exit = True
        await serving
        await process.close(5)
        await close_runtime(runtime)


class Tenant(NamedTuple):
    """An organization of the test's own, and an HTTP client with its live key."""

    server: Server
    organization: NewOrganization
    http: httpx.AsyncClient
    sandbox: httpx.AsyncClient

    @property
    def organization_id(self) -> str:
        return ids.encode("org", self.organization.organization_id)


@asynccontextmanager
async def new_tenant(server: Server) -> AsyncGenerator[Tenant]:
    organization = await create_organization(server.database, "Test")
    async with client(server, organization.live_key) as http, client(server, organization.test_key) as sandbox:
        yield Tenant(server, organization, http, sandbox)


def client(server: Server, key: str | None) -> httpx.AsyncClient:
    """An HTTP client whose paths begin behind /api/v1."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(base_url=server.url + API, headers=headers, timeout=30, trust_env=False)
