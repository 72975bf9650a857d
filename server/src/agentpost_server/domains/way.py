"""How a domain's mail comes and goes: from the settings and the transports that this server has."""

from typing import Any

import msgspec

from agentpost_server.domains.records import Key, Wanted, Way, wanted
from agentpost_server.ports.domain_provider import DomainProvider, ProviderRecords
from agentpost_server.ports.transport import TransportLimits
from agentpost_server.runtime import Runtime
from agentpost_server.settings import Settings


def wanted_of(runtime: Runtime, row: Any) -> list[Wanted]:
    """The records that a domain must publish now."""
    asked = msgspec.json.decode(row["provider"], type=ProviderRecords)
    return wanted(row["domain"], row["token"], keys_of(row), way_of(runtime, row["sends_by"], asked))


def keys_of(row: Any) -> list[Key]:
    """Oldest first."""
    return msgspec.json.decode(row["keys"], type=list[Key])


def way_of(runtime: Runtime, sends_by: str, asked: ProviderRecords) -> Way:
    limits = [_limits(runtime, one) for one in _transports(runtime, sends_by)]
    mx_host = mx_host_of(runtime.settings, runtime.smtp_hostname)
    return Way(
        mx_host=mx_host,
        spf=spf_of(runtime.settings, runtime.smtp_hostname) if any(one.own_return_path for one in limits) else (),
        spf_required=sends_by == "direct",
        signs=any(not one.signs_dkim for one in limits),
        provider=asked if provider_of(runtime, sends_by) is not None else None,
    )


def provider_of(runtime: Runtime, sends_by: str) -> DomainProvider | None:
    """The provider that must know the domain: that of its transport, or of one that takes over for it."""
    providers = runtime.domain_providers
    return next((providers[one] for one in _transports(runtime, sends_by) if one in providers), None)


def mx_host_of(settings: Settings, smtp_hostname: str) -> str:
    """The host that MX records must name."""
    if settings.mx_hostname:
        return settings.mx_hostname.rstrip(".").lower()
    if settings.ses_region and settings.ses_inbound_bucket:
        return f"inbound-smtp.{settings.ses_region}.amazonaws.com"
    return smtp_hostname.lower()


def spf_of(settings: Settings, smtp_hostname: str) -> tuple[str, ...]:
    """Mechanisms of which one lets through what `smtp` and `direct` send; the first is the one to publish."""
    if settings.spf_mechanism:
        return (settings.spf_mechanism.lower(),)
    hostname = smtp_hostname.lower()
    return (f"a:{hostname}", "mx") if mx_host_of(settings, hostname) == hostname else (f"a:{hostname}",)


def _transports(runtime: Runtime, sends_by: str) -> list[str]:
    """The chosen one, then those that take over what it did not accept; what stays on the machine is nobody else's."""
    if sends_by == "local":
        return [sends_by]
    return list(dict.fromkeys((sends_by, *(one for one in runtime.failover if one in runtime.transports))))


def _limits(runtime: Runtime, name: str) -> TransportLimits:
    """Of a transport that this server has lost since, what the plainest has: everything is asked of the domain."""
    transport = runtime.transports.get(name)
    return transport.limits if transport else TransportLimits(max_recipients=1, max_octets=1)
