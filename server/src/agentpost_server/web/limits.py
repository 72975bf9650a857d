"""What the HTTP edge lets a client do before any of our code runs: sizes, counts and paces, as one frozen value.

`EdgeConfig` carries it through uvicorn, whose protocols are made from a `Config` and nothing else.
"""

from typing import Final

import msgspec
import uvicorn

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one HTTP/1.1 connection. Sizes in octets, times in seconds."""

    header_count: int = 100
    header_bytes: int = 32 * 1024
    """Request line, names and values together."""
    chunk_overhead_bytes: int = 16 * 1024
    """Chunk extensions and trailers received in a row without an octet of body."""
    pipelined_requests: int = 64
    """Requests waiting behind the one being answered; more than that are not answered."""
    connections: int = 10_000
    head_seconds: float = 10.0
    """From the first octet of a request (or the opened connection) to the end of its headers."""
    body_bytes_per_second: float = 500.0
    """Average a body must keep up once `body_grace_seconds` are over; pauses that we ask for do not count."""
    body_grace_seconds: float = 10.0
    drain_bytes: int = 64 * 1024 * 1024
    """What is still read of a body after its answer went out, so that the client gets to see the answer."""
    drain_seconds: float = 10.0
    linger_bytes: int = 1024 * 1024
    """The same after a refusal, when the connection is closing."""
    linger_seconds: float = 2.0
    write_stall_seconds: float = 60.0
    """A client that takes no octet of its answer for so long is cut off."""
    sweep_seconds: float = 0.5
    """Between two looks at the deadlines of all open connections (steps of 0.1)."""


class EdgeConfig(uvicorn.Config):
    """A uvicorn configuration that also knows our limits and where error codes are explained."""

    limits: HttpLimits = HttpLimits()
    errors_url: str = "/docs/errors"
