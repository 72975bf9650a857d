"""What a notice is about, and what it says."""

from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import UUID

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.core.secrets import Keyring
from agentpost_server.db import Database


class About(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is of what it tells of, by its kind: of a message for `approval`."""

    scope: Scope
    id: UUID
    email: str


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """Plain text: nothing in it can be hidden or fetched."""

    subject: str
    text: str


class Desk(Protocol):
    """What writing needs: a Runtime, or what a command at the machine has."""

    @property
    def database(self) -> Database: ...

    @property
    def keyring(self) -> Keyring: ...

    @property
    def public_url(self) -> str: ...


# None: there is nothing to tell any more.
Writer = Callable[[Desk, About], Awaitable[Letter | None]]
