"""Where this installation's fetches may go: the public internet, and what the operator's setting adds."""

from functools import cache
from ipaddress import ip_network
from urllib.parse import urlsplit

from agentpost_server.core.networks import parse_address
from agentpost_server.runtime import Runtime
from agentpost_server.web.fetch.model import EgressPolicy


def policy_for(runtime: Runtime) -> EgressPolicy:
    """By `AGENTPOST_EGRESS_ALLOW`, and never to the server's own name."""
    return _policy(runtime.settings.egress_allow, runtime.public_url)


@cache
def _policy(allow: str, public_url: str) -> EgressPolicy:
    networks = tuple(ip_network(part.strip(), strict=False) for part in allow.split(",") if part.strip())
    host = urlsplit(public_url).hostname or ""
    address = parse_address(host)
    return EgressPolicy(
        allow=networks,
        own_hosts=frozenset({host}) if host and address is None else frozenset(),
        own_addresses=frozenset() if address is None else frozenset({address}),
    )
