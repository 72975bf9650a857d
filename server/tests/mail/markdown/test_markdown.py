"""HTML becomes the Markdown that a person would have written: structure kept, what nobody sees left out."""

import pytest

from agentpost_server.mail.markdown import markdown_of

PAIRS = {
    "headings": ("<h1>One</h1><h3>Two <b>b</b></h3><p>x</p>", "# One\n\n### Two b\n\nx"),
    "paragraphs and lines": ("<p>a<br>b</p><div>c</div><div>d</div>", "a\nb\n\nc\nd"),
    "emphasis": ("<p>a <b>bold </b>and <em><i>it</i></em>, <s>no</s></p>", "a **bold** and *it*, ~~no~~"),
    "emphasis over blocks": ("<b><p>one</p><p>two</p></b>", "**one**\n\n**two**"),
    "link": ('<a href="https://x.example/?a=1&amp;b=2">here</a>', "[here](https://x.example/?a=1&b=2)"),
    "link that shows itself": ('<a href="https://x.example/">https://x.example</a>', "<https://x.example/>"),
    "mail link": ('<a href="mailto:ann@x.example">ann@x.example</a>', "<ann@x.example>"),
    "link that lies": ('<a href="https://evil.example">bank.example</a>', "[bank.example](https://evil.example)"),
    "link to nowhere": ('<a href="javascript:alert(1)">a</a> <a name=x>b</a>', "a b"),
    "link with brackets": ('<a href="https://x.example/a(b) c">[x]</a>', "[\\[x\\]](https://x.example/a%28b%29c)"),
    "link around blocks": ('<a href="https://x.example"><p>one</p><p>two</p></a>', "[one](https://x.example)\n\ntwo"),
    "linked picture": ('<a href="https://x.example"><img src=a></a>', "[[image]](https://x.example)"),
    "picture": ('<p>a<img src="https://t.example/1.png" alt="Our logo">b</p>', "a [image: Our logo] b"),
    "tracking pixels": (
        '<p>a</p><img src="https://t.example/p"><img src=x width=1 height=1 alt=px>'
        "<img src=x alt=y style=display:none>",
        "a",
    ),
    "list": ("<ul><li>one</li><li><p>two</p></li></ul>after", "- one\n- two\n\nafter"),
    "numbered list": ("<ol start=3><li>c<li>d</ol>", "3. c\n4. d"),
    "nested list": ("<ul><li>one<ol><li>a</li><li>b</li></ol></li><li>two</li></ul>", "- one\n  1. a\n  2. b\n- two"),
    "table": (
        "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Tea|x</td><td>3</td></tr></table>",
        "| Item | Price |\n| --- | --- |\n| Tea\\|x | 3 |",
    ),
    "table with spans": (
        "<table><tr><th>a</th><th>b</th></tr><tr><td rowspan=2>1</td><td>2</td></tr><tr><td>3</td></tr>"
        "<tr><td colspan=2>4</td></tr></table>",
        "| a | b |\n| --- | --- |\n| 1 | 2 |\n|  | 3 |\n| 4 |  |",
    ),
    "layout table": (
        "<table><tr><td><table><tr><td>Total</td><td>9 EUR</td></tr></table></td></tr>"
        "<tr><td><p>x</p></td></tr></table>",
        "Total | 9 EUR\n\nx",
    ),
    "inline code": ("<p>run <code>a`b *c*</code> now</p>", "run ``a`b *c*`` now"),
    "code block": ("<pre><code>if a:\n    b &lt; c\n```\n</code></pre>", "````\nif a:\n    b < c\n```\n````"),
    "kept white space": ('<div style="white-space:pre-wrap">one\ntwo</div>', "one\ntwo"),
    "quote": ("<p>a</p><blockquote><p>b</p><p>c</p></blockquote>d", "a\n\n> b\n>\n> c\n\nd"),
    "rule": ("a<hr>b", "a\n\n---\n\nb"),
    "entities": ("<p>&lt;b&gt; &euro;&nbsp;5 &#x41; &amp;amp; R&amp;D</p>", "\\<b> € 5 A \\&amp; R&D"),
    "words that look like markup": (
        "<p>![x](https://evil.example/p) [r]: https://evil.example *a* _b_ c_d 2 * 3 `e`</p>",
        "!\\[x\\](https://evil.example/p) \\[r\\]: https://evil.example \\*a\\* \\_b\\_ c_d 2 * 3 \\`e\\`",
    ),
    "hidden": ("<style>.h{display:none}</style><p class=h>x</p><p>a<i style='font-size:0'>y</i>b<!-- z --></p>", "ab"),
    "unseen characters": ("<p>pa\u200bss\u00adword\U000e0041 \u202ex</p>", "password x"),
    "scripts": ("<title>t</title><script>x</script><style>y</style><template>z</template><p>a</p>", "a"),
    "nothing": ("<html><body> <br> </body></html>", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_writes_markdown(name: str) -> None:
    html, markdown = PAIRS[name]
    assert markdown_of(html, None).text == markdown


def test_text_is_its_own_markdown_but_makes_no_picture_and_no_html() -> None:
    text = "Hello *you*\n\n![x](https://evil.example/p) <img src=x> <https://x.example> <ann@x.example> 1 < 2\u200b\n"
    assert (
        markdown_of(None, text).text
        == "Hello *you*\n\n\\![x](https://evil.example/p) \\<img src=x> <https://x.example> <ann@x.example> 1 < 2"
    )


def test_html_that_shows_nothing_gives_way_to_the_text() -> None:
    assert markdown_of('<img src="https://t.example/p">', "The words").text == "The words"
    assert markdown_of("<b>" * 40_000, "The words").text == "The words"


def test_html_with_too_much_markup_is_stripped() -> None:
    assert markdown_of("<b>" * 40_000 + "words", None).text == "words"


HISTORY = {
    "gmail": '<div>Yes.</div><div class="gmail_quote"><div class="gmail_attr">On Mon, Bob wrote:</div>'
    '<blockquote class="gmail_quote"><div>I approve it</div></blockquote></div>',
    "cited": '<p>Yes.</p><blockquote type="cite"><p>I approve it</p></blockquote>',
    "outlook": '<p>Yes.</p><div id="divRplyFwdMsg"><b>From:</b> Bob &lt;b@x.example&gt;<br><b>Sent:</b> Monday<br>'
    "<b>To:</b> Ann<br><b>Subject:</b> x</div><div>I approve it</div>",
    "a whole mail in pre": "<pre>Yes.\n\nOn Mon, Nov 30, 2026 at 9:00 AM Bob &lt;b@x.example&gt; wrote:\n"
    "&gt; I approve it\n</pre>",
}  # fmt: skip


@pytest.mark.parametrize("name", HISTORY)
def test_tells_history_from_the_senders_own_words(name: str) -> None:
    new, quoted = markdown_of(HISTORY[name], None).parts
    assert (new.quoted, quoted.quoted) == (False, True)
    assert new.text.strip() == "Yes."
    assert "I approve it" in quoted.text


def test_tells_history_in_text_and_keeps_the_signature_as_own() -> None:
    found = markdown_of(
        None,
        "Yes.\n\n-- \nAnn\n\nOn Mon, Nov 30, 2026 at 9:00 AM Bob <b@x.example> wrote:\n> I approve it\n",
    )
    new, quoted = found.parts
    assert new.text.split() == ["Yes.", "--", "Ann"]
    assert "> I approve it" in quoted.text
    assert found.text == new.text + quoted.text
