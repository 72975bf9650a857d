"""The loop class of RFC 3834 on a corpus of machines and people; what no header says, no subject says alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.mail.parse import parse
from agentpost_server.mail.vacation import is_vacation_subject, without_vacation
from loops.answering_machines import CASES, Case

_CLASSES = {"none", "auto_generated", "auto_replied", "list", "bounce"}


def _class_of(case: Case) -> str:
    lines = [f"From: {case.author}", "To: agent@agent.example", "Message-ID: <m@example.com>", *case.fields]
    raw = ("\r\n".join(lines) + "\r\n\r\nHello.\r\n").encode()
    return parse(raw, case.null_sender).loop_class


@pytest.mark.parametrize("case", CASES, ids=[one.name for one in CASES])
def test_each_machine_and_each_person_is_told(case: Case) -> None:
    assert _class_of(case) == case.expected


def test_L_08_an_out_of_office_that_quotes_all_text_is_no_bounce() -> None:  # noqa: N802
    quoted = "> This is the mail system.\r\n> Final-Recipient: rfc822; gone@example.org\r\n> Status: 5.1.1\r\n"
    fields = "From: ann@example.com\r\nSubject: Out of office: Undelivered Mail Returned to Sender\r\n"
    parsed = parse(f"{fields}In-Reply-To: <1@a.example>\r\n\r\nI am away.\r\n{quoted}".encode(), null_sender=True)
    assert (parsed.loop_class, parsed.report) == ("auto_replied", None)


@pytest.mark.parametrize(
    ("subject", "rest"),
    [
        ("Automatic reply: Hello", "Hello"),
        ("[Auto-Reply] Hello", "Hello"),
        ("Réponse automatique : Bonjour", "Bonjour"),
        ("ABWESENHEITSNOTIZ: Hallo", "Hallo"),
        ("不在通知：こんにちは", "こんにちは"),
        ("Автоответ: Привет", "Привет"),
    ],
)
def test_subjects_of_automatic_replies_are_known_in_many_languages(subject: str, rest: str) -> None:
    assert is_vacation_subject(subject)
    assert without_vacation(subject) == rest


@pytest.mark.parametrize("subject", ["", "Re: Automatic reply: x", "Automatic replying", "Our autosvarare", "Hello"])
def test_other_subjects_are_left_alone(subject: str) -> None:
    assert not is_vacation_subject(subject)
    assert without_vacation(subject) == subject


@given(
    st.lists(st.sampled_from(["Auto-Submitted", "Precedence", "Sender", "Subject", "X-Loop"]), max_size=6), st.data()
)
def test_whatever_the_fields_hold_there_is_a_class(names: list[str], data: st.DataObject) -> None:
    values = [data.draw(st.text(st.characters(exclude_characters="\r\n"), max_size=60)) for _ in names]
    fields = "".join(f"{name}: {value}\r\n" for name, value in zip(names, values, strict=True))
    assert parse(f"{fields}\r\nx".encode(errors="replace"), data.draw(st.booleans())).loop_class in _CLASSES
