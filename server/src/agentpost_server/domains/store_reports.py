"""SQL of DMARC reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from agentpost_server.db import Tx
from agentpost_server.mail.dmarc_report import AggregateReport, ReportRow


class Sums(NamedTuple):
    """Over the rows of a report, in mails."""

    messages: int
    passed: int
    dkim_passed: int
    spf_passed: int
    quarantined: int
    rejected: int


async def lock_domain(tx: Tx, organization_id: UUID, domain_id: UUID) -> str | None:
    """Its name; it stays until the transaction ends."""
    return await tx.value(
        "SELECT domain FROM domains WHERE organization_id = $1 AND id = $2 FOR KEY SHARE", organization_id, domain_id
    )


async def count_since(tx: Tx, organization_id: UUID, domain_id: UUID, lowest_id: UUID) -> Any:
    """`reports` and their `rows`."""
    return await tx.row(
        """SELECT (SELECT count(*) FROM domain_reports WHERE organization_id = $1 AND domain_id = $2 AND id >= $3)
             AS reports,
             (SELECT count(*) FROM domain_report_rows WHERE organization_id = $1 AND domain_id = $2 AND report >= $3)
             AS rows""",
        organization_id,
        domain_id,
        lowest_id,
    )


async def insert(
    tx: Tx,
    organization_id: UUID,
    domain_id: UUID,
    row_id: UUID,
    *,
    report: AggregateReport,
    authenticated_domain: str | None,
    sums: Sums,
    rows: Sequence[tuple[ReportRow, int]],
) -> bool:
    """False when this reporter's report is here already."""
    return await tx.value(
        """WITH kept AS (
             INSERT INTO domain_reports (organization_id, domain_id, id, org_name, report_id, email,
               authenticated_domain, begins_at, ends_at, policy, messages, passed, dkim_passed, spf_passed, quarantined,
               rejected)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             ON CONFLICT (organization_id, domain_id, org_name, report_id) DO NOTHING RETURNING id
           ), rows AS (
             INSERT INTO domain_report_rows (organization_id, domain_id, report, position, source_ip, count,
               disposition, dkim, spf, header_from)
             SELECT $1, $2, kept.id, r.* FROM kept, unnest($17::integer[], $18::text[], $19::integer[], $20::text[],
               $21::text[], $22::text[], $23::text[]) AS r
           ) SELECT EXISTS (SELECT FROM kept)""",
        *(organization_id, domain_id, row_id, report.org_name, report.report_id, report.email, authenticated_domain),
        *(report.begins_at, report.ends_at, report.policy),
        *sums,
        list(range(len(rows))),
        [row.source_ip for row, _ in rows],
        [count for _, count in rows],
        [row.disposition for row, _ in rows],
        [row.dkim for row, _ in rows],
        [row.spf for row, _ in rows],
        [row.header_from for row, _ in rows],
    )


async def list_rows(
    tx: Tx, organization_id: UUID, domain_id: UUID, after: tuple[UUID, int] | None, ascending: bool, limit: int
) -> list[Any]:
    """By report, then by place in it."""
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT w.report, w.position, w.source_ip, w.count, w.disposition, w.dkim, w.spf, w.header_from, r.org_name,
              r.report_id, r.email, r.authenticated_domain, r.begins_at, r.ends_at, r.received_at, r.policy
            FROM domain_report_rows w JOIN domain_reports r ON r.organization_id = w.organization_id
              AND r.domain_id = w.domain_id AND r.id = w.report
            WHERE w.organization_id = $1 AND w.domain_id = $2
              AND ($3::uuid IS NULL OR (w.report, w.position) {compare} ($3, $4::integer))
            ORDER BY w.report {order}, w.position {order} LIMIT $5""",
        organization_id,
        domain_id,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )


async def by_day(tx: Tx, organization_id: UUID, domain_id: UUID, since: datetime) -> list[Any]:
    return await tx.rows(
        """SELECT date_trunc('day', begins_at, 'UTC') AS at, sum(messages)::bigint AS messages,
             sum(passed)::bigint AS passed, sum(dkim_passed)::bigint AS dkim_passed,
             sum(spf_passed)::bigint AS spf_passed, sum(quarantined)::bigint AS quarantined,
             sum(rejected)::bigint AS rejected
           FROM domain_reports WHERE organization_id = $1 AND domain_id = $2 AND begins_at >= $3 GROUP BY 1""",
        organization_id,
        domain_id,
        since,
    )
