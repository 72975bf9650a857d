"""How a reply names what it answers (RFC 5322 3.6.4), so that every mail program puts it in the same thread."""

import msgspec

from agentpost_server.mail.reply.model import OriginalMail


class Citations(msgspec.Struct, frozen=True):
    """`in_reply_to` is None for an original without any id. `references` is the whole chain; composing caps it."""

    in_reply_to: str | None
    references: tuple[str, ...]


def reply_citations(original: OriginalMail) -> Citations:
    """The id that recipients saw on the wire, and the original's own chain with all its ids behind it.

    A chain that is missing starts with the original's In-Reply-To, as the RFC says.
    """
    chain = original.references or ((original.in_reply_to,) if original.in_reply_to else ())
    own = ((original.message_id,) if original.message_id else ()) + original.wire_message_ids
    # An id that is cited again moves to its last place: the nearest parent stands last.
    references = tuple(dict.fromkeys(i for i in chain if i not in own)) + tuple(dict.fromkeys(own))
    return Citations(own[-1] if own else None, references)
