"""The grammar of SPF records (RFC 7208 4.6, 5, 6, 7.1): text to terms, the whole text before any term is acted on."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, NetmaskValueError
from typing import Final, Literal

import msgspec

SpfVerdict = Literal["pass", "fail", "softfail", "neutral"]
_VERDICTS: Final[dict[str, SpfVerdict]] = {"": "pass", "+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

_VERSION: Final = re.compile(rb"v=spf1(?: |\Z)", re.IGNORECASE)
_MODIFIER: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)")
_MECHANISM: Final = re.compile(r"([+?~-]?)([A-Za-z0-9]+)((?::[^/]?.*?)?)((?:/[0-9]+)?(?://[0-9]+)?)")
_MACRO: Final = re.compile(r"%(?:%|_|-|\{[slodiphvSLODIPHV](?:0*[1-9][0-9]{0,2})?[Rr]?[.\-+,/_=]*\})")
_LITERAL: Final = re.compile(r"[!-$&-~]+")
_TOP_LABEL: Final = re.compile(r"\.(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])\.?\Z")
_MACRO_AT_END: Final = re.compile(r"%(?:%|_|-|\{[^}]*\})\Z")
_PREFIX: Final = re.compile(r"0|[1-9][0-9]{0,2}")

Network = IPv4Network | IPv6Network


class SpfSyntaxError(Exception):
    """The record breaks the grammar: `permerror`."""


class Mechanism(msgspec.Struct, frozen=True):
    """One directive. `target` is an unexpanded domain-spec, "" for the current domain; `network` of ip4 and ip6."""

    verdict: SpfVerdict
    name: str
    target: str = ""
    prefix4: int = 32
    prefix6: int = 128
    network: Network | None = None


class Record(msgspec.Struct, frozen=True):
    mechanisms: tuple[Mechanism, ...]
    redirect: str | None


def is_spf(text: bytes) -> bool:
    return _VERSION.match(text) is not None


def read_record(text: bytes) -> Record:
    """The terms behind `v=spf1`. Raises SpfSyntaxError."""
    try:
        terms = text.decode("ascii").split(" ")[1:]
    except UnicodeDecodeError as error:
        raise SpfSyntaxError("it holds more than ASCII") from error
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in terms:
        if not term:
            continue
        modifier = _MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_mechanism(term))
            continue
        name, value = modifier[1].lower(), modifier[2]
        if name in ("redirect", "exp"):
            if name in modifiers:
                raise SpfSyntaxError(f"{name}= stands there twice")
            modifiers[name] = _domain_spec(value)
        else:
            _macro_string(value)
    return Record(tuple(mechanisms), modifiers.get("redirect"))


def _mechanism(term: str) -> Mechanism:
    found = _MECHANISM.fullmatch(term)
    if found is None:
        raise SpfSyntaxError(f"{term[:80]} is no term")
    verdict, name, argument, cidr = _VERDICTS[found[1]], found[2].lower(), found[3], found[4]
    if name in ("ip4", "ip6"):
        return Mechanism(verdict, name, network=_network(name, argument, cidr))
    if name == "all" and not argument and not cidr:
        return Mechanism(verdict, name)
    if name in ("include", "exists") and argument:
        return Mechanism(verdict, name, _domain_spec(argument[1:] + cidr))
    if name == "ptr":
        return Mechanism(verdict, name, _domain_spec(argument[1:] + cidr) if argument or cidr else "")
    if name in ("a", "mx"):
        short, _, long = cidr.partition("//")
        target = _domain_spec(argument[1:]) if argument else ""
        return Mechanism(verdict, name, target, _prefix(short[1:], 32), _prefix(long, 128))
    raise SpfSyntaxError(f"{term[:80]} is no term")


def _network(name: str, argument: str, cidr: str) -> Network:
    kind, most = (IPv4Network, 32) if name == "ip4" else (IPv6Network, 128)
    if not argument or cidr.startswith("//") or "//" in cidr or "%" in argument:
        raise SpfSyntaxError(f"{name} without an address and one prefix")
    try:
        return kind(f"{argument[1:]}/{_prefix(cidr[1:], most)}", strict=False)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise SpfSyntaxError(f"{name} with something else than an address") from error


def _prefix(text: str, most: int) -> int:
    if not text:
        return most
    if not _PREFIX.fullmatch(text) or int(text) > most:
        raise SpfSyntaxError(f"/{text[:10]} is no prefix length")
    return int(text)


def _macro_string(text: str) -> str:
    position = 0
    while position < len(text):
        found = _LITERAL.match(text, position) or _MACRO.match(text, position)
        if found is None:
            raise SpfSyntaxError("a macro is none of those that a record may have")
        position = found.end()
    return text


def _domain_spec(text: str) -> str:
    """RFC 7208 7.1: it ends in a top label or in a macro, or names no domain."""
    _macro_string(text)
    if not (_TOP_LABEL.search(text) or _MACRO_AT_END.search(text)):
        raise SpfSyntaxError(f"{text[:80]} ends in no domain")
    return text


def is_address_in(address: IPv4Address | IPv6Address, network: Network) -> bool:
    return address.version == network.version and address in network
