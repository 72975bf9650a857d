"""One-time codes and links of a message, found when they are asked for: what is found follows the rules of today."""

import asyncio
from uuid import UUID

import msgspec

from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.mail.codes import Code, find_codes
from agentpost_server.mail.codes.mail_lines import MOST_HTML, MOST_TEXT
from agentpost_server.messages import store
from agentpost_server.runtime import Runtime


class Codes(msgspec.Struct, kw_only=True):
    """Surest first, at most 20."""

    data: list[Code]


async def read_codes(runtime: Runtime, tenant: Scope, message_id: UUID) -> Codes:
    """Raises NotFound. Found in a thread, with the transaction closed."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        row = await store.texts(tx, tenant, message_id, MOST_TEXT, MOST_HTML)
    if row is None:
        raise NotFound
    return Codes(data=await asyncio.to_thread(find_codes, row["subject"], row["text_body"], row["html_body"]))
