"""How a webhook delivery is signed, and how a receiver checks it. Pure.

Two schemes travel in each delivery. The plain one is easy to check by hand in any language; Standard Webhooks
(standardwebhooks.com) is what existing verifier libraries read. Both bind the time, so that a recorded delivery cannot
be played again later, and both carry one signature per active secret, so that a secret can be rotated without a gap.
"""

import base64
import binascii
import hashlib
import hmac
import os
import time
from collections.abc import Mapping, Sequence
from typing import Final

PREFIX: Final = "whsec_"
TOLERANCE_SECONDS: Final = 300
MAX_ACTIVE_SECRETS: Final = 3


class SignatureError(ValueError):
    """A delivery is not authentic, or not of now. The message says which; it holds nothing secret."""


def new_secret() -> str:
    """`whsec_` + base64 of 32 random octets (Standard Webhooks allows 24 to 64)."""
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def sign(delivery_id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers that sign `body`, by the active `secrets`, newest first; `timestamp` is unix seconds of this attempt.

    - `x-agentpost-signature`: lower-case hex HMAC-SHA256 over `{timestamp}.{body}`, keyed by the whole secret as UTF-8.
      While secrets overlap there is one per secret, newest first, separated by commas without spaces; a receiver
      accepts the delivery when any of them is its own.
    - `x-agentpost-timestamp`: the same timestamp, in decimal.
    - `webhook-id`, `webhook-timestamp`, `webhook-signature`: Standard Webhooks, `v1,<base64>` per secret, separated by
      spaces; keyed by the octets that the part behind `whsec_` encodes. `webhook-id` stays the same over retries.

    Raises ValueError for no secret, more than MAX_ACTIVE_SECRETS, or one that is not `whsec_` + base64 of 24–64 octets,
    and for an id that holds anything but letters, digits, `_` and `-`.
    """
    if not 1 <= len(secrets) <= MAX_ACTIVE_SECRETS:
        raise ValueError(f"a delivery is signed by 1 to {MAX_ACTIVE_SECRETS} secrets")
    if not delivery_id or not delivery_id.isascii() or not delivery_id.replace("_", "").replace("-", "").isalnum():
        raise ValueError("a delivery id is made of letters, digits, _ and -")
    plain = f"{timestamp}.".encode() + body
    standard = f"{delivery_id}.{timestamp}.".encode() + body
    return {
        "x-agentpost-signature": ",".join(_hex(secret, plain) for secret in secrets),
        "x-agentpost-timestamp": str(timestamp),
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_base64(secret, standard)}" for secret in secrets),
    }


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secret: str,
    *,
    now: float | None = None,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> None:
    """Accept a delivery by its plain signature, or raise SignatureError. What our SDKs do; header names in any case.

    Refused: a missing or malformed header, a timestamp more than `tolerance_seconds` before or after `now` (unix
    seconds, by default the wall clock), no signature by `secret`. Comparison takes the same time wherever it differs.
    """
    found = {name.lower(): value for name, value in headers.items()}
    signatures = found.get("x-agentpost-signature", "")
    sent_at = found.get("x-agentpost-timestamp", "")
    if not signatures or not sent_at:
        raise SignatureError("the delivery is not signed")
    if not sent_at.isascii() or not sent_at.isdigit() or len(sent_at) > 12:
        raise SignatureError("the timestamp is not unix seconds")
    age = (time.time() if now is None else now) - int(sent_at)
    if age > tolerance_seconds:
        raise SignatureError("the timestamp is too old")
    if age < -tolerance_seconds:
        raise SignatureError("the timestamp is in the future")
    expected = hmac.new(secret.encode(), f"{sent_at}.".encode() + body, hashlib.sha256).hexdigest().encode()
    given = [signature.encode("utf-8", "replace") for signature in signatures.split(",", 16)[:16]]
    # Every signature is compared, so that the time taken does not tell which one came close.
    if not sum([hmac.compare_digest(expected, signature) for signature in given]):
        raise SignatureError("no signature matches")


def _hex(secret: str, content: bytes) -> str:
    _key(secret)
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def _base64(secret: str, content: bytes) -> str:
    return base64.b64encode(hmac.new(_key(secret), content, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    """The octets that a secret's base64 part stands for."""
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if encoded == secret or not 24 <= len(key) <= 64:
        raise ValueError("a webhook secret is whsec_ and the base64 of 24 to 64 octets")
    return key
