"""Hostile shapes end soon and lose nothing; any text at all is read without an error, and no word is invented."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.extract import extract, extract_html, extract_text
from agentpost_server.mail.html import html_to_text
from agentpost_server.mail.html.tokens import MAX_TAGS
from agentpost_server.mail.preview import preview
from mail.extract.client_phrases import LANGUAGES
from pace import here

# Generous: these take 0.05-0.5 s, and what is quadratic far more.
BOUND_SECONDS = 3.0
N = MAX_TAGS // 2

TEXTS = {
    "one line of >": ">" * 1_000_000,
    "lines of >": ">\n" * 15_000,
    "on on on": "On " * 300_000 + "wrote:",
    "attributions": "On 3 Mar 2025 10:00 Ann\n" * 14_000 + "Ann wrote:\n" * 14_000,
    "labels": "From: a@b\nTo: b\nDate: 3\nCc:\n\n" * 5_000,
    "froms": "From: a\n" * 15_000,
    "signature marks": "-- \n" * 15_000,
    "signatures and quotes": "-- \nb\n> a\n" * 9_000,
    "rules": ("_" * 40 + "\n") * 20_000,
    "dashes": ("--" + " -" * 250 + "\n") * 2_000,
    "digits": ("1" * 500 + ":\n") * 2_000,
    "at signs": ("a@" * 250 + ":\n") * 2_000,
    "phones": "Sent from my iPhone\n" * 15_000,
    "blank": " " * 1_000_000,
    "line ends": "\r\n" * 500_000,
    "links": ("<" * 1_900 + "Outlook\n") * 500,
    "fences": "```\n> a\n" * 8_000,
}

PAGES = {
    "divs": "<div>" * N,
    "block quotes": "<blockquote>x" * N,
    "cited": "<blockquote type=cite>x" * N,
    "marks in marks": "<div class=gmail_signature>x<div class=gmail_attr>y" * (N // 2),
    "formatting": "<p>" + "".join(f"<b id={n}>" for n in range(N // 3)) + "</p>" + "<p>x</p>" * (N // 3),
    "end tags that open nothing": "<div>" * (N // 2) + "</x>" * (N // 2),
    "end tags out of cells": "<div>" * (N // 2) + "<td></div>" * (N // 4),
    "cells": "<td>x" * N,
    "rows": "<tr><td><p>x</p>" * (N // 4),
    "links": '<a href="https://x.org">y' * N,
    "lists": "<ul><li>x" * (N // 2),
    "less-than": "<" * N,
    "open tags": "<a " * N,
    "open quotes": '<a href="<' * (N // 2),
    "crossed quotes": '<a ="> ' * N,
    "equals": "<a " + "= " * 400_000 + ">",
    "open comments": "<!--" * N,
    "comments": "<!---->" * N,
    "svg": "<svg>" * N,
    "frames": "<iframe>" * N,
    "scripts": "<script>" * N,
    "ampersands": "&" * 1_000_000,
    "long number": "&#" + "9" * 500_000 + ";",
    "attributes": "<p " + "class " * 150_000 + ">x",
    "styles": '<p style="' + "display " * 100_000 + '">x',
    "many classes": ('<div class="' + "a " * 200 + '">x</div>') * 2_000,
    "line ends": "<pre>" + "\n" * 90_000,
    "pre in pre": "<pre>a\nb" * N,
    "hidden": "<div hidden>" * N,
    "attributions": "<p>On Mon, 3 Mar 2025 10:00 a@b.c wrote:</p>" * (N // 2),
    "breaks": "<br>" * N,
    "too many tags": "<b>x" * 200_000,
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_bounded(name: str) -> None:
    started = time.process_time()
    extract_text(TEXTS[name])
    preview(TEXTS[name])
    assert time.process_time() - started < here(BOUND_SECONDS)


@pytest.mark.parametrize("name", PAGES)
def test_html_is_bounded(name: str) -> None:
    started = time.process_time()
    found = extract(None, PAGES[name])
    assert time.process_time() - started < here(BOUND_SECONDS)
    assert len(found.text or "") <= 20 * len(PAGES[name])


def subsequence(few: list[str], many: list[str]) -> bool:
    rest = iter(many)
    return all(word in rest for word in few)


LINES = sorted({line for row in LANGUAGES.values() for line in (*row.new, row.gmail, row.apple, *row.block, row.phone)})
SPICE = [
    "> quoted",
    ">",
    ">>> x",
    "-- ",
    "--",
    "_" * 32,
    "```",
    "From: x",
    "a wrote:",
    "\0",
    "\ud800",
    "\u2028",
    "",
    "Re:",
]
BODIES = st.lists(st.sampled_from(LINES + SPICE) | st.text(max_size=12), max_size=14).map("\n".join)
TAGS = [
    "<p>",
    "</p>",
    "<div class=gmail_quote>",
    "</div>",
    "<blockquote type=cite>",
    "</blockquote>",
    "<br>",
    "<pre>",
    "<td>",
]
TAGS += [
    "<table>",
    "</table>",
    "<a href='https://x.org'>",
    "</a>",
    "<!--",
    "-->",
    "<img alt=x>",
    "<",
    "&",
    "<li>",
    "<ul>",
    "</ul>",
]
PAGES_ANY = st.lists(st.sampled_from(TAGS + LINES + SPICE) | st.text(max_size=8), max_size=25).map("".join)


@settings(max_examples=150, deadline=None)
@given(BODIES)
def test_no_error_no_nul_no_new_word(body: str) -> None:
    found = extract_text(body)
    assert "\0" not in found
    assert subsequence(found.split(), body.replace("\0", "\ufffd").split())
    assert extract_text(found) is not None
    assert len(preview(body)) <= 200
    assert "\n" not in preview(body)


@settings(max_examples=150, deadline=None)
@given(PAGES_ANY, st.none() | BODIES)
def test_html_has_no_error_and_no_nul(page: str, body: str | None) -> None:
    found = extract(body, page)
    assert found.text is not None
    assert found.html is not None
    assert "\0" not in found.text + found.html + html_to_text(page)
    assert len(found.html) <= len(page)
    assert len(extract_html(found.html)) <= len(found.html)
