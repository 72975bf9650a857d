"""Is a webhook delivery from our server, and what does it tell? Pure; `AgentPost` is not needed for it.

    event = webhooks.unwrap(body, headers, secret)

Both of the server's schemes are read: Standard Webhooks (`webhook-signature`, and under Svix's names) and
`x-agentpost-signature`. `body` is the raw octets of the request: parsed and written again they are others.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from agentpost._core.errors import SignatureInvalid

if TYPE_CHECKING:
    from agentpost.types import Event

TOLERANCE_SECONDS: Final = 300
_MOST_SIGNATURES: Final = 16


def unwrap(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance_seconds: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> "Event":
    """The event of an authentic delivery. Raises SignatureInvalid.

    secret: of the endpoint, or several while it is rotated; any of them will do.
    tolerance_seconds: how far the delivery's time may lie from `now` (unix seconds; the wall clock by default).
    """
    octets = body.encode() if isinstance(body, str) else bytes(body)
    verify(octets, headers, secret, tolerance_seconds=tolerance_seconds, now=now)
    from agentpost._core.model import decode

    try:
        parsed: Any = json.loads(octets)
    except ValueError:
        raise SignatureInvalid("the body is signed, and is not JSON") from None
    return decode("Event", parsed)


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance_seconds: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> None:
    """Raises SignatureInvalid for a delivery that is not authentic or not of now."""
    found = {name.lower(): value for name, value in headers.items()}
    secrets = [secret] if isinstance(secret, str) else list(secret)
    if not secrets or not all(secrets):
        raise SignatureInvalid("there is no secret to check against")
    for prefix in ("webhook", "svix"):
        if signatures := found.get(f"{prefix}-signature"):
            sent_at = _moment(found.get(f"{prefix}-timestamp", ""), tolerance_seconds, now)
            signed = f"{found.get(f'{prefix}-id', '')}.{sent_at}.".encode() + body
            wanted = [_standard(one, signed) for one in secrets]
            return _matching(wanted, (one.removeprefix("v1,") for one in signatures.split(" ")))
    sent_at = _moment(found.get("x-agentpost-timestamp", ""), tolerance_seconds, now)
    signed = f"{sent_at}.".encode() + body
    wanted = [_plain(one, signed) for one in secrets]
    return _matching(wanted, found.get("x-agentpost-signature", "").split(","))


def sign(event_id: str, body: bytes, secret: str) -> dict[str, str]:
    """The headers that the server would send with this body now: to try a receiver with, in tests and by `listen`."""
    at = str(int(time.time()))
    return {
        "webhook-id": event_id,
        "webhook-timestamp": at,
        "webhook-signature": "v1," + _standard(secret, f"{event_id}.{at}.".encode() + body),
        "x-agentpost-timestamp": at,
        "x-agentpost-signature": _plain(secret, f"{at}.".encode() + body),
    }


def _moment(given: str, tolerance_seconds: float, now: float | None) -> str:
    if not given:
        raise SignatureInvalid("the delivery is not signed")
    if not given.isascii() or not given.isdigit() or len(given) > 12:
        raise SignatureInvalid("the timestamp is not unix seconds")
    age = (time.time() if now is None else now) - int(given)
    if abs(age) > tolerance_seconds:
        raise SignatureInvalid("the timestamp is too old" if age > 0 else "the timestamp is in the future")
    return given


def _matching(wanted: Sequence[str], given: Iterable[str]) -> None:
    """Every pair is compared, so that the time taken does not tell which one came close."""
    seen = list(given)[:_MOST_SIGNATURES]
    if not sum(hmac.compare_digest(one.encode(), each.encode()) for one in wanted for each in seen):
        raise SignatureInvalid("no signature matches: is it this endpoint's secret, and the body's raw octets?")


def _plain(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _standard(secret: str, signed: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise SignatureInvalid("a webhook secret is whsec_ and base64: was it copied whole?") from None
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
