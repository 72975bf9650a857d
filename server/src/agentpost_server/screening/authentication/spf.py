"""SPF (RFC 7208): may this client send in the name of that domain? Ten look-ups, two of them for nothing, no more.

An evaluator of our own, because pyspf asks the DNS in blocking calls through one function of its module, and so can be
given neither our resolver nor a budget for each mail. `exp=` is checked and never fetched: nobody would read it.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from agentpost_server.mail.authentication import SpfResult
from agentpost_server.ports.resolver import EndlessAliasError, ResolverError
from agentpost_server.screening.authentication.lookups import RECORD_OCTETS, Lookups
from agentpost_server.screening.authentication.spf_macros import expand, needs
from agentpost_server.screening.authentication.spf_record import (
    Mechanism,
    Record,
    SpfSyntaxError,
    is_address_in,
    is_spf,
    read_record,
)

_LOOKUPS: Final = 10
_VOID_LOOKUPS: Final = 2
_NAMES: Final = 10
_LABELS: Final = re.compile(r"[!-,./-~-]{1,253}")


class _PermError(Exception):
    """A limit was passed, or a record leads nowhere."""


async def check_spf(lookups: Lookups, *, client_ip: str, mail_from: str, helo: str) -> SpfResult:
    """For the envelope's domain, or the HELO name where the sender is null (RFC 7208 2.4). Raises nothing."""
    try:
        address = _address(client_ip)
    except ValueError:
        return "none"
    local, _, domain = mail_from.rpartition("@") if mail_from else ("", "", helo)
    query = _Query(lookups, address, local or "postmaster", domain, helo)
    try:
        return await query.check(domain)
    except (_PermError, SpfSyntaxError, EndlessAliasError):
        return "permerror"
    except ResolverError:
        return "temperror"


def _address(text: str) -> IPv4Address | IPv6Address:
    found = ip_address(text)
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


class _Query:
    """One check_host() with what it has used up, includes and redirects counted in."""

    def __init__(
        self, lookups: Lookups, address: IPv4Address | IPv6Address, local: str, domain: str, helo: str
    ) -> None:
        self._lookups = lookups
        self._address = address
        self._sender = (local, domain)
        self._helo = helo
        self._left = _LOOKUPS
        self._void_left = _VOID_LOOKUPS

    async def check(self, domain: str) -> SpfResult:
        """RFC 7208 4. Raises _PermError, SpfSyntaxError, ResolverError."""
        domain = domain.removesuffix(".")
        if not _is_name(domain):
            return "none"
        record = await self._record(domain)
        if record is None:
            return "none"
        for mechanism in record.mechanisms:
            if await self._matches(mechanism, domain):
                return mechanism.verdict
        if record.redirect is None:
            return "neutral"
        self._count()
        result = await self.check(await self._expanded(record.redirect, domain))
        if result == "none":
            raise _PermError
        return result

    async def _record(self, domain: str) -> Record | None:
        found = [text for text in await self._lookups.txt(domain) if is_spf(text)]
        if not found:
            return None
        if len(found) > 1 or len(found[0]) > RECORD_OCTETS:
            raise _PermError
        return read_record(found[0])

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        if mechanism.name == "all":
            return True
        if mechanism.network is not None:
            return is_address_in(self._address, mechanism.network)
        self._count()
        target = await self._expanded(mechanism.target, domain) if mechanism.target else domain
        if mechanism.name == "include":
            return await self._included(target)
        if mechanism.name == "exists":
            return bool(await self._addresses(target, 4))
        if mechanism.name == "ptr":
            names = await self._validated_names()
            return any(_is_below(name, target) for name in names)
        hosts = [target] if mechanism.name == "a" else await self._exchangers(target)
        for host in hosts:
            if any(self._is_in(one, mechanism) for one in await self._addresses(host, self._address.version)):
                return True
        return False

    async def _included(self, target: str) -> bool:
        result = await self.check(target)
        if result == "none":
            raise _PermError
        return result == "pass"

    async def _exchangers(self, target: str) -> list[str]:
        found = await self._lookups.mx(target)
        self._note(bool(found))
        if len(found) > _NAMES:
            raise _PermError
        return [one.host for one in found if one.host]

    async def _addresses(self, name: str, version: int) -> list[str]:
        found = await self._lookups.addresses(name, version)
        self._note(bool(found))
        return found

    async def _validated_names(self) -> list[str]:
        """The client's names that lead back to it (RFC 7208 5.5); what cannot be asked has no part in it."""
        try:
            names = (await self._lookups.ptr(str(self._address)))[:_NAMES]
        except ResolverError:
            return []
        self._note(bool(names))
        validated: list[str] = []
        for name in names:
            try:
                if str(self._address) in map(_plain, await self._lookups.addresses(name, self._address.version)):
                    validated.append(name.lower())
            except ResolverError:
                continue
        return validated

    async def _expanded(self, spec: str, domain: str) -> str:
        local, sender_domain = self._sender
        values = {
            "s": f"{local}@{sender_domain}",
            "l": local,
            "o": sender_domain,
            "d": domain,
            "i": _dotted(self._address),
            "p": await self._one_name(domain) if needs(spec, "p") else "",
            "v": "in-addr" if self._address.version == 4 else "ip6",
            "h": self._helo,
        }
        return expand(spec, values)

    async def _one_name(self, domain: str) -> str:
        names = await self._validated_names()
        exact = [name for name in names if name == domain.lower()]
        below = [name for name in names if _is_below(name, domain)]
        return (exact or below or names or ["unknown"])[0]

    def _is_in(self, text: str, mechanism: Mechanism) -> bool:
        if self._address.version == 4:
            return is_address_in(self._address, IPv4Network((text, mechanism.prefix4), strict=False))
        return is_address_in(self._address, IPv6Network((text, mechanism.prefix6), strict=False))

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _PermError

    def _note(self, found: bool) -> None:
        self._void_left -= not found
        if self._void_left < 0:
            raise _PermError


def _is_name(domain: str) -> bool:
    labels = domain.split(".")
    return bool(_LABELS.fullmatch(domain)) and len(labels) > 1 and all(0 < len(label) < 64 for label in labels)


def _is_below(name: str, domain: str) -> bool:
    name, domain = name.lower(), domain.lower()
    return name == domain or name.endswith(f".{domain}")


def _plain(text: str) -> str:
    return str(ip_address(text))


def _dotted(address: IPv4Address | IPv6Address) -> str:
    return str(address) if address.version == 4 else ".".join(address.exploded.replace(":", ""))
