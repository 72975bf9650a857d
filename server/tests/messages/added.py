"""Messages for tests, stored by `messages.add`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.core.times import now
from agentpost_server.mail.model import Address
from agentpost_server.messages.add import add
from agentpost_server.messages.new import Added, NewMessage
from harness import Tenant


async def new_inbox(tenant: Tenant) -> UUID:
    return ids.decode("inb", (await tenant.http.post("/inboxes", json={})).json()["id"])


def live(tenant: Tenant) -> Scope:
    return Scope(tenant.organization.organization_id, tenant.organization.live_environment_id)


def message(tenant: Tenant, inbox_id: UUID, header: str, **fields: Any) -> NewMessage:
    """A received mail from Ann, unless `fields` say otherwise."""
    return NewMessage(
        **{
            "id": ids.new_id(),
            "scope": live(tenant),
            "inbox_id": inbox_id,
            "direction": "inbound",
            "status": "received",
            "message_id_header": header,
            "subject": "Hello",
            "from_address": Address("ann@example.com", "Ann"),
            "to_addresses": (Address("us@agentpost.test"),),
            "text_body": "Words",
            "labels": ("received", "unread"),
            "size": 100,
            "trust": "unverified",
            "created_at": now(),
            **fields,
        }
    )


async def stored(tenant: Tenant, *messages: NewMessage) -> list[Added | None]:
    async with tenant.server.database.work({one.scope.organization_id for one in messages}) as tx:
        return await add(tx, messages)


def thread_ids(added: Sequence[Added | None]) -> list[UUID | None]:
    return [one.thread_id if one else None for one in added]
