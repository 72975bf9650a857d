"""A send as policies see it: whom it goes to, what it takes along, and every word of it that would leave. Pure."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from agentpost_server.core import ids
from agentpost_server.core.scope import Actor
from agentpost_server.mail.address import canonical, without_tag
from agentpost_server.outbound.check import Checked
from agentpost_server.outbound.files import File
from agentpost_server.outbound.letter import Letter, Original, Way
from agentpost_server.outbound.model import AttachmentIn, Forward, Reply, Send
from agentpost_server.policies import Decision, FileSeen, Person, SendFacts, Text, examine
from agentpost_server.web.fetch import host_of

# Whatever looks like one in a header field: read to be held against rules, not to be written to.
_ADDRESS: Final = re.compile(r"[^\s<>()\[\],;:\"@]{1,200}@[^\s<>()\[\],;:\"@?&/]{1,253}")


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
        answers_to=tuple(_answers_to(checked, sender)),
        url_hosts=hosts_of(files),
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
        Text("in_reply_to", letter.in_reply_to or ""),
        Text("references", " ".join(letter.references)),
        # As the files bring them: an upload and a stored file have words of their own.
        *(Text(f"attachments[{n}].mime_type", one.declared or "") for n, one in enumerate(files)),
        *(Text(f"attachments[{n}].content_id", one.content_id or "") for n, one in enumerate(files)),
    ]
    seen = [
        FileSeen(filename=one.filename, content=one.content, digest=hashlib.sha256(one.content).hexdigest())
        for one in files
    ]
    return examine(decision, texts, seen)


def hosts_of(files: Sequence[AttachmentIn]) -> tuple[str, ...]:
    """Whom the server would ask for them."""
    return tuple(dict.fromkeys(host_of(one.url) for one in files if one.url is not None))


def urls_of(files: Sequence[AttachmentIn]) -> list[Text]:
    return [Text(f"attachments[{n}].url", one.url) for n, one in enumerate(files) if one.url is not None]


def _answers_to(checked: Checked, sender: Any) -> Iterator[str]:
    """Whoever is named for answers, receipts or unsubscribing, but the inbox itself."""
    named = [one.email for one in checked.reply_to]
    named += [found for _, value in checked.headers for found in _ADDRESS.findall(unquote(value))]
    own = without_tag(canonical(sender["email"]))
    for email in dict.fromkeys(canonical(one) for one in named):
        if without_tag(email) != own:
            yield email


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
