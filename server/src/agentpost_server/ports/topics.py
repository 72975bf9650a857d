"""Subscribing to a topic that publishes to us: the one verb that a subscription needs of its owner's API."""

from typing import Protocol


class Topics(Protocol):
    """Publishers of notifications."""

    async def confirm(self, topic: str, token: str) -> None:
        """Confirm a subscription by the token that came with it. Raises OSError, ValueError for a wrong token."""
        ...
