"""The judge of addresses, asked by a policy."""

from agentpost_server.core import networks
from agentpost_server.core.networks import Address
from agentpost_server.web.fetch.model import EgressPolicy


def is_permitted(address: Address, policy: EgressPolicy) -> bool:
    """Whether a connection may be made to exactly this address."""
    return networks.is_permitted(address, allow=policy.allow, own=policy.own_addresses)
