"""`up`: everything in one process on one machine, with the embedded PostgreSQL, until it is told to stop."""

import argparse
import asyncio
import os
import socket
import time
from contextlib import AsyncExitStack, closing
from typing import Final

import msgspec

from agentpost_server import __version__, settings
from agentpost_server.app import Process
from agentpost_server.cli import banner, logs, secret_key, sockets
from agentpost_server.cli.data_folder import DataFolder, Keys, Status, data_path
from agentpost_server.cli.first_run import ensure_organization
from agentpost_server.cli.output import CommandFailed, say
from agentpost_server.cli.running import serve_until_stopped
from agentpost_server.cli.stopping import Stop
from agentpost_server.core.secrets import Keyring
from agentpost_server.db.migrate import MigrationError, migrate
from agentpost_server.opening import close_runtime, open_runtime
from agentpost_server.providers.postgres import EmbeddedPostgres, PostgresStartError
from agentpost_server.runtime import Runtime
from agentpost_server.settings import Settings

LOOPBACK_EGRESS: Final = "127.0.0.0/8,::1/128"
_STARTING_SECONDS: Final = 60.0


async def run(options: argparse.Namespace) -> int:
    """Exit code 0 after a drained stop, and when another `up` runs on the same data already."""
    began: float = options.began
    chosen = settings.load(host=options.host, http_port=options.http_port, smtp_port=options.smtp_port)
    folder = DataFolder(data_path(options.data or chosen.data_dir))
    folder.make()
    if not await _claim(folder):
        return 0
    logs.set_up(chosen.log_level, chosen.log_format)
    sockets.raise_file_limit(chosen.smtp_max_connections + 1000)
    try:
        await _run_claimed(for_this_machine(chosen), folder, began)
    except (PostgresStartError, MigrationError) as error:
        raise CommandFailed(str(error)) from error
    finally:
        folder.release()
    return 0


async def _claim(folder: DataFolder) -> bool:
    """False when another one runs: then its addresses are printed. Waits for one that is only starting."""
    deadline = time.monotonic() + _STARTING_SECONDS
    while not folder.claim():
        if (status := folder.status()) is not None:
            say(banner.running_already(status, folder))
            return False
        if time.monotonic() > deadline:
            raise CommandFailed(f"Another process uses {folder.path} and does not become ready. Stop it first.")
        await asyncio.sleep(0.1)
    return True


def for_this_machine(chosen: Settings) -> Settings:
    """What `up` sets by itself: a name to greet with, and webhooks to localhost while nobody else can reach us."""
    egress = chosen.egress_allow
    if sockets.is_loopback(chosen.host):
        egress = f"{egress},{LOOPBACK_EGRESS}" if egress else LOOPBACK_EGRESS
    return msgspec.structs.replace(
        chosen, egress_allow=egress, smtp_hostname=chosen.smtp_hostname or chosen.shared_domain
    )


async def _run_claimed(chosen: Settings, folder: DataFolder, began: float) -> None:
    stop = Stop()
    with (
        closing(sockets.listen(chosen.host, chosen.http_port, move_up=True)) as http,
        closing(sockets.listen(chosen.host, chosen.smtp_port, move_up=True)) as smtp,
    ):
        chosen = msgspec.structs.replace(chosen, http_port=sockets.port_of(http), smtp_port=sockets.port_of(smtp))
        async with AsyncExitStack() as stack:
            opened: list[_Opened] = []
            if await stop.unless_asked(_open(chosen, folder, stack, opened)):
                await _serve(opened[0], folder, http, smtp, stop, began)


class _Opened(msgspec.Struct):
    """The parts below the doors, open. `postgres` is None with a database of the operator's own."""

    runtime: Runtime
    postgres: EmbeddedPostgres | None
    keys: Keys | None
    changed: list[Process]


async def _open(chosen: Settings, folder: DataFolder, stack: AsyncExitStack, opened: list[_Opened]) -> None:
    keyring = secret_key.keyring_of(chosen.secret_key or folder.secret())
    listeners: list[Process] = []
    postgres = None
    if not chosen.database_url:
        postgres = await _start_postgres(folder, keyring, listeners)
        stack.push_async_callback(postgres.stop)
    dsn = postgres.dsn if postgres else chosen.database_url
    await migrate(dsn, keyring.password)
    url = chosen.public_url or f"http://{sockets.reachable_host(chosen.host)}:{chosen.http_port}"
    runtime = await open_runtime(chosen, keyring=keyring, dsn=dsn, data_dir=folder.path, public_url=url.rstrip("/"))
    stack.push_async_callback(close_runtime, runtime)
    keys = await ensure_organization(runtime.database, chosen, folder)
    opened.append(_Opened(runtime, postgres, keys, listeners))


async def _start_postgres(folder: DataFolder, keyring: Keyring, listeners: list[Process]) -> EmbeddedPostgres:
    def changed(up: bool) -> None:
        for process in listeners:
            process.health.note("database", None if up else "PostgreSQL died and is being started again")

    return await EmbeddedPostgres.start(
        folder.path / "postgres", password=keyring.password("postgres"), on_change=changed
    )


async def _serve(
    opened: _Opened, folder: DataFolder, http: socket.socket, smtp: socket.socket, stop: Stop, began: float
) -> None:
    runtime = opened.runtime
    process = Process(runtime, ("api", "worker", "smtp"), smtp_socket=smtp)
    opened.changed.append(process)
    status = Status(
        api_url=f"{runtime.public_url}/api/v1",
        console_url=f"{runtime.public_url}/",
        docs_url=f"{runtime.public_url}/docs",
        smtp_host=sockets.reachable_host(runtime.settings.host).strip("[]"),
        smtp_port=sockets.port_of(smtp),
        pid=os.getpid(),
        version=__version__,
        database_socket=str(opened.postgres.socket_dir) if opened.postgres else None,
        transports=sorted(runtime.transports),
    )

    def ready() -> None:
        # In this order: whoever waits for the status to be there finds the words said.
        say(banner.ready(status, folder, opened.keys, runtime.settings, time.monotonic() - began))
        folder.write_status(status)

    await serve_until_stopped(process, http, stop, ready)
    say("AgentPost has stopped.")
