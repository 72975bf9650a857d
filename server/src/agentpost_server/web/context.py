"""What is known about a request before anyone reads it: its id, when it came, from where. Lives in the ASGI scope."""

import ipaddress
import re
import time
from contextvars import ContextVar
from typing import Any

import msgspec

from agentpost_server.core import ids

_GIVEN_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}\Z")
# Paths whose last part is a secret: providers' doors, links in mails, download and upload links.
_SECRET_PART = re.compile(r"(/(?:inbound/+[^/]+|u|o|approve|files)/+).+", re.DOTALL)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_client: ContextVar[str | None] = ContextVar("client", default=None)


class Context(msgspec.Struct):
    """One a request. `caller` and `environment_id` are filled by authentication, for the request log."""

    request_id: str
    started: float
    client_ip: str
    errors_url: str
    caller: Any = None
    environment_id: Any = None
    status: int = 0


def begin(scope: Any, trusted: tuple[Network, ...], errors_url: str) -> Context:
    """Take the caller's X-Request-Id when it is a plain word, else make one."""
    given = client_address = b""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value
        elif name == b"x-forwarded-for":
            client_address = value
    request_id = given.decode() if _GIVEN_ID.match(given) else ids.encode("req", ids.new_id())
    peer = scope["client"][0] if scope.get("client") else ""
    context = Context(request_id, time.monotonic(), _client_ip(peer, client_address, trusted), errors_url)
    scope["agentpost"] = context
    _client.set(context.client_ip)
    return context


def client_ip() -> str | None:
    """Where the request of this task comes from; None outside of one."""
    return _client.get()


def context_of(scope: Any) -> Context:
    return scope["agentpost"]


def shown_path(scope: Any) -> str:
    """The path as logs may have it, however short the token in it is."""
    return _SECRET_PART.sub(r"\1[token]", scope["path"])


def _client_ip(peer: str, forwarded: bytes, trusted: tuple[Network, ...]) -> str:
    """The peer, unless it is a proxy that we trust: then the last address that no proxy of ours added."""
    if not forwarded or not trusted or not _among(peer, trusted):
        return peer
    for hop in reversed(forwarded.decode("latin-1").split(",")):
        if not _among(hop.strip(), trusted):
            return hop.strip() if _is_address(hop.strip()) else peer
    return peer


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _among(text: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address.version == one.version and address in one for one in networks)
