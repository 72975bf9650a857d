"""Plain text from HTML: links, lists, tables, quotes, what is hidden; and the preview line."""

import pytest

from agentpost_server.mail.html import html_to_text
from agentpost_server.mail.preview import preview

PAGES = {
    "paragraphs": ("<p>One\n two</p><p>Three<br>four</p>", "One two\n\nThree\nfour"),
    "gmail divs": ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
    "entities": ("a &lt;b&gt; &amp;amp; &#8364;&nbsp;5 &bogus; &#0;", "a <b> &amp; € 5 &bogus; \ufffd"),
    "link": (
        'See <a href="https://x.org/a?b=1&amp;c=2">our <b>page</b></a>.',
        "See our page <https://x.org/a?b=1&c=2>.",
    ),
    "link that says itself": ('<a href="https://x.org/">x.org</a> <a href="mailto:a@b.c">a@b.c</a>', "x.org a@b.c"),
    "link not to follow": ('<a href="javascript:x()">a</a> <a href="#top">b</a> <a name=c>c</a>', "a b c"),
    "button": ('<a href="https://x.org"><table><tr><td>Pay</td></tr></table></a>now', "Pay <https://x.org>\nnow"),
    "unclosed links": (
        '<a href="https://x.org">one <a href="https://y.org">two',
        "one <https://x.org> two <https://y.org>",
    ),
    "lists": (
        "<ul><li>a<li>b<ul><li>c</li></ul></li></ul><ol><li>x</li><li><p>y</p></li></ol>z",
        "- a\n- b\n  - c\n\n1. x\n2. y\n\nz",
    ),
    "table": (
        "<p>T</p><table><tr><th>K<th>V</tr><tr><td><p>a</p></td><td><p>b</p></td></tr>"
        "<tr><td></td><td>c</td></tr></table>E",
        "T\n\nK | V\na | b\nc\nE",
    ),
    "layout table": ("<table><tr><td><div>a</div><div>b</div></td><td>c</td></tr></table>", "a\nb\nc"),
    "quote": ("a<blockquote>b<blockquote>c</blockquote></blockquote>d", "a\n\n> b\n\n> > c\n\nd"),
    "pre": ("<pre>def f():\n    return 1 &lt; 2\n\nend</pre>", "def f():\n    return 1 < 2\n\nend"),
    "pre-wrap": ('<div style="white-space: pre-wrap">a\n  b</div>', "a\n  b"),
    "image": ('<img src="x" alt="Our logo"><img src="pixel">', "[Our logo]"),
    "rule": ("a<hr>b", "a\n----------\nb"),
    "not shown": (
        "<!doctype html><head><title>t</title><style>p{}</style></head><!-- c --><script>if(a<b)x()</script><p>yes</p>"
        '<div style="Display : none">no</div><span hidden>no</span><p style="font-size:0">no</p>'
        "<svg><text>no</text></svg>",
        "yes",
    ),
    "conditional comments": ("<!--[if mso]><p>no</p><![endif]--><!--[if !mso]><!--><p>yes</p><!--<![endif]-->", "yes"),
    "stray markup": ("1 < 2 </x> a<b >c</b> <a title='x>y'>d</a>", "1 < 2 ac d"),
    "unclosed tag": ("hello <a href=", "hello <a href="),
    "empty": ("", ""),
}


@pytest.mark.parametrize("name", PAGES)
def test_html_to_text(name: str) -> None:
    html, text = PAGES[name]
    assert html_to_text(html) == text


def test_preview_folds_and_cuts() -> None:
    assert preview("  Hello,\r\n\r\n\tworld \0 \x1b[1m ") == "Hello, world [1m"
    assert preview("") == ""
    assert preview("abc def", 5) == "abc d"
    assert preview("x" * 500) == "x" * 200
    assert preview("word " * 500) == ("word " * 40).rstrip()
    assert preview(" " * 1_000_000 + "end") == "end"


def test_preview_leaves_padding_out() -> None:
    assert preview("Sale! " + "\u034f \u200c \u00ad\u200b " * 300 + "Now") == "Sale! Now"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("cafe\u0301s", 4, "caf"),
        ("ab👨‍👩‍👧", 4, "ab"),
        ("ab👍🏽", 3, "ab"),
        ("a🇩🇪🇫🇷", 4, "a🇩🇪"),
        ("a" + "\u0301" * 500, 100, "a" + "\u0301" * 99),
    ],
)
def test_preview_keeps_characters_whole(text: str, limit: int, expected: str) -> None:
    assert preview(text, limit) == expected
