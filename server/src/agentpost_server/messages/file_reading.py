"""The lane `file-text`: attached files are read behind the message that brought them, which never waits for it.

Each is read in a process with limits. What else is to be known of a text (`heard`, handed in by `app`) is stored with
it, in one transaction: a crash repeats both or neither. A file that breaks its reader is tried three times, since the
reader may have died for another reason; one that meets a limit is not tried again.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

import structlog

from agentpost_server.core.errors import NotFound, Unavailable
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.mail.file_text import FileText, kind_of
from agentpost_server.mail.file_text.jail import FileJail
from agentpost_server.mail.jail import JailFailure
from agentpost_server.messages import labels, store_file_text, stored
from agentpost_server.runtime import Runtime
from agentpost_server.work import Claimed, Lane

log = structlog.get_logger("file-text")

_TRIES: Final = 3
# Claimed this often without an end to show for it: reading it took the whole server down, or nearly.
_SILENT_TRIES: Final = 6
_AGAIN_SECONDS: Final = 10.0
_STORAGE_AWAY_SECONDS: Final = 30.0
_BATCH: Final = 4
# More than a batch of files that each take all their time.
_LEASE_SECONDS: Final = 240


Heard = Callable[[Scope, UUID, Sequence[str]], Awaitable[Callable[[Tx], Awaitable[None]] | None]]
"""Given the message and the pages of a file: what is to be written with them, None for nothing. The message is held
when that is called."""


class FileReading(Lane):
    """The service that runs the lane, with the process that reads."""

    def __init__(self, runtime: Runtime, jail: FileJail | None = None, heard: Heard | None = None) -> None:
        super().__init__(
            "file-text",
            "file_readings",
            self.read,
            database=runtime.database,
            batch=_BATCH,
            per_organization=2,
            lease_seconds=_LEASE_SECONDS,
        )
        self._runtime = runtime
        self._jail = jail or FileJail()
        self._heard = heard

    async def close(self, grace_seconds: float = 10) -> None:
        await super().close(grace_seconds)
        await self._jail.__aexit__(None, None, None)

    async def read(self, claimed: list[Claimed]) -> None:
        async with self._runtime.database.work({one.organization_id for one in claimed}) as tx:
            rows = await store_file_text.load(tx, claimed)
        for row in rows:
            await self._one(Claimed(row["organization_id"], row["id"], row["attempts"]), row)

    async def _one(self, claim: Claimed, row: Any) -> None:
        try:
            result = await self._text(claim, row)
        except Unavailable:
            raise
        except NotFound:
            result = FileText(failure="missing")
        except OSError as error:
            log.warning("storage is away", file=str(claim.id), error=repr(error))
            await self._put_off(claim, _STORAGE_AWAY_SECONDS, repr(error), counts=False)
            return
        if isinstance(result, JailFailure):
            log.warning("a file could not be read", file=str(claim.id), reason=result.reason, attempt=claim.attempts)
            if result.reason == "crash" and claim.attempts < _TRIES:
                await self._put_off(claim, _AGAIN_SECONDS, result.reason, counts=True)
                return
            result = FileText(failure=result.reason)
        await self._settle(claim, row, result)

    async def _settle(self, claim: Claimed, row: Any, text: FileText) -> None:
        # Files of withheld mail are read, too: whoever decides about it sees what they say.
        tenant = Scope(claim.organization_id, row["environment_id"], sees_held=True)
        message_id = row["message_id"]
        write = await self._heard(tenant, message_id, text.pages) if self._heard is not None and text.pages else None
        async with self._runtime.database.work({claim.organization_id}) as tx:
            if write is not None:
                # Before its file, as everybody does who changes or deletes a message.
                await labels.hold(tx, tenant, [message_id])
            if await store_file_text.settle(tx, claim, text) and write is not None:
                await write(tx)

    async def _text(self, claim: Claimed, row: Any) -> FileText | JailFailure:
        kind = kind_of(row["mime_type"], row["filename"], row["flags"])
        if kind is None or not row["stands"]:
            return FileText(failure="missing")
        if claim.attempts > _SILENT_TRIES:
            return FileText(failure="crash")
        content = await stored.load(self._runtime, claim.organization_id, claim.id)
        return await self._jail.read(kind, content, self._runtime.settings.attachment_text_characters)

    async def _put_off(self, claim: Claimed, seconds: float, error: str, *, counts: bool) -> None:
        async with self._runtime.database.work({claim.organization_id}) as tx:
            await store_file_text.put_off(tx, claim, seconds, error, counts=counts)
