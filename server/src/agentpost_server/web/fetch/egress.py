"""From a URL to an open connection: look up once, judge every address, connect to exactly one that was judged."""

import asyncio
import math
import ssl
from dataclasses import dataclass, field
from typing import Final

from agentpost_server.core.networks import Address, parse_address
from agentpost_server.web.fetch.addresses import is_permitted
from agentpost_server.web.fetch.model import EgressPolicy, FetchFailedError
from agentpost_server.web.fetch.pool import ConnectionPool
from agentpost_server.web.fetch.stream import Connector, Resolver, Stream, connect, resolve
from agentpost_server.web.fetch.url import Url

_MAX_ADDRESSES: Final = 4


@dataclass(slots=True)
class Egress:
    """How this process reaches out. One for each event loop; `close` when done."""

    policy: EgressPolicy = field(default_factory=EgressPolicy)
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    resolver: Resolver = resolve
    connector: Connector = connect
    pool: ConnectionPool = field(default_factory=ConnectionPool)

    def close(self) -> None:
        """Close the idle connections."""
        self.pool.expire(math.inf)


async def open_stream(egress: Egress, url: Url, seconds: float) -> tuple[Stream, Address]:
    """Connect to the first permitted address that answers, within `seconds`. Raises FetchFailedError."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    try:
        async with asyncio.timeout_at(deadline):
            addresses = await _permitted_addresses(egress, url)
    except TimeoutError:
        raise FetchFailedError("timeout", f"Looking up {url.host} took too long.") from None
    failure = FetchFailedError("timeout", f"Connecting to {url.host} took too long.")
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        # Each address gets its share of what is left, so that a dead one cannot use it all up.
        patience = (deadline - loop.time()) / left
        try:
            async with asyncio.timeout(patience):
                return await egress.connector(address, url.port, egress.tls if url.tls else None, url.host), address
        except TimeoutError:
            failure = FetchFailedError("timeout", f"Connecting to {url.host} took too long.")
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", None) or "the handshake failed"
            failure = FetchFailedError("tls", f"TLS with {url.host} failed: {reason}.")
        except OSError as error:
            failure = FetchFailedError("reset", f"{url.host} did not take the connection: {type(error).__name__}.")
    raise failure


async def _permitted_addresses(egress: Egress, url: Url) -> list[Address]:
    if url.address is not None:
        found: list[Address] = [url.address]
    else:
        try:
            texts = await egress.resolver(url.host, url.port)
        except TimeoutError:
            raise
        except (OSError, UnicodeError):
            texts = ()
        found = [address for address in map(parse_address, texts) if address is not None]
        if not found:
            raise FetchFailedError("dns", f"{url.host} has no address.")
    permitted = [address for address in found if is_permitted(address, egress.policy)]
    if not permitted:
        raise FetchFailedError("blocked_address", f"{url.host} is at an address that may not be connected to.")
    return permitted[:_MAX_ADDRESSES]
