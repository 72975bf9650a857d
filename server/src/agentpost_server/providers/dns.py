"""The Resolver over dnspython: the system's name servers or the operator's, a bounded cache, and a rest for servers
that do not answer, so that a machine without a network waits once and not for every mail.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.reversename

from agentpost_server.ports.resolver import EndlessAliasError, MailExchanger, ResolverError
from agentpost_server.settings import SettingsError

_LIFETIME_SECONDS: Final = 5.0
_TRY_SECONDS: Final = 2.0
_CACHED: Final = 20_000
_FAILURES_BEFORE_REST: Final = 3
_REST_SECONDS: Final = 15.0
_PROBE_SECONDS: Final = 1.0
_NOTHING_THERE: Final = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


class DnsResolver:
    """`servers` are `address` or `address:port` (IPv6 in brackets), comma-separated; empty: the system's own."""

    def __init__(self, servers: str = "", *, clock: Callable[[], float] = time.monotonic) -> None:
        named = _name_servers(servers)
        self._resolver = _opened(named)
        self._clock = clock
        self._silent = 0
        self._rests_until = 0.0

    async def txt(self, name: str, *, fresh: bool = False) -> list[bytes]:
        return [b"".join(record.strings) for record in await self._ask(name, "TXT", fresh)]

    async def mx(self, name: str, *, fresh: bool = False) -> list[MailExchanger]:
        records = await self._ask(name, "MX", fresh)
        return sorted(MailExchanger(record.preference, _text(record.exchange)) for record in records)

    async def ipv4(self, name: str) -> list[str]:
        return [record.address for record in await self._ask(name, "A")]

    async def ipv6(self, name: str) -> list[str]:
        return [record.address for record in await self._ask(name, "AAAA")]

    async def cname(self, name: str, *, fresh: bool = False) -> list[str]:
        return [_text(record.target) for record in await self._ask(name, "CNAME", fresh)]

    async def ptr(self, address: str) -> list[str]:
        try:
            name = dns.reversename.from_address(address)
        except (dns.exception.SyntaxError, ValueError):
            return []
        return [_text(record.target) for record in await self._ask(name.to_text(), "PTR")]

    async def _ask(self, name: str, kind: str, fresh: bool = False) -> list[Any]:
        try:
            question = dns.name.from_text(name.rstrip(".") + ".")
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return []  # what can be no name has no records
        if self._clock() < self._rests_until:
            raise ResolverError("The name servers did not answer a moment ago")
        if fresh and self._resolver.cache is not None:
            # That there is no such name is kept under ANY, for all its types.
            for rdtype in (dns.rdatatype.from_text(kind), dns.rdatatype.ANY):
                self._resolver.cache.flush((question, rdtype, dns.rdataclass.IN))
        try:
            answer = await self._resolver.resolve(question, kind, lifetime=_LIFETIME_SECONDS, search=False)
        except _NOTHING_THERE:
            self._silent = 0
            return []
        except dns.resolver.LifetimeTimeout as error:
            await self._note_silence()
            raise ResolverError(f"No answer for {name} {kind} in time") from error
        except (dns.exception.DNSException, OSError, ValueError) as error:
            said = EndlessAliasError if _is_endless(error) else ResolverError
            raise said(f"{name} {kind}: {error or type(error).__name__}"[:300]) from error
        self._silent = 0
        return list(answer)

    async def _note_silence(self) -> None:
        self._silent += 1
        if self._silent < _FAILURES_BEFORE_REST:
            return
        self._silent = 0
        if not await self._is_answered():
            self._rests_until = self._clock() + _REST_SECONDS

    async def _is_answered(self) -> bool:
        """Whether our own name servers speak at all. Those of a stranger's domain may be silent on purpose: that must
        buy nobody else a rest."""
        if self._resolver.cache is not None:
            self._resolver.cache.flush((dns.name.root, dns.rdatatype.NS, dns.rdataclass.IN))
        try:
            await self._resolver.resolve(dns.name.root, "NS", lifetime=_PROBE_SECONDS, search=False)
        except dns.resolver.LifetimeTimeout:
            return False
        except (dns.exception.DNSException, OSError):
            return True
        return True


def _opened(named: list[dns.nameserver.Nameserver]) -> dns.asyncresolver.Resolver:
    try:
        resolver = dns.asyncresolver.Resolver(configure=not named)
    except dns.resolver.NoResolverConfiguration:
        # A machine without name servers: every question is answered "could not be learnt".
        resolver = dns.asyncresolver.Resolver(configure=False)
    if named:
        resolver.nameservers = named
    resolver.timeout = _TRY_SECONDS
    resolver.cache = dns.resolver.LRUCache(_CACHED)
    resolver.use_edns(0, 0, 1232)
    return resolver


def _name_servers(text: str) -> list[dns.nameserver.Nameserver]:
    found: list[dns.nameserver.Nameserver] = []
    for part in (one.strip() for one in text.split(",")):
        if not part:
            continue
        host, _, port = part.rpartition(":") if part.count(":") == 1 or part.startswith("[") else (part, "", "")
        if part.endswith("]"):
            host, port = part, ""
        try:
            found.append(dns.nameserver.Do53Nameserver(host.strip("[]"), int(port or 53)))
        except ValueError as error:
            raise SettingsError(f"AGENTPOST_DNS_SERVERS names {part}, which is no address[:port].") from error
    return found


def _is_endless(error: Exception) -> bool:
    """Whether a server answered, and its answer was too many aliases."""
    answers: Any = getattr(error, "kwargs", {}).get("errors", ())
    return any(isinstance(one[3], dns.message.ChainTooLong) for one in answers)


def _text(name: Any) -> str:
    return name.to_text(omit_final_dot=True).lower() if len(name) > 1 else ""
