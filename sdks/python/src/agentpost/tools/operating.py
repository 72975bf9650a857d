"""Tools of the full profile: what whoever runs the inboxes does. Deleting wants `confirm`, so that no slip deletes."""

from typing import Any

from agentpost.tools import shapes
from agentpost.tools.reading import INBOX, inbox_id
from agentpost.tools.tool import Steps, Tool, addresses, number, words, yes

_CONFIRM = yes("true: yes, for ever.", required=True)
_LIMIT = number("Rows.", 1, 100, 20)


def _sure(given: dict[str, Any], what: str) -> None:
    if given["confirm"] is not True:
        raise ValueError(f"Nothing was done. To delete {what} for ever, call again with confirm: true.")


def _delete_inbox(client: Any, given: dict[str, Any]) -> Steps:
    _sure(given, "the inbox and its mail")
    inbox = (yield from inbox_id(client, given["inbox"]))["id"]
    yield client.inboxes.delete(inbox)
    return {"deleted": inbox}


def _delete_thread(client: Any, given: dict[str, Any]) -> Steps:
    _sure(given, "the thread")
    yield client.threads.delete(given["thread_id"])
    return {"deleted": given["thread_id"]}


def _delete_message(client: Any, given: dict[str, Any]) -> Steps:
    _sure(given, "the message")
    yield client.messages.delete(given["message_id"])
    return {"deleted": given["message_id"]}


def _cancel_message(client: Any, given: dict[str, Any]) -> Steps:
    return shapes.sent((yield client.messages.cancel(given["message_id"])))


def _list_drafts(client: Any, given: dict[str, Any]) -> Steps:
    inbox = (yield from inbox_id(client, given["inbox"]))["id"]
    page = yield client.drafts.list(inbox, limit=given["limit"])
    rows = [
        {"draft_id": one.id, "subject": one.subject, "status": one.status, "revision": one.revision}
        for one in page.data
    ]
    return {"drafts": rows, "truncated": page.has_next_page()}


def _send_draft(client: Any, given: dict[str, Any]) -> Steps:
    message = yield client.drafts.send(given["draft_id"], idempotency_key=given["idempotency_key"])
    return shapes.sent(message)


def _list_domains(client: Any, given: dict[str, Any]) -> Steps:
    page = yield client.domains.list(limit=given["limit"])
    return {"domains": [_domain(one) for one in page.data], "truncated": page.has_next_page()}


def _create_domain(client: Any, given: dict[str, Any]) -> Steps:
    return _domain((yield client.domains.create(domain=given["domain"], idempotency_key=given["idempotency_key"])))


def _verify_domain(client: Any, given: dict[str, Any]) -> Steps:
    return _domain((yield client.domains.verify(given["domain_id"])))


def _domain(one: Any) -> dict[str, Any]:
    records = [
        {"type": each.type, "name": each.name, "value": each.value, "status": each.status} for each in one.records
    ]
    can = {"can_send": one.can_send, "can_receive": one.can_receive}
    return {"domain_id": one.id, "domain": one.domain, "status": one.status, **can, "records": records}


def _list_webhooks(client: Any, given: dict[str, Any]) -> Steps:
    page = yield client.webhooks.list(limit=given["limit"])
    rows = [
        {"webhook_id": one.id, "url": one.url, "event_types": one.event_types, "enabled": one.enabled}
        for one in page.data
    ]
    return {"webhooks": rows, "truncated": page.has_next_page()}


def _create_webhook(client: Any, given: dict[str, Any]) -> Steps:
    one = yield client.webhooks.create(
        url=given["url"], event_types=given.get("event_types"), idempotency_key=given["idempotency_key"]
    )
    return {"webhook_id": one.id, "url": one.url, "secret": one.secret}


def _delete_webhook(client: Any, given: dict[str, Any]) -> Steps:
    _sure(given, "the webhook")
    yield client.webhooks.delete(given["webhook_id"])
    return {"deleted": given["webhook_id"]}


def _list_filter_rules(client: Any, given: dict[str, Any]) -> Steps:
    page = yield client.filter_rules.list(limit=given["limit"])
    rows = [
        {"rule_id": one.id, "direction": one.direction, "action": one.action, "value": one.value, "scope": one.scope}
        for one in page.data
    ]
    return {"rules": rows, "truncated": page.has_next_page()}


def _get_deliverability(client: Any, given: dict[str, Any]) -> Steps:
    one = yield client.metrics.get_deliverability()
    return {
        "score": one.score,
        "band": one.band,
        "sent": one.sent,
        "bounce_rate": one.bounce_rate,
        "complaint_rate": one.complaint_rate,
    }


def _list_events(client: Any, given: dict[str, Any]) -> Steps:
    page = yield client.events.list(types=given.get("types"), limit=given["limit"])
    rows = [
        {"event_id": one.id, "type": one.type, "at": one.timestamp, "message_id": one.data.get("message_id")}
        for one in page.data
    ]
    return {"events": rows, "truncated": page.has_next_page()}


def _get_history(client: Any, given: dict[str, Any]) -> Steps:
    page = yield client.messages.list_events(given["message_id"], limit=100)
    rows = [{"type": one.type, "at": one.at, "recipient": one.recipient, "detail": one.detail} for one in page.data]
    return {"history": rows, "truncated": page.has_next_page()}


def _tool(name: str, title: str, description: str, scope: str, handler: Any, **more: Any) -> Tool:
    return Tool(name=name, title=title, description=description, handler=handler, scopes=(scope,), **more)


_READS: dict[str, Any] = {"reads": True}
_MAKES: dict[str, Any] = {"idempotent": True, "sends": True}
_DELETES: dict[str, Any] = {"destructive": True, "idempotent": True}


def _by_id(name: str, **more: Any) -> dict[str, Any]:
    return {name: words(f"{name.removesuffix('_id').capitalize()} id.", required=True), **more}


TOOLS = [
    _tool(
        *("delete_inbox", "Delete an inbox", "Deletes an inbox and its mail for ever.", "inboxes:write", _delete_inbox),
        arguments={"inbox": words(INBOX, required=True), "confirm": _CONFIRM},
        **_DELETES,
    ),
    _tool(
        *("delete_thread", "Delete a conversation", "Deletes a thread for ever.", "threads:write", _delete_thread),
        arguments=_by_id("thread_id", confirm=_CONFIRM),
        **_DELETES,
    ),
    _tool(
        *("delete_message", "Delete a message", "Deletes a message for ever.", "messages:write", _delete_message),
        arguments=_by_id("message_id", confirm=_CONFIRM),
        **_DELETES,
    ),
    _tool(
        *("cancel_message", "Cancel a mail", "Stops a scheduled mail for good.", "messages:send", _cancel_message),
        arguments=_by_id("message_id"),
        **_DELETES,
    ),
    _tool(
        *("get_history", "What became of a mail", "Each step of a sent mail: queued, sent, delivered, bounced."),
        *("messages:read", _get_history),
        arguments=_by_id("message_id"),
        **_READS,
    ),
    _tool(
        *("list_drafts", "List drafts", "The drafts of an inbox.", "drafts:read", _list_drafts),
        arguments={"inbox": words(INBOX, required=True), "limit": _LIMIT},
        **_READS,
    ),
    _tool(
        *(
            "send_draft",
            "Send a draft",
            "Sends a draft as it is. It cannot be taken back.",
            "messages:send",
            _send_draft,
        ),
        arguments=_by_id("draft_id"),
        **_DELETES,
        sends=True,
    ),
    _tool(
        *("list_domains", "List domains", "Domains with their DNS records and status.", "domains:read", _list_domains),
        arguments={"limit": _LIMIT},
        **_READS,
    ),
    _tool(
        *("create_domain", "Add a domain", "Adds a domain; returns the DNS records to set.", "domains:write"),
        _create_domain,
        arguments={"domain": words("As mail.example.com.", required=True)},
        **_MAKES,
    ),
    _tool(
        *("verify_domain", "Check a domain", "Looks at its DNS records now.", "domains:write", _verify_domain),
        arguments=_by_id("domain_id"),
        idempotent=True,
    ),
    _tool(
        *("list_webhooks", "List webhooks", "Endpoints that hear of events.", "webhooks:read", _list_webhooks),
        arguments={"limit": _LIMIT},
        **_READS,
    ),
    _tool(
        *("create_webhook", "Add a webhook", "Adds an endpoint; its secret is shown this once.", "webhooks:write"),
        _create_webhook,
        arguments={"url": words("https URL.", required=True), "event_types": addresses("None: all.")},
        **_MAKES,
    ),
    _tool(
        *("delete_webhook", "Delete a webhook", "Deletes an endpoint.", "webhooks:write", _delete_webhook),
        arguments=_by_id("webhook_id", confirm=_CONFIRM),
        **_DELETES,
    ),
    _tool(
        *("list_filter_rules", "List filter rules", "Who may write to whom.", "filter_rules:read", _list_filter_rules),
        arguments={"limit": _LIMIT},
        **_READS,
    ),
    _tool(
        *("get_deliverability", "Deliverability", "Score, bounces and complaints of the last days.", "metrics:read"),
        _get_deliverability,
        arguments={},
        **_READS,
    ),
    _tool(
        *("list_events", "List events", "What happened, the latest first.", "events:read", _list_events),
        arguments={"types": addresses("As message.bounced."), "limit": _LIMIT},
        **_READS,
    ),
]
