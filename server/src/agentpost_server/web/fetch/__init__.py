"""The guarded HTTP client: whatever fetches a user's URL does it by `fetch`, and has it checked by `check_url` first.

A URL is read by one parser, each address that its name resolves to is judged, and the connection goes to exactly the
address that was judged.
"""

from agentpost_server.web.fetch.client import fetch
from agentpost_server.web.fetch.egress import Egress
from agentpost_server.web.fetch.exchange import check_headers
from agentpost_server.web.fetch.model import (
    EgressPolicy,
    FetchError,
    FetchFailure,
    FetchLimits,
    FetchRequest,
    FetchResponse,
)
from agentpost_server.web.fetch.policy import policy_for
from agentpost_server.web.fetch.stream import Connector, Resolver, Stream
from agentpost_server.web.fetch.url import check_url, host_of

__all__ = [
    "Connector",
    "Egress",
    "EgressPolicy",
    "FetchError",
    "FetchFailure",
    "FetchLimits",
    "FetchRequest",
    "FetchResponse",
    "Resolver",
    "Stream",
    "check_headers",
    "check_url",
    "fetch",
    "host_of",
    "policy_for",
]
