"""What approvers are written: who wants to send what to whom, why it waits, and the link. Not the mail's own text: that
stands on the page, behind the link."""

from typing import Final

from agentpost_server import notices
from agentpost_server.core.times import rfc3339
from agentpost_server.outbound.holding import deciding, link
from agentpost_server.outbound.holding.link import Asked
from agentpost_server.outbound.store import holds as store

_SUBJECT: Final = 120
_WORDS: Final = {
    "approval": "a policy says that a person looks first",
    "loop": "the conversation goes back and forth as between two machines",
    "flow": "a rule about whom this inbox may write to holds it",
    "screening": "it answers mail that looks suspicious",
}


async def write(desk: notices.Desk, about: notices.About) -> notices.Letter | None:
    async with desk.database.transaction(about.scope.organization_id) as tx:
        row = await store.find_to_show(tx, about.scope, about.id)
    if row is None or row["status"] != deciding.WAITS or about.email not in row["approvers"]:
        return None
    asked = Asked(
        organization_id=about.scope.organization_id,
        environment_id=about.scope.environment_id,
        message_id=about.id,
        email=about.email,
    )
    url = f"{desk.public_url}/approve/{link.write(desk.keyring, asked)}"
    hold = deciding.hold_of(row)
    happens = "is sent" if hold.on_expiry == "send" else "is not sent"
    subject = _line(row["subject"])
    text = (
        f"{row['email']} wants to send a mail, and it waits for you:\n"
        f"{_WORDS.get(hold.reason, 'a person must look first')}.\n\n"
        f"Subject: {subject}\n\n"
        f"Read it and decide here:\n{url}\n\n"
        f"The link is for you alone: whoever has it can decide in your name. If nobody decides until\n"
        f"{rfc3339(row['expires_at'])}, the mail {happens}.\n"
    )
    return notices.Letter(subject=f"To approve: {subject}", text=text)


def _line(subject: str) -> str:
    """One line of it, whatever it holds."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in subject).split())
    shown = plain[:_SUBJECT]
    return (shown + "…" if len(plain) > _SUBJECT else shown) or "(no subject)"
