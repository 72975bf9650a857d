"""A week of an agent's mail, replayed in seconds: the example of the simulator's guide, as a reader would run it; and
the same days told step by step."""

import sys
import time
from datetime import datetime

from docs.snippets import ROOT, blocks, environment, run, shell
from harness import Server, Tenant
from outbound.sending import inbox, send, until
from sandbox.simulated import DAY, advance, at_rest, inbound, persona

GUIDE = ROOT / "docs" / "guides" / "simulator.md"
QUICKSTART = ROOT / "docs" / "quickstart.md"


async def test_the_guides_week_runs_as_it_stands(server: Server, tenant: Tenant) -> None:
    variables = environment(server, tenant) | {"AGENTPOST_API_KEY": tenant.organization.test_key}
    agent = await inbox(tenant.sandbox, "guide")
    functions = "\n".join(blocks(QUICKSTART, "sh")[:1])
    await shell("\n".join([functions, *blocks(GUIDE, "sh")]), {**variables, "ID": agent["id"]})
    begun = time.monotonic()
    [example] = blocks(GUIDE, "python")
    said = await run([sys.executable, "-c", example], variables)
    assert said[-1].startswith("a week in")
    assert time.monotonic() - begun < 60


async def test_a_week_in_which_everything_happens(tenant: Tenant) -> None:
    http, agent = tenant.sandbox, await inbox(tenant.sandbox)
    await persona(http, "slow@customer.example", {"do": "answer", "after_seconds": 2 * DAY, "text_body": "Yes."})
    await persona(http, "grey@customer.example", {"do": "answer", "defer": 1, "text_body": "Here."})
    await persona(http, "away@customer.example", {"do": "out_of_office"}, afterwards="repeat")
    await persona(http, "evil@customer.example", {"do": "attack", "after_seconds": 4 * DAY})
    await persona(http, "gone@customer.example", {"do": "bounce"})
    await persona(http, "mute@customer.example")
    people = ["slow", "grey", "away", "evil", "gone", "mute"]
    monday = {one: await send(http, agent["id"], to=[f"{one}@customer.example"], subject=one) for one in people}
    await at_rest(http)
    heard: list[list[str]] = []
    for _ in range(7):
        await advance(http, DAY)
        await at_rest(http)
        heard.append([one["from_address"]["email"].partition("@")[0] for one in await inbound(http, agent["id"])])
    assert heard[0][0] == "away"
    assert sorted(heard[0]) == ["away", "grey"]
    assert [len(day) for day in heard] == [2, 3, 3, 4, 4, 4, 4]
    assert heard[-1][2:] == ["slow", "evil"]
    for one in people:
        message = await until(http, f"/messages/{monday[one]['id']}", lambda found: found["status"] != "sent")
        assert message["status"] == ("bounced" if one == "gone" else "delivered")
    slow = next(one for one in await inbound(http, agent["id"]) if one["subject"] == "Re: slow")
    days = datetime.fromisoformat(slow["received_at"]) - datetime.fromisoformat(monday["slow"]["created_at"])
    assert days.days == 2
