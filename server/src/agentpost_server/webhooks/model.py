"""Shapes of webhook endpoints and deliveries (SPEC 22), and the bounds of what a request may say."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339, rfc3339_or_none

Url = Annotated[str, Meta(min_length=1, max_length=2048)]
EventTypes = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=64)]
InboxIds = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=1000)]
Headers = Annotated[dict[str, Annotated[str, Meta(max_length=8192)]], Meta(max_length=32)]
Description = Annotated[str, Meta(max_length=1000)]
ClientId = Annotated[str, Meta(min_length=1, max_length=256)]
Moment = Annotated[datetime, Meta(tz=True)]

DisabledReason = Literal["manual", "failures", "gone"]
DeliveryStatus = Literal["pending", "succeeded", "failed", "cancelled"]
AttemptError = Literal["timeout", "dns", "blocked_address", "tls", "reset"]


class WebhookEndpoint(msgspec.Struct, kw_only=True):
    id: str
    environment_id: str
    url: str
    description: str | None
    event_types: list[str]
    """Empty: all."""
    inbox_ids: list[str]
    """Empty: all, and what belongs to no inbox."""
    enabled: bool
    disabled_reason: DisabledReason | None
    headers: list[str]
    """Names only: values are never read back."""
    client_id: str | None
    consecutive_failures: int
    last_success_at: str | None
    created_at: str
    updated_at: str
    secret: str | None | UnsetType = UNSET
    """Only in the answer that made it, and null in a replay of that answer."""
    previous_secret_expires_at: str | UnsetType = UNSET
    """In the answer of a rotation: until when the secret before signs on."""


class CreateWebhook(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    url: Url
    event_types: EventTypes = []
    inbox_ids: InboxIds = []
    headers: Headers = {}
    """Sent with every delivery, such as an Authorization of your own."""
    client_id: ClientId | None = None
    """Your own name for it: a repeat returns the first endpoint instead of making another."""
    description: Description | None = None
    enabled: bool = True


class UpdateWebhook(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    url: Url | UnsetType = UNSET
    event_types: EventTypes | None | UnsetType = UNSET
    inbox_ids: InboxIds | None | UnsetType = UNSET
    headers: Headers | None | UnsetType = UNSET
    description: Description | None | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class TestWebhook(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    event_type: Annotated[str, Meta(max_length=64)] = "webhook.test"


class ReplayWebhook(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    since: Moment
    until: Moment | None = None
    """None: now."""
    status: Literal["failed", "all"] = "failed"


class Replayed(msgspec.Struct, kw_only=True):
    queued: int


class Header(msgspec.Struct, frozen=True):
    name: str
    value: str


class DeliveryRequest(msgspec.Struct, kw_only=True):
    """The request as it was made last, or would be made now."""

    url: str
    headers: list[Header]
    body: str | None
    """Null when the event is no longer kept."""


class Attempt(msgspec.Struct, kw_only=True):
    number: int
    at: str
    duration_ms: int
    status: int | None
    error: AttemptError | None
    headers: list[Header]
    body: str


class Delivery(msgspec.Struct, kw_only=True):
    """One event on its way to one endpoint."""

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: str | None
    response_status: int | None
    created_at: str
    finished_at: str | None
    request: DeliveryRequest | UnsetType = UNSET
    attempt_log: list[Attempt] | UnsetType = UNSET


def endpoint_of(row: Any) -> WebhookEndpoint:
    return WebhookEndpoint(
        id=ids.encode("whk", row["id"]),
        environment_id=ids.encode("env", row["environment_id"]),
        url=row["url"],
        description=row["description"],
        event_types=row["event_types"],
        inbox_ids=[ids.encode("inb", one) for one in row["inbox_ids"]],
        enabled=row["enabled"],
        disabled_reason=row["disabled_reason"],
        headers=row["header_names"],
        client_id=row["client_id"],
        consecutive_failures=row["consecutive_failures"],
        last_success_at=rfc3339_or_none(row["last_success_at"]),
        created_at=rfc3339(row["created_at"]),
        updated_at=rfc3339(row["updated_at"]),
    )


def delivery_of(row: Any) -> Delivery:
    return Delivery(
        id=ids.encode("dlv", row["id"]),
        webhook_id=ids.encode("whk", row["webhook_id"]),
        event_id=ids.encode("evt", row["event_id"]),
        event_type=row["event_type"],
        status=row["status"],
        attempts=row["tries"],
        next_attempt_at=rfc3339_or_none(row["due_at"]),
        response_status=row["response_status"],
        created_at=rfc3339(row["created_at"]),
        finished_at=rfc3339_or_none(row["finished_at"]),
    )


def attempt_of(row: Any) -> Attempt:
    return Attempt(
        number=row["number"],
        at=rfc3339(row["at"]),
        duration_ms=row["duration_ms"],
        status=row["status"],
        error=row["error"],
        headers=msgspec.json.decode(row["headers"], type=list[Header]),
        body=row["body"],
    )
