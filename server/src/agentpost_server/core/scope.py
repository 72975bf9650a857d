"""Whose data a verb works on. Every verb takes a Scope second, so that no query can be written without its tenant."""

from uuid import UUID

import msgspec

from agentpost_server.core import ids


class Scope(msgspec.Struct, frozen=True):
    """One environment of one organization; `inbox_ids` narrows it for keys that may use only those (empty: all).
    `sees_held`: mail that was withheld on its way in is there too, as it is for keys with `drafts:approve`."""

    organization_id: UUID
    environment_id: UUID
    inbox_ids: tuple[UUID, ...] = ()
    sees_held: bool = False

    def may_use(self, inbox_id: UUID) -> bool:
        return not self.inbox_ids or inbox_id in self.inbox_ids


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who did it (SPEC 22 Actor). `id` is encoded; a system actor has none."""

    type: str
    id: str | None = None
    name: str | None = None


SYSTEM = Actor(type="system", name="AgentPost")


def key_actor(key_id: UUID, name: str) -> Actor:
    return Actor(type="key", id=ids.encode("key", key_id), name=name)
