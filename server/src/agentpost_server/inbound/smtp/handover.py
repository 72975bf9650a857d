"""From finished content to the mailroom: what refuses a message, the Delivery made of it, and how to ask."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from structlog.typing import FilteringBoundLogger

from agentpost_server.core.errors import Problem
from agentpost_server.inbound.smtp import replies
from agentpost_server.inbound.smtp.conversation import Conversation
from agentpost_server.inbound.smtp.data import DataReader, ReceivedContent
from agentpost_server.inbound.smtp.mailroom import Accepted, Delivery, Mailroom

log: FilteringBoundLogger = structlog.get_logger("smtp")

AnswerT = TypeVar("AnswerT")


def finish(conversation: Conversation, reader: DataReader) -> Delivery | bytes:
    """The delivery of the content that `reader` found the end of, or the reply that refuses it."""
    limits = conversation.host.limits
    content = reader.finish()
    if content is None:
        return replies.TOO_LARGE if reader.failure == "too_large" else replies.NO_ROOM
    if content.received_count > limits.max_received_headers:
        return replies.LOOP
    if limits.refuse_bare_newlines and (content.bare_newlines or content.nul_removed):
        return replies.BARE_NEWLINES
    return _delivery(conversation, content)


async def ask(question: Awaitable[AnswerT]) -> AnswerT | bytes:
    """The mailroom's answer, or the reply line of its failure. Only a cancellation escapes."""
    try:
        return await question
    except Problem as problem:
        return replies.reply(problem.smtp, problem.detail)
    except OSError as error:
        log.warning("smtp_mailroom_unavailable", error=type(error).__name__)
        return replies.TRY_LATER
    except Exception:
        log.exception("smtp_mailroom_failed")
        return replies.TRY_LATER


def tell_reply_was_read(mailroom: Mailroom, accepted: Accepted) -> None:
    """A notice only: its failure is logged and changes nothing for the client."""
    try:
        mailroom.reply_was_read(accepted)
    except Exception:
        log.exception("smtp_mailroom_failed")


def _delivery(conversation: Conversation, content: ReceivedContent) -> Delivery:
    return Delivery(
        mail_from=conversation.mail_from or "",
        routes=tuple(conversation.routes),
        helo=conversation.client_name,
        client_ip=conversation.client_ip,
        tls=conversation.tls,
        transmission_type=conversation.transmission_type,
        smtputf8=conversation.parameters.smtputf8,
        body8bit=conversation.parameters.body8bit,
        content=content.content,
        size=content.size,
        sha256=content.sha256,
        received_count=content.received_count,
        has_message_id=content.has_message_id,
        bare_newlines=content.bare_newlines,
        nul_removed=content.nul_removed,
        received_at=datetime.now(UTC),
    )
