"""The DNS as others see this server: name servers, the shared domain's records, the mail host and its reverse names."""

import asyncio
import time
from contextlib import suppress
from typing import Final

from agentpost_server.cli.doctor.installation import Installation, is_local
from agentpost_server.cli.doctor.model import Finding, failed, not_checked, ok, warning
from agentpost_server.domains.judge import Question, Values, judge
from agentpost_server.domains.look import ask
from agentpost_server.domains.records import Wanted, dkim_name
from agentpost_server.domains.way import mx_host_of, spf_of
from agentpost_server.mail.dkim_sign import public_record
from agentpost_server.opening import signer_of
from agentpost_server.ports.resolver import Resolver, ResolverError

_SECONDS: Final = 2.5
"""Less than a check may take, so that a name server that is silent is told as such."""


async def name_servers(one: Installation, resolver: Resolver) -> list[Finding]:
    """One question, for the shared domain: that there is no such name is an answer."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(_SECONDS):
            await resolver.mx(one.shared_domain, fresh=True)
    except (ResolverError, TimeoutError) as error:
        found = f"The name servers do not answer: {str(error) or 'nothing came in time'}."
        fix = "Correct AGENTPOST_DNS_SERVERS, or the system's resolver."
        needed = one.settings.dns_servers or one.settings.direct or not is_local(one.shared_domain)
        return [failed("name-servers", found, fix) if needed else warning("name-servers", found, fix)]
    answered = f"{one.settings.dns_servers or 'The system’s'} answered in {(time.monotonic() - began) * 1000:.0f} ms."
    return [ok("name-servers", answered)]


async def shared_domain(one: Installation, resolver: Resolver) -> list[Finding]:
    if is_local(one.shared_domain):
        found = f"The shared domain {one.shared_domain} is a name for this machine alone: nothing of it is in the DNS."
        return [not_checked("shared-domain", found, "For mail from outside set AGENTPOST_SHARED_DOMAIN.")]
    records = _records(one)
    answers: dict[Question, Values] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS):
            answers = await ask(resolver, list(records.values()))
    findings = [_judged(one, name, record, answers) for name, record in records.items()]
    if "shared-domain-dkim" not in records and one.own_transports:
        findings.append(
            warning(
                "shared-domain-dkim",
                f"Mail from {one.shared_domain} is not signed by this server.",
                "Set AGENTPOST_DKIM_SELECTOR and AGENTPOST_DKIM_KEY_FILE, or let the relay sign.",
            )
        )
    return findings


def _records(one: Installation) -> dict[str, Wanted]:
    """What the shared domain must publish, by the name of the check. Raises SettingsError."""
    domain, signer = one.shared_domain, signer_of(one.settings)
    mx_host = mx_host_of(one.settings, one.hostname)
    wanted = {"shared-domain-mx": Wanted(type="MX", name=domain, value=mx_host, purpose="mx", priority=10)}
    if one.own_transports:
        mechanisms = spf_of(one.settings, one.hostname)
        value = f"v=spf1 {mechanisms[0]} ~all"
        wanted["shared-domain-spf"] = Wanted(
            type="TXT", name=domain, value=value, purpose="spf", accepted=mechanisms, required=one.settings.direct
        )
    if signer is not None:
        name, value = dkim_name(signer.selector, domain), public_record(signer.key)
        wanted["shared-domain-dkim"] = Wanted(type="TXT", name=name, value=value, purpose="dkim")
    wanted["shared-domain-dmarc"] = Wanted(
        type="TXT", name=f"_dmarc.{domain}", value="v=DMARC1; p=none", purpose="dmarc", required=False
    )
    return wanted


def _judged(one: Installation, name: str, record: Wanted, answers: dict[Question, Values]) -> Finding:
    values = answers.get((record.type, record.name))
    if values is None:
        return not_checked(name, f"{record.name} {record.type} could not be learnt.", "Ask again later.")
    verdict = judge(record, values)
    if verdict.matches:
        return ok(name, f"{record.name} {record.type}: {shortened(', '.join(verdict.found))}")
    found, fix = missing(record, verdict.found)
    return failed(name, found, fix) if record.required else warning(name, found, fix)


def missing(record: Wanted, found: list[str]) -> tuple[str, str]:
    """What is wrong with a record, and how to publish it."""
    there = f"there is: {shortened(', '.join(found))}" if found else "there is none"
    priority = f"{record.priority} " if record.priority is not None else ""
    return (
        f"{record.name} {record.type} is not as it must be; {there}.",
        f"Publish: {record.name} {record.type} {priority}{record.value}",
    )


async def mail_host(one: Installation, resolver: Resolver) -> list[Finding]:
    """The host's addresses, and that each has a name that leads back to it: large receivers ask that of who sends."""
    host = one.hostname
    if is_local(host) or is_local(one.shared_domain):
        found = f"{host} is a name for this machine alone."
        return [not_checked("mail-host", found, "For mail from outside set AGENTPOST_SMTP_HOSTNAME.")]
    if mx_host_of(one.settings, host) != host and not one.settings.direct:
        found = f"Mail comes by {mx_host_of(one.settings, host)} and leaves by others: nobody looks {host} up."
        return [not_checked("mail-host", found)]
    try:
        async with asyncio.timeout(_SECONDS):
            v4, v6 = await asyncio.gather(resolver.ipv4(host), resolver.ipv6(host))
            reverse = await asyncio.gather(*(_leads_back(resolver, address) for address in (*v4, *v6)))
    except (ResolverError, TimeoutError):
        return [not_checked("mail-host", f"The addresses of {host} could not be learnt.", "Ask again later.")]
    if not reverse:
        fix = f"Publish an A record (and AAAA, if you have IPv6) for {host}, or set AGENTPOST_SMTP_HOSTNAME."
        return [failed("mail-host", f"{host} has no address.", fix)]
    return [ok("mail-host", f"{host} is at {', '.join((*v4, *v6))}."), _reverse(one, dict(reverse))]


async def _leads_back(resolver: Resolver, address: str) -> tuple[str, list[str]]:
    """The address, and those of its names that have it."""
    names = (await resolver.ptr(address))[:5]
    kind = resolver.ipv6 if ":" in address else resolver.ipv4
    found = await asyncio.gather(*(kind(name) for name in names))
    return address, [name for name, addresses in zip(names, found, strict=True) if address in addresses]


def _reverse(one: Installation, names: dict[str, list[str]]) -> Finding:
    nameless = [address for address, leading in names.items() if not leading]
    if not nameless:
        shown = "; ".join(f"{address} is {', '.join(leading)}" for address, leading in names.items())
        return ok("reverse-dns", f"{shown}, and back.")
    found = f"{', '.join(nameless)} has no name that leads back to it: many servers refuse mail from there."
    fix = f"Let whoever gave you the address set its PTR record to {one.hostname}."
    return failed("reverse-dns", found, fix) if one.settings.direct else warning("reverse-dns", found, fix)


def shortened(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"
