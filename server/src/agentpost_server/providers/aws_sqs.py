"""A MessageQueue of Amazon SQS."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import structlog

from agentpost_server.ports.queue import QueuedMessage
from agentpost_server.providers.aws import AwsAccount, AwsClient, AwsRefused

_A_CALL: Final = 10
"""Entries that SQS takes in one batch call."""
log = structlog.get_logger("sqs")


def region_of_queue(url: str) -> str:
    """The region that the URL of a queue names (`https://sqs.eu-west-1.amazonaws.com/…`); "" for any other URL."""
    named = re.match(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/", url)
    return named[1] if named else ""


class SqsQueue:
    """One queue by its URL."""

    def __init__(self, account: AwsAccount, url: str) -> None:
        self._url = url
        self._client = AwsClient(account, "sqs")

    async def receive(self, *, most: int, wait_seconds: int, hidden_seconds: int) -> list[QueuedMessage]:
        with _os_errors():
            answer = await self._client.call(
                "receive_message",
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, _A_CALL),
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=hidden_seconds,
            )
        return [
            QueuedMessage(id=one["MessageId"], receipt=one["ReceiptHandle"], body=one["Body"])
            for one in answer.get("Messages", ())
        ]

    async def delete(self, receipts: Sequence[str]) -> None:
        await self._each("delete_message_batch", receipts, {})

    async def hide(self, receipts: Sequence[str], seconds: int) -> None:
        await self._each("change_message_visibility_batch", receipts, {"VisibilityTimeout": seconds})

    async def close(self) -> None:
        await self._client.close()

    async def _each(self, operation: str, receipts: Sequence[str], more: dict[str, Any]) -> None:
        for start in range(0, len(receipts), _A_CALL):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, **more}
                for number, receipt in enumerate(receipts[start : start + _A_CALL])
            ]
            with _os_errors():
                answer = await self._client.call(operation, QueueUrl=self._url, Entries=entries)
            if failed := answer.get("Failed"):
                # Its hand-out has ended: somebody else has the message, which does no harm.
                log.warning("sqs_entries_failed", operation=operation, codes=[one.get("Code") for one in failed])


@contextmanager
def _os_errors() -> Generator[None]:
    try:
        yield
    except AwsRefused as error:
        raise OSError(f"The queue could not be used: {error}") from error
