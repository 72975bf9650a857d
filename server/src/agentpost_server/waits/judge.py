"""Whether a mail is what a wait waits for, and which wait of several gets it. Pure.

Mails are taken in the order of the log, waits in the order in which they were armed.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from agentpost_server.core.any_case import any_case
from agentpost_server.mail.codes import find_codes


class Mail:
    """A received message as the filters look at it."""

    def __init__(self, row: Any) -> None:
        self._row = row
        self.organization_id: UUID = row["organization_id"]
        self.inbox_id: UUID = row["inbox_id"]
        self.id: UUID = row["id"]
        self.position: int = row["position"]
        self.sender = any_case(row["sender"])
        self.subject = any_case(row["subject"])
        self.labels: list[str] = row["labels"]

    @cached_property
    def text(self) -> str:
        return any_case(self._row["body"] or "")

    @cached_property
    def has_code(self) -> bool:
        row = self._row
        return bool(find_codes(row["subject"], row["text_body"], row["html_body"]))


class Armed:
    """A wait that is to be judged. `since`: mail up to this position is not for it, or was held against it before."""

    def __init__(self, row: Any, since: int) -> None:
        self.organization_id: UUID = row["organization_id"]
        self.inbox_id: UUID = row["inbox_id"]
        self.id: UUID = row["id"]
        self.since = since
        self.fresh: bool = not row["looked"]
        self.exclusive: bool = row["exclusive"]
        self._sender = any_case(row["sender"] or "")
        self._subject = any_case(row["subject"] or "")
        self._text = any_case(row["body_text"] or "")
        self._label = (row["label"] or "").lower()
        self.has_code: bool = row["has_code"]

    @property
    def reads_text(self) -> bool:
        return bool(self._text)

    def fits(self, mail: Mail) -> bool:
        """All filters hold; what costs most is asked last."""
        return (
            mail.position > self.since
            and (not self._label or self._label in mail.labels)
            and self._sender in mail.sender
            and self._subject in mail.subject
            and (not self._text or self._text in mail.text)
            and (not self.has_code or mail.has_code)
        )


class Fit(NamedTuple):
    """A mail, and the waits that it fits."""

    mail: Mail
    waits: list[Armed]


class Match(NamedTuple):
    organization_id: UUID
    wait_id: UUID
    message_id: UUID


class Judged(NamedTuple):
    """`position`: of the last mail that was judged; None when all were."""

    fits: list[Fit]
    position: int | None


def fits(mails: Iterable[Mail], waits: Iterable[Armed], late: Callable[[], bool] = lambda: False) -> Judged:
    """The mails that fit any wait of their inbox. One mail is judged however late it is, so that each look gets on."""
    by_inbox: dict[UUID, list[Armed]] = {}
    for wait in waits:
        by_inbox.setdefault(wait.inbox_id, []).append(wait)
    found: list[Fit] = []
    position: int | None = None
    for mail in mails:
        if position is not None and late():
            return Judged(found, position)
        if fitting := [wait for wait in by_inbox.get(mail.inbox_id, ()) if wait.fits(mail)]:
            found.append(Fit(mail, fitting))
        position = mail.position
    return Judged(found, None)


def assign(
    found: Sequence[Fit], armed: Collection[UUID], there: Collection[UUID], taken: Collection[UUID]
) -> list[Match]:
    """Who gets what. `armed`: waits that still wait; `there`: messages that still stand; `taken`: those of them that an
    exclusive wait has already."""
    waiting = set(armed)
    matches: list[Match] = []
    for mail, waits in found:
        free = mail.id not in taken
        for wait in waits if mail.id in there else ():
            if wait.id not in waiting or (wait.exclusive and not free):
                continue
            free = free and not wait.exclusive
            waiting.discard(wait.id)
            matches.append(Match(wait.organization_id, wait.id, mail.id))
    return matches
