"""Blobs in Google Cloud Storage, with a service account's key file or the machine's own account.

Only a key file can sign URLs here (GOOG4-RSA-SHA256); without one the server serves attachments itself. The store
library signs too, but not the response headers that a download needs.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from obstore.exceptions import BaseError
from obstore.store import GCSStore

from agentpost_server.providers.object_blobs import RETRIES, ObjectBlobs, client_options
from agentpost_server.providers.sigv4 import Scheme, query_signed_url, timestamp

if TYPE_CHECKING:
    from obstore.store import GCSConfig

_GOOGLE: Final = "https://storage.googleapis.com"


class GcsLocation(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bucket is. No `key_file` means the account of the machine, no `endpoint` Google itself."""

    bucket: str
    prefix: str = ""
    key_file: Path | None = None
    endpoint: str | None = None


class _KeyFile(msgspec.Struct):
    """What we read of a credentials file. Only those of type `service_account` hold a key."""

    type: str = ""
    client_email: str = ""
    private_key: str = ""


class GcsBlobs(ObjectBlobs):
    """Blobs below `prefix` of one bucket."""

    def __init__(self, location: GcsLocation) -> None:
        """Raises ValueError for a key file that cannot be used; it is read once."""
        self._base_url = f"{location.endpoint or _GOOGLE}/{quote(location.bucket, safe='')}"
        self._scheme = None if location.key_file is None else _scheme_of(location.key_file)
        config: GCSConfig = {}
        if location.key_file is not None:
            config["application_credentials"] = str(location.key_file)
        if location.endpoint is not None:
            config["base_url"] = location.endpoint
        try:
            store = GCSStore(
                location.bucket,
                config=config,
                client_options=client_options(location.endpoint),
                retry_config=RETRIES,
            )
        except BaseError as error:
            raise ValueError("these credentials are of no kind that can be used here") from error
        super().__init__(store, location.prefix)

    def _presigned(
        self, method: Literal["GET", "PUT"], path: str, seconds: int, query: dict[str, str], headers: dict[str, str]
    ) -> str | None:
        if self._scheme is None:
            return None
        stamp = timestamp(datetime.now(UTC))
        return query_signed_url(
            self._scheme,
            method=method,
            url=f"{self._base_url}/{path}",
            stamp=stamp,
            scope=f"{stamp[:8]}/auto/storage/goog4_request",
            seconds=seconds,
            query=query,
            headers=headers,
        )


def _scheme_of(path: Path) -> Scheme | None:
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_KeyFile)
        key = load_pem_private_key(file.private_key.encode(), None) if file.type == "service_account" else None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path} is not a credentials file of Google") from error
    if key is None:
        return None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"the key in {path} is not an RSA key")

    def sign(text: str) -> str:
        return key.sign(text.encode(), PKCS1v15(), hashes.SHA256()).hex()

    return Scheme(prefix="X-Goog", algorithm="GOOG4-RSA-SHA256", principal=file.client_email, sign=sign)
