"""Blobs in S3 or anything that speaks its protocol (R2, MinIO, Ceph, Google's store with HMAC keys).

Without keys in the settings the machine's own role is used; URLs are then not presigned, and the server serves
attachments itself.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import msgspec
from obstore.store import S3Store

from agentpost_server.providers.object_blobs import RETRIES, ObjectBlobs, client_options
from agentpost_server.providers.sigv4 import Credentials, presigned_url

if TYPE_CHECKING:
    from obstore.store import S3Config


class S3Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bucket is. No `endpoint` means AWS; `public_endpoint` is what presigned URLs name, when it differs."""

    bucket: str
    region: str = "us-east-1"
    endpoint: str | None = None
    public_endpoint: str | None = None
    prefix: str = ""
    credentials: Credentials | None = None


class S3Blobs(ObjectBlobs):
    """Blobs below `prefix` of one bucket."""

    def __init__(self, location: S3Location) -> None:
        self._location = location
        store = S3Store(
            location.bucket,
            config=s3_config(location),
            client_options=client_options(location.endpoint),
            retry_config=RETRIES,
        )
        super().__init__(store, location.prefix)

    def _presigned(
        self, method: Literal["GET", "PUT"], path: str, seconds: int, query: dict[str, str], headers: dict[str, str]
    ) -> str | None:
        if self._location.credentials is None:
            return None
        return presigned_url(
            self._location.credentials,
            method=method,
            url=f"{_base_url(self._location)}/{path}",
            region=self._location.region,
            seconds=seconds,
            at=datetime.now(UTC),
            query=query,
            headers=headers,
        )


def s3_config(location: S3Location) -> "S3Config":
    # One DELETE a blob is all we ask; the bulk call is missing from some of S3's kin.
    config: S3Config = {"region": location.region, "disable_bulk_delete": True}
    if location.endpoint is not None:
        config["endpoint"] = location.endpoint
    if location.credentials is not None:
        config["access_key_id"] = location.credentials.access_key_id
        config["secret_access_key"] = location.credentials.secret_access_key
        if location.credentials.session_token is not None:
            config["session_token"] = location.credentials.session_token
    return config


def _base_url(location: S3Location) -> str:
    """The bucket stands in the path at other endpoints, and where its dots would not fit Amazon's certificate."""
    bucket = quote(location.bucket, safe="")
    if (endpoint := location.public_endpoint or location.endpoint) is not None:
        return f"{endpoint.rstrip('/')}/{bucket}"
    host = f"s3.{location.region}.amazonaws.com{'.cn' if location.region.startswith('cn-') else ''}"
    return f"https://{host}/{bucket}" if "." in bucket else f"https://{bucket}.{host}"
