"""Mails that look as if they held history, and do not: every word stays. And the shapes between the clients'."""

import pytest

from agentpost_server.mail.extract import Extracted, extract, extract_html, extract_text

ALL_NEW = {
    "attribution in prose": "On Monday I wrote:\n\nthe plan is late. You never answered.\n",
    "attribution with a date in prose": "On 3 March I wrote:\n- buy milk\n- call Bob\nDid you do it?\n",
    "verb and colon": "As Kant wrote:\n\nDare to know.\n\nSo let us begin.\n",
    "german prose": "Am Montag schrieb ich:\n\nDer Plan ist spät.\n",
    "french prose": "Le 3 mars, j'ai écrit :\n\nle plan est en retard.\n",
    "spanish prose": "El lunes escribió:\n\nno voy.\n",
    "from here on": "From: here on we go alone.\nThe road is long.\n",
    "from and to": "From: Paris\nTo: London\nPlease find me a train.\n",
    "trip form": "Please book this:\n\nFrom: Paris\nTo: London\nDate: 3 March 2025 10:00\n\nThanks\n",
    "front matter": "Use this header:\n---\nfrom: Paris\nto: London\n---\nand send it.\n",
    "subject in a list": "Two points.\n\nSubject: the budget\nDate: to be found\n\nTell me.\n",
    "contact form": "New request from your site\n\nFrom: Ann <ann@example.com>\nSubject: Help\n\nMy printer burns.\n",
    "python prompt": "Try this:\n>>> 1 + 1\n2\n>>> 2 + 2\n4\nIt is odd.\n",
    "shell redirect": "Run it like so:\n> npm install\nand tell me.\n",
    "fenced code": "Look at\n```\n> select 1;\n> select 2;\n```\nand say if it is right.\n",
    "classic diff": "The change\n\n3c3\n< old line\n> new line\n\nplease review.\n",
    "comparison": "We need\n>= 20 chairs\nby noon.\n",
    "markdown rule": "Title\n---\nFirst part.\n\n---\n\nSecond part.\n",
    "setext heading": "Title\n--\n\nFirst paragraph that goes on.\n\nSecond paragraph.\n",
    "dashes in a long text": "Intro\n\n--\n"
    + "\n\n".join(f"Paragraph {n} of a long letter." for n in range(30))
    + "\n",
    "markdown table": "| a | b |\n|--|--|\n| 1 | 2 |\n",
    "fill-in form": "Name: ______________________________\n\nSign:\n________________________________\n\nDate:\n",
    "sent from in prose": "Sent from my iPhone stands below all mail of his.\n\nCan we switch it off for all of us?\n",
    "sent from last": "I asked for it.\nIt was sent from Outlook yesterday, he says, or perhaps from a phone.\n",
    "sent from elsewhere": "Another mail.\n\nSent from my kitchen, which is quieter than any smartphone.\n",
    "outlook question": "Hello,\n\nDoes Outlook for iOS work with this?\n",
    "closing words": "Yes.\n\nBest regards\nAnn\n\nPS: bring the keys.\n",
    "only quoted": "> a line\n> another line\n",
    "dashes on top": "--\nHello all,\nthis is new.\n",
    "dash list": "Three things:\n- one\n- two\n- three\n",
    "forward in prose": "He forwarded it.\n\nForwarded message:\nI never got it. Could you look?\n",
    "indented": "    def f():\n        return 1\n",
    "colon and address": "Write to these people:\nann@example.com:\nbob@example.com:\n",
    "time table": "10:00:\nArrival\n12:30:\nLunch\n",
    "log with header words": "From the log:\nDate: 2025-03-03\nTo: nowhere\nDone.\n",
}


@pytest.mark.parametrize("name", ALL_NEW)
def test_all_words_stay(name: str) -> None:
    text = ALL_NEW[name]
    assert (extract_text(text) + "\n") == text


@pytest.mark.parametrize("name", ALL_NEW)
def test_all_words_stay_in_html(name: str) -> None:
    html = "<div>" + ALL_NEW[name].replace("<", "&lt;").replace("\n", "<br>\n") + "</div>"
    assert extract_html(html) == html


ONLY_PART = {
    "bottom post without attribution": ("> Can you come?\n> Bring Bob.\n\nWe both come.\n", "We both come."),
    "interleaved without attribution": ("> Can you come?\nYes.\n\n> And Bob?\nHe too.\n", "Yes.\n\nHe too."),
    "top post without attribution": ("We both come.\n\n> Can you come?\n> Bring Bob.\n", "We both come."),
    "nested quotes": ("Fine.\n\nOn 3/3/25 10:00 Ann Lee wrote:\n> ok\n>> why\n> >> when\n", "Fine."),
    "unknown language, address and date": ("Bai.\n\nAnn Lee <ann@example.com> (2025-03-03 10:00):\n> Noiz?\n", "Bai."),
    "name only": ("Fine.\n\nAnn Lee wrote:\n\n> ok?\n", "Fine."),
    "zoho": ("Ok.\n\n---- On Mon, 03 Mar 2025 10:00:00 +0100 Ann Lee <ann@example.com> wrote ---\n\n> hi\n", "Ok."),
    "mailman footer": ("Ok.\n\n" + "_" * 47 + "\nDev mailing list\nhttps://lists.example.org/listinfo/dev\n", "Ok."),
    "double-spaced block": (
        "Ok.\n\nFrom: Ann <a@b.org>\n\nSent: 3 March 2025 10:00\n\nTo: Bob\n\nSubject: Hi\n\nold",
        "Ok.",
    ),
    "folded recipients": (
        "Ok.\n\nFrom: Ann <a@b.org>\nSent: 3/3/25\nTo: B <b@c.org>;\n C <c@d.org>\nSubject: Hi\n\nold",
        "Ok.",
    ),
    "fenced code then quote": ("```\n> x\n```\n\nOn 3/3/25 10:00 Ann Lee wrote:\n> ok\n", "```\n> x\n```"),
    "outlook app": (
        "Ok.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n" + "_" * 32 + "\nFrom: A <a@b.org>\nSent: 3/3/25\n\nold",
        "Ok.",
    ),
    "quote without an answer": ("On 3/3/25 10:00 Ann Lee wrote:\n> ok\n", ""),
    "only a phone line": ("\n\nSent from my iPhone\n", ""),
    "name and address": ("Fine.\n\nAnn Lee <ann@example.com> wrote:\n\nHello Bob\nall well?\n", "Fine."),
    "crlf": ("Yes.\r\nNo.\r\n\r\nOn 3/3/25 10:00 Ann Lee wrote:\r\n> ok\r\n", "Yes.\nNo."),
    "trailing space before signature": ("Yes.\n\n-- \nAnn\nSales\n", "Yes."),
    "stripped signature mark": ("Yes.\n\n--\nAnn\nSales\n", "Yes."),
    "excuse": ("Yes.\n\nSent from my iPhone, please excuse typos.\n", "Yes."),
    "no space before attribution": ("Yes.\nOn Mon, Mar 3, 2025 at 10:00 AM Ann Lee <a@b.org> wrote:\n> ok\n", "Yes."),
}


@pytest.mark.parametrize("name", ONLY_PART)
def test_new_part(name: str) -> None:
    text, new = ONLY_PART[name]
    assert extract_text(text) == new


def test_bodies_that_are_missing() -> None:
    assert extract(None, None) == Extracted(None, None)
    assert extract("", None) == Extracted("", None)
    assert extract("  \n", "<p>Hi</p>") == Extracted("Hi", "<p>Hi</p>")
    assert extract("a\0b", "<p>a\0b</p>") == Extracted("a\ufffdb", "<p>a\ufffdb</p>")


def test_html_keeps_source_bytes_of_what_stays() -> None:
    new = '<DIV Style=color:red>Yes &amp; <B>no</B><img src="cid:1"></DIV>'
    html = f'<html><body>{new}<blockquote type="cite">old<img src="cid:2"></blockquote></body></html>'
    assert extract_html(html) == f"<html><body>{new}</body></html>"


def test_windows_mail_block_without_subject_or_address() -> None:
    block = "<b>Von:</b> <a href='mailto:a@b.org'>Ann</a><br><b>Gesendet:</b> 3. März 2025<br><b>An:</b> Bob"
    html = f'<p>Ja.</p><div style="border-top-color: red; border-top-style: solid;">{block}</div><p>alt</p>'
    assert extract_html(html) == "<p>Ja.</p>"


def test_an_image_alone_is_new() -> None:
    image = '<div><img src="cid:photo"></div>'
    assert extract_html(f'{image}<blockquote type="cite">old</blockquote>') == image


def test_own_block_quote_above_history_stays() -> None:
    own = "<p>The law says</p><blockquote>Nobody is above it.</blockquote><p>I agree.</p>"
    html = f'{own}<div id="divRplyFwdMsg"><b>From:</b> Ann</div><p>old</p>'
    assert extract_html(html) == own


def test_preformatted_reply_is_cut_inside_its_text() -> None:
    assert extract_html("<pre>Yes.\n\nOn 3/3/25 10:00 Ann Lee wrote:\n&gt; ok\n</pre>") == "<pre>Yes.\n\n</pre>"


def test_text_typed_into_the_signature_is_not_lost() -> None:
    html = '<div class="gmail_signature">I come at ten.</div>'
    assert extract(None, html).text == "I come at ten."
