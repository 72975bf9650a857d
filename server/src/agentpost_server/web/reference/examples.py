"""An example for every shape: made from the type, with values that a reader knows by the field's name."""

from typing import Any

_BY_NAME: dict[str, Any] = {
    "email": "ann@example.com",
    "name": "Ann",
    "subject": "Your order 1042",
    "text_body": "Hello Ann,\nyour parcel is on its way.",
    "html_body": "<p>Hello Ann,<br>your parcel is on its way.</p>",
    "url": "https://example.com/hooks/agentpost",
    "username": "support",
    "domain": "mail.example.com",
    "display_name": "Support",
    "client_id": "customer-42",
    "slug": "staging",
    "filename": "invoice.pdf",
    "mime_type": "application/pdf",
    "media_type": "application/pdf",
    "prefix": "ap_sk_live_7Hq2",
    "kind": "live",
    "status": None,
    "size": 48213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "message_id_header": "<4s9k2v@mail.example.com>",
    "preview": "Hello Ann, your parcel is on its way.",
    "next_page_token": None,
    "detail": "550 5.1.1 no such user",
    "reason": None,
    "description": "orders service",
    "text": "Your code is 482913",
    "value": "482913",
    "ip": "192.0.2.1",
    "client_ip": "192.0.2.1",
    "page_token": None,
    "limit": 50,
    "metadata": {"team": "blue"},
    "rules": {"when": ["first_contact"]},
    "headers": None,
}
_LISTS: dict[str, list[str]] = {
    "labels": ["received", "unread"],
    "scopes": ["messages:read", "messages:send"],
    "event_types": ["message.received"],
    "allowed_recipients": ["@example.com", "me@x.org"],
}
_ID_PREFIXES = {
    "organization_id": "org",
    "environment_id": "env",
    "inbox_id": "inb",
    "message_id": "msg",
    "thread_id": "thr",
    "webhook_id": "whk",
    "event_id": "evt",
    "attachment_id": "att",
    "last_message_id": "msg",
    "org_id": "org",
    "env_id": "env",
    "rule_id": "rul",
    "policy_id": "pol",
    "domain_id": "dom",
    "catch_all_inbox_id": "inb",
    "draft_id": "drf",
}
_ID_OF_SCHEMA = {
    "Inbox": "inb",
    "Message": "msg",
    "Thread": "thr",
    "ApiKey": "key",
    "Environment": "env",
    "WebhookEndpoint": "whk",
    "Delivery": "dlv",
    "Event": "evt",
    "Suppression": "sup",
    "Attachment": "att",
    "Domain": "dom",
    "Policy": "pol",
    "FilterRule": "rul",
    "Draft": "drf",
    "Wait": "wai",
}
_ULID = "01JQ8XK3B2M4N6P8R0S2T4V6W8"


def example(
    schema: dict[str, Any], components: dict[str, Any], name: str = "", within: str = "", depth: int = 0
) -> Any:
    """A value that the schema allows."""
    if "$ref" in schema:
        target = schema["$ref"].rpartition("/")[2]
        return example(components[target], components, name, target, depth + 1) if depth < 8 else None
    for key in ("const", "default"):
        if key in schema and schema[key] is not None and key == "const":
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema or "oneOf" in schema:
        return _of_alternatives(schema, components, name, within, depth)
    return _of_type(schema, components, name, within, depth)


def _of_alternatives(schema: dict[str, Any], components: dict[str, Any], name: str, within: str, depth: int) -> Any:
    alternatives = [one for one in schema.get("anyOf") or schema["oneOf"] if one.get("type") != "null"]
    if not alternatives or (name in _BY_NAME and _BY_NAME[name] is None):
        return None
    return example(alternatives[0], components, name, within, depth)


def _of_type(schema: dict[str, Any], components: dict[str, Any], name: str, within: str, depth: int) -> Any:
    match schema.get("type"):
        case "object":
            return _of_object(schema, components, name, within, depth)
        case "array":
            return _of_array(schema, components, name, within, depth)
        case "string":
            return _of_string(name, within)
        case "integer":
            known = _BY_NAME.get(name)
            return known if isinstance(known, int) else max(1, int(schema.get("minimum", 1)))
        case "number":
            return 0.5
        case "boolean":
            return False
        case _:
            return None


def _of_object(schema: dict[str, Any], components: dict[str, Any], name: str, within: str, depth: int) -> Any:
    if "properties" not in schema:
        return _BY_NAME[name] if isinstance(_BY_NAME.get(name), dict) else {}
    return {key: example(one, components, key, within, depth + 1) for key, one in schema["properties"].items()}


def _of_array(schema: dict[str, Any], components: dict[str, Any], name: str, within: str, depth: int) -> Any:
    if name in _LISTS:
        return _LISTS[name]
    if depth > 6 or "items" not in schema:
        return []
    return [example(schema["items"], components, name.removesuffix("s"), within, depth + 1)]


def _of_string(name: str, within: str) -> str:
    if name == "id":
        return f"{_ID_OF_SCHEMA.get(within, 'req')}_{_ULID}"
    if name in _ID_PREFIXES or name.removesuffix("s") in _ID_PREFIXES:
        return f"{_ID_PREFIXES.get(name) or _ID_PREFIXES[name.removesuffix('s')]}_{_ULID}"
    if name.endswith("_at") or name in ("at", "timestamp", "deadline", "before", "after"):
        return "2026-03-01T12:00:00.000Z"
    known = _BY_NAME.get(name)
    return known if isinstance(known, str) else "text"
