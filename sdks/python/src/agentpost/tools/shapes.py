"""The few fields of each noun that a model works with: ids first, no bodies, no base64."""

from typing import Any


def inbox(one: Any) -> dict[str, Any]:
    return _given(inbox_id=one.id, email=one.email, display_name=one.display_name, send_paused=one.send_paused or None)


def thread(one: Any) -> dict[str, Any]:
    return _given(
        thread_id=one.id,
        inbox_id=one.inbox_id,
        subject=one.subject,
        participants=[each.email for each in one.participants][:10],
        messages=one.message_count,
        last_message_id=one.last_message_id,
        last_message_at=one.last_message_at,
        labels=one.labels,
        preview=one.preview[:120],
        trust=one.trust,
    )


def message(one: Any) -> dict[str, Any]:
    score = one.screening.score if one.screening else None
    return _given(
        message_id=one.id,
        thread_id=one.thread_id,
        inbox_id=one.inbox_id,
        direction=one.direction,
        status=one.status,
        content_origin="external" if one.direction == "inbound" else "own",
        trust=one.trust if one.direction == "inbound" else None,
        screening_score=score,
        flags=one.flags,
        subject=one.subject,
        **{"from": one.from_address.email if one.from_address else None},
        to=[each.email for each in one.to_addresses or ()],
        cc=[each.email for each in one.cc_addresses or ()],
        at=one.received_at or one.sent_at or one.created_at,
        labels=one.labels,
        attachments=[attachment(each) for each in one.attachments or ()],
        send_at=one.send_at,
    )


def attachment(one: Any) -> dict[str, Any]:
    return _given(
        attachment_id=one.id,
        filename=one.filename,
        mime_type=one.mime_type,
        size=one.size,
        flags=one.flags,
        text=one.text_status,
    )


def sent(one: Any) -> dict[str, Any]:
    """Of a send: what became of it. `pending_approval` is no failure: a person decides."""
    replayed = bool(one.answer and one.answer.idempotent_replay)
    return _given(
        message_id=one.id,
        thread_id=one.thread_id,
        status=one.status,
        replayed=replayed or None,
        note=_note(one, replayed),
    )


def _note(one: Any, replayed: bool) -> str | None:
    if replayed:
        return "This was sent already, by the same call: nothing was sent again."
    if one.status == "pending_approval":
        return "A person must approve this first. It is kept, and sent once they do: do not send it again."
    if one.status == "rejected":
        return "It was not sent."
    return None


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, [], "")}
