"""Whatever is written: a list comes back, soon, small, the same each time, and every value stands in the mail."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.codes import find_codes

_WORDS = st.sampled_from(
    "code|verification code|order|is|:|482913|4 8 2 9|A1B2-C3D4|\n| |http://a.example/?t=|</a>|認証コード|٤٨٢٩|ﷺ|@|"
    "<a href='https://x.example/verify?token=aB3dE9fG7hJ1'>|\u202e|\x00|\ud800".split("|")
)
_TEXTS = st.one_of(st.text(max_size=400), st.lists(_WORDS, max_size=60).map("".join))


@settings(max_examples=150, deadline=None)
@given(subject=_TEXTS, text=st.none() | _TEXTS, html=st.none() | _TEXTS)
def test_any_strings_give_a_bounded_list_and_the_same_again(subject: str, text: str | None, html: str | None) -> None:
    found = find_codes(subject, text, html)
    assert found == find_codes(subject, text, html)
    assert len(found) <= 20
    for code in found:
        assert 0.6 <= code.confidence <= 0.99
        assert (4 <= len(code.value) <= 40) if code.kind == "otp" else code.value.startswith("http")
        assert code.value.isascii() or code.kind == "link"
    assert [one.confidence for one in found] == sorted((one.confidence for one in found), reverse=True)


@given(
    code=st.integers(0, 10**6 - 1).map("{:06d}".format),
    noise=st.text(st.characters(categories=["Lu", "Ll"]), max_size=30),
)
def test_a_clear_code_is_found_whatever_stands_around(code: str, noise: str) -> None:
    found = find_codes("Hello", f"{noise}\n\nYour verification code is {code}.\n\n{noise}", None)
    assert code in [one.value for one in found]


_HOSTILE = {
    "digits": "1" * 5_000_000,
    "codes": "code 4829 " * 500_000,
    "labels": "verification code " * 300_000,
    "alone": "482913\n" * 700_000,
    "spaced": "1 " * 2_500_000,
    "cells": "1 | " * 1_200_000,
    "dashes": "a1-" * 1_600_000,
    "addresses": "a@" * 2_500_000,
    "links": "https://x.example/verify?token=aB3dE9fG7hJ1kL " * 100_000,
    "one link": "https://x.example/?" + "a=1&" * 1_000_000,
    "brackets": "https://x.example/" + ")" * 5_000_000,
    "ligatures": "ﷺ" * 1_700_000,
    "marks": "e" + "\u0301" * 2_500_000,
    "bidi": "\u202e\u2066" * 2_500_000,
    "clear codes": "Your code: 482913, order 7712045. " * 150_000,
    "dots": "1." * 2_500_000,
    "colons": "a:" * 2_500_000,
    "if": "if you did not " * 330_000,
    "phones": "+1 (2) 3-" * 550_000,
    "tags": "<td>4</td>" * 500_000,
    "anchors": "<a href='https://x.example/verify?token=aB3dE9fG7hJ1'>verify</a>" * 80_000,
    "open": "<" * 5_000_000,
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_five_megabytes_of_anything_end_soon(name: str) -> None:
    """CPU time of this thread, so that a busy machine fails nothing: about one second at most, five allowed."""
    hostile = _HOSTILE[name]
    started = time.thread_time()
    assert len(find_codes(hostile, hostile, hostile)) <= 20
    assert time.thread_time() - started < 5


def test_what_stands_behind_the_bound_is_not_looked_at() -> None:
    code = "Your verification code is 482913. It expires in 5 minutes.\n"
    for more in (1, 100):
        noise = "Nothing of note stands in this line of the mail, nor in the next.\n" * 1_000 * more
        assert find_codes("", noise + code, None) == []
        assert [one.value for one in find_codes("", code + noise, None)] == ["482913"]
