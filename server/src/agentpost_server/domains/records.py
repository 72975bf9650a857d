"""The records that a domain must publish: a pure function of the domain, its keys and how mail comes and goes.

They are never stored: what is stored is what was seen of them, so that a changed setting changes what is asked for.
"""

from datetime import datetime
from typing import Final

import msgspec

from agentpost_server.domains.model import Purpose, RecordType
from agentpost_server.ports.domain_provider import ProviderRecords

TTL: Final = 3600
_MX_PREFERENCE: Final = 10
REPORT_BOX: Final = "dmarc-reports"
"""What mail to this name at a proven domain brings is read as a DMARC report; no inbox can have it."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A DKIM key without its private half. `active_at`: its record was seen; `retires_at`: a younger one signs."""

    selector: str
    public_key: str
    active_at: datetime | None = None
    retires_at: datetime | None = None


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How the domain's mail comes and goes. `spf` are mechanisms of which one lets our mail through, the first being
    the one to publish; empty where the envelope sender is not the domain's."""

    mx_host: str
    spf: tuple[str, ...]
    spf_required: bool
    signs: bool
    """Our own signature is needed: not every transport that mail may take adds one."""
    provider: ProviderRecords | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A record to publish. `ready` is False while whoever asks for it has not seen it themselves."""

    type: RecordType
    name: str
    value: str
    purpose: Purpose
    required: bool = True
    priority: int | None = None
    accepted: tuple[str, ...] = ()
    selector: str | None = None
    ready: bool = True


def wanted(domain: str, token: str, keys: list[Key], way: Way) -> list[Wanted]:
    """In the order in which people publish them."""
    return [
        Wanted(type="TXT", name=f"_agentpost.{domain}", value=f"agentpost-verification={token}", purpose="ownership"),
        *(_dkim(domain, keys) if way.signs else []),
        *(_provider(way.provider) if way.provider else []),
        *(_spf(domain, way) if way.spf else []),
        Wanted(type="MX", name=domain, value=way.mx_host, purpose="mx", priority=_MX_PREFERENCE),
        Wanted(
            type="TXT",
            name=f"_dmarc.{domain}",
            value=f"v=DMARC1; p=none; rua=mailto:{REPORT_BOX}@{domain}",
            purpose="dmarc",
            required=False,
        ),
    ]


def dkim_name(selector: str, domain: str) -> str:
    return f"{selector}._domainkey.{domain}"


def _dkim(domain: str, keys: list[Key]) -> list[Wanted]:
    """The key that signs (or, before any does, the first) is required; the others come and go in a rotation."""
    signing = signing_key(keys) or (keys[0] if keys else None)
    return [
        Wanted(
            type="TXT",
            name=dkim_name(key.selector, domain),
            value=f"v=DKIM1; k=rsa; p={key.public_key}",
            purpose="dkim",
            required=key is signing,
            selector=key.selector,
        )
        for key in keys
    ]


def signing_key(keys: list[Key]) -> Key | None:
    """The youngest whose record was seen."""
    active = [key for key in keys if key.active_at is not None]
    return max(active, key=lambda key: key.active_at or datetime.min) if active else None


def _spf(domain: str, way: Way) -> list[Wanted]:
    return [
        Wanted(
            type="TXT",
            name=domain,
            value=f"v=spf1 {way.spf[0]} ~all",
            purpose="spf",
            required=way.spf_required,
            accepted=way.spf,
        )
    ]


def _provider(asked: ProviderRecords) -> list[Wanted]:
    cnames = [
        Wanted(type="CNAME", name=one.name, value=one.value, purpose="dkim", ready=asked.ready) for one in asked.cnames
    ]
    if not asked.mail_from:
        return cnames
    return [
        *cnames,
        Wanted(
            type="MX",
            name=asked.mail_from,
            value=asked.mail_from_mx,
            purpose="mail_from",
            priority=_MX_PREFERENCE,
        ),
        Wanted(
            type="TXT",
            name=asked.mail_from,
            value=f"v=spf1 {asked.mail_from_spf} ~all",
            purpose="spf",
            accepted=(asked.mail_from_spf,),
        ),
    ]
