"""What the guarded client is asked and what it answers. A fetch has two outcomes, both values."""

from typing import Literal

import msgspec

from agentpost_server.core.networks import Address, Network

FetchError = Literal["timeout", "dns", "blocked_address", "tls", "reset", "protocol", "too_large"]


class FetchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one fetch: seconds, octets, counts."""

    connect_seconds: float = 5.0
    """Name resolution, TCP and TLS together."""
    total_seconds: float = 30.0
    answer_bytes: int = 64 * 1024
    """Of body; interim answers and headers have `header_bytes` and `header_count` to themselves, all together."""
    header_count: int = 100
    header_bytes: int = 32 * 1024


class EgressPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Where fetches may go besides the public internet, and where they may not although it is public."""

    allow: tuple[Network, ...] = ()
    """Networks that are let through whatever they are (`AGENTPOST_EGRESS_ALLOW`)."""
    own_hosts: frozenset[str] = frozenset()
    """Names of this installation, lower case."""
    own_addresses: frozenset[Address] = frozenset()
    allow_http: bool = True


class FetchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request. A body is sent as it is; Host, framing and Accept-Encoding are ours to set."""

    url: str
    method: Literal["GET", "POST"] = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    limits: FetchLimits = FetchLimits()
    truncate: bool = True
    """A longer answer is cut at `answer_bytes`; otherwise it is the failure `too_large`."""
    accept_redirect: bool = True
    """A 3xx is an answer like any other; otherwise it is the failure `protocol`. It is never followed."""


class FetchResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP answer; header names in lower case, the body not decoded in any way."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    address: str
    """The address that was connected to."""


class FetchFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer to use; `detail` is one sentence that may be shown to the owner of the URL."""

    error: FetchError
    detail: str
    status: int | None = None
    """When the answer had begun: what it said."""


class FetchFailedError(Exception):
    """Carries a FetchFailure up to `fetch`; never leaves this package."""

    def __init__(self, error: FetchError, detail: str) -> None:
        super().__init__(detail)
        self.error: FetchError = error
        self.detail = detail
