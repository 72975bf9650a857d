"""Pages of a browser may not speak for the person in front of it (DNS rebinding, MCP's security rules).

A key is needed all the same; this keeps a page from even asking, and a name that is not ours from being answered.
"""

from urllib.parse import urlsplit

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def is_foreign(headers: list[tuple[bytes, bytes]], public_url: str) -> str | None:
    """What is foreign about a request, in words; None when nothing is."""
    ours = urlsplit(public_url)
    hosts = {value.decode("latin-1") for name, value in headers if name == b"host"}
    origins = {value.decode("latin-1") for name, value in headers if name == b"origin"}
    for host in hosts:
        if not _is_ours(f"//{host}", ours.hostname):
            return f"The Host {host[:100]} is not this server's name."
    for origin in origins:
        if not _is_ours(origin, ours.hostname):
            return f"The Origin {origin[:100]} is not this server."
    return None


def _is_ours(url: str, ours: str | None) -> bool:
    try:
        name = urlsplit(url).hostname
    except ValueError:
        return False
    return name is not None and (name == ours or name in _LOOPBACK)
