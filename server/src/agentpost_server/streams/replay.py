"""From the log to live without a gap and without a repeat."""

from collections.abc import AsyncGenerator
from typing import Final

from agentpost_server.db import Database
from agentpost_server.events.read import rows_after
from agentpost_server.streams.entry import Entry
from agentpost_server.streams.hub import Hub
from agentpost_server.streams.subscription import Subscription

_PAGE: Final = 100


async def catch_up(database: Database, hub: Hub, subscription: Subscription) -> AsyncGenerator[Entry]:
    """What stands in the log after the subscription's position; when it ends, the subscription is live.

    Its listener has joined the hub before. Pages are read up to the hub's position until that has not moved on, so
    nothing is held back in memory however long the replay takes; the last comparison and going live are one step.
    """
    while True:
        live = hub.position
        while subscription.position < live:
            async with database.transaction(subscription.selection.organization_id) as tx:
                rows = await rows_after(tx, subscription.selection, subscription.position, until=live, limit=_PAGE)
            for row in rows:
                subscription.position = row["position"]
                yield Entry(row)
            if len(rows) < _PAGE:
                subscription.position = live
        if hub.position == live:
            subscription.live = True
            return
