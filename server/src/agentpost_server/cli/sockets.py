"""Listening sockets, bound before anything else starts, and how many files the process may open."""

import errno
import ipaddress
import resource
import socket
from typing import Final

import structlog

from agentpost_server.cli.output import CommandFailed

BACKLOG: Final = 2048
_TRIES: Final = 100
_WANTED_FILES: Final = 65_536
log = structlog.get_logger("start")


def listen(host: str, port: int, *, move_up: bool) -> socket.socket:
    """A listening socket. With `move_up` a busy port gives way to the next free one; 0 is any."""
    for candidate in range(port, min(port + _TRIES, 65_536)) if move_up and port else [port]:
        try:
            return _bound(host, candidate)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and move_up:
                continue
            raise CommandFailed(f"{host} port {candidate} cannot be listened on: {error.strerror or error}.") from error
    raise CommandFailed(
        f"All ports from {port} to {port + _TRIES - 1} are busy. Choose others by --http-port, --smtp-port."
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.create_server((host, port), family=family, backlog=BACKLOG)
    made.setblocking(False)
    return made


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def reachable_host(host: str) -> str:
    """The host as a client at this machine writes it in a URL."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 compared, not bound
        return "127.0.0.1" if host != "::" else "[::1]"
    return f"[{host}]" if ":" in host else host


def raise_file_limit(needed: int) -> None:
    """Every connection is a file: take what the system grants, and say when that is too little."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, _WANTED_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft != resource.RLIM_INFINITY and soft < needed:
        log.warning("few files may be open", limit=soft, needed=needed, fix="raise the hard limit of open files")
