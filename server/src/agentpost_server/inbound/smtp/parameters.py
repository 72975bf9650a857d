"""Parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531). What is not offered is 555."""

import msgspec

from agentpost_server.inbound.smtp import replies
from agentpost_server.inbound.smtp.replies import CommandError


class MailParameters(msgspec.Struct, frozen=True, kw_only=True):
    """`declared_octets` is None when SIZE was not given."""

    declared_octets: int | None = None
    body8bit: bool = False
    smtputf8: bool = False


NONE = MailParameters()


def parse_mail(text: bytes, *, max_octets: int) -> MailParameters:
    """The parameters of MAIL. Raises CommandError 501, 552 5.3.4 or 555."""
    words = text.split()
    if not words:
        return NONE
    size: int | None = None
    body: bool | None = None
    smtputf8 = False
    for word in words:
        keyword, _, value = word.partition(b"=")
        keyword = keyword.upper()
        if keyword == b"SIZE":
            _once(size is None)
            size = _size(value)
        elif keyword == b"BODY":
            _once(body is None)
            body = _body(value)
        elif keyword == b"SMTPUTF8":
            _once(not smtputf8 and word.upper() == b"SMTPUTF8")
            smtputf8 = True
        else:
            raise CommandError(replies.UNKNOWN_PARAMETER)
    if size is not None and size > max_octets:
        raise CommandError(replies.TOO_LARGE)
    return MailParameters(declared_octets=size, body8bit=bool(body), smtputf8=smtputf8)


def parse_rcpt(text: bytes) -> None:
    """RCPT takes none: NOTIFY and ORCPT are not offered. Raises CommandError 555."""
    if text.strip():
        raise CommandError(replies.UNKNOWN_PARAMETER)


def _once(holds: bool) -> None:
    if not holds:
        raise CommandError(replies.BAD_PARAMETER)


def _size(value: bytes) -> int:
    if not 1 <= len(value) <= 20 or not value.isdigit():
        raise CommandError(replies.BAD_SIZE)
    return int(value)


def _body(value: bytes) -> bool:
    body = value.upper()
    if body not in {b"7BIT", b"8BITMIME"}:
        raise CommandError(replies.BAD_BODY)
    return body == b"8BITMIME"
