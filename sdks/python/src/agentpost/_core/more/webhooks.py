"""Webhook endpoints, and what arrives at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agentpost import webhooks
from agentpost._generated.async_calls.webhooks import AsyncWebhooks as _AsyncWebhooks
from agentpost._generated.calls.webhooks import Webhooks as _Webhooks

if TYPE_CHECKING:
    from agentpost.types import Event


class Webhooks(_Webhooks):
    def unwrap(self, body: bytes | str, headers: Mapping[str, str], secret: str | Sequence[str]) -> Event:
        """`agentpost.webhooks.unwrap`: the event of an authentic delivery. Raises errors.SignatureInvalid."""
        return webhooks.unwrap(body, headers, secret)


class AsyncWebhooks(_AsyncWebhooks):
    def unwrap(self, body: bytes | str, headers: Mapping[str, str], secret: str | Sequence[str]) -> Event:
        """`agentpost.webhooks.unwrap`: the event of an authentic delivery. Raises errors.SignatureInvalid."""
        return webhooks.unwrap(body, headers, secret)
