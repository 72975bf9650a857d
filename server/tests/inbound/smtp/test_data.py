"""The content reader alone: where content ends, what is stored of it, and that cutting the stream changes nothing."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.inbound.smtp.data import DataReader, ReceivedContent, scan_header

HEADER = b"Subject: x\r\n\r\n"


def read(*chunks: bytes, max_octets: int = 10**6, memory_octets: int = 10**6) -> tuple[ReceivedContent | None, bytes]:
    reader = DataReader(max_octets=max_octets, memory_octets=memory_octets, folder=None)
    for index, chunk in enumerate(chunks):
        rest = reader.feed(chunk)
        if rest is not None:
            return reader.finish(), rest + b"".join(chunks[index + 1 :])
    return None, b""


def stored(wire: bytes) -> bytes:
    content, rest = read(wire)
    assert content is not None
    assert rest == b""
    assert isinstance(content.content, bytes)
    assert content.sha256 == hashlib.sha256(content.content).digest()
    assert content.size == len(content.content)
    return content.content


FALSE_ENDS = {
    "S_01_lf_dot_lf": b"\n.\n",
    "S_02_cr_dot_cr": b"\r.\r",
    "S_03_cr_dot_lf": b"\r.\n",
    "S_04_lf_dot_cr": b"\n.\r",
    "S_05_lf_dot_crlf": b"\n.\r\n",
    "S_06_crlf_dot_lf": b"\r\n.\n",
    "S_07_cr_dot_crlf": b"\r.\r\n",
    "S_08_crlf_dot_cr": b"\r\n.\r",
    "S_09_crlf_nul_dot_crlf": b"\r\n\0.\r\n",
    "S_10_crlf_dot_crcrlf": b"\r\n.\r\r\n",
}


@pytest.mark.parametrize("false_end", FALSE_ENDS.values(), ids=FALSE_ENDS.keys())
def test_only_crlf_dot_crlf_ends_data(false_end: bytes) -> None:
    inner = b"MAIL FROM:<smuggled@x>\r\nDATA"
    content, rest = read(HEADER + b"one" + false_end + inner + b"\r\n.\r\nQUIT\r\n")
    assert content is not None
    assert isinstance(content.content, bytes)
    assert rest == b"QUIT\r\n"
    assert inner in content.content
    assert b"\0" not in content.content
    assert b"\r" not in content.content.replace(b"\r\n", b"")
    assert b"\n" not in content.content.replace(b"\r\n", b"")
    assert content.bare_newlines != content.nul_removed


@pytest.mark.parametrize(
    ("wire", "content"),
    [
        (b".\r\n", b""),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"...\r\n.\r\n", b"..\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b".." + b"y" * 998 + b"\r\n.\r\n", b"." + b"y" * 998 + b"\r\n"),
        (b"a.\r\n.\r\n", b"a.\r\n"),
        (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
        (b"a\n..b\r\n.\r\n", b"a\r\n..b\r\n"),
    ],
)
def test_S_42_dot_unstuffing(wire: bytes, content: bytes) -> None:  # noqa: N802
    assert stored(wire) == content


@pytest.mark.parametrize(
    ("wire", "content"),
    [
        (b"a\rb\nc\r\n.\r\n", b"a\r\nb\r\nc\r\n"),
        (b"a\r\r\nb\r\n.\r\n", b"a\r\nb\r\n"),
        (b"a\r\r\r\nb\r\n.\r\n", b"a\r\n\r\nb\r\n"),
        (b"a\r\0\nb\r\n.\r\n", b"a\r\nb\r\n"),
        (b"\0\0a\0\r\n.\r\n", b"a\r\n"),
    ],
)
def test_line_ends_become_crlf(wire: bytes, content: bytes) -> None:
    assert stored(wire) == content


PIECES = st.sampled_from([b"\r\n", b"\n", b"\r", b".", b"..", b"\0", b"a", b"\r\n.", b"\r\n.\r", b"\r\r\n", b"x" * 50])


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=30), st.lists(st.integers(0, 300), max_size=12))
def test_any_cut_reads_the_same(pieces: list[bytes], cuts: list[int]) -> None:
    wire = b"".join(pieces) + b"\r\n.\r\nQUIT\r\n"
    whole, rest = read(wire)
    assert whole is not None
    assert isinstance(whole.content, bytes)
    assert whole.content.replace(b"\r\n", b"").translate(None, b"\r\n\0") == whole.content.replace(b"\r\n", b"")
    edges = sorted({min(c, len(wire)) for c in cuts})
    chunks = [wire[a:b] for a, b in zip([0, *edges], [*edges, len(wire)], strict=True) if b > a]
    assert read(*chunks) == (whole, rest)
    assert read(*[bytes([octet]) for octet in wire]) == (whole, rest)


def test_above_the_memory_bound_content_is_a_file(tmp_path: Path) -> None:
    reader = DataReader(max_octets=10**6, memory_octets=1000, folder=tmp_path)
    body = HEADER + b"".join(b"%06d\r\n" % n for n in range(50_000))
    for at in range(0, len(body), 7001):
        assert reader.feed(body[at : at + 7001]) is None
        assert reader.spool.buffered_octets <= 1000 + 64 * 1024 + 7001
    assert reader.feed(b".\r\n") == b""
    content = reader.finish()
    assert content is not None
    assert isinstance(content.content, Path)
    assert content.content.parent == tmp_path
    assert content.content.read_bytes() == body
    assert content.sha256 == hashlib.sha256(body).digest()
    assert content.content.stat().st_mode & 0o777 == 0o600
    reader.spool.discard()
    assert list(tmp_path.iterdir()) == []


def test_too_large_is_dropped_at_once_and_read_to_its_end(tmp_path: Path) -> None:
    reader = DataReader(max_octets=5000, memory_octets=1000, folder=tmp_path)
    assert reader.feed(b"x" * 4000) is None
    assert len(list(tmp_path.iterdir())) == 1
    assert reader.feed(b"x" * 4000) is None
    assert list(tmp_path.iterdir()) == []
    assert reader.spool.buffered_octets == 0
    assert reader.feed(b"y\r\n.\r\nNOOP\r\n") == b"NOOP\r\n"
    assert reader.finish() is None
    assert reader.failure == "too_large"


def test_a_disk_that_fails_is_a_failure_not_an_exception(tmp_path: Path) -> None:
    reader = DataReader(max_octets=10**6, memory_octets=1000, folder=tmp_path / "missing")
    assert reader.feed(b"x" * 4000 + b"\r\n.\r\n") == b""
    assert reader.finish() is None
    assert reader.failure == "storage"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Received: a\r\nRECEIVED : b\r\n c\r\nX-Received: d\r\nMessage-Id: <e>\r\n\r\nReceived: body\r\n", (2, True)),
        (b"\r\nReceived: body\r\nMessage-ID: <e>\r\n", (0, False)),
        (b"Received: no body", (1, False)),
        (b"", (0, False)),
    ],
)
def test_header_scan(head: bytes, expected: tuple[int, bool]) -> None:
    assert scan_header(head) == expected
