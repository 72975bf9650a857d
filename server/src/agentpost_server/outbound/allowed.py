"""What may refuse a send before anything is written, and what may carry it: asked at submit, and again when a mail
leaves its hold. Nothing here asks the database: it judges what was read."""

from collections.abc import Sequence
from typing import Any

from agentpost_server.core.errors import Forbidden, Invalid
from agentpost_server.outbound.carriers import carriers, of_wide_addresses
from agentpost_server.outbound.check import Checked
from agentpost_server.outbound.plan import LOCAL, transports_of
from agentpost_server.runtime import Runtime


def refuse_paused(sender: Any) -> None:
    """Kill switches: inbox, environment, organization. They are asked again before each call."""
    for paused, what, fix in (
        (sender["organization_paused"], "The organization", "Resume sending for the organization."),
        (sender["environment_paused"], "The environment", "Set send_paused of the environment to false."),
        (sender["send_paused"], "The inbox", "Resume the inbox: POST /inboxes/{id}/resume."),
    ):
        if paused:
            raise Forbidden(f"{what} is paused: nothing is sent from it.", code="inbox_paused", fix=fix)


def refuse_unverified(sender: Any) -> None:
    if not sender["can_send"]:
        raise Forbidden(
            f"The domain {sender['own_domain']} may not send yet: it is not verified for sending.",
            code="domain_not_verified",
            fix="Publish its records and verify it: POST /domains/{id}/verify. Or send from another inbox.",
        )


def transports_for(runtime: Runtime, sender: Any, checked: Checked) -> tuple[str, ...]:
    """What may carry it, in turn. Mail that stays on this machine needs nothing of them."""
    names = carriers(sender["transport"], runtime.failover, runtime.transports)
    leaves = any(
        transports_of(one.email, kind=sender["kind"], transports=names, allowed=sender["allowed_recipients"])
        != (LOCAL,)
        for one in checked.recipients
    )
    lists = {"to": checked.to, "cc": checked.cc, "bcc": checked.bcc, "reply_to": checked.reply_to}
    return of_wide_addresses(names, runtime.transports, lists) if leaves else names


def refuse_all_suppressed(emails: Sequence[str], suppressed: dict[str, str]) -> None:
    if all(email in suppressed for email in emails):
        named = ", ".join(f"{email} ({reason})" for email, reason in sorted(suppressed.items())[:5])
        raise Invalid(
            f"Every recipient is on the suppression list: {named}.",
            code="all_recipients_suppressed",
            fix="Write to another address, or remove these from the list: DELETE /suppressions/{id}.",
        )
