"""The catalogue of event types (SPEC 22). Data shapes are documented in docs/reference/events.md."""

from typing import Final

EVENT_TYPES: Final = frozenset(
    """
    message.received message.blocked message.held message.approved message.cancelled message.queued message.scheduled
    message.sent message.delivered message.deferred message.unknown message.failed message.rejected message.bounced
    message.complained message.opened message.deleted message.labels_changed thread.created inbox.created inbox.deleted
    inbox.paused inbox.resumed draft.created draft.updated draft.deleted draft.sent loop.detected domain.verified
    domain.failed webhook.disabled webhook.test limit.reached
    """.split()
)
