"""All checks of one arriving mail, side by side, within five seconds of look-ups whatever it holds.

A look-up that fails makes `temperror` and never an exception: mail must not wait for somebody's name server.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

import msgspec

from agentpost_server.mail import suffixes
from agentpost_server.mail.address import canonical, canonical_domain
from agentpost_server.mail.authentication import Authentication, CheckResult, SpfResult
from agentpost_server.mail.author import read_author
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import read_section
from agentpost_server.ports.resolver import Resolver, ResolverError
from agentpost_server.screening.authentication import alignment
from agentpost_server.screening.authentication.arc import Chain, check_arc, trusted_sealer
from agentpost_server.screening.authentication.dkim import Outcome, check_dkim, summary
from agentpost_server.screening.authentication.dmarc import DmarcRecord, find_record
from agentpost_server.screening.authentication.fields import SignedMail, split
from agentpost_server.screening.authentication.lookups import BUDGET_SECONDS, Lookups
from agentpost_server.screening.authentication.signatures import Bodies
from agentpost_server.screening.authentication.spf import check_spf

US: Final = "agentpost"
# Above this a mail is read and hashed in a thread: everybody else goes on meanwhile.
_QUICK_OCTETS: Final = 64 * 1024


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """How a mail came. `client_ip` is None where we did not see who handed it over: then nobody can check SPF, unless
    a provider did, whose verdicts are `told`."""

    mail_from: str
    received_at: datetime
    client_ip: str | None = None
    helo: str = ""
    told: Authentication | None = None


class _Evidence(msgspec.Struct, frozen=True):
    mail: SignedMail
    author_domain: str | None


class _Findings(msgspec.Struct, frozen=True):
    spf: SpfResult
    outcomes: Sequence[Outcome]
    chain: Chain
    record: DmarcRecord | CheckResult | None
    """A CheckResult where it is not known whether there is one."""


async def authenticate(
    resolver: Resolver, arrival: Arrival, raw: bytes, *, arc_sealers: Collection[str] = ()
) -> Authentication:
    """The results, and a provider's own where it told them. Never raises for what a mail or the DNS holds."""
    in_thread = len(raw) > _QUICK_OCTETS
    evidence = await asyncio.to_thread(_read, raw) if in_thread else _read(raw)
    await _suffixes_loaded()
    arrival = msgspec.structs.replace(arrival, mail_from=_as_asked(arrival.mail_from))
    lookups, mail, bodies = Lookups(resolver, BUDGET_SECONDS), evidence.mail, Bodies(evidence.mail)
    spf, outcomes, chain, record = await asyncio.gather(
        _spf(lookups, arrival),
        check_dkim(lookups, mail, bodies, at=arrival.received_at, in_thread=in_thread),
        check_arc(lookups, mail, bodies, in_thread=in_thread),
        _record(lookups, evidence.author_domain),
    )
    return _concluded(arrival, evidence.author_domain, _Findings(spf, outcomes, chain, record), arc_sealers)


def _read(raw: bytes) -> _Evidence:
    mail = split(raw)
    headers, _ = read_section(mail.raw, 0, len(mail.raw), found := Findings())
    author = read_author(headers, found)
    domain = canonical(author.mailboxes[0].email).rpartition("@")[2] if author.is_single else ""
    return _Evidence(mail, domain or None)


def _as_asked(mail_from: str) -> str:
    """The sender with its domain in A-labels (RFC 7208 4.3): by SMTPUTF8 it may come in its own script."""
    if mail_from.isascii():
        return mail_from
    local, at, domain = mail_from.rpartition("@")
    return f"{local}{at}{canonical_domain(domain)}"


async def _suffixes_loaded() -> None:
    if not suffixes.is_loaded():
        await asyncio.to_thread(suffixes.load)


async def _spf(lookups: Lookups, arrival: Arrival) -> SpfResult:
    if arrival.client_ip is None:
        return arrival.told.spf if arrival.told else "none"
    return await check_spf(lookups, client_ip=arrival.client_ip, mail_from=arrival.mail_from, helo=arrival.helo)


async def _record(lookups: Lookups, author_domain: str | None) -> DmarcRecord | CheckResult | None:
    if author_domain is None:
        return "permerror"
    try:
        return await find_record(lookups, author_domain)
    except ResolverError:
        return "temperror"


def _concluded(
    arrival: Arrival, author_domain: str | None, found: _Findings, arc_sealers: Collection[str]
) -> Authentication:
    record = found.record if isinstance(found.record, DmarcRecord) else None
    author, told = author_domain or "", arrival.told
    strict_spf, strict_dkim = (record.strict_spf, record.strict_dkim) if record else (False, False)
    envelope_domain = arrival.mail_from.rpartition("@")[2] or arrival.helo
    by_spf = found.spf == "pass" and alignment.is_aligned(envelope_domain, author, strict=strict_spf)
    aligned = [one for one in found.outcomes if alignment.is_aligned(one.domain, author, strict=strict_dkim)]
    passed = [one.domain for one in aligned if one.result == "pass"]
    dkim = summary(found.outcomes)
    checked_spf = arrival.client_ip is not None or (told is not None and told.spf != "none")
    dmarc = _dmarc(found.record, is_pass=bool(by_spf or passed), parts=(found.spf, dkim), is_complete=checked_spf)
    if told is not None and told.dmarc != "none":
        dmarc = told.dmarc
    vouched = bool(author) and (dmarc == "pass" or (bool(passed) and dmarc != "fail"))
    return Authentication(
        spf=found.spf,
        dkim=told.dkim if told is not None and told.dkim != "none" else dkim,
        dmarc=dmarc,
        arc=found.chain.result,
        aligned_domain=author if vouched else None,
        checked_by=told.checked_by if told is not None else US,
        author_domain=author_domain,
        dkim_domain=next(iter([*passed, *(one.domain for one in found.outcomes if one.result == "pass")]), None),
        policy=record.policy if record else None,
        arc_sealer=trusted_sealer(found.chain, arc_sealers, author) if dmarc == "fail" else None,
        aligned_by=(*(("spf",) if by_spf else ()), *(("dkim",) if passed else ())),
        dkim_partial=not passed and any(one.partial for one in aligned),
    )


def _dmarc(
    record: DmarcRecord | CheckResult | None, *, is_pass: bool, parts: tuple[str, str], is_complete: bool
) -> CheckResult:
    """RFC 7489 6.6.2. What was not learnt, or could not be asked, is no failure."""
    if not isinstance(record, DmarcRecord):
        return record or "none"
    if is_pass:
        return "pass"
    if "temperror" in parts:
        return "temperror"
    return "fail" if is_complete else "none"
