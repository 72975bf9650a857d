"""Whether a person wrote it: the loop class of RFC 3834, told by headers and structure alone."""

import re
from typing import Final

from agentpost_server.mail.headers import HeaderSection
from agentpost_server.mail.mime_tree import Part
from agentpost_server.mail.model import Address
from agentpost_server.mail.parsed import ComplaintReport, DeliveryReport, LoopClass

_KEYWORD: Final = re.compile(r"\s*([A-Za-z-]*)")
_LIST_FIELDS: Final = ("list-id", "list-post", "list-unsubscribe", "list-help", "mailing-list")
_REPLY_FIELDS: Final = ("x-autoreply", "x-autorespond", "x-autoresponder")
_SYSTEM_AUTHORS: Final = frozenset({"mailer-daemon", "postmaster", "mail-daemon"})


def loop_class(
    headers: HeaderSection,
    root: Part,
    report: DeliveryReport | ComplaintReport | None,
    author: Address | None,
    *,
    null_sender: bool,
) -> LoopClass:
    """The class of a mail; whatever is not `none` gets no automatic answer (RFC 3834 2).

    `null_sender`: the envelope's MAIL FROM was `<>`. It alone makes no bounce, since auto-responders use it too.
    """
    if isinstance(report, DeliveryReport):
        return "bounce"
    submitted = _keyword(headers, "auto-submitted")
    precedence = _keyword(headers, "precedence")
    if submitted == "auto-replied" or precedence in {"auto_reply", "auto-reply"} or _says_reply(headers):
        return "auto_replied"
    if _is_disposition_notification(root):
        return "auto_replied"
    if null_sender and author is not None and author.email.partition("@")[0].lower() in _SYSTEM_AUTHORS:
        return "bounce"
    if report is not None or submitted not in {"", "no"}:
        return "auto_generated"
    if precedence == "list" or any(headers.first(name) is not None for name in _LIST_FIELDS):
        return "list"
    if null_sender or precedence in {"bulk", "junk"} or headers.first("feedback-id") is not None:
        return "auto_generated"
    return "none"


def _keyword(headers: HeaderSection, name: str) -> str:
    value = headers.first(name)
    match = _KEYWORD.match(value.replace("_", "-")) if value else None
    return match[1].lower() if match else ""


def _says_reply(headers: HeaderSection) -> bool:
    return any((headers.first(name) or "no").lower() not in {"no", "false", ""} for name in _REPLY_FIELDS)


def _is_disposition_notification(root: Part) -> bool:
    kind = root.parameters.get("report-type", "").lower()
    return root.media_type == "multipart/report" and kind == "disposition-notification"
