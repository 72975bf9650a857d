"""Version 4 signatures in the query string: the presigned URLs that S3, R2, MinIO and their kin accept. Google signs
by the same steps under other names (see `gcs`).

Written out because the store library cannot sign what a download needs: response headers and a fixed type and size.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

LONGEST_SECONDS: Final = 604_800
"""A week: what S3 accepts at most."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of keys, and the token that comes with temporary ones."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials(access_key_id={self.access_key_id!r}, …)"


class Scheme(msgspec.Struct, frozen=True, kw_only=True):
    """A dialect: what its parameters begin with, and who signs by which algorithm (text in, hexadecimal out)."""

    prefix: str
    algorithm: str
    principal: str
    sign: Callable[[str], str]


def presigned_url(
    credentials: Credentials,
    *,
    method: str,
    url: str,
    region: str,
    seconds: int,
    at: datetime,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> str:
    """`url` (path already percent-encoded, no query) signed for one method from `at` on, for 1 s to a week.

    `query` is added and signed; whoever uses the URL must send exactly the `headers`.
    """
    stamp = timestamp(at)
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    token = {"X-Amz-Security-Token": credentials.session_token} if credentials.session_token else {}

    def sign(text: str) -> str:
        return hmac.new(_signing_key(credentials, scope), text.encode(), hashlib.sha256).hexdigest()

    return query_signed_url(
        Scheme(prefix="X-Amz", algorithm="AWS4-HMAC-SHA256", principal=credentials.access_key_id, sign=sign),
        method=method,
        url=url,
        stamp=stamp,
        scope=scope,
        seconds=seconds,
        query={**(query or {}), **token},
        headers=headers or {},
    )


def timestamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def query_signed_url(
    scheme: Scheme,
    *,
    method: str,
    url: str,
    stamp: str,
    scope: str,
    seconds: int,
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> str:
    """The steps that all of version 4's dialects share; `scope` begins with the day of `stamp`."""
    parts = urlsplit(url)
    signed = {"host": parts.netloc, **{name.lower(): value.strip() for name, value in headers.items()}}
    names = ";".join(sorted(signed))
    parameters = {
        **query,
        f"{scheme.prefix}-Algorithm": scheme.algorithm,
        f"{scheme.prefix}-Credential": f"{scheme.principal}/{scope}",
        f"{scheme.prefix}-Date": stamp,
        f"{scheme.prefix}-Expires": str(min(max(seconds, 1), LONGEST_SECONDS)),
        f"{scheme.prefix}-SignedHeaders": names,
    }
    canonical_query = "&".join(
        sorted(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters.items())
    )
    canonical_headers = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = "\n".join((method, parts.path or "/", canonical_query, canonical_headers, names, "UNSIGNED-PAYLOAD"))
    digest = hashlib.sha256(request.encode()).hexdigest()
    signature = scheme.sign("\n".join((scheme.algorithm, stamp, scope, digest)))
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}?{canonical_query}&{scheme.prefix}-Signature={signature}"


def _signing_key(credentials: Credentials, scope: str) -> bytes:
    key = b"AWS4" + credentials.secret_access_key.encode()
    for step in scope.split("/"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return key
