"""`serve`: chosen roles against a PostgreSQL of the operator's own. Several workers: see `supervisor`."""

import argparse
import os
import socket
from contextlib import AsyncExitStack
from typing import Final

import msgspec

from agentpost_server import __version__, settings
from agentpost_server.app import Process
from agentpost_server.cli import logs, secret_key, sockets
from agentpost_server.cli.data_folder import DataFolder, data_path
from agentpost_server.cli.database import failures_told
from agentpost_server.cli.output import CommandFailed, say
from agentpost_server.cli.running import serve_until_stopped
from agentpost_server.cli.stopping import Stop
from agentpost_server.cli.supervisor import supervise
from agentpost_server.db.migrate import migrate
from agentpost_server.opening import close_runtime, open_runtime
from agentpost_server.settings import Settings, SettingsError

ROLES: Final = ("api", "worker", "smtp")
_REQUIRED: Final = {
    "database_url": "the PostgreSQL to use",
    "secret_key": "the root of every key (make one: openssl rand -base64 32)",
    "public_url": "the base of every link, such as https://mail.example.com",
}


async def run(options: argparse.Namespace) -> int:
    chosen = settings.load(host=options.host, http_port=options.http_port, smtp_port=options.smtp_port)
    roles = _roles(options.roles)
    _demand(chosen)
    logs.set_up(chosen.log_level, chosen.log_format)
    sockets.raise_file_limit(chosen.smtp_max_connections + 1000)
    keyring = secret_key.keyring_of(chosen.secret_key)
    stop = Stop()
    supervised = options.http_fd is not None
    if supervised:
        stop.with_parent(0)
        http, smtp = _inherited(options.http_fd), _inherited(options.smtp_fd)
    else:
        with failures_told():
            await migrate(chosen.database_url, keyring.password)
        http = sockets.listen(chosen.host, chosen.http_port, move_up=False)
        smtp = sockets.listen(chosen.host, chosen.smtp_port, move_up=False) if "smtp" in roles else None
    assert http is not None
    if options.workers > 1 and not supervised:
        say(_serving(roles, http, smtp, f"{options.workers} workers"))
        await supervise(options.workers, roles, http, smtp, stop)
        return 0
    async with AsyncExitStack() as stack:
        folder = DataFolder(data_path(chosen.data_dir))
        folder.make()
        if smtp is not None:
            chosen = msgspec.structs.replace(chosen, smtp_port=sockets.port_of(smtp))
        with failures_told():
            runtime = await open_runtime(
                chosen,
                keyring=keyring,
                dsn=chosen.database_url,
                data_dir=folder.path,
                public_url=chosen.public_url.rstrip("/"),
            )
        stack.push_async_callback(close_runtime, runtime)
        process = Process(runtime, roles, smtp_socket=smtp)
        text = _serving(roles, http, smtp, f"process {os.getpid()}")
        await serve_until_stopped(process, http, stop, lambda: None if supervised else say(text))
    return 0


def _serving(roles: tuple[str, ...], http: socket.socket, smtp: socket.socket | None, who: str) -> str:
    by = f", SMTP on port {sockets.port_of(smtp)}" if smtp is not None else ""
    return f"AgentPost {__version__} serves {','.join(roles)}: HTTP on port {sockets.port_of(http)}{by} ({who})."


def _roles(text: str) -> tuple[str, ...]:
    roles = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not roles or set(roles) - set(ROLES):
        raise SettingsError(f"--roles takes a comma-separated list of {', '.join(ROLES)}.")
    return roles


def _demand(chosen: Settings) -> None:
    for name, purpose in _REQUIRED.items():
        if not getattr(chosen, name):
            raise SettingsError(f"AGENTPOST_{name.upper()} is not set: `serve` needs {purpose}.")
    if not chosen.public_url.startswith(("http://", "https://")):
        raise SettingsError("AGENTPOST_PUBLIC_URL must begin with https:// or http://.")


def _inherited(descriptor: int | None) -> socket.socket | None:
    if descriptor is None:
        return None
    try:
        inherited = socket.socket(fileno=descriptor)
    except OSError as error:
        raise CommandFailed("A listening socket was announced and is not there.") from error
    inherited.setblocking(False)
    return inherited
