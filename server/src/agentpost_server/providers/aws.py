"""Amazon's APIs through aiobotocore, which is an extra (`ses`): one account, and a client of one of its services."""

import asyncio
import importlib
from contextlib import AsyncExitStack
from importlib.util import find_spec
from typing import Any

import msgspec

from agentpost_server.providers.sigv4 import Credentials
from agentpost_server.settings import Settings, SettingsError


class AwsAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Where calls go and who makes them. Without credentials the SDK's ordinary chain finds them."""

    region: str
    endpoint: str | None = None
    credentials: Credentials | None = None


def account_of(settings: Settings, *, region: str = "") -> AwsAccount:
    """The account of the `ses_…` settings; `region` where the thing itself names its own."""
    keys = None
    if settings.ses_access_key_id:
        keys = Credentials(access_key_id=settings.ses_access_key_id, secret_access_key=settings.ses_secret_access_key)
    return AwsAccount(
        region=region or settings.ses_region or "us-east-1", endpoint=settings.ses_endpoint or None, credentials=keys
    )


def require_sdk() -> None:
    if find_spec("aiobotocore") is None:
        raise SettingsError(
            "A setting of Amazon's services (AGENTPOST_SES_…) is set, and their SDK is not installed:"
            " pip install 'agentpost-server[ses]', or leave those settings empty."
        )


class AwsRefused(Exception):
    """The service answered with an error: its code, such as `ThrottlingException`, and the HTTP status."""

    def __init__(self, code: str, status: int, detail: str) -> None:
        super().__init__(f"{code}: {detail}"[:500])
        self.code = code
        self.status = status


class AwsClient:
    """A client of one service, opened by its first call. `retries` are the SDK's own, of any failure: 0 for sends.

    `call` raises AwsRefused, and OSError for all that is no answer, with the SDK's own error as its cause.
    """

    def __init__(self, account: AwsAccount, service: str, *, retries: int = 2, read_seconds: float = 30.0) -> None:
        """Raises SettingsError where the SDK is not installed: at the start, and not at the first call."""
        require_sdk()
        self._account = account
        self._service = service
        self._retries = retries
        self._read_seconds = read_seconds
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._client: Any = None

    async def call(self, operation: str, **parameters: object) -> dict[str, Any]:
        """One operation by its Python name, such as `receive_message`."""
        if self._client is None:
            async with self._opening:
                if self._client is None:
                    self._client = await self._open()
        errors = _module("botocore.exceptions")
        try:
            return await getattr(self._client, operation)(**parameters)
        except errors.ClientError as error:
            told, answer = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
            status = answer.get("HTTPStatusCode", 0)
            raise AwsRefused(str(told.get("Code", "")), status, str(told.get("Message", ""))) from error
        except errors.BotoCoreError as error:
            raise OSError(f"{self._service} could not be used: {str(error)[:300]}") from error

    async def close(self) -> None:
        self._client = None
        await self._stack.aclose()

    async def _open(self) -> Any:
        session, config = await asyncio.to_thread(_read, self._service)
        keys = self._account.credentials
        return await self._stack.enter_async_context(
            session.create_client(
                self._service,
                region_name=self._account.region,
                endpoint_url=self._account.endpoint,
                aws_access_key_id=keys.access_key_id if keys else None,
                aws_secret_access_key=keys.secret_access_key if keys else None,
                aws_session_token=keys.session_token if keys else None,
                config=config(
                    connect_timeout=5,
                    read_timeout=self._read_seconds,
                    retries={"total_max_attempts": self._retries + 1, "mode": "standard"},
                    max_pool_connections=20,
                ),
            )
        )


def _read(service: str) -> tuple[Any, Any]:
    """The SDK, with its descriptions of the service read from disk, which takes up to a second: it keeps them."""
    session = _module("aiobotocore.session").get_session()
    loader = session.get_component("data_loader")
    for kind in ("service-2", "endpoint-rule-set-1", "paginators-1"):
        if service in loader.list_available_services(kind):
            loader.load_service_model(service, kind)
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
    return session, _module("aiobotocore.config").AioConfig


def _module(name: str) -> Any:
    return importlib.import_module(name)
