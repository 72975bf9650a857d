"""Writing an outbound message anew before it has left: what an approver changed, or what only composing it knows. Its
id, thread, inbox and labels stay. And taking a withheld one into its thread."""

from datetime import datetime
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages import store_delete, store_labels, store_rewrite
from agentpost_server.messages.add import facets_of, people_of
from agentpost_server.messages.new import NewMessage


async def take_thread(tx: Tx, tenant: Scope, message_id: UUID) -> None:
    """Before the message's own row is taken, as everybody does. Its key stays free: whoever writes the message twice
    asks for its thread behind the message, and would wait for us."""
    await store_labels.lock_threads(tx, tenant, [message_id])


async def take_in(tx: Tx, tenant: Scope, thread_id: UUID) -> bool:
    """After a withheld message was let through: its thread, which this transaction holds, counts it. True when the
    thread begins with it."""
    before = await store_labels.read_thread(tx, tenant, thread_id)
    await store_delete.refresh_threads(tx, tenant.organization_id, [thread_id])
    return before["message_count"] == 0


async def rewrite(tx: Tx, message: NewMessage, *, new_files: bool, changed: bool, at: datetime) -> None:
    """For a message whose thread and row this transaction holds. `new_files`: its attachments are replaced by those of
    `message`, whose bytes lie under `blob_key(organization_id, attachment.id, at)` where they are large."""
    await store_rewrite.clear(tx, message, new_files=new_files)
    facets = [one for one in facets_of(message) if one.startswith("to:") or one == "attachments"]
    await store_rewrite.write(tx, message, facets, people_of(message))
    if new_files and message.attachments:
        await store_rewrite.insert_files(tx, message, at)
    if changed and message.thread_id is not None:
        await store_delete.refresh_threads(tx, message.scope.organization_id, [message.thread_id])
