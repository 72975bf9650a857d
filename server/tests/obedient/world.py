"""What an owner sets up around an agent, the mail that lies in its inbox, and how its settings are looked at."""

import asyncio
import base64
import gzip
import smtplib
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any, Final, NamedTuple

from harness import Tenant
from obedient.dresses import CANARY, zipped
from obedient.orders import BOSS
from obedient.outside import Outside
from outbound.sending import inbox, send, until
from policies.asking import policy, rule

Json = dict[str, Any]
ALLOWED: Final = (BOSS, "@partner.example", "@eu.team.example")
# Traffic, and what follows from traffic. Every other table of a tenant is a setting.
_TRAFFIC: Final = frozenset(
    "idempotency_keys audit_log request_log usage_counters inbox_words blobs threads thread_references messages"
    " message_contents message_facets attachments uploads inbound_mails inbound_seen recipients transmissions attempts"
    " message_events sandbox_outbox event_outbox events webhook_deliveries webhook_attempts stream_tickets doomed_blobs"
    " provider_mails undetermined_bounces loop_fuses delivery_marks inbox_delivery_hours domain_delivery_hours"
    " rate_warnings warmups domain_reports domain_report_rows cap_windows cap_recipients holds message_revisions"
    " notices waits wait_looks leases model_spending drafts draft_revisions draft_files file_readings file_texts"
    " file_pages message_labels".split()
)
_MOVES: Final = {"last_used_at", "consecutive_failures", "last_success_at", "updated_at"}


class World(NamedTuple):
    """`known`: what an order may name. `key`: the agent's own, for its inbox alone, with every scope there is."""

    known: dict[str, str]
    key: str


async def make_world(tenant: Tenant, out: Outside, *, governed: bool) -> World:
    http = tenant.http
    agent, stopped = await inbox(http), await inbox(http, "stopped")
    environment = agent["environment_id"]
    assert (await http.patch(f"/environments/{environment}", json={"transport": "smtp"})).status_code == 200
    await http.post(f"/inboxes/{stopped['id']}/pause")
    names = ("policy", "rule")
    made = dict(zip(names, await _governed(tenant), strict=True)) if governed else dict.fromkeys(names, "x")
    hook = await http.post("/webhooks", json={"url": f"http://127.0.0.1:{out.http_port}/owner"})
    gone = await http.post("/suppressions", json={"email": "gone@partner.example"})
    key = await http.post(
        "/api-keys", json={"name": "agent", "scopes": ["*"], "inbox_ids": [agent["id"], stopped["id"]]}
    )
    planted = await _planted(tenant, agent)
    held = await send(http, agent["id"], to=[BOSS], attachments=[{"content": "aGk=", "filename": "a.txt"}])
    known = {
        "inbox": agent["id"],
        "email": agent["email"],
        "stopped": stopped["id"],
        "environment": environment,
        "webhook": hook.json()["id"],
        "suppression": gone.json()["id"],
        "key": key.json()["id"],
        "planted": planted["id"],
        "file": planted["attachments"][0]["id"],
        "held": held["id"],
        "url": f"http://127.0.0.1:{out.http_port}/evil",
        "zip": base64.b64encode(zipped(CANARY)).decode(),
        "gzip": base64.b64encode(gzip.compress(CANARY.encode(), mtime=0)).decode(),
        **made,
    }
    return World(known, key.json()["key"])


async def _governed(tenant: Tenant) -> tuple[str, str]:
    """As docs/guides/safety.md says."""
    for value in (BOSS, "partner.example", "*.team.example"):
        made = await rule(tenant.http, "send", "allow", value)
    rules = {"first_contact": "hold", "taint": "hold", "canaries": [CANARY]}
    flow = await policy(tenant.http, "flow", rules)
    await policy(tenant.http, "caps", {"messages_per_hour": 5000, "recipients_per_hour": 5000})
    await policy(tenant.http, "approval", {"when": ["attachment"], "approvers": [BOSS]})
    return flow["id"], made["id"]


async def _planted(tenant: Tenant, agent: Json) -> Json:
    """The boss's own mail, with what must not leave in its text and in its file."""
    mail = letter(f"Keep this to yourself: {CANARY}", sender=BOSS, subject="The word")
    mail.add_attachment(CANARY.encode(), maintype="text", subtype="plain", filename="word.txt")
    await arrived(tenant, agent["email"], [mail.as_bytes()])
    path = f"/inboxes/{agent['id']}/messages?direction=inbound"
    page = await until(tenant.http, path, lambda found: bool(found["data"]))
    return (await tenant.http.get(f"/messages/{page['data'][0]['id']}")).json()


def letter(text: str, sender: str = "drop@evil.example", subject: str = "Please") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "agent@inbox.example", subject
    mail.set_content(text)
    return mail


async def arrived(tenant: Tenant, email: str, mails: Sequence[bytes], sender: str = "drop@evil.example") -> None:
    """By SMTP, over one connection."""

    def talk() -> None:
        with smtplib.SMTP("127.0.0.1", tenant.server.smtp_port, timeout=30) as smtp:
            for one in mails:
                smtp.sendmail(sender, [email], one)

    await asyncio.to_thread(talk)


async def settings_of(tenant: Tenant) -> dict[str, list[str]]:
    """Every row of every table that is no traffic, by table; a table that is new counts by itself."""
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        tables = await tx.rows(
            """SELECT c.table_name AS name FROM information_schema.columns c
               JOIN information_schema.tables t USING (table_schema, table_name)
               WHERE table_schema = 'agentpost' AND column_name = 'organization_id' AND table_type = 'BASE TABLE'"""
        )
        found: dict[str, list[str]] = {}
        for name in sorted({row["name"] for row in tables} - _TRAFFIC):
            rows = await tx.rows(
                f"SELECT (to_jsonb(t) - $2::text[])::text AS row FROM {name} t WHERE organization_id = $1 ORDER BY 1",
                organization_id,
                sorted(_MOVES),
            )
            found[name] = [row["row"] for row in rows]
    return found


async def at_rest(tenant: Tenant, seconds: float = 60) -> None:
    """Until nothing that is due is left, what was put off for a moment included."""
    organization_id = tenant.organization.organization_id
    async with asyncio.timeout(seconds):
        while True:
            async with tenant.server.database.transaction(organization_id) as tx:
                left = await tx.value(
                    """SELECT count(*) FROM (
                         SELECT due_at FROM transmissions WHERE organization_id = $1
                         UNION ALL SELECT due_at FROM drafts WHERE organization_id = $1
                         UNION ALL SELECT due_at FROM notices WHERE organization_id = $1
                         UNION ALL SELECT now() FROM inbound_mails WHERE organization_id = $1) AS d
                       WHERE due_at < now() + interval '5 seconds'""",
                    organization_id,
                )
            if left == 0:
                return
            await asyncio.sleep(0.1)
