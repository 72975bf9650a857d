"""What files are called and what they are: names made safe, types judged by bytes. M-28, M-29, M-40."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.filenames import default_filename, extension, safe_filename
from agentpost_server.mail.sniff import judge, sniff
from mail.parse.mails import checked, multipart

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
OCTETS = "application/octet-stream"


def zipped(name: str = "a.txt", *, encrypted: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    content = bytearray(buffer.getvalue())
    if encrypted:
        content[6] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\x.doc", "x.doc"),
        ("a\r\nSet-Cookie: x", "a Set-Cookie_ x"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u200b\u2066\ufeffb.txt", "ab.txt"),
        ("  .hidden. ", "hidden"),
        ("..", ""),
        ("", ""),
        ("con.txt", "_con.txt"),
        ('a"<b>|c?*.txt', "a__b__c__.txt"),
        ("e\u0301.txt", "é.txt"),
        ("\x00\x01", ""),
    ],
)
def test_filenames_are_safe(name: str, safe: str) -> None:
    assert safe_filename(name) == safe


def test_long_filenames_keep_their_extension() -> None:
    name = safe_filename("é" * 10_000 + ".pdf")
    assert name.endswith("é.pdf")
    assert len(name.encode()) <= 255


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400))
def test_any_name_is_made_safe_and_stays_so(name: str) -> None:
    safe = safe_filename(name)
    assert len(safe.encode("utf-8")) <= 255
    assert not set(safe) & set('/\\\r\n\x00"')
    assert extension(safe_filename(safe)) == extension(safe)


def test_nameless_parts_get_a_name() -> None:
    assert default_filename("application/pdf", 3) == "attachment-3.pdf"
    assert default_filename("application/x-odd", 1) == "attachment-1.bin"


@pytest.mark.parametrize(
    ("content", "declared", "filename", "mime_type", "flags"),
    [
        (PNG, "image/png", "a.png", "image/png", ()),
        (PNG, "image/jpeg", "a.jpg", "image/png", ()),
        (PNG, OCTETS, "a.png", "image/png", ()),
        (PNG, "image/vnd.odd", "a", "image/png", ()),
        (b"%PDF-1.7", "application/pdf", "a.pdf", "application/pdf", ()),
        (b"%PDF-1.7", "application/x-odd", "a.pdf", "application/pdf", ()),
        (b"hello", "text/plain", "a.txt", "text/plain", ()),
        (b"hello", None, "", OCTETS, ()),
        (b'{"a":1}', "application/json", "a.json", "application/json", ()),
        (HTML, "text/html", "a.html", "text/html", ()),
        (b"<svg onload=x>", "image/svg+xml", "a.svg", "image/svg+xml", ()),
        (zipped(), "application/zip", "a.zip", "application/zip", ("archive",)),
        (zipped(), OCTETS, "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ()),
        (zipped("vbaProject.bin"), "application/vnd.ms-excel", "a.xlsm", "application/vnd.ms-excel", ("macro",)),
        (zipped(encrypted=True), "application/zip", "a.zip", "application/zip", ("encrypted", "archive")),
        (b"\x1f\x8b\x08" + b"\x00" * 20, "application/gzip", "a.gz", "application/gzip", ("archive",)),
        (b"%PDF-1.7 /Encrypt 5 0 R", "application/pdf", "a.pdf", "application/pdf", ("encrypted",)),
        (HTML, "image/png", "a.png", OCTETS, ("type_mismatch",)),
        (HTML, "application/pdf", "a.pdf", OCTETS, ("type_mismatch",)),
        (HTML, "text/plain", "a.txt", OCTETS, ("type_mismatch",)),
        (b"<svg><script/></svg>", "image/png", "a.png", OCTETS, ("type_mismatch",)),
        (b"MZ" + b"\x00" * 90, "image/png", "a.png", OCTETS, ("type_mismatch",)),
        (b"MZ" + b"\x00" * 90, "application/pdf", "a.pdf", OCTETS, ("type_mismatch",)),
        (b"%PDF-1.7", "image/png", "a.png", OCTETS, ("type_mismatch",)),
        (zipped(), "image/png", "a.png", OCTETS, ("archive", "type_mismatch")),
        (b"anything", "application/pdf", "invoice.pdf.exe", OCTETS, ("type_mismatch",)),
    ],
)
def test_m40_types_are_judged_by_bytes(
    content: bytes, declared: str | None, filename: str, mime_type: str, flags: tuple[str, ...]
) -> None:
    verdict = judge(content, declared, filename)
    assert verdict.flags == flags
    assert verdict.mime_type == mime_type


def test_m40_polyglots_are_octets() -> None:
    gifar = judge(b"GIF89a" + b"\x00" * 50 + zipped("a.class"), "image/gif", "a.gif")
    pdf_in_html = judge(b"<html><!-- %PDF-1.4 -->" + HTML, "application/pdf", "a.pdf")
    html_in_pdf = judge(b"%PDF-1.4\n<script>alert(1)</script>", "application/pdf", "a.pdf")
    for verdict in (gifar, pdf_in_html, html_in_pdf):
        assert verdict.mime_type == OCTETS
        assert "type_mismatch" in verdict.flags


def test_m40_the_mail_carries_the_flag() -> None:
    part = b"Content-Type: image/png; name=a.png\r\n\r\n" + HTML
    parsed = checked(multipart("b", "\nhi\n", part))
    assert parsed.flags == ("type_mismatch",)
    assert parsed.attachments[0].declared_mime_type == "image/png"
    assert parsed.attachments[0].mime_type == OCTETS


def test_m28_archives_are_never_opened() -> None:
    bomb = zipped() + b"PK\x01\x02" * 100_000
    raw = multipart("b", b"Content-Type: application/zip; name=42.zip\r\n\r\n" + bomb)
    (file,) = checked(raw).attachments
    assert file.content == bomb
    assert "archive" in file.flags


def test_m29_markup_is_not_parsed() -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    raw = multipart("b", b"Content-Type: application/xml; name=a.xml\r\n\r\n" + laughs)
    (file,) = checked(raw).attachments
    assert file.content == laughs
    assert file.mime_type == "application/xml"


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(["image/png", "text/plain", "application/pdf", None, "x"]),
    st.text(max_size=20),
)
def test_any_bytes_have_a_type(content: bytes, declared: str | None, filename: str) -> None:
    sniff(content)
    verdict = judge(content, declared, filename)
    assert verdict.mime_type
    assert ("type_mismatch" not in verdict.flags) or verdict.mime_type == OCTETS
