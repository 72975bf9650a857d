"""Threads made for tests, without a database: newest first, as the store gives them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from agentpost_server.messages.context.fill import Filled, Request, fill
from agentpost_server.messages.context.model import Format, Mail, Place

NONCE = "123456789012345678"
_BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def mail(number: int, text: str | None, html: str | None = None, **given: Any) -> Mail:
    inbound = number % 2 == 1
    kept: dict[str, Any] = {
        "direction": "inbound" if inbound else "outbound",
        "status": "received" if inbound else "sent",
        "trust": "unverified" if inbound else "internal",
        "sender": "ann@example.com" if inbound else "support@mail.example",
        "subject": "Order 1042" if number == 1 else "Re: Order 1042",
        **given,
    }
    return Mail(id=UUID(int=number), sent_at=_BEGIN + timedelta(minutes=number), html=html, text=text, **kept)


def ask(
    mails: list[Mail],
    max_tokens: int = 8000,
    place: Place | None = None,
    form: Format = "markdown",
    *,
    hidden: bool = False,
    nonce: str = NONCE,
) -> Filled:
    """`mails` oldest first; what is newer than `place` is left out, as the store does."""
    newest = [one for one in reversed(mails) if place is None or one.id <= place.message_id]
    return fill(Request(newest, len(newest), place, form, max_tokens, hidden), nonce)


def walk(mails: list[Mail], max_tokens: int, form: Format = "markdown", *, hidden: bool = False) -> list[Filled]:
    """Every answer from the first to the last."""
    answers = [ask(mails, max_tokens, form=form, hidden=hidden)]
    while (place := answers[-1].next) is not None:
        answers.append(ask(mails, max_tokens, place, form, hidden=hidden))
        assert len(answers) < 2_000
    return answers
