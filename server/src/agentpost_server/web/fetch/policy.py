"""Where this installation's fetches may go: the public internet, and what the operator's setting adds."""

from functools import cache
from urllib.parse import urlsplit

from agentpost_server.core.networks import parse_address, parse_networks
from agentpost_server.runtime import Runtime
from agentpost_server.web.fetch.model import EgressPolicy


def policy_for(runtime: Runtime) -> EgressPolicy:
    """By `AGENTPOST_EGRESS_ALLOW`, and never to the server's own name."""
    return _policy(runtime.settings.egress_allow, runtime.public_url)


@cache
def _policy(allow: str, public_url: str) -> EgressPolicy:
    host = urlsplit(public_url).hostname or ""
    address = parse_address(host)
    return EgressPolicy(
        allow=parse_networks(allow),
        own_hosts=frozenset({host}) if host and address is None else frozenset(),
        own_addresses=frozenset() if address is None else frozenset({address}),
    )
