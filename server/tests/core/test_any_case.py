"""One rule for filters without case: what Python compares, and what SQL is told to replace, come to the same."""

from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.core.any_case import any_case, part

_WORDS = st.text(st.sampled_from("sSßẞſiIİıkKK\u0307äÄσςΣéÉжЖﬁﬀŉコ 1.\U0001e900\U0001e922"), max_size=12)


def _as_sql_does(text: str, variants: str, plain: str) -> str:
    return text.translate(str.maketrans(variants, plain)).replace("ß", "ss").replace("ẞ", "ss")


@given(text=_WORDS | st.text(max_size=40), asked=_WORDS.filter(bool))
def test_sql_and_python_find_the_same(text: str, asked: str) -> None:
    folded, variants, plain = part(asked)
    assert (folded in _as_sql_does(text, variants, plain)) == (any_case(asked) in any_case(text))


@given(text=_WORDS | st.text(max_size=40))
def test_a_text_is_found_in_itself_in_every_case(text: str) -> None:
    assert any_case(any_case(text)) == any_case(text)
    for other in (text.swapcase(), text.upper(), text.lower()) if text.isascii() else ():
        assert any_case(other) == any_case(text)


def test_every_letter_of_one_length_meets_its_capital() -> None:
    for letter in map(chr, range(0x20000)):
        capital = letter.upper()
        if len(capital) == 1 and capital.lower() == letter:
            assert any_case(capital) == any_case(letter), letter
    assert any_case("STRAẞE Straße STRASSE") == "strasse strasse strasse"
    assert any_case("İstanbul ISTANBUL ıstanbul") == "istanbul istanbul istanbul"
