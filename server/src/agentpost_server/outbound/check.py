"""Reading a send request: addresses, headers, labels, times, each fault with its field. No I/O."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import FieldError, Invalid, invalid_field
from agentpost_server.mail.address import AddressError, canonical, parse_address
from agentpost_server.mail.homograph import is_mixed_script
from agentpost_server.mail.model import Address
from agentpost_server.mail.safe_headers import check_headers
from agentpost_server.messages.labels import check_settable
from agentpost_server.outbound.model import MAX_RECIPIENTS, AddressIn, AttachmentIn, Forward, Reply, Send

_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,900}>")
_LINE_END: Final = re.compile("[\r\n\u2028\u2029]")
_LATE: Final = timedelta(seconds=60)
_FURTHEST: Final = timedelta(days=366)
_UNSUBSCRIBE_FIELDS: Final = ("list-unsubscribe", "list-unsubscribe-post")
_SOURCES: Final = ("key", "content", "url", "attachment_id")
Kind = Literal["to", "cc", "bcc"]


class Recipient(msgspec.Struct, frozen=True):
    """One mailbox that the mail goes to, once, however often it was named."""

    address: Address
    kind: Kind

    @property
    def email(self) -> str:
        return self.address.email


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose every field was read."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    headers: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    send_at: datetime | None
    based_on: tuple[UUID, ...]
    list_unsubscribe: bool = False
    track_opens: bool = False

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        found: dict[str, Recipient] = {}
        kinds: tuple[tuple[Kind, tuple[Address, ...]], ...] = (("to", self.to), ("cc", self.cc), ("bcc", self.bcc))
        for kind, addresses in kinds:
            for one in addresses:
                found.setdefault(canonical(one.email), Recipient(one, kind))
        return tuple(found.values())

    @property
    def flags(self) -> tuple[str, ...]:
        domains = {one.email.rpartition("@")[2] for one in self.recipients}
        return ("mixed_script",) if any(is_mixed_script(domain) for domain in domains) else ()


def check(wanted: Send | Reply | Forward, moment: datetime) -> Checked:
    """Raises Invalid with one error for each field that is wrong."""
    errors: list[FieldError] = []
    lists = {name: _addresses(name, getattr(wanted, name), errors) for name in ("to", "cc", "bcc", "reply_to")}
    errors.extend(_other_faults(wanted))
    headers = check_headers(wanted.headers)
    errors.extend(headers.errors)
    errors.extend(error for n, one in enumerate(wanted.attachments) if (error := _attachment_fault(n, one)))
    based_on = [ids.decode_or_none("msg", one) for one in wanted.based_on]
    errors.extend(
        FieldError(field=f"based_on[{n}]", message="is not a message id", code="invalid_id")
        for n, one in enumerate(based_on)
        if one is None
    )
    if errors:
        raise _refused(errors)
    return Checked(
        **lists,
        headers=headers.pairs,
        labels=check_settable(wanted.labels),
        send_at=check_send_at(wanted.send_at, moment, furthest=None),
        based_on=tuple(one for one in based_on if one is not None),
        list_unsubscribe=wanted.list_unsubscribe,
        track_opens=wanted.track_opens,
    )


def check_recipients(checked: Checked) -> None:
    """At least one, at most 50: asked when replies know theirs too."""
    count = len(checked.recipients)
    if count == 0:
        raise invalid_field("to", "names nobody", fix="Name at least one recipient in to, cc or bcc.", code="required")
    if count > MAX_RECIPIENTS:
        raise invalid_field(
            "to",
            f"with cc and bcc names {count} recipients; at most {MAX_RECIPIENTS} are allowed",
            fix="Send several messages, or name fewer recipients yourself.",
            code="too_many_recipients",
        )


def check_send_at(
    send_at: datetime | None, moment: datetime, *, furthest: timedelta | None = _FURTHEST
) -> datetime | None:
    """None for now: clocks differ, so what lies less than a minute back is now. `furthest` is asked where it is known
    what the time is in the environment: in one for tests it may be any later time."""
    if send_at is None:
        return None
    if send_at < moment - _LATE:
        raise invalid_field("send_at", "lies in the past", fix="Leave send_at out to send now.")
    if furthest is not None and send_at > moment + furthest:
        raise invalid_field("send_at", "lies more than a year ahead", fix="Choose a time within a year.")
    return send_at if send_at > moment else None


def timed(checked: Checked, send_at: datetime | None, moment: datetime, sender: Any) -> tuple[Checked, datetime]:
    """The request by the time in its environment, and that time: a test environment has a clock of its own."""
    there = moment + timedelta(seconds=sender["clock_offset_seconds"])
    return msgspec.structs.replace(checked, send_at=check_send_at(send_at, there)), there


def cited(in_reply_to: str | None) -> UUID | str | None:
    """`msg_…` as its id, `<message-id>` as it is."""
    if in_reply_to is None:
        return None
    if (message_id := ids.decode_or_none("msg", in_reply_to)) is not None:
        return message_id
    if not _MESSAGE_ID.fullmatch(in_reply_to):
        raise invalid_field("in_reply_to", "is neither a message id (msg_…) nor a Message-ID in angle brackets")
    return in_reply_to


def _addresses(field: str, given: Sequence[AddressIn], errors: list[FieldError]) -> tuple[Address, ...]:
    found: list[Address] = []
    for n, one in enumerate(given):
        try:
            found.append(parse_address(one))
        except AddressError as error:
            path = f"{field}[{n}]" if isinstance(one, str) else f"{field}[{n}].email"
            errors.append(FieldError(field=path, message=str(error), code="invalid_address"))
    return tuple(found)


def _other_faults(wanted: Send | Reply | Forward) -> list[FieldError]:
    """What PostgreSQL, a mail header or this server cannot do as it is: better refused than changed."""
    faults = [
        FieldError(field=name, message="holds a NUL character")
        for name in ("subject", "text_body", "html_body")
        if "\x00" in (getattr(wanted, name) or "")
    ]
    faults += [
        FieldError(field=f"headers.{name}", message="is written by list_unsubscribe: leave one of the two out")
        for name in wanted.headers
        if wanted.list_unsubscribe and name.lower() in _UNSUBSCRIBE_FIELDS
    ]
    if _LINE_END.search(wanted.subject or ""):
        faults.append(FieldError(field="subject", message="holds a line end"))
    return faults


def _attachment_fault(n: int, one: AttachmentIn) -> FieldError | None:
    named = [source for source in _SOURCES if getattr(one, source) is not None]
    if len(named) != 1:
        return FieldError(field=f"attachments[{n}]", message=f"needs exactly one of {', '.join(_SOURCES)}")
    if one.filename is not None and not one.filename.strip():
        return FieldError(field=f"attachments[{n}].filename", message="is empty")
    if named == ["content"] and one.filename is None:
        return FieldError(field=f"attachments[{n}].filename", message="is required with content")
    return None


def _refused(errors: list[FieldError]) -> Invalid:
    unsafe = all(one.code == "unsafe_header" for one in errors)
    return Invalid(
        "; ".join(f"{one.field}: {one.message}" for one in errors[:5]),
        fix="Correct the named fields and send the request again.",
        code="unsafe_header" if unsafe else None,
        errors=tuple(errors[:100]),
    )
