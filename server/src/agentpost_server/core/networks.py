"""Which IP addresses this server may connect to on a stranger's word (a URL, an MX record): the public unicast ones.

An own table instead of `ipaddress.is_global`, whose answers differ between Python releases (IANA special-purpose
registries, RFC 6890 and its updates). IPv6 is a list of what is let in, because most of that space is nobody's yet.
"""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_CLOSED_V4: Final = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's platform service, reachable only from inside it
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_CLOSED_V6: Final = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, among them Teredo and ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4: the packet would go to the IPv4 address inside
        "3fff::/20",
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")


def parse_address(text: str) -> Address | None:
    """The address that a resolver or a URL names, or None. IPv4-mapped IPv6 becomes the IPv4 address that it is."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def parse_networks(text: str) -> tuple[Network, ...]:
    """Comma-separated CIDRs. ValueError names the wrong one."""
    return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def is_permitted(address: Address, *, allow: Collection[Network] = (), own: Collection[Address] = ()) -> bool:
    """Whether a connection may be made to exactly this address. `allow` are networks let through whatever they are;
    `own` are public ones that are closed all the same."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in allow):
        return True
    return address not in own and _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _CLOSED_V4)
    if address in _NAT64:
        return _is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _GLOBAL_UNICAST and not any(address in block for block in _CLOSED_V6)
