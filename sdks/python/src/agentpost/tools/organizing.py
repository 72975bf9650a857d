"""Tools around mail: make an inbox, wait for a mail, put threads in order."""

from typing import Any

from agentpost.tools import shapes
from agentpost.tools.fence import cut, fenced
from agentpost.tools.reading import INBOX, inbox_id
from agentpost.tools.tool import Steps, Tool, addresses, number, words, yes


def _create_inbox(client: Any, given: dict[str, Any]) -> Steps:
    inbox = yield client.inboxes.create(
        username=given.get("username"),
        domain=given.get("domain"),
        display_name=given.get("display_name"),
        client_id=given.get("client_id"),
        idempotency_key=given["idempotency_key"],
    )
    return shapes.inbox(inbox)


def _wait_for_email(client: Any, given: dict[str, Any]) -> Steps:
    wanted = given["extract"]
    wait_id = given.get("resume")
    if wait_id is None:
        inbox = (yield from inbox_id(client, given.get("inbox")))["id"]
        if inbox is None:
            raise ValueError("wait_for_email needs inbox, or resume from a wait before.")
        wait = yield client.waits.create(
            inbox,
            from_=given.get("from"),
            subject=given.get("subject_contains"),
            has_code=True if wanted != "none" else None,
        )
        wait_id = wait.id
    wait = yield client.waits.get(wait_id, wait_seconds=given["timeout_seconds"])
    if wait.status == "armed":
        return {"matched": False, "resume": wait_id, "note": "Nothing yet. Call again with resume to go on waiting."}
    if wait.status != "matched" or wait.message is None:
        return {"matched": False, "note": f"The wait is {wait.status}. Begin a new one."}
    kind = {"code": "otp", "link": "link"}.get(wanted)
    codes = [
        {"kind": one.kind, "value": one.value, "confidence": one.confidence, "domain": one.domain} for one in wait.codes
    ]
    text, left = cut(wait.message.extracted_text or wait.message.text_body or "", 0, 4000)
    found: dict[str, Any] = {"matched": True, **shapes.message(wait.message), **left}
    if kind is not None:
        found["codes"] = [one for one in codes if one["kind"] == kind]
    return {**found, "content": fenced("MAIL", text)}


def _update_thread(client: Any, given: dict[str, Any]) -> Steps:
    added, removed = set(given.get("add_labels", ())), set(given.get("remove_labels", ()))
    if "read" in given:
        (removed if given["read"] else added).add("unread")
    if "archived" in given:
        (added if given["archived"] else removed).add("archived")
    if not added | removed:
        raise ValueError("update_thread needs something to change: add_labels, remove_labels, read or archived.")
    thread: Any = None
    if added:
        thread = yield client.threads.add_labels(given["thread_id"], labels=sorted(added))
    if removed:
        thread = yield client.threads.remove_labels(given["thread_id"], labels=sorted(removed))
    return shapes.thread(thread)


TOOLS = [
    Tool(
        name="create_inbox",
        title="Create an inbox",
        description="A new address that receives at once. Without username one is made up.",
        arguments={
            "username": words("The part before the @."),
            "domain": words("A verified domain."),
            "display_name": words("Sender's name."),
            "client_id": words("Your own id for it: the same one returns the same inbox."),
        },
        handler=_create_inbox,
        scopes=("inboxes:write",),
        returns=("inbox_id", "email"),
        idempotent=True,
        sends=True,
    ),
    Tool(
        name="wait_for_email",
        title="Wait for an e-mail",
        description=(
            "Waits up to timeout_seconds for the next mail that fits, and can take out its one-time code or sign-in "
            "link. Call it before or right after you cause the mail. Not there yet: call again with resume."
        ),
        arguments={
            "inbox": words(INBOX),
            "from": words("A part of the author's address."),
            "subject_contains": words("A part of the subject."),
            "extract": words("What to take out.", enum=["none", "code", "link"], default="none"),
            "timeout_seconds": number("How long.", 0, 50, 30),
            "resume": words("Of a wait before."),
        },
        handler=_wait_for_email,
        scopes=("messages:read",),
        returns=("matched",),
        reads=True,
    ),
    Tool(
        name="update_thread",
        title="Put a conversation in order",
        description="Adds or removes labels, marks as read or archived. Can be undone.",
        arguments={
            "thread_id": words("Thread id.", required=True),
            "add_labels": addresses("Labels."),
            "remove_labels": addresses("Labels."),
            "read": yes("Read or unread."),
            "archived": yes("Archived or not."),
        },
        handler=_update_thread,
        scopes=("threads:write",),
        returns=("thread_id",),
        idempotent=True,
    ),
]
