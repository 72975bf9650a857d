"""The one reading of a user's URL, used both when it is registered and when it is connected to.

Deliberately narrower than RFC 3986 and the WHATWG standard: where two parsers could disagree about the host, the URL is
refused with a sentence instead of being repaired.
"""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Final
from urllib.parse import quote

import idna
import msgspec

from agentpost_server.core.errors import FieldError, Invalid
from agentpost_server.core.networks import Address, parse_address
from agentpost_server.web.fetch.addresses import is_permitted
from agentpost_server.web.fetch.model import EgressPolicy

MAX_URL_LENGTH: Final = 2048

_FORM: Final = re.compile(r"(https?)://([^/?]+)((?:/[^?]*)?(?:\?.*)?)", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\#\u2028\u2029\ufeff\ud800-\udfff]")
_ENCODED_CONTROL: Final = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff])|%(?![0-9A-Fa-f]{2})")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_INSIDE: Final = (".internal", ".local", ".localdomain", ".lan", ".home.arpa", ".svc", ".intranet", ".corp", ".private")
_METADATA: Final = frozenset({"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"})
_LOOPBACK: Final = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
_LINK_LOCAL_METADATA: Final = IPv4Address("169.254.169.254")


class Url(msgspec.Struct, frozen=True, kw_only=True):
    """A URL taken apart: `host` in lower-case A-labels or a canonical address, `target` ready for the request line."""

    tls: bool
    host: str
    port: int
    target: str
    address: Address | None
    """The literal address, when the host is one."""

    @property
    def authority(self) -> str:
        """For the Host header (RFC 9112, section 3.2)."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def check_url(url: str, policy: EgressPolicy, *, field: str = "url") -> None:
    """Refuse a URL that could never be fetched: `Invalid` with code `unsafe_url`. No look-up is made.

    What its name resolves to is judged at each connection; this is the early and friendly part of the guard.
    """
    read_url(url, policy, field=field)


def host_of(url: str) -> str:
    """The host that `fetch` would connect to; empty for what it would refuse."""
    try:
        return _parse(url).host
    except ValueError:
        return ""


def read_url(url: str, policy: EgressPolicy, *, field: str = "url") -> Url:
    """The parsed URL, its scheme, name and literal address allowed by `policy`; raises as `check_url` does."""
    try:
        parsed = _parse(url)
        _judge(parsed, policy)
    except ValueError as error:
        raise _unsafe(field, str(error)) from None
    return parsed


def _parse(url: str) -> Url:
    if len(url) > MAX_URL_LENGTH:
        raise ValueError(f"is longer than {MAX_URL_LENGTH} characters")
    if _FORBIDDEN.search(url):
        raise ValueError("holds a space, a control character, a backslash or a fragment")
    form = _FORM.fullmatch(url)
    if form is None:
        raise ValueError("is not an absolute http:// or https:// URL")
    scheme, authority, target = form.groups()
    if "@" in authority:
        raise ValueError("holds a user name or password")
    if _ENCODED_CONTROL.search(target):
        raise ValueError("holds a percent-encoded control character or a broken percent-encoding")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise ValueError("has a host or port that is not well-formed")
    tls = scheme.lower() == "https"
    port = int(parts[2]) if parts[2] is not None else (443 if tls else 80)
    if not 1 <= port <= 65535:
        raise ValueError("has a port outside 1 to 65535")
    host, address = _parse_host(parts[1])
    if not target.startswith("/"):
        target = "/" + target
    return Url(tls=tls, host=host, port=port, target=quote(target, safe="/?:@!$&'()*+,;=-._~%[]"), address=address)


def _parse_host(text: str) -> tuple[str, Address | None]:
    if text.startswith("["):
        address = parse_address(text[1:-1])
        if address is None or ":" not in text:
            raise ValueError("has a host that is not an IPv6 address")
        return str(address), address
    name = _ascii_name(text).removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # What a resolver would take for an address must be one in its only canonical form.
        try:
            address = IPv4Address(name)
        except ValueError:
            raise ValueError("has a host that looks like a number but is not a dotted IPv4 address") from None
        return str(address), address
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("has a host that is not a domain name")
    return name, None


def _ascii_name(text: str) -> str:
    if text.isascii():
        return text.lower()
    if len(text) > 253:
        raise ValueError("has a host that is not a domain name")
    try:
        mapped = idna.uts46_remap(text, std3_rules=True)
        return mapped if mapped.isascii() else idna.encode(mapped).decode()
    except idna.IDNAError:
        raise ValueError("has a host that is not a domain name") from None


def _judge(url: Url, policy: EgressPolicy) -> None:
    if not url.tls and not policy.allow_http:
        raise ValueError("is not https")
    if url.address is not None:
        if not is_permitted(url.address, policy):
            raise ValueError("names an address that is private, reserved or our own")
        return
    if url.host == "localhost" or url.host.endswith(".localhost"):
        if not any(is_permitted(address, policy) for address in _LOOPBACK):
            raise ValueError("names this machine")
        return
    if url.host in policy.own_hosts:
        raise ValueError("names this installation")
    if url.host in _METADATA:
        if not is_permitted(_LINK_LOCAL_METADATA, policy):
            raise ValueError("names a metadata service")
        return
    inside = "." not in url.host or url.host.endswith(_INSIDE)
    if inside and not any(not network.is_loopback for network in policy.allow):
        raise ValueError("names a host of a private network")


def _unsafe(field: str, reason: str) -> Invalid:
    return Invalid(
        f"{field}: the URL {reason}.",
        fix="Give a public http or https URL, or let the operator list its network in AGENTPOST_EGRESS_ALLOW.",
        code="unsafe_url",
        errors=(FieldError(field=field, message=f"The URL {reason}.", code="unsafe_url"),),
    )
