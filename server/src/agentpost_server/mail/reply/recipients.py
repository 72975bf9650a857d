"""Who gets a reply (RFC 5322 3.6.3): authors in To, the others of a reply-all in Cc, the answering inbox in neither."""

from collections.abc import Collection, Iterable

import msgspec

from agentpost_server.mail.address import canonical, without_tag
from agentpost_server.mail.model import Address
from agentpost_server.mail.reply.model import OriginalMail


class Recipients(msgspec.Struct, frozen=True):
    """Every mailbox once; who stands in `to` does not stand in `cc`. Both empty: nobody is left."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()

    @property
    def count(self) -> int:
        return len(self.to) + len(self.cc)


def reply_recipients(
    original: OriginalMail, own: Collection[str], *, trust_reply_to: bool = True, trust_own: bool = True
) -> Recipients:
    """Whom a reply goes to. `own` are the addresses and aliases of the answering inbox (any spelling, tags ignored).

    Reply-To wins over From unless `trust_reply_to` is False (a stranger may name any victim there). A reply to a mail
    that the inbox itself sent goes to whom that mail went to: with `trust_own` False only when it was stored as sent,
    for anybody may write the inbox's address into From. Only a mail to oneself is answered to oneself.
    """
    selves = _selves(own)
    if _is_own(original, selves, trust_own):
        return Recipients(_others(original.to, selves) or _distinct(original.to))
    return Recipients(_authors(original, selves, trust_reply_to))


def reply_all_recipients(
    original: OriginalMail, own: Collection[str], *, trust_reply_to: bool = True, trust_own: bool = True
) -> Recipients:
    """As `reply_recipients`, and everybody else of the original's To and Cc in Cc. Never anybody of a Bcc."""
    selves = _selves(own)
    if _is_own(original, selves, trust_own):
        to = _others(original.to, selves) or _distinct(original.to)
        return Recipients(to, _others(original.cc, selves | _keys(to)))
    to = _authors(original, selves, trust_reply_to)
    return Recipients(to, _others((*original.to, *original.cc), selves | _keys(to)))


def reply_to_differs(original: OriginalMail) -> bool:
    """Whether answers would go anywhere but to the author: what a caller may want confirmed first."""
    author = _keys(() if original.from_address is None else (original.from_address,))
    return bool(_keys(original.reply_to) - author)


def _authors(original: OriginalMail, selves: set[str], trust_reply_to: bool) -> tuple[Address, ...]:
    author = () if original.from_address is None else (original.from_address,)
    asked = original.reply_to if trust_reply_to else ()
    return _others(asked, selves) or _others(author, selves) or _distinct(author)


def _is_own(original: OriginalMail, selves: set[str], trust_own: bool) -> bool:
    return original.direction == "outbound" or (
        trust_own and original.from_address is not None and _key(original.from_address) in selves
    )


def _selves(own: Collection[str]) -> set[str]:
    return {without_tag(canonical(email)) for email in own}


def _key(mailbox: Address) -> str:
    return without_tag(canonical(mailbox.email))


def _keys(mailboxes: Iterable[Address]) -> set[str]:
    return {canonical(m.email) for m in mailboxes}


def _others(mailboxes: Iterable[Address], excluded: set[str]) -> tuple[Address, ...]:
    return tuple(m for m in _distinct(mailboxes) if _key(m) not in excluded and canonical(m.email) not in excluded)


def _distinct(mailboxes: Iterable[Address]) -> tuple[Address, ...]:
    first: dict[str, Address] = {}
    for mailbox in mailboxes:
        first.setdefault(canonical(mailbox.email), mailbox)
    return tuple(first.values())
