"""Filters and assignment, without a database."""

from typing import Any
from uuid import UUID

import pytest

from agentpost_server.waits.judge import Armed, Mail, assign, fits

_ORG, _INBOX, _OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


def _mail(number: int = 1, **fields: Any) -> Mail:
    row = {
        "organization_id": _ORG,
        "inbox_id": _INBOX,
        "id": UUID(int=100 + number),
        "position": number,
        "sender": "Login@Service.example",
        "subject": "Your CODE, Straße 1",
        "labels": ["received", "code"],
        "body": "It is 482913. ÄRGER",
        "text_body": "Your verification code is 482913.",
        "html_body": None,
    }
    return Mail({**row, **fields})


def _wait(number: int = 1, since: int = 0, **fields: Any) -> Armed:
    names = ("sender", "subject", "body_text", "label")
    row = {
        "organization_id": _ORG,
        "inbox_id": _INBOX,
        "id": UUID(int=number),
        "looked": False,
        "exclusive": True,
        "has_code": False,
    }
    return Armed({**dict.fromkeys(names), **row, **fields}, since)


@pytest.mark.parametrize(
    ("fields", "fitting"),
    [
        ({}, True),
        ({"sender": "login@service.example"}, True),
        ({"sender": "SERVICE"}, True),
        ({"sender": "other"}, False),
        ({"subject": "your code"}, True),
        ({"subject": "STRASSE"}, True),
        ({"subject": "no"}, False),
        ({"body_text": "is 482913"}, True),
        ({"body_text": "ärger"}, True),
        ({"body_text": "482914"}, False),
        ({"has_code": True}, True),
        ({"label": "code"}, True),
        ({"label": "CODE"}, True),
        ({"label": "cod"}, False),
        ({"sender": "service", "subject": "code", "body_text": "482913", "label": "code"}, True),
        ({"sender": "service", "subject": "code", "body_text": "482913", "label": "other"}, False),
        ({"sender": "service", "subject": "other", "body_text": "482913", "label": "code"}, False),
    ],
)
def test_filters_hold_together_as_parts_in_any_case(fields: dict[str, Any], fitting: bool) -> None:
    assert _wait(**fields).fits(_mail()) is fitting


def test_a_mail_without_a_code_fits_no_wait_for_one() -> None:
    mail = _mail(subject="Lunch on 2026-11-30?", text_body="Call me at +1 555 0100 about order 482913.")
    assert not _wait(has_code=True).fits(mail)
    assert _wait(has_code=False).fits(mail)


def test_only_what_came_behind_the_position_fits() -> None:
    assert not _wait(since=1).fits(_mail(1))
    assert _wait(since=1).fits(_mail(2))


def test_a_mail_without_text_fits_no_text() -> None:
    assert not _wait(body_text="x").fits(_mail(body=None))


def test_a_mail_is_held_against_the_waits_of_its_own_inbox() -> None:
    assert fits([_mail()], [_wait(inbox_id=_OTHER)]).fits == []


def _matches(mails: list[Mail], waits: list[Armed], **given: Any) -> list[tuple[int, int]]:
    found = fits(mails, waits).fits
    armed = given.get("armed", {wait.id for wait in waits})
    there = given.get("there", {mail.id for mail in mails})
    made = assign(found, armed, there, given.get("taken", set()))
    return [(one.wait_id.int, one.message_id.int - 100) for one in made]


def test_one_mail_goes_to_the_exclusive_wait_that_was_armed_first() -> None:
    assert _matches([_mail(1)], [_wait(1), _wait(2)]) == [(1, 1)]
    assert _matches([_mail(1), _mail(2)], [_wait(1), _wait(2), _wait(3)]) == [(1, 1), (2, 2)]


def test_a_wait_takes_the_first_mail_that_fits() -> None:
    assert _matches([_mail(1, subject="no"), _mail(2), _mail(3)], [_wait(1, subject="code")]) == [(1, 2)]


def test_others_share_a_mail_with_each_other_and_with_an_exclusive_one() -> None:
    waits = [_wait(1, exclusive=False), _wait(2), _wait(3, exclusive=False), _wait(4)]
    assert _matches([_mail(1)], waits) == [(1, 1), (2, 1), (3, 1)]


def test_what_is_taken_gone_or_ended_is_left_out() -> None:
    mail, waits = _mail(1), [_wait(1), _wait(2), _wait(3, exclusive=False)]
    assert _matches([mail], waits, taken={mail.id}) == [(3, 1)]
    assert _matches([mail], waits, there=set()) == []
    assert _matches([mail], waits, armed={waits[1].id}) == [(2, 1)]


def test_when_time_is_up_it_says_how_far_it_came() -> None:
    mails, waits = [_mail(1), _mail(2), _mail(3)], [_wait(1)]
    assert fits(mails, waits).position is None
    assert [one.mail.position for one in fits(mails, waits, lambda: False).fits] == [1, 2, 3]
    judged = fits(mails, waits, lambda: True)
    assert ([one.mail.position for one in judged.fits], judged.position) == ([1], 1)
    answers = iter((False, True))
    assert fits(mails, waits, lambda: next(answers)).position == 2
