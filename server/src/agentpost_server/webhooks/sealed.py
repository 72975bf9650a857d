"""Secrets and header values of endpoints: sealed in the database, opened only to sign and to send."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from agentpost_server.core.errors import FieldError, Invalid
from agentpost_server.core.secrets import Keyring
from agentpost_server.web.fetch import check_headers
from agentpost_server.webhooks.signing import MAX_ACTIVE_SECRETS, new_secret

OVERLAP: Final = timedelta(hours=24)
_PURPOSE: Final = "webhook-secrets"
_OURS: Final = ("webhook-", "x-agentpost-")


class Secret(msgspec.Struct, frozen=True):
    """`expires_at` is None for the endpoint's own secret, and the end of the overlap for those before it."""

    secret: str
    expires_at: datetime | None = None


def seal_secrets(keyring: Keyring, secrets: list[Secret]) -> bytes:
    return keyring.seal(_PURPOSE, msgspec.json.encode(secrets))


def open_secrets(keyring: Keyring, sealed: bytes, now: datetime) -> list[Secret]:
    """Those that sign now, newest first."""
    secrets = msgspec.json.decode(keyring.unseal(_PURPOSE, sealed), type=list[Secret])
    return [one for one in secrets if one.expires_at is None or one.expires_at > now][:MAX_ACTIVE_SECRETS]


def rotate(secrets: list[Secret], now: datetime) -> list[Secret]:
    """A new secret in front; the one before signs on for a day. A fourth ends the oldest early."""
    ends = now + OVERLAP
    kept = [one if one.expires_at is not None else Secret(one.secret, ends) for one in secrets]
    return [Secret(new_secret()), *kept][:MAX_ACTIVE_SECRETS]


def seal_headers(keyring: Keyring, headers: dict[str, str]) -> bytes | None:
    return keyring.seal(_PURPOSE, msgspec.json.encode(headers)) if headers else None


def open_headers(keyring: Keyring, sealed: bytes | None) -> dict[str, str]:
    return {} if sealed is None else msgspec.json.decode(keyring.unseal(_PURPOSE, sealed), type=dict[str, str])


def check_own_headers(headers: dict[str, str]) -> None:
    """Refuse (422 `unsafe_header`) what would change the request, its signature or its meaning."""
    check_headers(tuple(headers.items()))
    seen: set[str] = set()
    for name in headers:
        lower = name.lower()
        if lower in seen or lower == "content-type" or lower.startswith(_OURS):
            message = "This header cannot be set."
            raise Invalid(
                f"headers: {message}",
                fix="Leave out content-type, webhook-* and x-agentpost-*, and name every header once.",
                code="unsafe_header",
                errors=(FieldError(field=f"headers.{name}", message=message, code="unsafe_header"),),
            )
        seen.add(lower)
