"""Paths of MAIL and RCPT (RFC 5321 4.1.2, RFC 6531 3.3), checked with byte tables: linear on any input.

Recipients are ours, so their syntax is strict and every relay form is refused. Senders are other people's: real ones
have long local parts, odd dots and underscores, and a bounce address refused here is a mail lost.
"""

import string

from agentpost_server.inbound.smtp import replies
from agentpost_server.inbound.smtp.replies import CommandError

_HIGH = bytes(range(0x80, 0x100))
_ATEXT_DOT = (string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~.").encode()
_LDH_DOT = (string.ascii_letters + string.digits + "-.").encode()
_QCONTENT = bytes(range(0x20, 0x7F))

_MAX_PATH = 256
_MAX_LOCAL = 64
_MAX_DOMAIN = 255


def split_path(argument: bytes, keyword: bytes, syntax_error: bytes) -> tuple[bytes, bytes]:
    """`FROM:<path> parameters` -> what is between the brackets, and the parameters. Raises CommandError."""
    length = len(keyword)
    if argument[:length].upper() != keyword:
        raise CommandError(syntax_error)
    path = argument[length:].lstrip(b" ")
    if not path.startswith(b"<"):
        raise CommandError(syntax_error)
    end = path.find(b">") if b'"' not in path else _end_outside_quotes(path)
    if end < 0:
        raise CommandError(syntax_error)
    parameters = path[end + 1 :]
    if parameters and not parameters.startswith(b" "):
        raise CommandError(syntax_error)
    return path[1:end], parameters


def sender(path: bytes, *, smtputf8: bool) -> str:
    """The reverse-path as text, "" for the null sender. Raises CommandError 501 5.1.7 or 553 5.6.7."""
    if not path:
        return ""
    local, domain = _split(path, replies.BAD_SENDER)
    if local.startswith(b"@") or not _is_local(local) or not _is_domain(domain, also=b"_"):
        raise CommandError(replies.BAD_SENDER)
    return _text(path, replies.BAD_SENDER, smtputf8=smtputf8)


def recipient(path: bytes, *, smtputf8: bool, hostname: str) -> str:
    """The forward-path as text. Raises CommandError 550 5.7.1 for relay forms, else 501 5.1.3 or 553 5.6.7."""
    if path[:11].lower() == b"postmaster" and len(path) == 10:
        return f"{path.decode('ascii')}@{hostname}"
    local, domain = _split(path, replies.BAD_RECIPIENT)
    if b"@" in local or b"%" in local or b"!" in local or domain.startswith(b"["):
        raise CommandError(replies.RELAY_DENIED)
    strict_dots = local[:1] == b'"' or not (local.startswith(b".") or local.endswith(b".") or b".." in local)
    if len(local) > _MAX_LOCAL or not strict_dots or not _is_local(local) or not _is_domain(domain):
        raise CommandError(replies.BAD_RECIPIENT)
    return _text(path, replies.BAD_RECIPIENT, smtputf8=smtputf8)


def _end_outside_quotes(path: bytes) -> int:
    quoted = escaped = False
    for index, octet in enumerate(path):
        if escaped:
            escaped = False
        elif quoted and octet == 0x5C:
            escaped = True
        elif octet == 0x22:
            quoted = not quoted
        elif octet == 0x3E and not quoted:
            return index
    return -1


def _split(path: bytes, error: bytes) -> tuple[bytes, bytes]:
    # The brackets count (RFC 5321 4.5.3.1.3).
    if len(path) + 2 > _MAX_PATH:
        raise CommandError(error)
    local, at, domain = path.rpartition(b"@")
    if not at:
        raise CommandError(error)
    return local, domain


def _is_local(local: bytes) -> bool:
    if local.startswith(b'"'):
        return _is_quoted(local)
    return bool(local) and not local.translate(None, _ATEXT_DOT + _HIGH)


def _is_quoted(local: bytes) -> bool:
    """A quoted string (RFC 5321 4.1.2): printable, inner quotes and backslashes escaped."""
    inner = local[1:-1]
    if len(local) < 3 or not local.endswith(b'"') or inner.translate(None, _QCONTENT + _HIGH):
        return False
    rest = inner.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b'"' not in rest and not rest.endswith(b"\\")


def _is_domain(domain: bytes, *, also: bytes = b"") -> bool:
    if not domain or len(domain) > _MAX_DOMAIN or domain.translate(None, _LDH_DOT + _HIGH + also):
        return False
    framed = b"." + domain + b"."
    if b".." in framed or b".-" in framed or b"-." in framed:
        return False
    return len(domain) <= 63 or all(len(label) <= 63 for label in domain.split(b"."))


def _text(path: bytes, error: bytes, *, smtputf8: bool) -> str:
    if path.isascii():
        return path.decode("ascii")
    if not smtputf8:
        raise CommandError(replies.NEEDS_SMTPUTF8)
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        raise CommandError(error) from None
    if not text.isprintable():
        raise CommandError(error)
    return text
