"""Putting scheduled mail on hold whose time is long over (`lateness`). It was composed already: that is forgotten, and
it is composed anew when somebody lets it go."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import SYSTEM, Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.mail.model import Address
from agentpost_server.mail.safe_headers import check_headers
from agentpost_server.messages.model import Hold as ShownHold
from agentpost_server.outbound.announce import names, origin
from agentpost_server.outbound.change import Key
from agentpost_server.outbound.holding.content import Rest
from agentpost_server.outbound.holding.deciding import WAITS
from agentpost_server.outbound.holding.model import Content, FileMeta
from agentpost_server.outbound.lateness import late_hold
from agentpost_server.outbound.sorting import Ready, message_of
from agentpost_server.outbound.states import Held
from agentpost_server.outbound.store import holds as store
from agentpost_server.outbound.store import late as late_store
from agentpost_server.outbound.store import states as states_store
from agentpost_server.policies import Hold

_addresses = msgspec.json.Decoder(list[Address])


async def hold_late(
    tx: Tx, ready: Sequence[Ready], held: Mapping[Key, Held], moment: datetime, grace_hours: int
) -> tuple[list[Ready], set[Key]]:
    """Answers what is in time, and the messages that are not. For messages that this transaction holds."""
    late: dict[Key, Hold] = {}
    for one in ready:
        message = held[message_of(one.row)].row
        terms = late_hold(message["send_at"], moment, grace_hours) if message["status"] == "scheduled" else None
        if terms is not None:
            late[message_of(one.row)] = terms
    if late:
        for row in await late_store.forget_calls(tx, list(late)):  # a batch's messages, and seldom any
            await _hold(tx, row, late[row["organization_id"], row["id"]], moment)
        changed = [(*key, "scheduled", WAITS, False) for key in late]
        await states_store.write_messages(tx, changed)
        steps = [(key[0], ids.new_id(), key[1], "held", *(None,) * 6, terms.why) for key, terms in late.items()]
        await states_store.insert_message_events(tx, steps)
    return [one for one in ready if message_of(one.row) not in late], set(late)


async def _hold(tx: Tx, row: Any, terms: Hold, moment: datetime) -> None:
    scope = Scope(row["organization_id"], row["environment_id"])
    expires_at = moment + timedelta(seconds=terms.expires_seconds)
    shown = ShownHold(reason=terms.reason, expires_at=rfc3339(expires_at), on_expiry=terms.on_expiry, note=terms.why)
    await store.insert(
        tx,
        scope,
        row["id"],
        row["inbox_id"],
        shown=_json(shown),
        reasons=_json([{"reason": terms.reason, "policy_id": None, "why": terms.why}]),
        approvers=(),
        author=row["author"] or _json(SYSTEM),
        other_authors="[]",
        begun_at=None,
        author_may_approve=terms.author_may_approve,
        on_expiry=terms.on_expiry,
        expires_at=expires_at,
        rest=_json(_rest(row)),
        loop_lines=(),
        content=_json(_content(row)),
        created_at=moment,
    )
    data = {
        **names(row),
        **origin(row["flags"]),
        "status": WAITS,
        "reason": terms.reason,
        "policy_id": None,
        "approve_by": rfc3339(expires_at),
    }
    await append(tx, scope, NewEvent(type="message.held", inbox_id=row["inbox_id"], data=data))


def _content(row: Any) -> Content:
    return Content(
        subject=row["subject"],
        to_addresses=_addresses.decode(row["to_addresses"]),
        cc_addresses=_addresses.decode(row["cc_addresses"]),
        bcc_addresses=_addresses.decode(row["bcc_addresses"]),
        reply_to_addresses=_addresses.decode(row["reply_to_addresses"]),
        text_body=row["text_body"],
        html_body=row["html_body"],
        attachments_meta=_files(row["files"]),
        headers=_own_headers(row["headers"]),
        send_at=row["send_at"],
        unattended=row["loop_class"] in ("auto_generated", "auto_replied"),
        list_unsubscribe=row["list_unsubscribe"],
        track_opens=row["track_opens"],
    )


def _rest(row: Any) -> Rest:
    own, text = (row["extracted_text"] or "").rstrip(), row["text_body"] or ""
    own_html, html = row["extracted_html"], row["html_body"] or ""
    is_answer = row["in_reply_to"] is not None
    return Rest(
        way="reply" if is_answer else "send",
        is_answer=is_answer,
        forwarded=None,
        in_reply_to=row["in_reply_to"],
        references=tuple(row["reference_ids"]),
        tail=text[len(own) :] if is_answer and text.startswith(own) else "",
        html_tail=None if own_html is None else html.removeprefix(own_html),
    )


def _own_headers(text: str) -> dict[str, str]:
    """Those that a sender may set: all others are written when it is composed."""
    listed: list[dict[str, str]] = msgspec.json.decode(text)
    pairs = {one["name"]: one["value"] for one in listed}
    return {name: value for name, value in pairs.items() if not check_headers({name: value}).errors}


def _files(text: str) -> list[FileMeta]:
    listed: list[dict[str, Any]] = msgspec.json.decode(text)
    return [
        FileMeta(
            key=ids.encode("att", msgspec.convert(one["id"], ids.UUID)),
            filename=one["filename"],
            mime_type=one["mime_type"],
            size=one["size"],
        )
        for one in listed
    ]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
