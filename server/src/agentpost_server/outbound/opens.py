"""Watching whether a mail is opened, when its sender asked for that: a picture of one pixel behind a signed link.

What is learnt is that somebody's program fetched the picture, once for each mail: no address, no time but the first.
Many programs fetch every picture and many fetch none, so that an open proves little and its absence nothing.
"""

import base64
from typing import Final
from uuid import UUID

import structlog

from agentpost_server.core.errors import NotFound, Unavailable
from agentpost_server.core.secrets import Keyring
from agentpost_server.outbound import feedback
from agentpost_server.outbound.feedback import About
from agentpost_server.outbound.store import feedback as store
from agentpost_server.outbound.told import Feedback
from agentpost_server.runtime import Runtime

log = structlog.get_logger("opens")
PIXEL: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
_PURPOSE: Final = "open"
_UUIDS: Final = 2 * 16


def write(keyring: Keyring, organization_id: UUID, message_id: UUID) -> str:
    """The token of a mail's picture: 64 characters."""
    named = organization_id.bytes + message_id.bytes
    return base64.urlsafe_b64encode(named + keyring.sign(_PURPOSE, named)).decode()


def read(keyring: Keyring, token: str) -> tuple[UUID, UUID]:
    """(organization, message). Raises NotFound for what we did not write."""
    try:
        octets = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        raise NotFound from None
    named = octets[:_UUIDS]
    if len(named) < _UUIDS or not keyring.verify(_PURPOSE, named, octets[_UUIDS:]):
        raise NotFound
    return UUID(bytes=named[:16]), UUID(bytes=named[16:])


def watched(html: str, url: str) -> str:
    """The HTML with the picture at its end."""
    picture = f'<img src="{url}" width="1" height="1" alt="">'
    end = max(html.rfind("</body>"), html.rfind("</BODY>"))
    return html + picture if end < 0 else html[:end] + picture + html[end:]


async def note(runtime: Runtime, organization_id: UUID, message_id: UUID) -> None:
    """That the picture was fetched: only the first time writes. A database that is away costs an open, no answer."""
    try:
        async with runtime.database.transaction(organization_id) as tx:
            if not await store.was_opened(tx, organization_id, message_id):
                about = About(organization_id=organization_id, message_id=message_id)
                await feedback.move(tx, [(about, [Feedback(kind="opened", at=runtime.now())])])
    except Unavailable:
        log.warning("an open was not noted")
