"""A send as policies see it: whom it goes to, what it takes along, and every word of it that would leave. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from agentpost_server.core import ids
from agentpost_server.core.scope import Actor
from agentpost_server.mail.address import canonical
from agentpost_server.outbound.check import Checked
from agentpost_server.outbound.files import File
from agentpost_server.outbound.letter import Letter, Original, Way
from agentpost_server.outbound.model import AttachmentIn, Forward, Reply, Send
from agentpost_server.policies import Decision, FileSeen, Person, SendFacts, Text, examine


def facts_of(
    way: Way,
    wanted: Send | Reply | Forward,
    checked: Checked,
    sender: Any,
    original: Original | None,
    files: Sequence[AttachmentIn],
    author: Actor,
    moment: datetime,
) -> SendFacts:
    """`files` are those that a forward carries along too. A forward answers nobody."""
    forwards = way == "forward"
    return SendFacts(
        inbox_id=sender["id"],
        domain=sender["domain"],
        own_domain=sender["own_domain"],
        way="reply" if original is not None and not forwards else "send",
        people=tuple(Person(canonical(one.email), one.kind) for one in checked.recipients),
        thread_id=original.thread_id if original is not None else None,
        attachment_count=len(files),
        attachment_octets=None,
        based_on=checked.based_on,
        file_ids=tuple(
            found for one in files if one.attachment_id and (found := ids.decode_or_none("att", one.attachment_id))
        ),
        original_id=original.id if original is not None and forwards else None,
        leaves_later=checked.send_at is not None,
        texts=tuple(one for one in _texts(wanted, checked, sender, files) if one.content),
        author=author,
        moment=moment,
    )


def examined(decision: Decision, letter: Letter, files: Sequence[File]) -> Decision:
    """The decision after a look at all that was written, what is quoted included, and at the files' bytes."""
    texts = [
        Text("subject", letter.subject),
        Text("text_body", letter.text_body or ""),
        Text("html_body", letter.html_body or ""),
    ]
    seen = [
        FileSeen(filename=one.filename, content=one.content, digest=hashlib.sha256(one.content).hexdigest())
        for one in files
    ]
    return examine(decision, texts, seen)


def _texts(
    wanted: Send | Reply | Forward, checked: Checked, sender: Any, files: Sequence[AttachmentIn]
) -> Iterator[Text]:
    yield Text("from", f"{sender['display_name'] or ''} {sender['email']}")
    yield Text("subject", wanted.subject or "")
    yield Text("text_body", wanted.text_body or "")
    yield Text("html_body", wanted.html_body or "")
    for name, value in checked.headers:
        yield Text(f"headers.{name}", f"{name}: {value}")
    for field in ("to", "cc", "bcc", "reply_to"):
        for n, one in enumerate(getattr(checked, field)):
            yield Text(f"{field}[{n}]", f"{one.name or ''} {one.email}")
    for n, one in enumerate(files):
        for field in ("filename", "mime_type", "content_id", "url"):
            yield Text(f"attachments[{n}].{field}", getattr(one, field) or "")
