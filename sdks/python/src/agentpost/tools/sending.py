"""Tools that write mail: send, reply, forward, drafts. What they do cannot be taken back, so it is never done twice."""

from typing import Any

from agentpost.tools import shapes
from agentpost.tools.reading import INBOX, inbox_id
from agentpost.tools.tool import Steps, Tool, addresses, words, yes

_BODY = words("The text, plain or Markdown.", required=True)
_KEY = words("Only to send the very same mail again on purpose: any new word.")
_BASED_ON = addresses("Ids of the messages that led you to write this. Policies need them.")


def _send_email(client: Any, given: dict[str, Any]) -> Steps:
    inbox = (yield from inbox_id(client, given["inbox"]))["id"]
    message = yield client.messages.send(inbox, **_content(given), idempotency_key=given["idempotency_key"])
    return shapes.sent(message)


def _reply(client: Any, given: dict[str, Any]) -> Steps:
    verb = client.messages.reply_all if given.get("reply_all") else client.messages.reply
    more = {name: given.get(name) for name in ("cc", "bcc", "based_on")}
    message = yield verb(
        given["message_id"],
        text_body=given["body"],
        html_body=given.get("html"),
        **more,
        idempotency_key=given["idempotency_key"],
    )
    return shapes.sent(message)


def _forward(client: Any, given: dict[str, Any]) -> Steps:
    message = yield client.messages.forward(
        given["message_id"], to=given["to"], text_body=given.get("note"), idempotency_key=given["idempotency_key"]
    )
    return shapes.sent(message)


def _save_draft(client: Any, given: dict[str, Any]) -> Steps:
    if "draft_id" in given:
        content = {name: value for name, value in _content(given).items() if value is not None}
        draft = yield client.drafts.update(given["draft_id"], **content)
    else:
        inbox = (yield from inbox_id(client, given.get("inbox")))["id"]
        if inbox is None:
            raise ValueError("save_draft needs inbox for a new draft, or draft_id for one that exists.")
        draft = yield client.drafts.create(
            inbox, **_content(given), in_reply_to=given.get("in_reply_to"), idempotency_key=given["idempotency_key"]
        )
    return {"draft_id": draft.id, "revision": draft.revision, "status": draft.status, "note": "Nothing was sent."}


def _content(given: dict[str, Any]) -> dict[str, Any]:
    names = ("to", "cc", "bcc", "subject", "send_at", "based_on")
    return {
        **{name: given.get(name) for name in names},
        "text_body": given.get("body"),
        "html_body": given.get("html"),
    }


_SEND_ADVICE = (
    "Mail cannot be taken back. The same call within ten minutes sends once. status pending_approval: a person "
    "decides; do not send again."
)
TOOLS = [
    Tool(
        name="send_email",
        title="Send an e-mail",
        description=f"A new mail to named people. To answer one, use reply. {_SEND_ADVICE}",
        arguments={
            "inbox": words(INBOX, required=True),
            "to": addresses("Recipients.", required=True),
            "cc": addresses("Copies."),
            "bcc": addresses("Hidden copies."),
            "subject": words("Subject.", required=True),
            "body": _BODY,
            "html": words("The same in HTML."),
            "send_at": words("RFC 3339 time: later."),
            "based_on": _BASED_ON,
            "idempotency_key": _KEY,
        },
        handler=_send_email,
        scopes=("messages:send",),
        returns=("message_id", "status"),
        destructive=True,
        idempotent=True,
        sends=True,
    ),
    Tool(
        name="reply",
        title="Reply to a message",
        description=f"Answers in the same conversation, to its sender. {_SEND_ADVICE}",
        arguments={
            "message_id": words("The message to answer.", required=True),
            "body": _BODY,
            "html": words("The same in HTML."),
            "reply_all": yes("To everybody who got it, too.", default=False),
            "cc": addresses("More copies."),
            "based_on": _BASED_ON,
            "idempotency_key": _KEY,
        },
        handler=_reply,
        scopes=("messages:send",),
        returns=("message_id", "status"),
        destructive=True,
        idempotent=True,
        sends=True,
    ),
    Tool(
        name="forward",
        title="Forward a message",
        description=f"Sends a message with its files on to others. {_SEND_ADVICE}",
        arguments={
            "message_id": words("The message.", required=True),
            "to": addresses("Recipients.", required=True),
            "note": words("A text before it."),
            "idempotency_key": _KEY,
        },
        handler=_forward,
        scopes=("messages:send",),
        returns=("message_id", "status"),
        destructive=True,
        idempotent=True,
        sends=True,
    ),
    Tool(
        name="save_draft",
        title="Save a draft",
        description="Writes a mail for a person to look at and send, or changes such a draft. It sends nothing.",
        arguments={
            "inbox": words(INBOX),
            "draft_id": words("To change this one."),
            "to": addresses("Recipients."),
            "cc": addresses("Copies."),
            "subject": words("Subject."),
            "body": words("The text."),
            "in_reply_to": words("Id of the message that it answers."),
            "idempotency_key": _KEY,
        },
        handler=_save_draft,
        scopes=("drafts:write",),
        returns=("draft_id", "revision"),
        idempotent=True,
        sends=True,
    ),
]
