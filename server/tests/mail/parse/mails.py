"""Mails that the tests of the parser are made of, and the strict way of reading them."""

import msgspec

from agentpost_server.mail.parse import parse, read
from agentpost_server.mail.parsed import ParsedMail

_decoder = msgspec.msgpack.Decoder(ParsedMail)
UNSTORABLE = {"\x00", *(chr(c) for c in (0xD800, 0xDBFF, 0xDC00, 0xDFFF))}


def mail(*lines: str | bytes, body: str | bytes = b"hello\r\n") -> bytes:
    """Header lines and a body, joined by CRLF."""
    head = b"\r\n".join(line.encode() if isinstance(line, str) else line for line in lines)
    return head + b"\r\n\r\n" + (body.encode() if isinstance(body, str) else body)


def checked(raw: bytes, *, null_sender: bool = False) -> ParsedMail:
    """`parse`, proved to have needed no net, to be storable, and to survive msgpack."""
    parsed = read(raw, null_sender)
    assert parsed == parse(raw, null_sender)
    assert _decoder.decode(msgspec.msgpack.encode(parsed)) == parsed
    for text in texts(parsed):
        assert "\x00" not in text
        text.encode("utf-8")
    assert len(parsed.subject) <= 998
    assert "\n" not in parsed.subject
    assert "\r" not in parsed.subject
    assert all("\r" not in value and "\n" not in value for _, value in parsed.headers)
    assert max(len(parsed.to), len(parsed.cc), len(parsed.bcc), len(parsed.reply_to)) <= 1_000
    assert len(parsed.references) <= 50
    for file in parsed.attachments:
        assert file.filename
        assert len(file.filename.encode()) <= 255
        assert not set(file.filename) & set("\r\n/\\\x00\u202e")
        assert file.size == len(file.content)
    return parsed


def texts(parsed: ParsedMail) -> list[str]:
    """Every text in it, wherever it stands."""
    found: list[str] = []
    todo: list[object] = [msgspec.to_builtins(parsed, builtin_types=(bytes,))]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            todo += [*item.keys(), *item.values()]
        elif isinstance(item, (list, tuple)):
            todo += item
    return found


def multipart(boundary: str, *parts: str | bytes, subtype: str = "mixed", close: bool = True) -> bytes:
    """A mail of parts, each given as its headers, a blank line and its content (LF becomes CRLF in texts)."""
    delimiter = b"--" + boundary.encode()
    pieces = [
        delimiter + b"\r\n" + (part.replace("\n", "\r\n").encode() if isinstance(part, str) else part) for part in parts
    ]
    if close:
        pieces.append(delimiter + b"--\r\n")
    return mail(
        "From: Ann <ann@example.com>",
        "To: bob@example.org",
        "Message-ID: <1@example.com>",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/{subtype}; boundary="{boundary}"',
        body=b"\r\n".join(pieces),
    )
