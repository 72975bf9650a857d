"""The ambiguity table, row by row, through the whole of mail out: how a recipient ends and how often the call is made.

First with answers at the port, where feedback can come before, after, twice or never; then with a real SMTP dialogue.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agentpost_server.outbound import telling
from agentpost_server.outbound.told import Feedback, Told
from agentpost_server.outbound.transmit import Timing
from agentpost_server.ports.transport import Outcome, OutgoingEnvelope, Receipt, all_recipients
from agentpost_server.providers.smtp import SmtpRelay, SmtpTransport
from outbound.bench import ACCEPTED, BUSY, GONE, Bench, Scripted
from outbound.sending import Json, history, recipients
from providers.scripted_peer import ScriptedPeer, start_peer

__all__ = ["start_peer"]

TO = "a@b.example"
RESET = Outcome(status="unknown", detail="The connection was reset before the answer was read.")
SILENT = Outcome(status="unknown", detail="The provider did not answer in time.")
ERROR = Outcome(status="unknown", detail="500 Internal Server Error")
THROTTLED = Outcome(status="deferred", transport_fault=True, detail="429 Too Many Requests")
DELIVERED = Feedback(kind="delivered", recipient=TO)
BOUNCED = Feedback(kind="bounced", recipient=TO, bounce_type="permanent", enhanced_code="5.1.1")

# (what happens, answers of the calls, what feedback tells afterwards, how it ends, calls made)
TABLE: list[tuple[str, list[Any], list[Feedback], str, int]] = [
    ("accepted", [ACCEPTED], [], "sent", 1),
    ("accepted, then reset", [RESET], [], "unknown", 1),
    ("accepted, then silence", [SILENT], [], "unknown", 1),
    ("accepted, then our own time is over", [None], [], "unknown", 1),
    ("an error before acceptance", [BUSY, ACCEPTED], [], "sent", 2),
    ("an error that says nothing of acceptance", [ERROR], [], "unknown", 1),
    ("refused", [GONE], [], "bounced", 1),
    ("throttled", [THROTTLED, THROTTLED, ACCEPTED], [], "sent", 3),
    ("event late", [ACCEPTED], [DELIVERED], "delivered", 1),
    ("event twice", [ACCEPTED], [DELIVERED, DELIVERED], "delivered", 1),
    ("event never", [SILENT], [], "unknown", 1),
    ("event resolves what nobody knew", [RESET], [DELIVERED], "delivered", 1),
    ("bounce resolves what nobody knew", [SILENT], [BOUNCED], "bounced", 1),
    ("events in the wrong order", [ACCEPTED], [BOUNCED, DELIVERED], "bounced", 1),
    ("bounce behind delivery", [ACCEPTED], [DELIVERED, BOUNCED], "bounced", 1),
]


async def _tell(bench: Bench, envelope: OutgoingEnvelope, one: Feedback) -> int:
    return await telling.apply(bench.server.runtime, [Told(source="ses", tag=envelope.tag, told=(one,))])


async def _run_out(bench: Bench) -> None:
    """Every retry there is: whatever may be called again is."""
    for _ in range(5):
        await bench.turn(Timing(call_seconds=0.5, retry_seconds=(30, 30, 30)))
        await bench.make_due()


@pytest.mark.parametrize(
    ("answers", "told", "ends", "calls"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
async def test_at_the_port(bench: Bench, answers: list[Any], told: list[Feedback], ends: str, calls: int) -> None:
    made = await bench.sent(TO)
    bench.transport.script = answers
    await _run_out(bench)
    for one in told:
        assert await _tell(bench, bench.transport.calls[-1][0], one) == 1
    await _run_out(bench)
    assert (recipients(await bench.now(made)), len(bench.transport.calls)) == ({TO: ends}, calls)
    steps = [kind for kind, _ in await history(bench.tenant.http, made["id"])]
    assert steps.count("delivered") <= 1, "told twice is told once"
    assert steps.count("sending") == calls


@pytest.mark.parametrize(
    ("told", "answer", "ends"),
    [
        (DELIVERED, ACCEPTED, "delivered"),
        (DELIVERED, RESET, "delivered"),
        (DELIVERED, BUSY, "delivered"),
        (DELIVERED, THROTTLED, "delivered"),
        (BOUNCED, ACCEPTED, "bounced"),
        (Feedback(kind="delayed", recipient=TO), SILENT, "sent"),
    ],
    ids=lambda one: getattr(one, "kind", None) or getattr(one, "status", one),
)
async def test_an_event_before_our_answer_stands_and_nothing_is_called_again(
    bench: Bench, told: Feedback, answer: Outcome, ends: str
) -> None:
    class Early(Scripted):
        async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
            self.calls.append((envelope, raw))
            assert await _tell(bench, envelope, told) == 1
            return all_recipients(envelope, answer)

    early = Early()
    bench.server.runtime.transports = {**bench.server.runtime.transports, "smtp": early}
    made = await bench.sent(TO)
    await _run_out(bench)
    assert (recipients(await bench.now(made)), len(early.calls)) == ({TO: ends}, 1)


Started = Callable[..., Awaitable[ScriptedPeer]]

# (script of the peer, how it ends, mails that the peer took, times that it was asked for one)
DIALOGUES: list[tuple[str, dict[str, list[str]], str, int, int]] = [
    ("accepted", {}, "sent", 1, 1),
    ("taken, then reset", {"dot": ["DROP"]}, "unknown", 1, 1),
    ("taken, then silence", {"dot": ["STALL"]}, "unknown", 1, 1),
    ("taken, then an answer too late", {"dot": ["LATE 2 250 2.0.0 fine"]}, "unknown", 1, 1),
    ("reset before the dot", {"DATA": ["DROP"]}, "sent", 1, 2),
    ("5xx before acceptance", {"RCPT": ["550 5.1.1 nobody"]}, "bounced", 0, 1),
    ("5xx behind the content", {"dot": ["554 5.7.1 spam"]}, "bounced", 1, 1),
    ("4xx before acceptance", {"RCPT": ["451 4.3.0 later"]}, "sent", 1, 2),
    ("4xx behind the content", {"dot": ["451 4.3.0 later"]}, "sent", 2, 2),
    ("throttled at the door", {"connect": ["421 4.7.0 too many", "421 4.7.0 too many"]}, "sent", 1, 1),
]


@pytest.mark.parametrize(
    ("script", "ends", "taken", "asked"), [row[1:] for row in DIALOGUES], ids=[row[0] for row in DIALOGUES]
)
async def test_in_a_dialogue(
    bench: Bench, start_peer: Started, script: dict[str, list[str]], ends: str, taken: int, asked: int
) -> None:
    peer = await start_peer(**{stage: list(answers) for stage, answers in script.items()})
    relay = SmtpRelay(host="127.0.0.1", port=peer.port, tls="none", reply_seconds=0.6, command_seconds=2)
    transport = SmtpTransport(relay)
    bench.server.runtime.transports = {**bench.server.runtime.transports, "smtp": transport}
    made: Json = await bench.sent(TO)
    try:
        for _ in range(4):
            await bench.turn()
            await bench.make_due()
        assert (recipients(await bench.now(made)), len(peer.mails), peer.count("MAIL")) == ({TO: ends}, taken, asked)
    finally:
        await transport.close()
