"""Codes and links by rule, one short mail each; the fixture set next door has whole mails."""

import pytest

from agentpost_server.mail.codes import Code, find_codes


def _values(text: str, *, subject: str = "Hello", html: str | None = None) -> list[str]:
    return [one.value for one in find_codes(subject, text, html)]


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("482913", "482913"),
        ("482-913", "482913"),
        ("482 913", "482913"),
        ("4 8 2 9 1 3", "482913"),
        ("4829", "4829"),
        ("4829130576", "4829130576"),
        ("4829 1305", "48291305"),
        ("G-482913", "G-482913"),
        ("A1B2C3", "A1B2C3"),
        ("aB3dE9", "aB3dE9"),
        ("XK7-4PQ", "XK7-4PQ"),
        ("４８２９１３", "482913"),
        ("٤٨٢٩١٣", "482913"),
        ("۴۸۲۹۱۳", "482913"),
        ("४८२९१३", "482913"),
        ("482\u200b913", "482913"),
        ("482\u00a0913", "482913"),
    ],
)
def test_the_value_is_what_is_to_be_typed(written: str, typed: str) -> None:
    assert _values(f"Your verification code is {written}.") == [typed]
    assert _values(f"Your verification code:\n\n{written}\n\nIt expires in 5 minutes.") == [typed]


def test_html_alone_text_alone_and_subject_alone() -> None:
    html = "<p>Your sign-in code:</p><h1>482&nbsp;913</h1>"
    [code] = find_codes("Hello", None, html)
    assert code == Code(kind="otp", value="482913", confidence=0.95, purpose="sign_in", where="html_body")
    assert find_codes("Your sign-in code: 482913", None, None)[0].where == "subject"
    assert [one.where for one in find_codes("Hello", "Your sign-in code: 482913", html)] == ["text_body"]


def test_nothing_in_quoted_history_counts() -> None:
    text = "Thanks!\n\nOn Mon, 1 Jun 2026 at 10:00, Ann <ann@example.com> wrote:\n> Your verification code is 482913.\n"
    assert _values(text) == []


def test_the_sandboxs_own_code_is_found() -> None:
    code, link = "482913", "https://sandbox.test/verify?code=482913"
    text = f"Your sign-in code is {code}.\n\nIt is good for 10 minutes. Or open this link:\n{link}\n"
    assert {one.value for one in find_codes(f"Your code is {code}", text, None)} == {code, link}


def test_the_origin_bound_line_names_its_domain() -> None:
    [code] = find_codes("Sign in", "Your code is 482913.\n\n@example.com #482913", None)
    assert (code.value, code.domain) == ("482913", "example.com")


def test_the_link_that_refuses_a_sign_in_is_never_offered() -> None:
    html = (
        "<p>Somebody is signing in to your account.</p>"
        '<a href="https://id.example.com/a?req=a81bc81bdead4e5dabff">Yes, sign me in</a> '
        '<a href="https://id.example.com/r?req=b92cd92cebef5f6ebc00">No, block this sign-in</a>'
    )
    [code] = find_codes("Sign-in request", None, html)
    assert (code.value, code.purpose) == ("https://id.example.com/a?req=a81bc81bdead4e5dabff", "sign_in")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("The TAN for 249,00 EUR to IBAN DE02 1203 0000 0000 2020 51 is: 551903", ["551903"]),  # a noun has one number
        ("The TAN for your order: 551903", ["551903"]),
        ("Your TAN comes with invoice 551903", []),
        ("fixes #4821: verification code loses focus", []),  # what # stands before is something's number
        ("app#4829 Validate your verification code", []),
        ("Your code is 482913.\n\n@example.com #482913", ["482913"]),
        ("In 2025 we sent verification codes 48213 times", []),  # "codes" are codes in general
        ("Webinar ID: 938 4756 1022\nPasscode: 449182", []),  # what opens a meeting
        ("Your passcode: 449182", ["449182"]),
    ],
)
def test_the_words_around_decide_whose_number_it_is(text: str, values: list[str]) -> None:
    assert _values(text) == values


def test_a_shops_link_to_log_in_is_no_sign_in_link() -> None:
    link = '<a href="https://s.example/c?id=aB3dE9fG7hJ1kL5m">Log in</a>'
    assert _values("", html=f"<p>20% off with code SUMMER26 at checkout. Valid until Sunday.</p>{link}") == []
