"""Shapes of environments and API keys (SPEC 22), and what authentication knows of a key."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agentpost_server.core import ids
from agentpost_server.core.scope import Actor
from agentpost_server.core.times import now, rfc3339, rfc3339_or_none

Kind = Literal["live", "dev", "test"]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Slug = Annotated[str, Meta(pattern="^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
# An address, or `@` and a domain.
AllowedRecipient = Annotated[str, Meta(max_length=320, pattern=r"^[^@\s]*@[^@\s]+$")]
AllowedRecipients = Annotated[list[AllowedRecipient], Meta(max_length=1000)]
TransportName = Literal["local", "ses", "smtp", "direct", "sendgrid", "postmark", "mailgun"]


class Environment(msgspec.Struct, kw_only=True):
    id: str
    name: str
    slug: str
    kind: Kind
    is_default: bool
    transport: str
    allowed_recipients: list[str]
    send_paused: bool
    retention_days: int | None
    clock_offset_seconds: int
    created_at: str


class CreateEnvironment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name
    slug: Slug
    kind: Kind = "live"
    transport: TransportName = "local"
    allowed_recipients: AllowedRecipients = []
    retention_days: Annotated[int, Meta(ge=1, le=36500)] | None = None


class UpdateEnvironment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name | UnsetType = UNSET
    transport: TransportName | UnsetType = UNSET
    allowed_recipients: AllowedRecipients | None | UnsetType = UNSET
    send_paused: bool | UnsetType = UNSET
    retention_days: Annotated[int, Meta(ge=1, le=36500)] | None | UnsetType = UNSET


class ApiKey(msgspec.Struct, kw_only=True):
    id: str
    name: str
    prefix: str
    kind: Kind
    scopes: list[str]
    environment_ids: list[str]
    inbox_ids: list[str]
    status: Literal["active", "expired", "revoked"]
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    created_by: Actor
    created_at: str
    key: str | None | UnsetType = UNSET
    """The secret: only in the answer that made it, and null in a replay of that answer."""


class CreateApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name
    scopes: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(min_length=1, max_length=64)]
    kind: Kind | None = None
    environment_ids: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=100)] = []
    inbox_ids: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=1000)] = []
    expires_at: datetime | None = None


class UpdateApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name | UnsetType = UNSET


class RotateApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    overlap_seconds: Annotated[int, Meta(ge=0, le=86400)] = 0


class Me(msgspec.Struct, kw_only=True):
    """Who the bearer is (`GET /auth/me`)."""

    type: Literal["key", "user"]
    organization_id: str
    key: ApiKey | None
    user: None = None
    environment_id: str | None
    scopes: list[str]
    role: None = None


class KnownEnvironment(msgspec.Struct, frozen=True):
    id: UUID
    slug: str
    kind: str
    is_default: bool


def environment_of(row: Any) -> Environment:
    return Environment(
        id=ids.encode("env", row["id"]),
        name=row["name"],
        slug=row["slug"],
        kind=row["kind"],
        is_default=row["is_default"],
        transport=row["transport"],
        allowed_recipients=row["allowed_recipients"],
        send_paused=row["send_paused"],
        retention_days=row["retention_days"],
        clock_offset_seconds=row["clock_offset_seconds"],
        created_at=rfc3339(row["created_at"]),
    )


def api_key_of(row: Any) -> ApiKey:
    return ApiKey(
        id=ids.encode("key", row["id"]),
        name=row["name"],
        prefix=row["prefix"],
        kind=row["kind"],
        scopes=row["scopes"],
        environment_ids=[ids.encode("env", one) for one in row["environment_ids"]],
        inbox_ids=[ids.encode("inb", one) for one in row["inbox_ids"]],
        status=_status(row),
        expires_at=rfc3339_or_none(row["expires_at"]),
        last_used_at=rfc3339_or_none(row["last_used_at"]),
        revoked_at=rfc3339_or_none(row["revoked_at"]),
        created_by=msgspec.json.decode(row["created_by"], type=Actor),
        created_at=rfc3339(row["created_at"]),
    )


def _status(row: Any) -> Literal["active", "expired", "revoked"]:
    moment = now()
    if row["revoked_at"] is not None and row["revoked_at"] <= moment:
        return "revoked"
    return "expired" if row["expires_at"] is not None and row["expires_at"] <= moment else "active"
