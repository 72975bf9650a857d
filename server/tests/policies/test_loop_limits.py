"""The policy `loop` at a send and in its preflight: the same limits, and the same answer."""

from harness import Tenant
from loops.machines import reply
from outbound.sending import Json, inbox, send, until
from policies.asking import policy
from policies.test_preflight import asked, failed


async def _arrived(tenant: Tenant, reader: Json, message_id: str) -> Json:
    page = await until(
        tenant.http,
        f"/inboxes/{reader['id']}/messages?direction=inbound",
        lambda page: any(one["message_id_header"] == message_id for one in page["data"]),
    )
    return next(one for one in page["data"] if one["message_id_header"] == message_id)


async def _foreseen(tenant: Tenant, reader: Json, arrived: Json) -> str:
    """What preflight says of the reply that is about to be written."""
    told = await asked(
        tenant,
        reader,
        to=[arrived["from_address"]["email"]],
        subject=f"Re: {arrived['subject'].removeprefix('Re: ')}",
        in_reply_to=arrived["id"],
    )
    assert ("loop" in failed(told)) == (told["outcome"] != "send")
    return told["outcome"]


async def _exchange(tenant: Tenant, one: Json, other: Json, answers: int) -> tuple[Json, Json, list[str], list[str]]:
    """Answers given in turn; the reader and the mail at the end, what was foreseen of each answer, and what it met."""
    foreseen: list[str] = []
    met: list[str] = []
    last = await send(tenant.http, one["id"], to=[other["email"]])
    arrived, reader = await _arrived(tenant, other, last["message_id_header"]), other
    for _ in range(answers):
        foreseen.append(await _foreseen(tenant, reader, arrived))
        answer = await reply(tenant.http, arrived)
        met.append("reject" if answer.status_code == 403 else answer.json()["status"])
        if met[-1] == "queued":
            reader = one if reader is other else other
            arrived = await _arrived(tenant, reader, answer.json()["message_id_header"])
    return reader, arrived, foreseen, met


async def test_lower_limits_stop_a_conversation_sooner_and_preflight_knows(tenant: Tenant) -> None:
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    await policy(tenant.http, "loop", {"ping_pong": 3})
    _, _, foreseen, met = await _exchange(tenant, one, other, 5)
    assert met == ["queued", "queued", "queued", "pending_approval", "reject"]
    assert foreseen == ["send", "send", "send", "hold", "reject"]


async def test_limits_that_are_lowered_under_way_hold_at_once(tenant: Tenant) -> None:
    """Nothing has tripped yet: the send itself is the one too many, which preflight must count in."""
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    reader, arrived, _, met = await _exchange(tenant, one, other, 2)
    assert met == ["queued", "queued"]
    await policy(tenant.http, "loop", {"ping_pong": 2})
    assert await _foreseen(tenant, reader, arrived) == "hold"
    assert (await reply(tenant.http, arrived)).json()["status"] == "pending_approval"
    assert await _foreseen(tenant, reader, arrived) == "reject"
    assert (await reply(tenant.http, arrived)).status_code == 403


async def test_higher_limits_let_a_conversation_go_on(tenant: Tenant) -> None:
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    await policy(tenant.http, "loop", {"ping_pong": 50, "replies": 50})
    _, _, foreseen, met = await _exchange(tenant, one, other, 8)
    assert (foreseen, met) == (["send"] * 8, ["queued"] * 8)


async def test_what_a_policy_holds_waits_whatever_its_conversation_does(tenant: Tenant) -> None:
    one, other = await inbox(tenant.http, "one"), await inbox(tenant.http, "two")
    await policy(tenant.http, "loop", {"ping_pong": 1})
    reader, arrived, _, met = await _exchange(tenant, one, other, 3)
    assert met == ["queued", "pending_approval", "reject"]
    await policy(tenant.http, "approval", {"when": ["always"]})
    assert await _foreseen(tenant, reader, arrived) == "hold"
    assert (await reply(tenant.http, arrived)).json()["status"] == "pending_approval"
