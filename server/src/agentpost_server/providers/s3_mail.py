"""MailObjects of a bucket in S3: where SES puts the mail that its receipt rules store."""

from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import S3Store

from agentpost_server.ports.mail_objects import ObjectNotFound, ObjectTooLarge, StoredObject
from agentpost_server.providers.aws import account_of
from agentpost_server.providers.s3 import S3Location, s3_config
from agentpost_server.settings import Settings, SettingsError

_PAGE: Final = 1000


def open_mail_objects(settings: Settings) -> "S3Mail":
    """The bucket that `ses_inbound_bucket` names. Raises SettingsError."""
    url = urlsplit(settings.ses_inbound_bucket)
    if url.scheme != "s3" or not url.hostname or url.query or url.fragment:
        raise SettingsError("AGENTPOST_SES_INBOUND_BUCKET must look like s3://bucket/prefix.")
    account = account_of(settings)
    return S3Mail(
        S3Location(
            bucket=url.hostname,
            region=account.region,
            endpoint=account.endpoint,
            prefix=url.path.strip("/"),
            credentials=account.credentials,
        )
    )


class S3Mail:
    """Objects below `prefix` of one bucket."""

    def __init__(self, location: S3Location) -> None:
        self.bucket = location.bucket
        self.prefix = f"{location.prefix}/" if location.prefix else ""
        self._store = S3Store(
            location.bucket,
            config=s3_config(location),
            client_options={
                "allow_http": (location.endpoint or "").startswith("http://"),
                "connect_timeout": timedelta(seconds=5),
                "timeout": timedelta(seconds=60),
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        )

    async def read(self, key: str, *, most: int) -> bytes:
        with _os_errors():
            try:
                result = await self._store.get_async(key)
                if result.meta["size"] > most:
                    raise ObjectTooLarge(key)
                return bytes(await result.bytes_async())
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                raise ObjectNotFound(key) from error

    async def pages(self, *, after: str | None = None) -> AsyncIterator[Sequence[StoredObject]]:
        with _os_errors():
            store: Any = self._store
            async for page in store.list(self.prefix or None, offset=after, chunk_size=_PAGE):
                yield [
                    StoredObject(key=one["path"], size=one["size"], modified_at=one["last_modified"]) for one in page
                ]


@contextmanager
def _os_errors() -> Generator[None]:
    try:
        yield
    except BaseError as error:
        raise OSError(f"The mail bucket could not be used: {str(error)[:300]}") from error
