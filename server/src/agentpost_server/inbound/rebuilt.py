"""A mail put together again from what a provider took apart, where it does not give the mail itself.

The header comes back line by line and the bodies as they were told. What was signed is lost: nothing of its origin can
be checked any more, and it is marked `rebuilt`.
"""

import re
from collections.abc import Sequence
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from typing import Final

import msgspec

_NAME: Final = re.compile(r"[!-9;-~]{1,200}")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,80}/[a-z0-9.+-]{1,80}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
# Ours, of the body that is made here.
_OURS: Final = frozenset({"content-type", "content-transfer-encoding", "content-disposition", "mime-version"})
_FIELD_OCTETS: Final = 64 * 1024


class File(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment; `content_id` without brackets makes it one that the HTML shows."""

    filename: str
    media_type: str
    content: bytes
    content_id: str = ""


def rebuild(headers: Sequence[tuple[str, str]], *, text: str, html: str, files: Sequence[File]) -> bytes:
    """RFC 5322 octets with CRLF line ends; header values beyond ASCII in UTF-8 (RFC 6532)."""
    lines = [
        f"{name}: {_CONTROL.sub(' ', value)[:_FIELD_OCTETS]}\r\n"
        for name, value in headers
        if _NAME.fullmatch(name) and name.lower() not in _OURS
    ]
    body = _body(text, html)
    if files:
        whole = MIMEMultipart("mixed")
        for part in (body, *(_part(one) for one in files)):
            whole.attach(part)
        body = whole
    return "".join(lines).encode("utf-8", "replace") + body.as_bytes(policy=SMTP.clone(max_line_length=None))


def _body(text: str, html: str) -> MIMEBase:
    plain, marked = _text(text, "plain"), _text(html, "html")
    if not html:
        return plain
    if not text:
        return marked
    both = MIMEMultipart("alternative")
    both.attach(plain)
    both.attach(marked)
    return both


def _text(text: str, kind: str) -> MIMEText:
    return MIMEText(text.encode("utf-8", "replace").decode(), kind, "utf-8")


def _part(one: File) -> MIMEBase:
    kind = one.media_type.lower()
    major, _, minor = (kind if _MEDIA_TYPE.fullmatch(kind) else "application/octet-stream").partition("/")
    if major in ("multipart", "message"):
        major, minor = "application", "octet-stream"
    part = MIMEBase(major, minor)
    part.set_payload(one.content)
    encode_base64(part)
    name = _CONTROL.sub(" ", one.filename).encode("utf-8", "replace").decode()[:500]
    part.add_header("Content-Disposition", "inline" if one.content_id else "attachment", filename=("utf-8", "", name))
    if one.content_id:
        part["Content-ID"] = "<" + re.sub(r"[^!-;=?-~]", "", one.content_id)[:500] + ">"
    return part
