# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class DmarcDay(Model):
    """Reports that begin on one day (UTC), added up. Numbers are mails."""

    at: str
    messages: int
    passed: int
    dkim_passed: int
    spf_passed: int
    quarantined: int
    rejected: int


@dataclass(slots=True, kw_only=True)
class DmarcRow(Model):
    """What one report says of one address that sent in the domain's name."""

    org_name: str
    report_id: str
    email: str | None
    authenticated_domain: str | None
    begins_at: str
    ends_at: str
    received_at: str
    policy: str | None
    source_ip: str
    count: int
    disposition: Literal["none", "quarantine", "reject"]
    dkim: Literal["fail", "pass"]
    spf: Literal["fail", "pass"]
    header_from: str


@dataclass(slots=True, kw_only=True)
class DmarcSummary(Model):
    _nested: ClassVar[dict[str, str]] = {"series": "DmarcDay"}

    window_days: int
    messages: int
    passed: int
    series: list[DmarcDay]


@dataclass(slots=True, kw_only=True)
class DnsRecord(Model):
    """One record to publish, and what stands in the DNS in its place."""

    type: Literal["CNAME", "MX", "TXT"]
    name: str
    value: str
    priority: int | None
    ttl: int
    purpose: Literal["dkim", "dmarc", "mail_from", "mx", "ownership", "spf"]
    required: bool
    status: Literal["failed", "pending", "verified"]
    found: list[str]


@dataclass(slots=True, kw_only=True)
class Domain(Model):
    _nested: ClassVar[dict[str, str]] = {"records": "DnsRecord"}

    id: str
    environment_id: str
    domain: str
    client_id: str | None
    status: Literal["failed", "pending", "verified", "verifying"]
    can_send: bool
    can_receive: bool
    transport: str | None
    catch_all_inbox_id: str | None
    subdomains_enabled: bool
    records: list[DnsRecord]
    failure: str | None
    last_checked_at: str | None
    next_check_at: str | None
    verified_at: str | None
    created_at: str
