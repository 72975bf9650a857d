"""Keeping times are settings (SPEC 16), and what they say is what happens."""

from datetime import UTC, datetime, timedelta

from agentpost_server.app import keeping_times
from agentpost_server.settings import load
from harness import Tenant, client, running_server


def test_the_times_that_are_kept_without_a_word_are_those_of_the_specification() -> None:
    settings = load({})
    assert keeping_times(settings) == {
        "idempotency_keys": 24 * 3600,
        "inbound_seen": 0,
        "stream_tickets": 0,
        "request_log": 7 * 86400,
        "webhook_deliveries": 30 * 86400,
        "events": 30 * 86400,
        "notices": 30 * 86400,
    }
    assert (settings.duplicate_hours, settings.upload_hours, settings.link_seconds) == (72, 24, 3600)
    assert (settings.wait_hours, settings.lease_hours) == (24, 24)
    assert (settings.max_send_octets, settings.max_receive_octets) == (10_485_760, 26_214_400)


async def test_an_upload_and_its_link_live_as_long_as_their_settings_say(tenant: Tenant, database_url: str) -> None:
    body = {"filename": "a.txt", "mime_type": "text/plain", "size": 1}
    async with (
        running_server(database_url, roles=("api",), upload_hours=48, link_seconds=60) as server,
        client(server, tenant.organization.live_key) as http,
    ):
        made = (await http.post("/attachments/upload-url", json=body)).json()
    assert _from_now(made["expires_at"]) < timedelta(seconds=61)
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        expires_at = await tx.value(
            "SELECT expires_at FROM uploads WHERE organization_id = $1", tenant.organization.organization_id
        )
    assert timedelta(hours=47) < expires_at - datetime.now(UTC) < timedelta(hours=49)


def _from_now(moment: str) -> timedelta:
    return datetime.fromisoformat(moment) - datetime.now(UTC)
