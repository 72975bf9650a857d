"""Any bodies give Markdown, the same each time, which makes no picture and tells nothing hidden, at bounded cost."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.mail.markdown import markdown_of

_PARTS = st.sampled_from(
    """<p>|</p>|<ul>|<ol start=9>|<li>|</ul>|</li>|<table>|<tr>|<td>|<th rowspan=9>|</table>|<b>|</b>|<i>|</a>|<pre>|
    </pre>|<a href=https://x.example>|<code>|</code>|<blockquote>|</blockquote>|<h2>|</h2>|<br>|<hr>|<img src=cid:1>|
    <img src=x alt="a]b">|<div style="display:none">secret</div>|![x](y)|[r]: z|`|*|_|\\|&amp;|&lt;img src=x&gt;|
    text |a\nb|<div style="white-space:pre">|<blockquote type=cite>|On Mon, Bob wrote:|> q|<!--c-->|é|\u200b""".split(
        "|"
    )
)
_PICTURE = re.compile(r"(?<!\\)!\[")
_TAG = re.compile(r"(?<!\\)<[a-zA-Z](?![^<>]*[:@])")


@given(st.lists(_PARTS, max_size=50).map("".join))
def test_any_html_gives_markdown_without_pictures_and_secrets(html: str) -> None:
    found = markdown_of(html, None)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", found.text, flags=re.DOTALL)
    assert "secret" not in found.text
    assert "\u200b" not in found.text
    assert not _PICTURE.search(outside)
    assert found == markdown_of(html, None)
    assert all(first.quoted != second.quoted for first, second in zip(found.parts, found.parts[1:], strict=False))


@given(st.text(max_size=300))
def test_any_text_gives_markdown_without_pictures(text: str) -> None:
    assert not _PICTURE.search(markdown_of(None, text).text)


@given(st.text(alphabet=st.sampled_from("abc 123äß中,.;:!?()"), max_size=200))
def test_no_word_is_lost(text: str) -> None:
    html = "".join(f"<p>{word}</p>" for word in text.split())
    assert markdown_of(html, None).text.split() == text.split()


HOSTILE = {
    "formatting": "<b><i>x" * 14_000,
    "lists": "<ul><li>x" * 14_000,
    "quotes": "<blockquote>x" * 29_000,
    "tables": "<table><tr><td>x" * 9_000,
    "cells": "<table>" + "<tr>" + "<td rowspan=30 colspan=30>x" * 29_000,
    "links": "<a href=https://x.example>x" * 29_000,
    "code": "<code>x`" * 29_000,
    "ticks": "<pre>" + "`" * 500_000 + "</pre>",
    "pre": "<pre>x\n" * 29_000,
    "escapes": "<p>" + "*_[" * 200_000,
    "hrs": "<hr>" * 29_000,
    "long words": "<p>" + "&" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_costs_no_more_than_its_size(name: str) -> None:
    started = time.process_time()
    markdown_of(HOSTILE[name], None)
    assert time.process_time() - started < 4
