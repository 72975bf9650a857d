"""What a send is judged by, and what the judgement says: values that outbound hands in and gets back."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import Actor
from agentpost_server.loops import Limits
from agentpost_server.policies.model import OnExpiry

HoldReason = Literal["approval", "loop", "flow", "screening"]
Outcome = Literal["send", "hold", "reject"]
# What rejects with a code of its own; all else is `policy_rejected`.
Code = Literal["policy_rejected", "recipient_blocked", "send_cap_reached"]


class Person(msgspec.Struct, frozen=True):
    """A recipient; `email` is canonical (`mail.address.canonical`)."""

    email: str
    kind: Literal["to", "cc", "bcc"]


class Text(msgspec.Struct, frozen=True):
    """Words that would leave, and where they stand: `subject`, `text_body`, `headers.X-Ticket`, …"""

    where: str
    content: str


class SendFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A send before anything of it is stored.

    `way` is `reply` for what answers a message; it counts as such only where its thread holds inbound mail. `domain`
    stands in the inbox's address; `own_domain` is the tenant's domain that the inbox stands on (None: the shared one).
    `file_ids` are files of stored messages that it takes along, `original_id` is the message that is forwarded.
    `leaves_later`: it waits for its time, and counts against caps only then. `answers_to` are the others to whom it
    directs what is answered (Reply-To, addresses in header fields), canonical. `url_hosts` are asked for files.
    """

    inbox_id: UUID
    domain: str
    own_domain: str | None
    way: Literal["send", "reply"]
    people: tuple[Person, ...]
    thread_id: UUID | None
    attachment_count: int
    attachment_octets: int | None
    based_on: tuple[UUID, ...]
    file_ids: tuple[UUID, ...] = ()
    original_id: UUID | None = None
    leaves_later: bool = False
    answers_to: tuple[str, ...] = ()
    url_hosts: tuple[str, ...] = ()
    texts: tuple[Text, ...]
    author: Actor
    moment: datetime

    @property
    def reached(self) -> tuple[str, ...]:
        """Whom it may reach: its recipients, and where their answers go."""
        return tuple(dict.fromkeys((*(one.email for one in self.people), *self.answers_to)))


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at (SPEC 22, preflight)."""

    name: str
    passed: bool
    policy_id: str | None = None
    rule_id: str | None = None
    message: str
    fix: str = ""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A send must wait for a person. Without approvers nobody is written to: whoever has `drafts:approve` decides."""

    reason: HoldReason
    policy_id: UUID | None = None
    approvers: tuple[str, ...] = ()
    expires_seconds: int = 86_400
    on_expiry: OnExpiry = "reject"
    author_may_approve: bool = False
    why: str | None = None
    """What a person is told, where the reason does not say it."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing is sent: the first check that says so, as an error."""

    code: Code
    detail: str
    fix: str
    retry_after: int | None = None


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """What can be looked at only when the mail is composed and its files are there (`examine`).

    `canaries` are (policy, string). `digests` are of files that mail from outside brought, `taint` is what that means,
    and which policy says so. `octets` are the caps on the files of a message: (policy, limit, over).
    """

    canaries: tuple[tuple[UUID, str], ...] = ()
    digests: frozenset[str] = frozenset()
    taint: tuple[str, UUID | None] = ("off", None)
    octets: tuple[tuple[UUID, int, str], ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`holds` are all that make it wait, `hold` is one that satisfies each of them. `loop_hold` is what the fuse of a
    conversation (`loops`) makes of a send, `loop_limits` is when it trips."""

    outcome: Outcome = "send"
    checks: tuple[Check, ...] = ()
    holds: tuple[Hold, ...] = ()
    refusal: Refusal | None = None
    loop_hold: Hold = Hold(reason="loop")
    loop_limits: Limits = Limits()
    blocked: tuple[str, ...] = ()
    """Recipients whom a filter rule keeps out."""
    later: Later = Later()
    is_capped: bool = False
    """Whether `charge` has anything to count."""

    @property
    def hold(self) -> Hold | None:
        return strictest(self.holds)


UNGOVERNED = Decision()


def strictest(holds: tuple[Hold, ...]) -> Hold | None:
    """One hold for several: everybody's approvers, the shortest time, and a rejection at its end when one wants it."""
    if len(holds) < 2:
        return holds[0] if holds else None
    return Hold(
        reason=holds[0].reason,
        policy_id=holds[0].policy_id,
        approvers=tuple(dict.fromkeys(email for one in holds for email in one.approvers)),
        expires_seconds=min(one.expires_seconds for one in holds),
        on_expiry="send" if all(one.on_expiry == "send" for one in holds) else "reject",
        author_may_approve=all(one.author_may_approve for one in holds),
    )


def failed(name: str, message: str, fix: str, *, policy_id: UUID | None = None, rule_id: UUID | None = None) -> Check:
    return Check(
        name=name,
        passed=False,
        policy_id=ids.encode_or_none("pol", policy_id),
        rule_id=ids.encode_or_none("rul", rule_id),
        message=message,
        fix=fix,
    )
