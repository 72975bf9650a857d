"""What is to be done with each claimed transmission, as it was loaded. Pure: the one place that decides who waits."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.outbound.change import Change, Key
from agentpost_server.outbound.states import Held
from agentpost_server.work import Claimed

_PAUSED_SECONDS: Final = 60
# `sending` without a begun attempt: one that was taken back.
_OPEN: Final = ("queued", "sending", "deferred")
_LOST: Final = "The worker ended during the call; nobody knows whether the mail was accepted."


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A call that may be made, and those of its recipients whom it is made for."""

    row: Any
    recipients: tuple[str, ...]


class Sorted(msgspec.Struct, frozen=True, kw_only=True):
    """`ended`: never to be called again. `later`: not now, but after so many seconds. `changes`: what that, and the
    suppression list, mean for recipients."""

    ready: list[Ready]
    ended: list[Claimed]
    later: list[tuple[Claimed, float]]
    changes: list[Change]


def sort(rows: Sequence[Any]) -> Sorted:
    """An attempt that was begun and never ended is lost; an inbox that is gone sends nothing; a paused one waits."""
    found = Sorted(ready=[], ended=[], later=[], changes=[])
    for row in rows:
        if row["begun"] or row["orphan"]:
            found.ended.append(claim_of(row))
            status, detail = ("unknown", _LOST) if row["begun"] else ("cancelled", "The inbox was deleted.")
            found.changes.extend(change(row, email, status, detail) for email in row["recipients"])
        elif row["paused"]:
            found.later.append((claim_of(row), _PAUSED_SECONDS))
        else:
            _address(row, found)
    return found


def undecided(ready: Sequence[Ready], held: Mapping[Key, Held]) -> tuple[list[Ready], list[Claimed]]:
    """Calls for those alone whose end is still open, and what has nobody left: a provider may have told the end of one
    that was to be tried again. Asked behind the messages' locks."""
    kept: list[Ready] = []
    ended: list[Claimed] = []
    for one in ready:
        message = held.get(message_of(one.row))
        statuses = message.statuses if message is not None else {}
        recipients = tuple(email for email in one.recipients if statuses.get(email) in _OPEN)
        if recipients:
            kept.append(msgspec.structs.replace(one, recipients=recipients))
        else:
            ended.append(claim_of(one.row))
    return kept, ended


def claim_of(row: Any) -> Claimed:
    return Claimed(row["organization_id"], row["id"], row["attempts"])


def message_of(row: Any) -> tuple[UUID, UUID]:
    return row["organization_id"], row["message_id"]


def change(row: Any, email: str, status: str, detail: str | None, listed: str | None = None) -> Change:
    return Change(
        organization_id=row["organization_id"],
        message_id=row["message_id"],
        email=email,
        status=status,
        transport=row["transport"],
        attempt=row["tries"] + 1 if status == "sending" else None,
        detail=detail,
        listed=listed,
    )


def _address(row: Any, found: Sorted) -> None:
    """Who came on the suppression list since the submit is left out; without anybody else there is no call."""
    listed: Mapping[str, str] = msgspec.json.decode(row["suppressed"]) if row["suppressed"] else {}
    for email, reason in listed.items():
        detail = f"The address is on the suppression list: {reason}."
        found.changes.append(change(row, email, "suppressed", detail, reason))
    if recipients := tuple(email for email in row["recipients"] if email not in listed):
        found.ready.append(Ready(row=row, recipients=recipients))
    else:
        found.ended.append(claim_of(row))
