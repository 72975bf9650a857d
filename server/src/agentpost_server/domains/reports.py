"""What receivers report of a domain (DMARC aggregate reports): kept once, as far as it is about that domain, and read
by row or by day."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.domains import store_reports as store
from agentpost_server.mail.dmarc_report import AggregateReport, Disposition, ReportRow, Result

_A_DAY: Final = 1000
"""Reports of one domain: thousands of receivers write one each; more is somebody's flood."""
_ROWS_A_DAY: Final = 50_000
"""An honest report has a row for each address that sent: a domain has few. Forged ones are as long as they may be."""


class DmarcRow(msgspec.Struct, kw_only=True):
    """What one report says of one address that sent in the domain's name."""

    org_name: str
    """Who reports, in its own words."""
    report_id: str
    email: str | None
    authenticated_domain: str | None
    """The domain that the report's mail surely came from. Null: anybody may have written it."""
    begins_at: str
    ends_at: str
    received_at: str
    policy: str | None
    """What the domain's DMARC record asked for: `none`, `quarantine` or `reject`."""
    source_ip: str
    count: int
    """Mails."""
    disposition: Disposition
    """What the receiver did with them on behalf of DMARC."""
    dkim: Result
    """Whether a signature of the domain's own passed. DMARC passes when this or `spf` does."""
    spf: Result
    header_from: str


class DmarcDay(msgspec.Struct, kw_only=True):
    """Reports that begin on one day (UTC), added up. Numbers are mails."""

    at: str
    messages: int
    passed: int
    dkim_passed: int
    spf_passed: int
    quarantined: int
    rejected: int


class DmarcSummary(msgspec.Struct, kw_only=True):
    window_days: int
    messages: int
    passed: int
    series: list[DmarcDay]
    """Oldest first, without gaps."""


async def keep_report(
    tx: Tx, organization_id: UUID, domain_id: UUID, report: AggregateReport, *, authenticated_domain: str | None
) -> str:
    """`kept`; or why not: `foreign` (nothing in it is about this domain), `known`, `gone` (the domain), `flood`."""
    domain = await store.lock_domain(tx, organization_id, domain_id)
    if domain is None:
        return "gone"
    rows = {row: count for row, count in report.rows.items() if _is_of(row.header_from, domain)}
    if not rows:
        return "foreign"
    since = ids.lowest_id_at(int((datetime.now(UTC) - timedelta(days=1)).timestamp() * 1000))
    today = await store.count_since(tx, organization_id, domain_id, since)
    if today["reports"] >= _A_DAY or today["rows"] + len(rows) > _ROWS_A_DAY:
        return "flood"
    kept = await store.insert(
        tx,
        organization_id,
        domain_id,
        ids.new_id(),
        report=report,
        authenticated_domain=authenticated_domain,
        sums=_sums(rows),
        rows=sorted(rows.items(), key=lambda one: (-one[1], one[0])),
    )
    return "kept" if kept else "known"


def row_of(row: Any) -> DmarcRow:
    return DmarcRow(
        **{name: row[name] for name in ("org_name", "report_id", "email", "authenticated_domain", "policy")},
        **{name: rfc3339(row[name]) for name in ("begins_at", "ends_at", "received_at")},
        **{name: row[name] for name in ("source_ip", "count", "disposition", "dkim", "spf", "header_from")},
    )


async def summary(tx: Tx, organization_id: UUID, domain_id: UUID, window_days: int, now: datetime) -> DmarcSummary:
    """The last so many days, today included."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=n) for n in range(window_days - 1, -1, -1)]
    found = {row["at"]: row for row in await store.by_day(tx, organization_id, domain_id, days[0])}
    series = [_day(at, found.get(at)) for at in days]
    return DmarcSummary(
        window_days=window_days,
        messages=sum(one.messages for one in series),
        passed=sum(one.passed for one in series),
        series=series,
    )


def _is_of(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _sums(rows: dict[ReportRow, int]) -> store.Sums:
    def count(holds: set[ReportRow]) -> int:
        return sum(rows[row] for row in holds)

    dkim, spf = {row for row in rows if row.dkim == "pass"}, {row for row in rows if row.spf == "pass"}
    return store.Sums(
        messages=sum(rows.values()),
        passed=count(dkim | spf),
        dkim_passed=count(dkim),
        spf_passed=count(spf),
        quarantined=count({row for row in rows if row.disposition == "quarantine"}),
        rejected=count({row for row in rows if row.disposition == "reject"}),
    )


def _day(at: datetime, row: Any) -> DmarcDay:
    names = ("messages", "passed", "dkim_passed", "spf_passed", "quarantined", "rejected")
    return DmarcDay(at=rfc3339(at), **{name: row[name] if row is not None else 0 for name in names})
