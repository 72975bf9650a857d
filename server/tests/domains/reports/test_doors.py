"""A report that is mailed to the address of a domain's DMARC record, through the doors: kept once, its own domain's
alone, readable by row and by day, and never a message."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from agentpost_server.domains import reports
from agentpost_server.inbound import dmarc
from agentpost_server.inbound.intake import ProviderMail, deliver
from agentpost_server.mail.authentication import Authentication
from domains.living import Json, Owner, record
from domains.reports.sample import Row, mail, packings, xml, zipped
from inbound.mailing import send, until


def _yesterday() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)


def _report(domain: Json, *rows: Row, report_id: str = "1", org_name: str = "receiver.example") -> bytes:
    mine = [row if row.header_from != "mail.example" else row._replace(header_from=domain["domain"]) for row in rows]
    begin = int(_yesterday().timestamp())
    return xml(*mine, report_id=report_id, org_name=org_name, begin=begin, domain=domain["domain"])


def _address(domain: Json) -> str:
    return record(domain, "dmarc")["value"].partition("rua=mailto:")[2]


async def _mailed(owner: Owner, domain: Json, content: bytes, **kind: str) -> None:
    """Accepted, and dealt with."""
    raw = mail(_address(domain), content, **kind)
    assert (await send(owner.server, raw, _address(domain))).startswith("250")

    async def done() -> bool | None:
        async with owner.server.database.transaction(owner.organization_id) as tx:
            return True if not await tx.rows("SELECT FROM inbound_mails") else None

    await until(done)


async def _rows(owner: Owner, domain: Json, **query: str) -> list[Json]:
    answer = await owner.tenant.http.get(f"/domains/{domain['id']}/reports", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def _nothing_is_left(owner: Owner) -> None:
    async with owner.server.database.transaction(owner.organization_id) as tx:
        assert await tx.rows("SELECT FROM blobs") == []
        assert await tx.rows("SELECT FROM messages") == []


async def test_a_report_is_read_and_shown_by_row_and_by_day(owner: Owner) -> None:
    domain = await owner.added()
    rows = (
        Row("192.0.2.1", 5),
        Row("192.0.2.2", 7, "reject", "fail", "fail"),
        Row("192.0.2.3", 1, "quarantine", "fail"),
    )
    await _mailed(owner, domain, gzip.compress(_report(domain, *rows)))
    found = await _rows(owner, domain, ascending="true")
    assert [(one["source_ip"], one["count"], one["disposition"], one["dkim"], one["spf"]) for one in found] == [
        ("192.0.2.2", 7, "reject", "fail", "fail"),
        ("192.0.2.1", 5, "none", "pass", "fail"),
        ("192.0.2.3", 1, "quarantine", "fail", "fail"),
    ]
    assert {name: found[0][name] for name in ("org_name", "report_id", "email", "policy", "header_from")} == {
        "org_name": "receiver.example",
        "report_id": "1",
        "email": "dmarc@receiver.example",
        "policy": "quarantine",
        "header_from": domain["domain"],
    }
    assert found[0]["authenticated_domain"] is None, "mail from loopback is not checked"
    summary = (await owner.tenant.http.get(f"/domains/{domain['id']}/reports/summary?window_days=3")).json()
    assert (summary["messages"], summary["passed"], len(summary["series"])) == (13, 5, 3)
    (day,) = [one for one in summary["series"] if one["messages"]]
    assert day == {
        "at": found[0]["begins_at"],
        "messages": 13,
        "passed": 5,
        "dkim_passed": 5,
        "spf_passed": 0,
        "quarantined": 1,
        "rejected": 7,
    }
    await _nothing_is_left(owner)


async def test_a_report_by_a_providers_door_says_who_surely_sent_it(owner: Owner) -> None:
    domain = await owner.added()
    checked = Authentication(dmarc="pass", aligned_domain="receiver.example", checked_by="agentpost")
    brought = ProviderMail(
        source="ses",
        provider_id=domain["id"],
        mail_from="dmarc@receiver.example",
        recipients=(_address(domain),),
        raw=mail(_address(domain), _report(domain, Row())),
        received_at=datetime.now(UTC),
        authentication=checked,
    )
    await deliver(owner.server.process.intake, brought)
    (row,) = await until(lambda: _some(owner, domain))
    assert row["authenticated_domain"] == "receiver.example"


@pytest.mark.parametrize("n", range(4))
async def test_each_packing_is_read_also_where_the_mail_is_large(owner: Owner, n: int) -> None:
    domain = await owner.added()
    rows = [Row(f"10.0.{k >> 8}.{k & 255}", k + 1) for k in range(900)]
    content = packings(_report(domain, *rows))[n]
    await _mailed(
        owner, domain, content, kind=("text/xml", "application/gzip", "application/zip", "application/zip")[n]
    )
    assert len(await _rows(owner, domain, limit="100")) == 100
    await _nothing_is_left(owner)


async def test_a_mail_that_is_the_file_itself_is_read_too(owner: Owner) -> None:
    """Some receivers send no multipart (RFC 7489 7.2.1.1 allows it)."""
    domain = await owner.added()
    packed = mail(_address(domain), zipped(("r.xml", _report(domain, Row()))), kind="application/zip")
    body = packed.split(b"\r\n\r\n")[-1].partition(b"\r\n--b--")[0]
    head = (
        b"From: a@b.example\r\nContent-Type: application/zip; name=r.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    assert (await send(owner.server, head + body + b"\r\n", _address(domain))).startswith("250")
    assert await until(lambda: _some(owner, domain))


async def _some(owner: Owner, domain: Json) -> list[Json] | None:
    return await _rows(owner, domain) or None


async def test_a_report_that_comes_twice_is_one(owner: Owner) -> None:
    domain = await owner.added()
    for _ in range(2):
        await _mailed(owner, domain, _report(domain, Row()), kind="text/xml")
        await _mailed(owner, domain, gzip.compress(_report(domain, Row())))
    await _mailed(owner, domain, _report(domain, Row(), report_id="2"), kind="text/xml")
    assert sorted(one["report_id"] for one in await _rows(owner, domain)) == ["1", "2"]


async def test_pages_go_on_where_they_ended(owner: Owner) -> None:
    domain = await owner.added()
    for n in range(2):
        rows = [Row(f"192.0.2.{k}") for k in range(3)]
        await _mailed(owner, domain, _report(domain, *rows, report_id=str(n)), kind="text/xml")
    for ascending in ("false", "true"):
        whole = await _rows(owner, domain, ascending=ascending)
        found: list[Json] = []
        query = {"limit": "4", "ascending": ascending}
        while True:
            page = (await owner.tenant.http.get(f"/domains/{domain['id']}/reports", params=query)).json()
            found += page["data"]
            if page["next_page_token"] is None:
                break
            query["page_token"] = page["next_page_token"]
        assert found == whole
        assert len(found) == 6


async def test_rows_about_another_domain_are_ignored(owner: Owner, rival: Owner) -> None:
    """Whoever knows the address may write to it: of somebody else's domain nothing is believed, or kept."""
    mine, theirs = await owner.added(), await rival.added()
    sub = Row(header_from=f"news.{mine['domain']}")
    foreign = Row("192.0.2.66", 9, header_from=theirs["domain"])
    trick = Row("192.0.2.67", 9, header_from=f"not{mine['domain']}")
    await _mailed(owner, mine, _report(mine, Row(), sub, foreign, trick), kind="text/xml")
    await _mailed(owner, mine, _report(theirs, foreign), kind="text/xml")
    assert sorted(one["header_from"] for one in await _rows(owner, mine)) == [mine["domain"], f"news.{mine['domain']}"]
    summary = (await owner.tenant.http.get(f"/domains/{mine['id']}/reports/summary")).json()
    assert summary["messages"] == 4
    assert await _rows(rival, theirs) == []
    for path in ("reports", "reports/summary"):
        assert (await rival.tenant.http.get(f"/domains/{mine['id']}/{path}")).status_code == 404


@pytest.mark.parametrize(
    "content",
    [b"no report at all", gzip.compress(bytes(64 << 20)), b"<!DOCTYPE f [<!ENTITY a 'b'>]><feedback>&a;</feedback>"],
    ids=["text", "bomb", "entities"],
)
async def test_what_is_no_report_is_dropped_and_nobody_is_answered(owner: Owner, content: bytes) -> None:
    domain = await owner.added()
    await _mailed(owner, domain, content)
    assert await _rows(owner, domain) == []
    await _nothing_is_left(owner)


async def test_a_report_that_cannot_be_kept_is_tried_three_times_and_dropped(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = await owner.added()

    async def broken(*_: object, **__: object) -> str:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(dmarc, "keep_report", broken)
    assert (await send(owner.server, mail(_address(domain), _report(domain, Row())), _address(domain))).startswith(
        "250"
    )

    async def done() -> bool | None:
        async with owner.server.database.transaction(owner.organization_id) as tx:
            await tx.run("UPDATE inbound_mails SET due_at = now() WHERE last_error IS NOT NULL")
            return True if not await tx.rows("SELECT FROM inbound_mails") else None

    await until(done)
    await _nothing_is_left(owner)


async def test_the_address_is_there_only_for_domains_that_are_proven(owner: Owner) -> None:
    waiting = await owner.add()
    assert (await send(owner.server, b"Subject: x\r\n\r\n", _address(waiting))).startswith("550")
    shared = owner.server.runtime.settings.shared_domain
    assert (await send(owner.server, b"Subject: x\r\n\r\n", f"dmarc-reports@{shared}")).startswith("550 5.1.1")


async def test_reports_come_also_where_a_catch_all_takes_everything_else(owner: Owner) -> None:
    domain = await owner.added()
    made = await owner.tenant.http.post("/inboxes", json={"username": "all", "domain": domain["domain"]})
    path = f"/domains/{domain['id']}"
    assert (await owner.tenant.http.patch(path, json={"catch_all_inbox_id": made.json()["id"]})).status_code == 200
    await _mailed(owner, domain, _report(domain, Row()), kind="text/xml")
    assert len(await _rows(owner, domain)) == 1
    assert (await owner.tenant.http.get(f"/inboxes/{made.json()['id']}/messages")).json()["data"] == []


async def test_reports_go_with_their_domain(owner: Owner) -> None:
    domain = await owner.added()
    await _mailed(owner, domain, _report(domain, Row()), kind="text/xml")
    assert (await owner.tenant.http.delete(f"/domains/{domain['id']}")).status_code == 204
    async with owner.server.database.transaction(owner.organization_id) as tx:
        assert await tx.rows("SELECT FROM domain_report_rows") == []


@pytest.mark.parametrize(("limit", "most"), [("_A_DAY", 1), ("_ROWS_A_DAY", 2)])
async def test_a_flood_of_forged_reports_ends_at_a_days_bound(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(reports, limit, most)
    domain = await owner.added()
    for n in range(3):
        rows = (Row("192.0.2.1", 5), Row("192.0.2.2", 7))
        await _mailed(owner, domain, gzip.compress(_report(domain, *rows, report_id=str(n))))
    assert {one["report_id"] for one in await _rows(owner, domain)} == {"0"}
