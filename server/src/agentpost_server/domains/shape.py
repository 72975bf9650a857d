"""A domain's row as the API shows it."""

from typing import Any

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339, rfc3339_or_none
from agentpost_server.domains.model import DnsRecord, Domain
from agentpost_server.domains.records import TTL
from agentpost_server.domains.standing import Seen, remembered
from agentpost_server.domains.way import wanted_of
from agentpost_server.runtime import Runtime


def domain_of(runtime: Runtime, row: Any) -> Domain:
    return Domain(
        id=ids.encode("dom", row["id"]),
        environment_id=ids.encode("env", row["environment_id"]),
        domain=row["domain"],
        client_id=row["client_id"],
        status=row["status"],
        can_send=row["can_send"],
        can_receive=row["can_receive"],
        transport=row["transport"],
        catch_all_inbox_id=ids.encode_or_none("inb", row["catch_all_inbox_id"]),
        subdomains_enabled=row["subdomains_enabled"],
        records=records_of(runtime, row),
        failure=row["failure"],
        last_checked_at=rfc3339_or_none(row["last_checked_at"]),
        next_check_at=rfc3339_or_none(row["due_at"]),
        verified_at=rfc3339_or_none(row["verified_at"]),
        created_at=rfc3339(row["created_at"]),
    )


def records_of(runtime: Runtime, row: Any) -> list[DnsRecord]:
    wanted = wanted_of(runtime, row)
    return [
        DnsRecord(
            type=record.type,
            name=record.name,
            value=record.value,
            priority=record.priority,
            ttl=TTL,
            purpose=record.purpose,
            required=record.required,
            status=seen.status,
            found=seen.found,
        )
        for record, seen in zip(wanted, remembered(wanted, seen_of(row)), strict=True)
    ]


def seen_of(row: Any) -> list[Seen]:
    return msgspec.json.decode(row["records"], type=list[Seen])
