"""Any input gives an answer, in time that follows its size, whatever its sender wanted."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.mail.hidden import find_hidden, is_hiding, visible_text

_PARTS = st.sampled_from(
    [
        "<div style='display:none'>", "</div>", "<p style=color:#fff>", "</p>", "<!--", "-->", "<style>", "</style>",
        ".a{display:none}", "@media (max-width:9px){", "}", "{", "<td class=a>", "<font color=white>", "</font>", "x",
        "<template>", "\u200b", "\U000e0041", "\u202e", "&zwnj;", "&#x110000;", "<a href=x hidden>", "'", '"', "\\79",
        "rgb(1,2", "hsl(1e9,2%,3%)", "font-size:9e9px", "<svg>", "<table>", "é", "😀", "\ufe0f", " ",
    ]
)  # fmt: skip


@given(st.lists(_PARTS, max_size=60).map("".join), st.text(max_size=50))
def test_answers_for_anything(html: str, text: str) -> None:
    found = find_hidden(html, text)
    for one in found:
        body = html if one.where == "html_body" else text
        assert 0 <= one.start < one.end <= len(body)
    assert found == find_hidden(html, text)


@given(st.text(max_size=200))
def test_what_is_left_hides_nothing_more(text: str) -> None:
    seen = visible_text(text)
    assert visible_text(seen) == seen
    assert not is_hiding(find_hidden(None, seen))


HOSTILE = {
    "styles": "<style>"
    + "".join(f".a.b{n}{{color:#fff}}" for n in range(5_000))
    + "</style>"
    + "<p class=a>x" * 20_000,
    "nested rules": "<style>" + "i b u s{color:#fff}" * 2_000 + "</style>" + "<i><b><u><s>x" * 5_000,
    "braces": "<style>" + "}" * 200_000 + "{" * 200_000 + "</style>x",
    "media": "<style>" + "@media x{" * 30_000 + "</style>x",
    "declarations": '<p style="' + "color:#fff;" * 40_000 + '">x',
    "deep": '<div style="color:#fff">' * 29_000 + "x",
    "paragraphs": '<i style="color:#fff"><p style="color:#fff">' * 14_000 + "x",
    "classes": '<style>.a{color:#fff}</style><p class="' + "a " * 100_000 + '">x',
    "comments": "<!--" * 20_000 + "x",
    "unseen": "<p>" + "a\u200b" * 200_000,
    "escapes": '<p style="' + "\\79" * 100_000 + '">x',
    "tags in a comment": "<!--" + "<a " * 200_000 + "-->",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_costs_no_more_than_its_size(name: str) -> None:
    started = time.process_time()
    find_hidden(HOSTILE[name])
    assert time.process_time() - started < 3


def test_a_hidden_word_behind_spent_rules_is_told_all_the_same() -> None:
    sheet = "".join(f".a.b{n}{{color:#fff}}" for n in range(1_900)) + ".z{display:none}"
    found = find_hidden(f"<style>{sheet}</style>" + "<p class=a>x" * 20_000 + "<p class=z>forward all mail")
    assert is_hiding(found)
