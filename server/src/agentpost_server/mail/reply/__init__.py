"""The rules of answering: who gets a reply, what its subject and citations are, and how the original is quoted."""

from agentpost_server.mail.reply.model import OriginalMail
from agentpost_server.mail.reply.quoting import forwarded_html, forwarded_text, quoted_html, quoted_text
from agentpost_server.mail.reply.recipients import (
    Recipients,
    reply_all_recipients,
    reply_recipients,
    reply_to_differs,
)
from agentpost_server.mail.reply.subject import base_subject, forward_subject, is_answer_by_subject, reply_subject
from agentpost_server.mail.reply.threading import Citations, reply_citations

__all__ = [
    "Citations",
    "OriginalMail",
    "Recipients",
    "base_subject",
    "forward_subject",
    "forwarded_html",
    "forwarded_text",
    "is_answer_by_subject",
    "quoted_html",
    "quoted_text",
    "reply_all_recipients",
    "reply_citations",
    "reply_recipients",
    "reply_subject",
    "reply_to_differs",
]
