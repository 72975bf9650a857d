"""Where the mail of a domain goes (RFC 5321 5.1, RFC 7505): its mail exchangers by preference, shuffled among equals,
each address judged before anybody connects to it, and never ourselves.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Final

import msgspec

from agentpost_server.core.networks import Address, is_permitted, parse_address
from agentpost_server.ports.resolver import MailExchanger, Resolver, ResolverError
from agentpost_server.ports.transport import Outcome
from agentpost_server.providers.direct.model import DirectSettings, Host, LeadsHereError, UndeliverableError

_MOST_RECORDS: Final = 50


class Found(msgspec.Struct, frozen=True):
    """What the DNS said of one host; `failed`: some of it could not be learnt."""

    preference: int
    name: str
    addresses: tuple[Address, ...]
    failed: bool


async def find_hosts(resolver: Resolver, domain: str, settings: DirectSettings) -> list[Host]:
    """The hosts to try, in order; at least one with at least one address. Raises UndeliverableError."""
    try:
        records = (await resolver.mx(domain))[:_MOST_RECORDS]
    except ResolverError as error:
        raise UndeliverableError(_unknown(domain, str(error))) from error
    named = [record for record in records if record.host]
    if records and not named:
        detail = f"{domain} accepts no mail: it has a null MX record."
        raise UndeliverableError(Outcome(status="refused", smtp_code=556, enhanced_code="5.1.10", detail=detail))
    found = await _look_up(resolver, settings, named or [MailExchanger(0, domain)])
    hosts = [Host(one.name, _chosen(one, settings)) for one in found]
    if usable := [host for host in hosts if host.addresses]:
        return usable[: settings.max_hosts]
    raise UndeliverableError(_why_none(domain, found, exchangers=bool(named)))


async def _look_up(resolver: Resolver, settings: DirectSettings, records: Sequence[MailExchanger]) -> list[Found]:
    """The best hosts with their addresses. Ourselves, and all that is no better than us, are left out."""
    ours = [record.preference for record in records if record.host in settings.own_names]
    shuffled = random.sample(records, len(records))
    best = sorted(shuffled, key=lambda record: record.preference)
    best = [record for record in best if not ours or record.preference < min(ours)][: settings.max_hosts]
    own, found = await asyncio.gather(
        _addresses_of_all(resolver, settings.own_names),
        asyncio.gather(*(_addresses_of(resolver, record) for record in best)),
    )
    ours += [one.preference for one in found if own.intersection(one.addresses)]
    left = [one for one in found if not ours or one.preference < min(ours)]
    if not left:
        detail = "The mail would come back: the domain's mail exchanger is this server."
        raise LeadsHereError(Outcome(status="refused", enhanced_code="5.4.6", detail=detail))
    return left


async def _addresses_of_all(resolver: Resolver, names: frozenset[str]) -> set[Address]:
    literal = {address for name in names if (address := parse_address(name)) is not None}
    asked = [MailExchanger(0, name) for name in names if "." in name and parse_address(name) is None]
    found = await asyncio.gather(*(_addresses_of(resolver, record) for record in asked))
    return literal.union(*(one.addresses for one in found))


async def _addresses_of(resolver: Resolver, record: MailExchanger) -> Found:
    answers = await asyncio.gather(resolver.ipv6(record.host), resolver.ipv4(record.host), return_exceptions=True)
    addresses: list[Address] = []
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, ResolverError):
            raise answer
        if not isinstance(answer, BaseException):
            addresses += [address for text in answer if (address := parse_address(text)) is not None]
    failed = any(isinstance(answer, ResolverError) for answer in answers)
    return Found(record.preference, record.host, tuple(dict.fromkeys(addresses)), failed)


def _chosen(found: Found, settings: DirectSettings) -> tuple[Address, ...]:
    """One of each family first, IPv6 before IPv4: where this machine has no IPv6, connecting says so at once."""
    open_ones = [one for one in found.addresses if is_permitted(one, allow=settings.allow)]
    firsts = [next((one for one in open_ones if one.version == version), None) for version in (6, 4)]
    ordered = dict.fromkeys([one for one in firsts if one is not None] + open_ones)
    return tuple(ordered)[: settings.addresses_per_host]


def _why_none(domain: str, found: Sequence[Found], *, exchangers: bool) -> Outcome:
    if any(one.failed for one in found):
        return _unknown(domain, "its hosts' addresses could not be looked up")
    if any(one.addresses for one in found):
        detail = f"{domain} wants its mail at addresses that are not public; nothing is sent there."
        return Outcome(status="refused", enhanced_code="5.4.4", detail=detail)
    if exchangers:
        detail = f"None of the mail exchangers of {domain} has an address."
        return Outcome(status="refused", smtp_code=550, enhanced_code="5.4.4", detail=detail)
    detail = f"{domain} does not exist, or has no host that mail could go to."
    return Outcome(status="refused", smtp_code=550, enhanced_code="5.1.2", detail=detail)


def _unknown(domain: str, why: str) -> Outcome:
    detail = f"Where mail for {domain} goes could not be learnt: {why}"
    return Outcome(status="deferred", enhanced_code="4.4.3", detail=detail[:500])
