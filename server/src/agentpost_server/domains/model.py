"""Shapes of a domain (SPEC 22), and the bounds of what a request may say."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

RecordType = Literal["TXT", "CNAME", "MX"]
Purpose = Literal["ownership", "dkim", "spf", "mail_from", "mx", "dmarc"]
RecordStatus = Literal["pending", "verified", "failed"]
DomainStatus = Literal["pending", "verifying", "verified", "failed"]


class DnsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record to publish, and what stands in the DNS in its place."""

    type: RecordType
    name: str
    value: str
    priority: int | None
    ttl: int
    purpose: Purpose
    required: bool
    """The domain is verified when every required record is."""
    status: RecordStatus
    """`pending`: nothing is there yet. `failed`: something else is, or it was there and is gone for two days."""
    found: list[str]
    """What the last look found at that name, as far as it could be meant for this purpose."""


class Domain(msgspec.Struct, kw_only=True):
    id: str
    environment_id: str
    domain: str
    """As A-labels: an internationalised name comes back as `xn--…`."""
    client_id: str | None
    status: DomainStatus
    can_send: bool
    can_receive: bool
    transport: str | None
    """What its mail leaves by. Null: what the environment's does."""
    catch_all_inbox_id: str | None
    """The inbox that gets mail for addresses of this domain that no inbox has."""
    subdomains_enabled: bool
    """Inboxes may stand on its subdomains, and its catch-all takes their mail."""
    records: list[DnsRecord]
    failure: str | None
    last_checked_at: str | None
    next_check_at: str | None
    verified_at: str | None
    created_at: str


class CreateDomain(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    domain: Annotated[str, Meta(min_length=1, max_length=253)]
    client_id: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    """Your own name for it: a repeat returns the first domain instead of making another."""


class UpdateDomain(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    catch_all_inbox_id: Annotated[str, Meta(max_length=64)] | None | UnsetType = UNSET
    subdomains_enabled: bool | UnsetType = UNSET
    transport: Annotated[str, Meta(max_length=64)] | None | UnsetType = UNSET
