"""The blob store: bytes go in, come back the same, and go."""

import contextlib
import os
from pathlib import Path
from uuid import UUID

from agentpost_server.cli.doctor.installation import Installation
from agentpost_server.cli.doctor.model import Finding, failed, not_checked, ok
from agentpost_server.core import ids
from agentpost_server.core.times import now
from agentpost_server.opening import open_blobs
from agentpost_server.ports.blobs import BlobNotFound, blob_key

_NOBODY = UUID(int=0)


async def blobs(one: Installation) -> list[Finding]:
    if not one.settings.blob_url and (why := _not_ours(one)):
        return [why]
    store = open_blobs(one.settings, one.folder.path)
    place = one.settings.blob_url or str(one.folder.path / "blobs")
    key, probe = blob_key(_NOBODY, ids.new_id(), now()), os.urandom(32)
    try:
        await store.put(key, probe)
        back = await store.get(key)
        await store.delete(key)
        await store.check()
        if not one.settings.blob_url:
            _tidy(one.folder.path / "blobs" / key)
    except (OSError, BlobNotFound) as error:
        with contextlib.suppress(OSError):
            await store.delete(key)
        fix = "See that it is there, that the credentials may get, put and delete, and that there is room."
        return [failed("blobs", f"{place}: {error}", fix)]
    if back != probe:
        return [failed("blobs", f"{place} gave back other bytes than it was given.", "Do not use this store.")]
    return [ok("blobs", f"{place} stores, gives back and deletes.")]


def _tidy(file: Path) -> None:
    """The folders that were made for the probe."""
    with contextlib.suppress(OSError):
        file.parent.rmdir()
        file.parent.parent.rmdir()


def _not_ours(one: Installation) -> Finding | None:
    """Files that we make must not stand in the server's way: they are made only as the user that it runs as."""
    try:
        owner = one.folder.path.stat().st_uid
    except FileNotFoundError:
        return not_checked("blobs", f"{one.folder.path} is not there yet: the first start makes it.")
    if owner != os.geteuid():
        return not_checked("blobs", f"{one.folder.path} belongs to another user.", "Run the doctor as that user.")
    return None
