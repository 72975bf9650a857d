"""Nothing leaves while the inbox, its environment or the organization is paused: not asked for, not begun."""

import pytest

from outbound.bench import ACCEPTED, Bench
from outbound.sending import inbox

_SWITCHES = {
    "inbox": "UPDATE inboxes SET send_paused = {}",
    "environment": "UPDATE environments SET send_paused = {}",
    "organization": "UPDATE organizations SET send_paused = {}",
}


@pytest.mark.parametrize("where", _SWITCHES)
async def test_each_switch_stops_new_mail_and_mail_that_waits(bench: Bench, where: str) -> None:
    agent = await inbox(bench.tenant.http)
    path = f"/inboxes/{agent['id']}/messages"
    body = {"to": ["a@b.example"], "subject": "s", "text_body": "t"}
    waiting = (await bench.tenant.http.post(path, json=body)).json()
    await bench.sql(_SWITCHES[where].format("true"))
    refused = await bench.tenant.http.post(path, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "inbox_paused")
    assert where in refused.json()["detail"]
    await bench.turn()
    assert bench.transport.calls == []
    assert (await bench.tenant.http.get(f"/messages/{waiting['id']}")).json()["status"] == "queued"
    await bench.sql(_SWITCHES[where].format("false"))
    await bench.sql("UPDATE transmissions SET due_at = now()")
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    assert (await bench.tenant.http.get(f"/messages/{waiting['id']}")).json()["status"] == "sent"


async def test_fifty_recipients_are_the_most_of_all_three_fields_together(bench: Bench) -> None:
    agent = await inbox(bench.tenant.http)
    people = [f"p{n}@b.example" for n in range(51)]
    for count, status in ((50, 201), (51, 422)):
        body = {"to": people[:20], "cc": people[20:40], "bcc": people[40:count], "subject": "s"}
        answer = await bench.tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body)
        assert answer.status_code == status, answer.text
