"""What clients of the live streams say, and what is said to them besides events (SPEC 13)."""

from typing import Annotated

import msgspec
from msgspec import Meta

Id = Annotated[str, Meta(max_length=100)]
Ids = Annotated[list[Id], Meta(max_length=100)]


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events are wanted; what is empty or null limits nothing."""

    event_types: Ids = []
    inbox_id: Id | None = None
    environment_ids: Ids = []


class Subscribe(Filter, frozen=True, kw_only=True, tag="subscribe", tag_field="type", forbid_unknown_fields=True):
    """`after`: first all that came after that event, from the log, then what comes."""

    after: Id | None = None


class Unsubscribe(Filter, frozen=True, kw_only=True, tag="unsubscribe", tag_field="type", forbid_unknown_fields=True):
    """Ends the subscriptions with exactly this filter; without one, all."""


class Ping(msgspec.Struct, frozen=True, tag="ping", tag_field="type", forbid_unknown_fields=True):
    pass


Command = Subscribe | Unsubscribe | Ping


class Ticket(msgspec.Struct, kw_only=True):
    """Lets one WebSocket in, once, where no header can be set: `/ws?token=<ticket>`."""

    ticket: str | None
    expires_at: str
