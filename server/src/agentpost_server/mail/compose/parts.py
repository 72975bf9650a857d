"""MIME entities as octets: bodies in the lightest encoding that every relay carries, files in base64.

A leaf is `header CRLF body`; a multipart is its leaves between boundary lines (RFC 2046 5.1).
"""

import binascii
import hashlib
import re
from typing import Final

import msgspec

from agentpost_server.mail.compose.headers import clean, encoded_words, parameter, quoted
from agentpost_server.mail.compose.model import OutgoingAttachment

MAX_LINE_OCTETS: Final = 998
MAX_FILENAME_CHARACTERS: Final = 200
_LONE_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_LONG_LINE: Final = re.compile(rb"[^\r\n]{999}")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MIME_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_CONTENT_ID: Final = re.compile(r"[!-;=?-~]{1,250}")


class Part(msgspec.Struct):
    """An entity: its MIME header fields and its body, which ends in CRLF. `literal` bodies may hold any line."""

    header: str
    body: bytes
    literal: bool = False


def text_part(subtype: str, text: str) -> Part:
    """A `text/plain` or `text/html` entity in UTF-8: 7bit when it fits, else the shorter encoding."""
    if "\r" in text or "\n" in text:
        text = _LONE_LINE_END.sub("\r\n", text)
    if not text.endswith("\r\n"):
        text += "\r\n"
    octets = text.encode("utf-8", "replace")
    kind = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: '
    if text.isascii() and not _LONG_LINE.search(octets) and not _CONTROL.search(octets):
        return Part(f"{kind}7bit\r\n", octets, literal=True)
    # Quoted-printable costs three octets for one outside ASCII, base64 four for any three.
    if sum(c > "\x7f" for c in text) * 6 <= len(text):
        return Part(f"{kind}quoted-printable\r\n", binascii.b2a_qp(octets, istext=True))
    return Part(f"{kind}base64\r\n", base64_lines(octets))


def file_part(file: OutgoingAttachment, fallback_id: str) -> Part:
    """An attachment or inline entity. Its name stands twice: RFC 2231 in the disposition, RFC 2047 beside the type."""
    filename = _short(clean(file.filename).strip()) or "attachment"
    mime_type = file.mime_type.partition(";")[0].strip().lower()
    embedded = mime_type == "message/rfc822" and _is_7bit(file.content)
    if not embedded and (mime_type.startswith(("message/", "multipart/")) or not _MIME_TYPE.fullmatch(mime_type)):
        mime_type = "application/octet-stream"  # base64 is not allowed in these (RFC 2046 5.2.1, RFC 2045 6.4)
    kind = [f"Content-Type: {mime_type}"]
    if mime_type.startswith("text/") and not file.content.isascii() and _is_utf8(file.content):
        kind.append('charset="utf-8"')
    kind.append("name=" + _readable(filename))
    disposition = "inline" if file.inline else "attachment"
    where = [f"Content-Disposition: {disposition}", *parameter("filename", filename)]
    header = ";\r\n ".join(kind) + "\r\n" + ";\r\n ".join(where) + "\r\n"
    if file.inline or file.content_id:
        header += f"Content-ID: <{_content_id(file.content_id, fallback_id)}>\r\n"
    if embedded:
        body = file.content if file.content.endswith(b"\r\n") else file.content + b"\r\n"
        return Part(f"{header}Content-Transfer-Encoding: 7bit\r\n", body, literal=True)
    return Part(f"{header}Content-Transfer-Encoding: base64\r\n", base64_lines(file.content))


def multipart(subtype: str, parts: list[Part], seed: str, *, parameters: str = "") -> Part:
    """The parts in one `multipart/<subtype>`; its boundary occurs in none of them. One part alone is returned as is."""
    if len(parts) == 1:
        return parts[0]
    boundary = _boundary(subtype, parts, seed)
    delimiter = f"--{boundary}\r\n".encode()
    pieces: list[bytes] = []
    for part in parts:
        # The CRLF that ends a body belongs to the delimiter behind it, hence the second one.
        pieces += (delimiter, part.header.encode(), b"\r\n", part.body, b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    literal = any(part.literal for part in parts)
    return Part(
        f'Content-Type: multipart/{subtype};{parameters}\r\n boundary="{boundary}"\r\n', b"".join(pieces), literal
    )


def base64_lines(octets: bytes) -> bytes:
    """Base64 in lines of 76 characters, each with its CRLF (RFC 2045 6.8)."""
    text = binascii.b2a_base64(octets, newline=False)
    lines = [text[i : i + 76] for i in range(0, len(text), 76)]
    lines.append(b"")
    return b"\r\n".join(lines)


def _boundary(subtype: str, parts: list[Part], seed: str) -> str:
    """`=_` can stand in neither base64 nor quoted-printable; literal bodies are searched."""
    counter = 0
    while True:
        digest = hashlib.sha256(f"{subtype}\n{counter}\n{seed}".encode("utf-8", "replace")).hexdigest()[:24]
        boundary = f"=_{digest}"
        needle = boundary.encode()
        if not any(needle in part.body for part in parts if part.literal):
            return boundary
        counter += 1


def _content_id(given: str | None, fallback: str) -> str:
    bare = (given or "").strip().removeprefix("<").removesuffix(">")
    return bare if _CONTENT_ID.fullmatch(bare) else fallback


def _readable(filename: str) -> str:
    """The name for readers that know no RFC 2231: encoded words inside the quotes, as is usual."""
    return quoted(filename) if filename.isascii() else '"' + "\r\n ".join(encoded_words(filename, 60)) + '"'


def _short(filename: str) -> str:
    """At most 200 characters, its extension kept."""
    if len(filename) <= MAX_FILENAME_CHARACTERS:
        return filename
    stem, dot, extension = filename.rpartition(".")
    if not dot or len(extension) > 20:
        return filename[:MAX_FILENAME_CHARACTERS]
    return f"{stem[: MAX_FILENAME_CHARACTERS - len(extension) - 1]}.{extension}"


def _is_7bit(octets: bytes) -> bool:
    """RFC 2045 2.7: ASCII, no NUL, CR and LF only as a pair, lines of at most 998 octets."""
    pairs = octets.count(b"\r\n")
    return (
        octets.isascii()
        and b"\0" not in octets
        and octets.count(b"\r") == pairs == octets.count(b"\n")
        and not _LONG_LINE.search(octets)
    )


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
