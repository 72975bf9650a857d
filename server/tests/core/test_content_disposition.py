"""File names of strangers as a download's header (M-09): names stay names, whatever they hold."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.core.content_disposition import content_disposition, safe_media_type


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.pdf", 'attachment; filename="a.pdf"'),
        ("two words (1).txt", 'attachment; filename="two words (1).txt"'),
        ("Résumé.pdf", "attachment; filename=\"Re_sume_.pdf\"; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf"),
        ('a"b.txt', "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
        ("x\r\nSet-Cookie: a=b", "attachment; filename=\"xSet-Cookie_ a=b\"; filename*=UTF-8''xSet-Cookie%3A%20a%3Db"),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("C:\\Users\\me\\a.doc", 'attachment; filename="a.doc"'),
        ("invoice\u202efdp.exe", 'attachment; filename="invoicefdp.exe"'),
        ("", 'attachment; filename="attachment"'),
        ("..", 'attachment; filename="attachment"'),
        ("a/", 'attachment; filename="attachment"'),
        ("\ud800.txt", 'attachment; filename="txt"'),
    ],
)
def test_names(name: str, header: str) -> None:
    assert content_disposition(name) == header


def test_a_long_name_keeps_its_extension() -> None:
    header = content_disposition("x" * 10_000 + ".pdf")
    assert header.endswith('x.pdf"')
    assert len(header) < 200
    assert len(content_disposition("é" * 10_000_000)) < 2_500


@settings(max_examples=150)
@given(st.text(st.characters(), max_size=60))
def test_never_more_than_one_header_with_one_name(name: str) -> None:
    header = content_disposition(name)
    assert re.fullmatch(r"attachment; filename=\"[ -!#-\[\]-~]+\"(; filename\*=UTF-8''[!-~]+)?", header)
    shown = unquote(header.rpartition("''")[2]) if "''" in header and "filename*" in header else header[22:-1]
    assert not set(shown) & set("/\\\r\n\0")
    assert shown not in {".", ".."}


@pytest.mark.parametrize(
    ("given_type", "kept"),
    [
        ("Text/HTML; charset=utf-8", "text/html"),
        ("application/vnd.a+b", "application/vnd.a+b"),
        ("text/html\r\nX: y", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("a/b/c", "application/octet-stream"),
        ("é/x", "application/octet-stream"),
    ],
)
def test_media_types(given_type: str, kept: str) -> None:
    assert safe_media_type(given_type) == kept
