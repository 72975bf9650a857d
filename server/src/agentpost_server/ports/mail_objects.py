"""Mail that a provider stores for us: objects of one bucket below one prefix, to be read and never changed."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec


class ObjectNotFound(Exception):
    """No such object, or not yet."""


class ObjectTooLarge(Exception):
    """The object is larger than the reader takes."""


class StoredObject(msgspec.Struct, frozen=True, kw_only=True):
    """What a listing tells. `key` is the whole one, prefix included."""

    key: str
    size: int
    modified_at: datetime


class MailObjects(Protocol):
    """Read access. Whatever else goes wrong is an OSError."""

    @property
    def bucket(self) -> str: ...

    @property
    def prefix(self) -> str:
        """ "" or a path that ends with a slash."""
        ...

    async def read(self, key: str, *, most: int) -> bytes:
        """All bytes, `most` octets at most. Raises ObjectNotFound, ObjectTooLarge."""
        ...

    def pages(self, *, after: str | None = None) -> AsyncIterator[Sequence[StoredObject]]:
        """Objects below the prefix by key, from behind `after` on, up to 1,000 a page."""
        ...
