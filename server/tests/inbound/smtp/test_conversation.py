"""Commands over real sockets: order, codes, budgets, and what is never offered."""

import asyncio
import smtplib
from typing import Any

import pytest

from agentpost_server.core.errors import Forbidden, Unavailable
from agentpost_server.inbound.smtp import Refusal
from agentpost_server.inbound.smtp.conversation import Conversation, HangUp, make_host
from agentpost_server.inbound.smtp.limits import SmtpLimits

HELLO = b"EHLO client.test\r\n"
ENVELOPE = b"MAIL FROM:<a@client.test>\r\nRCPT TO:<b@us.test>\r\n"


def codes(lines: list[str]) -> list[str]:
    """The codes of final reply lines, without the greeting."""
    return [line[:9].rstrip() for line in lines if line[3:4] == " "][1:]


async def test_a_message_by_smtplib(house: Any) -> None:
    def send() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP("127.0.0.1", house.server.port, timeout=10) as client:
            text = "Subject: Hi\r\nMessage-ID: <1@c>\r\n\r\n.dot\r\nend"
            return client.sendmail("a@client.test", ["b@us.test", "c@us.test"], text)

    assert await asyncio.to_thread(send) == {}
    (delivery,) = house.mailroom.deliveries
    assert delivery.mail_from == "a@client.test"
    assert [route.address for route in delivery.routes] == ["b@us.test", "c@us.test"]
    assert house.mailroom.contents == [b"Subject: Hi\r\nMessage-ID: <1@c>\r\n\r\n.dot\r\nend\r\n"]
    assert (delivery.transmission_type, delivery.tls, delivery.has_message_id) == ("ESMTP", False, True)
    assert (delivery.client_ip, delivery.bare_newlines, delivery.nul_removed) == ("127.0.0.1", False, False)
    assert house.server.stats.accepted == 1
    assert house.server.stats.accepted_octets == delivery.size
    assert house.mailroom.read == ["m1"]


async def test_ehlo_offers_exactly_what_is_there(house: Any) -> None:
    wire = await house.dial()
    assert await wire.reply() == "220 mx.us.test ESMTP"
    assert (await wire.say(b"EHLO client.test")).splitlines() == [
        "250-mx.us.test",
        "250-PIPELINING",
        "250-SIZE 26214400",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250 ENHANCEDSTATUSCODES",
    ]
    assert (await wire.say(b"STARTTLS")).startswith("502 ")
    assert (await wire.say(b"AUTH PLAIN AA==")).startswith("502 ")


async def test_pipelined_groups_are_answered_in_order(house: Any) -> None:
    house.mailroom.refusals["no@us.test"] = Refusal(code="550 5.1.1", text="No such inbox")
    group = ENVELOPE + b"RCPT TO:<no@us.test>\r\nRCPT TO:<x@other.test>\r\nDATA\r\n"
    message = b"Subject: 1\r\n\r\nx\r\n.\r\n"
    answer = await house.tell(HELLO + group + message + ENVELOPE + b"DATA\r\n" + message + b"QUIT\r\n")
    assert codes(answer) == [
        "250 ENHAN",
        "250 2.1.0",
        "250 2.1.5",
        "550 5.1.1",
        "550 5.7.1",
        "354 End d",
        "250 2.0.0",
        "250 2.1.0",
        "250 2.1.5",
        "354 End d",
        "250 2.0.0",
        "221 2.0.0",
    ]
    assert house.mailroom.asked == ["b@us.test", "no@us.test", "x@other.test", "b@us.test"]
    assert len(house.mailroom.deliveries) == 2
    # The QUIT came along with the content: it proves nothing about the 250.
    assert house.mailroom.read == []


async def test_null_sender_8bit_utf8_and_helo(house: Any) -> None:
    wire = await house.dial()
    await wire.reply()
    assert await wire.say(b"HELO [192.0.2.1]") == "250 mx.us.test"
    assert (await wire.say(b"MAIL FROM:<> BODY=8BITMIME")).startswith("250 ")
    assert (await wire.say(b"RCPT TO:<postmaster>")).startswith("550 5.7.1")
    assert house.mailroom.asked == ["postmaster@mx.us.test"]
    assert (await wire.say(b"RCPT TO:<b@us.test>")).startswith("250 ")
    await wire.say(b"DATA")
    assert (await wire.say("Grüße\r\n.".encode())).startswith("250 2.0.0 Ok, queued as m1")
    assert (await wire.say(b"EHLO client.test")).startswith("250-")
    assert (await wire.say(b"MAIL FROM:<\xc3\xa9@c.test> SMTPUTF8 SIZE=77")).startswith("250 ")
    assert (await wire.say(b"RCPT TO:<\xc3\xa9@us.test>")).startswith("250 ")
    await wire.say(b"DATA")
    assert (await wire.say(b"x\r\n.")).startswith("250 ")
    first, second = house.mailroom.deliveries
    assert (first.mail_from, first.transmission_type, first.body8bit, first.helo) == ("", "SMTP", True, "[192.0.2.1]")
    assert (second.mail_from, second.transmission_type, second.smtputf8) == ("é@c.test", "UTF8SMTP", True)
    assert house.mailroom.sessions[-1].declared_octets == 77


async def test_S_27_the_mailrooms_refusals_are_the_replies(house: Any) -> None:  # noqa: N802
    house.mailroom.refusals |= {
        "suspended@us.test": Refusal(code="550 5.2.1", text="Inbox paused\r\n250 injected"),
        "full@us.test": Refusal(code="452 4.2.2", text="Over quota"),
        "down@us.test": Unavailable("The database is away", fix="Wait."),
        "forbidden@us.test": Forbidden("Not you", fix="Ask."),
        "broken@us.test": ZeroDivisionError(),
        "io@us.test": ConnectionResetError(),
        "odd@us.test": Refusal(code="999", text=""),
    }
    wire = await house.dial()
    await wire.reply()
    await wire.say(b"EHLO c")
    await wire.say(b"MAIL FROM:<a@c.test>")
    answers = [await wire.say(b"RCPT TO:<" + name.encode() + b">") for name in house.mailroom.refusals]
    assert [answer[:9] for answer in answers] == (
        ["550 5.2.1", "452 4.2.2", "451 4.3.0", "550 5.7.1", "451 4.3.0", "451 4.3.0", "451 4.3.0"]
    )
    assert answers[0] == "550 5.2.1 Inbox paused??250 injected"
    assert (await wire.say(b"DATA")).startswith("554 5.5.1")
    assert house.server.stats.refused["451 4.3.0"] == 4


@pytest.mark.parametrize(
    ("failure", "code"),
    [(Unavailable("x", fix="y"), "451 4.3.0"), (OSError(), "451 4.3.0"), (KeyError(), "451 4.3.0")],
)
async def test_a_failed_accept_is_temporary_and_the_session_goes_on(house: Any, failure: Exception, code: str) -> None:
    house.mailroom.failure = failure
    wire = await house.dial()
    await wire.ready()
    assert (await wire.say(b"x\r\n.")).startswith(code)
    house.mailroom.failure = None
    assert (await wire.say(b"MAIL FROM:<a@c.test>")).startswith("250 ")


async def test_S_28_the_101st_recipient(house: Any) -> None:  # noqa: N802
    recipients = b"".join(b"RCPT TO:<b%d@us.test>\r\n" % n for n in range(103))
    answer = codes(await house.tell(HELLO + b"MAIL FROM:<>\r\n" + recipients + b"DATA\r\nx\r\n.\r\nQUIT\r\n"))
    assert answer[2:] == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 3 + ["354 End d", "250 2.0.0", "221 2.0.0"]
    assert len(house.mailroom.deliveries[0].routes) == 100


async def test_recipients_without_end_are_cut_off(open_house: Any) -> None:
    house = await open_house(max_recipients=2, max_recipient_overshoot=3)
    answer = codes(await house.tell(HELLO + b"MAIL FROM:<>\r\n" + b"RCPT TO:<b@us.test>\r\n" * 50))
    # The same address again is one route and no new recipient.
    assert answer[2:] == ["250 2.1.5"] * 5 + ["421 4.7.0"]


async def test_S_33_S_34_vrfy_expn_bdat(house: Any) -> None:  # noqa: N802
    wire = await house.dial()
    await wire.reply()
    await wire.say(b"EHLO c")
    assert (await wire.say(b"VRFY b")).startswith("252 2.5.2")
    assert (await wire.say(b"EXPN b")).startswith("502 ")
    assert (await wire.say(b"BDAT 5 LAST")).startswith("502 ")
    assert (await wire.say(b"HELP")).startswith("214 ")
    assert (await wire.say(b"NOOP x")).startswith("250 ")
    assert house.mailroom.asked == []


async def test_S_34_a_chunk_sent_along_is_not_taken_for_commands(house: Any) -> None:  # noqa: N802
    answer = codes(await house.tell(HELLO + ENVELOPE + b"BDAT 99 LAST\r\nRSET\r\n" + ENVELOPE))
    assert answer == ["250 ENHAN", "250 2.1.0", "250 2.1.5", "502 5.5.1"]


async def test_S_35_commands_out_of_order(house: Any) -> None:  # noqa: N802
    answer = await house.tell(
        b"MAIL FROM:<a@c.test>\r\n" + HELLO + b"DATA\r\nRCPT TO:<b@us.test>\r\nMAIL FROM:<a@c.test>\r\n"
        b"MAIL FROM:<a@c.test>\r\nDATA\r\nDATA x\r\nFOO\r\nRSET\r\nRCPT TO:<b@us.test>\r\nQUIT now\r\nQUIT\r\n"
    )
    assert codes(answer) == [
        "503 5.5.1",
        "250 ENHAN",
        "503 5.5.1",
        "503 5.5.1",
        "250 2.1.0",
        "503 5.5.1",
        "503 5.5.1",
        "501 5.5.4",
        "500 5.5.2",
        "250 2.0.0",
        "503 5.5.1",
        "501 5.5.4",
        "221 2.0.0",
    ]


async def test_S_35_rset_storm_and_error_storm(house: Any) -> None:  # noqa: N802
    answer = codes(await house.tell(HELLO + b"RSET\r\n" * 10_000))
    assert answer == ["250 ENHAN"] + ["250 2.0.0"] * 100 + ["421 4.7.0"]
    answer = codes(await house.tell(HELLO + b"FOO\r\n" * 10_000))
    assert answer == ["250 ENHAN"] + ["500 5.5.2"] * 19 + ["421 4.7.0"]


async def test_a_delivered_message_renews_the_budgets(open_house: Any) -> None:
    house = await open_house(max_junk_commands=3, max_errors=4)
    round_ = b"RSET\r\n" * 3 + b"FOO\r\n" * 3 + ENVELOPE + b"DATA\r\nx\r\n.\r\n"
    answer = codes(await house.tell(HELLO + round_ * 3 + b"QUIT\r\n"))
    assert answer[-1] == "221 2.0.0"
    assert len(house.mailroom.deliveries) == 3


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT mx:25 HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\nEHLO c\r\n",
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff" + b"A" * 5000,
        b"\x00" * 100,
    ],
    ids=["S_37_get", "S_37_connect", "S_37_client_hello", "S_45_proxy_v1", "S_45_proxy_v2_huge_tlv", "S_37_nul"],
)
async def test_other_protocols_are_hung_up_on_at_once(house: Any, octets: bytes) -> None:
    wire = await house.dial()
    await wire.reply()
    await wire.send(octets)
    answer = (await wire.rest()).decode().splitlines()
    assert [line[:9] for line in answer] == ["421 4.7.0"]


async def test_S_38_helo(house: Any) -> None:  # noqa: N802
    wire = await house.dial("127.0.0.2")
    await wire.reply()
    assert (await wire.say(b"HELO a\0b")).startswith("501 ")
    assert (await wire.say(b"HELO " + b"a" * 10_240)).startswith("501 ")
    assert (await wire.say(b"EHLO " + b"a" * 300)).startswith("501 ")
    assert (await wire.say(b"EHLO")).startswith("501 ")
    assert (await wire.say(b"EHLO a b")).startswith("501 ")
    assert (await wire.say(b"EHLO \xc3\xa9.test")).startswith("501 ")
    assert (await wire.say(b"EHLO MX.us.test")).startswith("550 5.7.1")
    assert (await wire.say(b"EHLO [127.0.0.1]")).startswith("550 5.7.1")
    assert (await wire.say(b"EHLO client.test")).startswith("250")


async def test_long_lines(house: Any) -> None:
    wire = await house.dial()
    await wire.reply()
    for _ in range(30):
        await wire.send(b"z" * 10_000)
    assert (await wire.say(b"")).startswith("500 5.5.2")
    assert (await wire.say(b"EHLO c")).startswith("250")
    await wire.send(b"y" * 3_000_000)
    assert (await wire.rest()).startswith(b"421 4.7.0")


def test_every_command_line_has_an_answer() -> None:
    host = make_host("mx.us.test", SmtpLimits(max_errors=10**6, max_junk_commands=10**6), tls_offered=True)
    conversation = Conversation(host, client_ip="192.0.2.1", server_ip="192.0.2.2")
    verbs = [
        b"EHLO",
        b"HELO",
        b"MAIL",
        b"RCPT",
        b"DATA",
        b"RSET",
        b"NOOP",
        b"VRFY",
        b"QUIT",
        b"STARTTLS",
        b"BDAT",
        b"X",
    ]
    for argument in (b"", b" ", b" \xff\xfe", b" FROM:", b" TO:<>", b" FROM:<a@b> SIZE=\xb2", b"\t", b" c.test"):
        for verb in verbs:
            step = conversation.handle(verb + argument)
            reply = step.reply if isinstance(step, HangUp) else step
            if isinstance(reply, bytes):
                assert reply.endswith(b"\r\n")
                assert reply[:1] in b"245"
