"""Subjects of answers: one prefix, whichever language it is in, however often it was put there before."""

import re
from typing import Final

from agentpost_server.mail.vacation import is_vacation_subject, without_vacation

# The longest subject that is compared: what follows tells no two conversations apart.
_COMPARED: Final = 500
# Reply and forward marks of mail programs in many languages; a count may follow (`Re[3]:`, `RE^2:`).
_REPLY: Final = r"re|aw|antw|antwort|sv|vs|odp|ynt|rif|res|ref|回复|回覆|答复|答覆|返信|답장|отв"
_FORWARD: Final = r"fwd|fw|wg|tr|rv|enc|vb|vl|doorst|pd|ilt|転送|转发|轉寄|전달|пересл"
_COUNT: Final = r"(?:\s{0,3}(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}))?"
_REPLY_MARK: Final = re.compile(rf"\s*({_REPLY}){_COUNT}\s{{0,3}}[:：]\s*", re.IGNORECASE)
_FORWARD_MARK: Final = re.compile(rf"\s*({_FORWARD}){_COUNT}\s{{0,3}}[:：]\s*", re.IGNORECASE)


def reply_subject(subject: str) -> str:
    """`Hello` -> `Re: Hello`; `Re: RE: Hello` -> `Re: Hello`; `AW: Hello` stays; `Fwd: Hello` -> `Re: Fwd: Hello`."""
    return _with_one(subject, _REPLY_MARK, "Re")


def forward_subject(subject: str) -> str:
    """`Re: Hello` -> `Fwd: Re: Hello`; `Fwd: Fwd: Hello` -> `Fwd: Hello`; `WG: Hello` stays."""
    return _with_one(subject, _FORWARD_MARK, "Fwd")


def base_subject(subject: str) -> str:
    """What is left without marks of replies, forwards and automatic replies, in one case and spacing: equal for all
    mails of a conversation that kept its subject."""
    rest = subject[:_COMPARED]
    while (shorter := _without_mark(rest)) != rest:
        rest = shorter
    return " ".join(rest.casefold().split())


def is_answer_by_subject(subject: str) -> bool:
    """Whether it begins as answers do, those of machines too."""
    return _REPLY_MARK.match(subject) is not None or is_vacation_subject(subject)


def _without_mark(subject: str) -> str:
    found = _REPLY_MARK.match(subject) or _FORWARD_MARK.match(subject)
    return subject[found.end() :] if found else without_vacation(subject)


def _with_one(subject: str, mark: re.Pattern[str], default: str) -> str:
    found = mark.match(subject)
    kept = found[1] if found else default
    rest = 0
    while found:
        rest = found.end()
        found = mark.match(subject, rest)
    return f"{kept}: {subject[rest:].strip()}".rstrip()
