"""Which conversation a message belongs to: by headers only, within one inbox, and never by what the subject looks like.

Every Message-ID that an inbox has seen or only heard of leads to one thread, so that a parent that arrives late finds
its thread waiting. Threads that stand are never merged: a message that names two of them joins the first and says so.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids

REFERENCES_READ: Final = 50
"""The last ids of References (and of In-Reply-To) that are looked at: a bound on what one mail may cost."""

Key = tuple[UUID, bytes]
"""An inbox and the fingerprint of a Message-ID."""


class Named(msgspec.Struct, frozen=True):
    """The Message-IDs that a message names, as keys: its own, then those it answers, the nearest first."""

    own: Key
    answered: tuple[Key, ...]

    @property
    def all(self) -> tuple[Key, ...]:
        return (self.own, *self.answered)


class Place(msgspec.Struct, frozen=True):
    """Where a message goes. `conflict`: it names messages of more than one thread."""

    thread_id: UUID
    created: bool
    conflict: bool


def fingerprint(message_id: str) -> bytes:
    """16 octets that stand for a Message-ID: short to index, whatever a stranger wrote."""
    return hashlib.sha256(message_id.encode()).digest()[:16]


def named(inbox_id: UUID, own: str, in_reply_to: Sequence[str], references: Sequence[str]) -> Named:
    nearest_first = [*in_reply_to[-REFERENCES_READ:], *reversed(references[-REFERENCES_READ:])]
    answered = [one for one in dict.fromkeys(nearest_first) if one != own]
    return Named((inbox_id, fingerprint(own)), tuple((inbox_id, fingerprint(one)) for one in answered))


class Conversations:
    """What Message-IDs lead to: what was known before, and what each message placed here adds for the next one."""

    def __init__(self, known: Iterable[tuple[Key, UUID]] = ()) -> None:
        self._threads = dict(known)

    def place(self, names: Named, thread_id: UUID | None = None) -> Place:
        """Its own id if that is known, else what it answers, the nearest first; `thread_id`, when given, decides."""
        found = [self._threads[key] for key in names.all if key in self._threads]
        created = thread_id is None and not found
        chosen = thread_id or (found[0] if found else ids.new_id())
        for key in names.all:
            self._threads.setdefault(key, chosen)
        return Place(chosen, created, conflict=any(other != chosen for other in found))

    def thread_of(self, key: Key) -> UUID:
        return self._threads[key]
