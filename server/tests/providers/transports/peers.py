"""A transport and the other side of it, alike for the contract's tests whatever lies between.

To add a transport: a class with these attributes and verbs, and its name in conftest's `KINDS`.
"""

import ssl
from typing import Any, Protocol

from agentpost_server.ports.transport import MailTransport, OutgoingEnvelope
from agentpost_server.providers.aws import AwsAccount
from agentpost_server.providers.http_api import HttpTiming
from agentpost_server.providers.mailgun import MailgunTransport
from agentpost_server.providers.postmark import PostmarkTransport
from agentpost_server.providers.sendgrid import SendGridTransport
from agentpost_server.providers.ses import SesTransport
from agentpost_server.providers.sigv4 import Credentials
from agentpost_server.providers.smtp import SmtpRelay, SmtpTransport
from providers.scripted_peer import DROP as CUT
from providers.scripted_peer import STALL as SILENCE
from providers.scripted_peer import ScriptedPeer
from providers.transports import mailgun_stand_in, postmark_stand_in, sendgrid_stand_in, ses_line
from providers.transports.http_stand_in import DROP, GARBAGE, RESET, STALL, HttpStandIn, Reply
from providers.transports.letters import Handed, envelope

# Reading the machine's certificates anew for every test would be most of the suite's time.
CONTEXT = ssl.create_default_context()
SHORT = HttpTiming(connect_seconds=5, wait_seconds=5, answer_seconds=2, total_seconds=5, max_connections=4)


class Peer(Protocol):
    """`ways` are the things that can go wrong here: refuse, throttle, drop, reset, garbage, stall, unreachable."""

    transport: MailTransport
    ways: frozenset[str]
    secret: str
    carries_tag: bool
    most_at_once: int

    def will(self, way: str) -> None:
        """What happens to the next call."""
        ...

    async def handed(self) -> list[Handed]: ...

    def envelope(self, *recipients: str, **fields: Any) -> OutgoingEnvelope: ...

    def seen_at_once(self) -> int: ...

    def calls(self) -> int: ...


class HttpPeer:
    """An API behind a stand-in."""

    ways = frozenset(("refuse", "throttle", "drop", "reset", "garbage", "stall", "unreachable"))
    carries_tag = True
    most_at_once = 4

    def __init__(self, stand_in: HttpStandIn, transport: MailTransport, secret: str) -> None:
        self.stand_in, self.transport, self.secret = stand_in, transport, secret
        self.replies: dict[str, Reply] = {
            "refuse": Reply.json(400, {"message": "no such mail, please"}),
            "throttle": Reply.json(429, {"message": "too many"}, Retry_After="7"),
        }

    def will(self, way: str) -> None:
        broken = {"drop": DROP, "reset": RESET, "garbage": GARBAGE, "stall": STALL}
        self.stand_in.faults.append(self.replies.get(way) or broken[way])

    async def handed(self) -> list[Handed]:
        return self.stand_in.handed

    def envelope(self, *recipients: str, **fields: Any) -> OutgoingEnvelope:
        return envelope(*recipients, **fields)

    def seen_at_once(self) -> int:
        return self.stand_in.most_at_once

    def calls(self) -> int:
        return len(self.stand_in.requests)


async def sendgrid(url: str | None = None) -> HttpPeer:
    stand_in = sendgrid_stand_in.SendGridStandIn()
    await stand_in.start()
    key = sendgrid_stand_in.KEY
    return HttpPeer(stand_in, SendGridTransport(url or stand_in.url, key, timing=SHORT, ssl_context=CONTEXT), key)


async def postmark(url: str | None = None) -> HttpPeer:
    stand_in = postmark_stand_in.PostmarkStandIn()
    await stand_in.start()
    token = postmark_stand_in.TOKEN
    return HttpPeer(stand_in, PostmarkTransport(url or stand_in.url, token, timing=SHORT, ssl_context=CONTEXT), token)


async def mailgun(url: str | None = None) -> HttpPeer:
    stand_in = mailgun_stand_in.MailgunStandIn()
    await stand_in.start()
    key = mailgun_stand_in.KEY
    return HttpPeer(stand_in, MailgunTransport(url or stand_in.url, key, timing=SHORT, ssl_context=CONTEXT), key)


async def ses(moto_url: str, url: str | None = None, **settings: Any) -> HttpPeer:
    line = ses_line.SesLine(moto_url)
    await line.start()
    account = AwsAccount(
        region=ses_line.REGION,
        endpoint=url or line.url,
        credentials=Credentials(access_key_id="AKIDEXAMPLE", secret_access_key=ses_line.SECRET),
    )
    transport = SesTransport(account, answer_seconds=2, total_seconds=5, **settings)
    peer = HttpPeer(line, transport, ses_line.SECRET)
    peer.replies = {
        "refuse": ses_line.refusal(400, "MessageRejected", "no such mail, please"),
        "throttle": ses_line.refusal(429, "TooManyRequestsException", "too many"),
    }
    peer.most_at_once = 20
    return peer


class SmtpPeer:
    """A relay behind the scripted one."""

    transport: MailTransport

    ways = frozenset(("refuse", "throttle", "drop", "garbage", "stall", "unreachable"))
    carries_tag = False
    most_at_once = 4
    secret = "no password here"

    def __init__(self, scripted: ScriptedPeer, port: int) -> None:
        self._scripted = scripted
        self.transport = SmtpTransport(
            SmtpRelay(
                host="127.0.0.1",
                port=port,
                tls="none",
                max_connections=self.most_at_once,
                connect_seconds=5,
                command_seconds=5,
                reply_seconds=2,
                total_seconds=10,
            )
        )

    def will(self, way: str) -> None:
        answers = {"refuse": "550 5.7.1 no", "throttle": "451 4.7.1 slower", "garbage": "what", "drop": CUT}
        stage = "MAIL" if way in ("refuse", "throttle") else "dot"
        self._scripted.script.setdefault(stage, []).append(answers.get(way, SILENCE))

    async def handed(self) -> list[Handed]:
        """Read off the dialogue: who was named before each mail."""
        named = [one[9:].rstrip(">") for one in self._scripted.commands if one.startswith("RCPT")]
        return [Handed(named, one.replace(b"\n..", b"\n.")) for one in self._scripted.mails[-1:]]

    def envelope(self, *recipients: str, **fields: Any) -> OutgoingEnvelope:
        return envelope(*recipients, **fields)

    def seen_at_once(self) -> int:
        return self._scripted.connections

    def calls(self) -> int:
        return self._scripted.count("MAIL")
