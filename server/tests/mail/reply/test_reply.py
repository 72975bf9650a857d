"""Who gets a reply (rows L-03, L-04, L-05 as pure rules), what its subject and citations are, and how it quotes."""

import random
import time
from datetime import UTC, datetime

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.model import Address
from agentpost_server.mail.reply import (
    OriginalMail,
    forward_subject,
    forwarded_html,
    forwarded_text,
    quoted_html,
    quoted_text,
    reply_all_recipients,
    reply_citations,
    reply_recipients,
    reply_subject,
    reply_to_differs,
)
from agentpost_server.mail.reply.bounded_html import MAX_DEPTH, bounded_html
from pace import here

OWN = ("agent@ours.example", "alias@ours.example")


def boxes(*emails: str) -> tuple[Address, ...]:
    return tuple(Address(e) for e in emails)


def original(**given_: object) -> OriginalMail:
    fields: dict[str, object] = {"direction": "inbound", "from_address": Address("ann@example.com", "Ann Lee")}
    fields |= {"to": boxes("agent@ours.example"), "subject": "Hello", "date": datetime(2024, 3, 5, 10, 0, tzinfo=UTC)}
    return OriginalMail(**(fields | given_))  # pyright: ignore[reportArgumentType]


def emails(mailboxes: tuple[Address, ...]) -> list[str]:
    return [m.email for m in mailboxes]


def test_a_reply_goes_to_the_author_or_where_reply_to_says() -> None:
    assert emails(reply_recipients(original(), OWN).to) == ["ann@example.com"]
    asked = original(reply_to=boxes("desk@example.com", "two@example.com"))
    assert emails(reply_recipients(asked, OWN).to) == ["desk@example.com", "two@example.com"]


def test_l04_reply_to_can_be_distrusted_and_is_seen() -> None:
    asked = original(reply_to=boxes("victim@elsewhere.example"))
    assert reply_to_differs(asked)
    assert not reply_to_differs(original(reply_to=boxes("ANN@example.com")))
    assert emails(reply_recipients(asked, OWN, trust_reply_to=False).to) == ["ann@example.com"]
    own = original(reply_to=boxes("alias@ours.example", "agent+x@ours.example"))
    assert emails(reply_recipients(own, OWN).to) == ["ann@example.com"]


def test_reply_all_leaves_out_self_and_repeats() -> None:
    mail = original(
        to=boxes("Agent+tag@Ours.example", "bob@example.com", "ann@example.com"),
        cc=boxes("cid@example.com", "BOB@example.com", "alias@ours.example"),
    )
    everyone = reply_all_recipients(mail, OWN)
    assert emails(everyone.to) == ["ann@example.com"]
    assert emails(everyone.cc) == ["bob@example.com", "cid@example.com"]
    assert everyone.count == 3


def test_answering_ones_own_mail_goes_to_whom_it_went() -> None:
    mine = original(
        direction="outbound",
        from_address=Address("agent@ours.example"),
        reply_to=boxes("alias@ours.example"),
        to=boxes("bob@example.com", "agent@ours.example"),
        cc=boxes("cid@example.com", "bob@example.com"),
    )
    assert emails(reply_recipients(mine, OWN).to) == ["bob@example.com"]
    everyone = reply_all_recipients(mine, OWN)
    assert (emails(everyone.to), emails(everyone.cc)) == (["bob@example.com"], ["cid@example.com"])


def test_l04_a_stranger_who_claims_to_be_the_inbox_is_answered_nowhere_else() -> None:
    claimed = original(from_address=Address("agent@ours.example"), to=boxes("victim@elsewhere.example"))
    assert emails(reply_recipients(claimed, OWN).to) == ["victim@elsewhere.example"]
    assert emails(reply_recipients(claimed, OWN, trust_own=False).to) == ["agent@ours.example"]
    assert emails(reply_all_recipients(claimed, OWN, trust_own=False).to) == ["agent@ours.example"]


def test_l03_only_a_mail_to_oneself_is_answered_to_oneself() -> None:
    self_mail = original(from_address=Address("agent@ours.example"))
    assert emails(reply_recipients(self_mail, OWN).to) == ["agent@ours.example"]
    assert reply_recipients(original(from_address=None), OWN).count == 0


def test_l05_a_thousand_are_counted_in_linear_time() -> None:
    mail = original(cc=boxes(*(f"p{i}@example.com" for i in range(1000))))
    assert reply_all_recipients(mail, OWN).count == 1001


@pytest.mark.parametrize(
    ("subject", "reply", "forward"),
    [
        ("Hello", "Re: Hello", "Fwd: Hello"),
        ("", "Re:", "Fwd:"),
        ("Re: Hello", "Re: Hello", "Fwd: Re: Hello"),
        ("RE: re:Re[4]: Hello", "RE: Hello", "Fwd: RE: re:Re[4]: Hello"),
        ("AW: Hello", "AW: Hello", "Fwd: AW: Hello"),
        ("SV: AW: Hello", "SV: Hello", "Fwd: SV: AW: Hello"),
        ("Re^2: Hello", "Re: Hello", "Fwd: Re^2: Hello"),
        ("回复：Hello", "回复: Hello", "Fwd: 回复：Hello"),
        ("Fwd: FW: Hello", "Re: Fwd: FW: Hello", "Fwd: Hello"),
        ("WG: Hello", "Re: WG: Hello", "WG: Hello"),
        ("Report: Hello", "Re: Report: Hello", "Fwd: Report: Hello"),
        ("Re Hello", "Re: Re Hello", "Fwd: Re Hello"),
    ],
)
def test_subjects_carry_one_mark(subject: str, reply: str, forward: str) -> None:
    assert (reply_subject(subject), forward_subject(subject)) == (reply, forward)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("Re:FfwdAW []12^：x"), max_size=40))
def test_marking_twice_changes_nothing(subject: str) -> None:
    assert reply_subject(reply_subject(subject)) == reply_subject(subject)
    assert forward_subject(forward_subject(subject)) == forward_subject(subject)


def test_citations_end_with_the_id_on_the_wire() -> None:
    cited = reply_citations(original(message_id="<m@x>", references=("<a@x>", "<b@x>")))
    assert (cited.in_reply_to, cited.references) == ("<m@x>", ("<a@x>", "<b@x>", "<m@x>"))
    wired = reply_citations(original(message_id="<m@x>", wire_message_ids=("<w@ses>",), references=("<m@x>",)))
    assert (wired.in_reply_to, wired.references) == ("<w@ses>", ("<m@x>", "<w@ses>"))
    orphan = reply_citations(original(message_id="<m@x>", in_reply_to="<p@x>"))
    assert orphan.references == ("<p@x>", "<m@x>")
    assert reply_citations(original()).in_reply_to is None


def test_quoted_text() -> None:
    text = quoted_text(original(text_body="Hi\r\n\r\n> older\r\nBye\r\n"))
    assert text == "On Tue, 05 Mar 2024 10:00:00 +0000, Ann Lee <ann@example.com> wrote:\n> Hi\n>\n>> older\n> Bye\n"
    assert quoted_text(original(html_body="<p>One</p><p>Two</p>")).splitlines()[1:] == ["> One", ">", "> Two"]
    assert quoted_text(original(from_address=None, date=None, text_body="x")) == "Somebody wrote:\n> x\n"


def test_names_cannot_break_out_of_the_attribution() -> None:
    hostile = original(from_address=Address("a@b", "Ann\nwrote:\n<script>"), subject="x\r\nTo: y", text_body="x")
    assert quoted_text(hostile).count("\n") == 2
    assert "<script>" not in quoted_html(hostile) + forwarded_html(hostile)
    assert "\nTo: y" not in forwarded_text(hostile)


def test_quoted_html_is_sanitised() -> None:
    body = (
        '<p onclick="x()">Hi &amp; <b>bye</b> 1 < 2</p><script>evil()</script><img src="cid:1" alt="logo">'
        '<a href="javascript:x">j</a><a href="https://x.example/?a=1&amp;b=2">l</a><style>p{}</style><!-- c -->'
    )
    html = quoted_html(original(html_body=body))
    assert "Hi &amp; <b>bye</b> 1 &lt; 2" in html
    assert '<a href="https://x.example/?a=1&amp;b=2">l</a>' in html
    assert 'alt="logo"' in html
    for gone in ("onclick", "script", "evil", "javascript", "cid:", "style>", "<!--"):
        assert gone not in html
    assert 'src="cid:1"' in forwarded_html(original(html_body=body))
    assert "a &lt;b&gt;<br>\nc" in quoted_html(original(text_body="a <b>\nc"))


def test_forward_block() -> None:
    mail = original(text_body="Body\n", cc=(Address("cid@example.com", "Cid"),))
    assert forwarded_text(mail) == (
        "---------- Forwarded message ---------\nFrom: Ann Lee <ann@example.com>\n"
        "Date: Tue, 05 Mar 2024 10:00:00 +0000\nSubject: Hello\nTo: agent@ours.example\n"
        "Cc: Cid <cid@example.com>\n\nBody\n"
    )
    assert "<b>Cc:</b> Cid &lt;cid@example.com&gt;" in forwarded_html(mail)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 40_000,
        "".join(f"<font color={i}><p>" for i in range(19_000)),
        "".join(f"<a href={i}><table>" for i in range(19_000)),
        "<a " + "a" * 400_000 + ">",
        "<a '\"" * 30_000,
        "<!--" * 100_000,
        "<style" * 50_000,
        "&#" + "9" * 100_000 + ";" + "<b>" * 100,
        "x" * 5_000_000,
    ],
    ids=range(9),
)
def test_html_built_to_exhaust_a_parser_costs_little(html: str) -> None:
    started = time.process_time()
    assert len(quoted_html(original(html_body=html))) < 2_000_000
    assert len(nh3.clean(bounded_html(html))) < 2_000_000
    assert time.process_time() - started < here(10)


def test_what_is_written_out_is_well_nested_and_not_deep() -> None:
    rng = random.Random(7)
    names = ["b", "font", "p", "table", "td", "a", "div", "li", "br", "unknown"]
    for _ in range(30):
        html = "".join(f"<{rng.choice(['', '', '/'])}{rng.choice(names)}>" for _ in range(2000))
        depth = deepest = 0
        for tag in bounded_html(html).replace("<br>", "").split("<")[1:]:
            depth += -1 if tag.startswith("/") else 1
            deepest = max(deepest, depth)
        assert depth == 0
        assert deepest <= MAX_DEPTH


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_quoting_is_total(text: str, html: str) -> None:
    mail = original(text_body=text, html_body=html, subject=text, from_address=Address("a@b", text or None))
    assert all(line.startswith(">") for line in quoted_text(mail).removesuffix("\n").split("\n")[1:])
    assert quoted_html(mail)
    assert forwarded_text(mail)
    assert forwarded_html(mail)
