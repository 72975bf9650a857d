"""Reading DMARC aggregate reports: what is said, and that no hostile file costs more than its bound."""

import gzip
import io
import resource
import time
import zipfile
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.mail.dmarc_report import MOST_OCTETS, MOST_ROWS, ReportError, ReportRow, read_report
from agentpost_server.mail.unpack import UnpackError, unpack
from domains.reports.sample import Row, packings, xml, zipped

_SECONDS = 3.0
_KINDS = ("plain", "gzip", "zip", "stored")
_GROWTH = 150 << 20


@pytest.mark.parametrize("packed", packings(xml(Row(), Row("2001:DB8::1", 7, "reject", "fail", "fail"))), ids=_KINDS)
def test_a_report_says_the_same_however_it_is_packed(packed: bytes) -> None:
    report = read_report(packed)
    assert (report.org_name, report.report_id, report.email) == ("receiver.example", "1", "dmarc@receiver.example")
    assert report.begins_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert report.ends_at == datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC)
    assert report.policy == "quarantine"
    assert report.rows == {
        ReportRow("192.0.2.1", "mail.example", "none", "pass", "fail"): 2,
        ReportRow("2001:db8::1", "mail.example", "reject", "fail", "fail"): 7,
    }


def test_a_namespace_changes_nothing_and_rows_that_say_the_same_are_one() -> None:
    content = xml(Row(), Row(), Row(disposition="NONE", dkim="Pass")).replace(b"<", b"<d:").replace(b"<d:/", b"</d:")
    content = content.replace(b"<d:?", b"<?").replace(
        b"<d:feedback>", b'<d:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0">'
    )
    assert list(read_report(content).rows.values()) == [6]


@pytest.mark.parametrize(
    "row",
    [
        Row(source_ip="somewhere"),
        Row(source_ip="fe80::1%eth0"),
        Row(source_ip=""),
        Row(mails=0),
        Row(mails=-1),
        Row(header_from=""),
        Row(header_from="a b"),
        Row(header_from="x" * 300),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_true_is_left_out(row: Row) -> None:
    assert list(read_report(xml(row, Row())).rows.values()) == [2]


def test_a_count_beyond_all_bounds_is_the_bound() -> None:
    assert list(read_report(xml(Row(mails=999_999_999_999), Row(mails=5))).rows.values()) == [(1 << 31) - 1]


def test_rows_above_the_most_are_left_out() -> None:
    rows = [Row(source_ip=f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(MOST_ROWS + 50)]
    assert len(read_report(gzip.compress(xml(*rows))).rows) == MOST_ROWS


_ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<feedback><report_metadata><org_name>&b;</org_name></report_metadata></feedback>"""
_EXTERNAL = b"""<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><feedback><org_name>&x;</org_name></feedback>"""
_PARAMETER = b"""<!DOCTYPE f [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]><feedback/>"""


def _name(value: object) -> str:
    """The bytes hold the time at which they were packed: no name for a test."""
    return value if isinstance(value, str) else ""


def _attributes() -> bytes:
    return b"<feedback " + b" ".join(b'a%d=""' % n for n in range(900_000)) + b"/>"


def _names() -> bytes:
    return b"<feedback>" + b"".join(b"<e%d/>" % n for n in range(900_000)) + b"</feedback>"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_ENTITIES, "declares a document type"),
        (_EXTERNAL, "declares a document type"),
        (_PARAMETER, "declares a document type"),
        (b"<feedback>&unknown;</feedback>", "not XML"),
        (b"<feedback>" + b"<a>" * 20, "nested more than"),
        (b"<feedback>" + b"<a/>" * 2_000_000 + b"</feedback>", "too many elements"),
        (_names(), "too many elements"),
        (_attributes(), "too many attributes"),
        (b"<html><body>Hello</body></html>", "first element is not feedback"),
        (b"<feedback><report_metadata>" + b"x" * (MOST_OCTETS - 100), "not XML"),
        (b"<feedback><!--" + b"x" * (MOST_OCTETS - 100), "not XML"),
        (b"<feedback a='" + b"x" * (MOST_OCTETS - 100), "not XML"),
        (b"x" * (MOST_OCTETS + 1), "larger than"),
        (b'<?xml version="1.0" encoding="cp037"?><feedback/>', "encoding"),
        (b'<?xml version="1.0" encoding="no-such"?><feedback/>', "encoding"),
        (b"", "not XML"),
        (b"\x00\xff\xfe", "not XML"),
        (b"<feedback></feedback>", "no org_name"),
        (xml(Row(), begin=99_999_999_999), "date_range"),
        (xml(Row()).replace(b"<begin>1", b"<begin>9"), "date_range"),
        (xml(Row()).replace(b"<report_id>1", b"<report_id>"), "no report_id"),
    ],
    ids=_name,
)
def test_m29_hostile_xml_is_refused_within_its_bounds(content: bytes, said: str) -> None:
    for packed in (content, zipped(("r.xml", content))):
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        with pytest.raises(ReportError) as refused:
            read_report(packed)
        # Packed so tightly, the ratio may speak first.
        assert said in str(refused.value) or "larger than" in str(refused.value)
        assert time.perf_counter() - began < _SECONDS
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < _GROWTH


def _bomb(layers: int) -> bytes:
    return gzip.compress(bytes(64 << 20)) if layers == 1 else gzip.compress(_bomb(layers - 1))


def _many_entries(count: int) -> bytes:
    return zipped(*((f"{n}.xml", b"") for n in range(count)))


def _encrypted() -> bytes:
    packed = bytearray(zipped(("r.xml", xml(Row()))))
    packed[6] |= 1
    return bytes(packed)


def _false_size() -> bytes:
    packed = bytearray(zipped(("r.xml", b"x" * 100), method=zipfile.ZIP_STORED))
    packed[18:22] = (0xFFFF_FFFF).to_bytes(4, "little")
    return bytes(packed)


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (_bomb(1), "larger than"),
        (zipped(("r.xml", bytes(64 << 20))), "larger than"),
        (zipped(("a.xml", xml(Row())), ("b.xml", xml(Row()))), "more than one entry"),
        (_many_entries(5000), "more than one entry"),
        (_encrypted(), "encrypted"),
        (_false_size(), "cut off"),
        (zipped(("r.xml", xml(Row())), method=zipfile.ZIP_BZIP2), "packed in a way"),
        (zipped(("r.xml", xml(Row())))[:60], "cut off"),
        (b"PK\x03\x04", "ends within its header"),
        (gzip.compress(xml(Row()))[:40], "cut off"),
        (b"\x1f\x8b" + b"x" * 100, "damaged"),
        (gzip.compress(xml(Row()))[:12] + b"\xff" * 30, "damaged"),
    ],
    ids=_name,
)
def test_m28_bombs_and_broken_archives_are_refused(packed: bytes, said: str) -> None:
    began = time.perf_counter()
    with pytest.raises(UnpackError, match=said):
        unpack(packed, most=MOST_OCTETS, ratio=200)
    assert time.perf_counter() - began < _SECONDS


def test_a_bomb_within_a_bomb_is_opened_once() -> None:
    """What is inside is no XML, and nothing unpacks it further."""
    with pytest.raises(ReportError):
        read_report(_bomb(2))


@given(st.binary(max_size=2000), st.integers(1, 5000), st.integers(1, 300))
def test_unpacking_gives_the_content_or_says_why_not(content: bytes, most: int, ratio: int) -> None:
    for packed in (gzip.compress(content), zipped(("x", content))):
        try:
            assert unpack(packed, most=most, ratio=ratio) == content
        except UnpackError:
            assert len(content) > most


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_otherwise(content: bytes) -> None:
    for packed in (content, b"\x1f\x8b" + content, b"PK\x03\x04" + content, zlib.compress(content, wbits=31)):
        with pytest.raises(ReportError, match=r"[a-z]"):
            read_report(packed)


@given(st.data())
def test_no_change_of_a_report_makes_the_reader_fail_otherwise(data: st.DataObject) -> None:
    content = bytearray(io.BytesIO(xml(Row(), Row("2001:db8::1"))).read())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=20))
    try:
        report = read_report(bytes(content))
    except ReportError:
        return
    assert "\x00" not in report.org_name + report.report_id + "".join(row.header_from for row in report.rows)
