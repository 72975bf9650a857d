"""SPEC 22 as data: which keys an object has, what each holds, and which may be null. `check` holds a real answer
against it; a key too many is as wrong as one too few.

`x?` may be null; `x†` is there only when the object is read by itself; `x[]` is an array, `x{}` an object.
"""

import re
from typing import Any, Final

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_ID: Final = re.compile(r"[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}")
_NESTED: Final = {
    "attachments": "Attachment",
    "pages": "FilePage",
    "recipients": "Recipient",
    "envelope": "Envelope",
    "authentication": "Authentication",
    "from_address": "Address",
    "to_addresses": "Address",
    "cc_addresses": "Address",
    "bcc_addresses": "Address",
    "reply_to_addresses": "Address",
    "participants": "Address",
    "messages": "Message",
    "headers": "Header",
    "created_by": "Actor",
    "decided_by": "Actor",
    "hold": "Hold",
    "actor": "Actor",
    "errors": "FieldError",
    "message": "Message",
    "rule": "FilterRule",
    "highlights": "Highlights",
    "attempt_log": "Attempt",
    "request": "Request",
    "records": "DnsRecord",
    "series": "Moment",
    "screening": "Screening",
    "factors": "ScreeningFactor",
    "attachments_meta": "DraftFile",
    "author": "Actor",
    "failure": "DraftFailure",
    "spans": "Span",
    "omitted": "Omitted",
}
_DRAFTED: Final = """thread_id? in_reply_to? subject to_addresses[] cc_addresses[] bcc_addresses[] reply_to_addresses[]
    text_body? html_body? attachments_meta[] headers{} labels[] send_at? based_on[] unattended list_unsubscribe
    track_opens"""
_WHOLE: Final = {"Wait.message"}
"""Where an object stands in another as it is when it is read by itself."""
_SPEC: Final = {
    "Address": "email name?",
    "Actor": "type id? name?",
    "Header": "name value",
    "FieldError": "field message code",
    "Inbox": """id environment_id email username domain display_name? client_id? metadata{} send_paused pause_reason?
        paused_at? created_at updated_at""",
    "Message": """id environment_id inbox_id thread_id direction status message_id_header wire_message_ids[]
        in_reply_to? references[] subject from_address to_addresses[] cc_addresses[] bcc_addresses[]
        reply_to_addresses[] preview labels[] has_attachments attachments[] size envelope? recipients[]
        authentication? trust flags[] parse_status loop_class spam_score? screening? hold? based_on[] send_at?
        created_at sent_at? received_at? text_body?†
        html_body?† markdown_body?† extracted_text?† extracted_html?† headers[]†""",
    "Envelope": "mail_from rcpt_to[] source client_ip? helo? tls",
    "Recipient": "email kind status detail? suppression_reason? updated_at",
    "Authentication": "spf dkim dmarc arc aligned_domain? checked_by? author_domain? dkim_domain? policy? arc_sealer?",
    "Attachment": """id message_id filename mime_type declared_mime_type? size sha256 disposition content_id? flags[]
        text_status download_url† download_url_expires_at†""",
    "AttachmentText": """attachment_id text_status failure? pages[] page_count? truncated next_page? next_offset?""",
    "FilePage": "page text",
    "UploadUrl": "upload_url method headers{} key expires_at",
    "Thread": """id environment_id inbox_id subject participants[] message_count last_message_id last_message_at
        labels[] preview direction trust authentication? flags[] has_attachments created_at messages[]†
        messages_next_page_token?†""",
    "Context": """thread_id format content tokens max_tokens tokenizer nonce truncated next_offset? spans[]
        omitted[]""",
    "Span": "start end message_id attachment_id? page? kind sender direction trust",
    "Omitted": "message_id reason",
    "MessageEvent": """id type recipient? at transport? attempt? bounce_type? smtp_code? enhanced_code? detail?""",
    "Hold": "reason policy_id? revision expires_at? on_expiry decided_by? decided_at? note?",
    "MessageRevision": """revision changed[] author created_at subject to_addresses[] cc_addresses[] bcc_addresses[]
        reply_to_addresses[] text_body? html_body? attachments_meta[] headers{} send_at? unattended list_unsubscribe
        track_opens""",
    "Suppression": "id environment_id email reason message_id? detail? created_at",
    "ApiKey": """id name prefix kind scopes[] environment_ids[] inbox_ids[] status expires_at? last_used_at?
        revoked_at? created_by created_at""",
    "Me": "type organization_id key? user? environment_id? scopes[] role?",
    "Environment": """id name slug kind is_default transport allowed_recipients[] send_paused retention_days?
        clock_offset_seconds created_at""",
    "WebhookEndpoint": """id environment_id url description? event_types[] inbox_ids[] enabled disabled_reason?
        headers[] client_id? consecutive_failures last_success_at? created_at updated_at""",
    "Delivery": """id webhook_id event_id event_type status attempts next_attempt_at? response_status? created_at
        finished_at? request† attempt_log[]†""",
    "Request": "url headers[] body",
    "Attempt": "number at duration_ms status? error? headers[] body",
    "FilterRule": """id scope environment_id? inbox_id? direction action match_type value require_authentication reason?
        created_at""",
    "Policy": "id name kind scope environment_id? inbox_id? enabled rules{} created_at updated_at",
    "Domain": """id environment_id domain client_id? status can_send can_receive transport? catch_all_inbox_id?
        subdomains_enabled records[] failure? last_checked_at? next_check_at? verified_at? created_at""",
    "DnsRecord": "type name value priority? ttl purpose required status found[]",
    "Deliverability": "score? band? sent bounce_rate complaint_rate window_days series[]",
    "Moment": "at sent delivered bounced hard_bounced complained",
    "Event": "id type timestamp org_id env_id data{}",
    "Draft": f"""id environment_id inbox_id client_id? revision status failure? created_by created_at updated_at
        {_DRAFTED}""",
    "Revision": f"revision changed[] author created_at {_DRAFTED}",
    "Clock": "environment_id now offset_seconds under_way",
    "Persona": "email name? built_in script[] afterwards authentication? created_at? updated_at?",
    "Delivered": "message_id inbox_id received_at",
    "DraftFile": "key filename mime_type size",
    "DraftFailure": "code detail fix at",
    "AuditEntry": "id at actor ip? action target before? after? hash? previous_hash?",
    "Problem": "type title status detail code errors[] fix request_id",
    "Lease": "lease_id message attempt leased_until status",
    "Wait": """id inbox_id status from? subject? text? label? has_code? exclusive deadline matched_at? message?
        codes[] created_at""",
    "Counter": "current limit? percentage?",
    "Highlights": "subject text",
    "Screening": "score verdict detector factors[]",
    "ScreeningFactor": "name weight where",
    "Code": "kind value confidence purpose where domain?",
}
_M: Final = "message_id thread_id inbox_id"
_ORIGIN: Final = "direction trust authentication? flags[]"
_RECEIVED: Final = f"""{_M} direction from_address to_addresses[] cc_addresses[] subject preview extracted_text
    has_attachments labels[] received_at authentication? trust flags[] screening_score? truncated"""
_PROGRESS: Final = f"""{_M} direction from_address to_addresses[] subject recipients[] status send_at? transport?
    detail?"""
_PAUSE: Final = "inbox_id email reason bounce_rate? complaint_rate?"
_DRAFT: Final = "draft_id inbox_id revision"
EVENT_DATA: Final = {
    "message.received": _RECEIVED,
    "message.blocked": f"{_RECEIVED} rule_id",
    "message.held": f"{_M} {_ORIGIN} status reason policy_id? approve_by?",
    "message.approved": f"{_M} direction decided_by revision",
    "message.cancelled": f"{_M} decided_by",
    **{f"message.{one}": _PROGRESS for one in "queued scheduled sent delivered deferred unknown failed".split()},
    "message.rejected": f"{_M} reason decided_by? detail",
    "message.bounced": f"{_M} bounce_type bounced_recipients[]",
    "message.complained": f"{_M} complained_recipients[] feedback_type?",
    "message.opened": f"{_M} first_at",
    "message.deleted": _M,
    "message.labels_changed": f"{_M} added[] removed[]",
    "thread.created": f"thread_id inbox_id subject {_ORIGIN}",
    "inbox.created": "inbox_id email",
    "inbox.deleted": "inbox_id email",
    "inbox.paused": _PAUSE,
    "inbox.resumed": _PAUSE,
    "draft.created": f"{_DRAFT} status failure?",
    "draft.updated": f"{_DRAFT} status failure?",
    "draft.deleted": _DRAFT,
    "draft.sent": f"{_DRAFT} message_id",
    "loop.detected": "inbox_id thread_id message_id? kind count",
    "domain.verified": "domain_id domain failure?",
    "domain.failed": "domain_id domain failure?",
    "webhook.disabled": "webhook_id url reason",
    "limit.reached": "counter current limit hard inbox_id?",
}


def check(name: str, value: Any, *, whole: bool = False, **more: str) -> None:
    """Assert that `value` has the shape; `more` are keys of this answer alone, such as a key's secret."""
    words = [*_SPEC[name].split(), *more]
    check_words(name, [one.replace("†", "") for one in words if whole or "†" not in one], value)


def check_words(name: str, words: list[str], value: Any) -> None:
    assert isinstance(value, dict), name
    expected = {re.sub(r"[?\[\]{}]", "", one): one for one in words}
    assert sorted(value) == sorted(expected), name
    for key, word in expected.items():
        _check_value(f"{name}.{key}", key, word, value[key])


def _check_value(where: str, key: str, word: str, value: Any) -> None:
    if value is None:
        assert word.endswith("?"), f"{where} is null"
        return
    assert isinstance(value, list) == ("[]" in word), where
    if "{}" in word:
        assert isinstance(value, dict), where
        return
    if key.endswith("_at") or key == "at":
        assert _TIME.fullmatch(value), (where, value)
    if key.endswith("_id") and key not in ("client_id", "content_id", "request_id"):
        assert _ID.fullmatch(value), (where, value)
    nested = _NESTED.get(key)
    for one in value if isinstance(value, list) else [value]:
        if nested and isinstance(one, dict):
            check(nested, one, whole=where in _WHOLE)
