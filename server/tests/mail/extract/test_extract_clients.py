"""New words of 700 mails: every client's shapes in 24 languages. The score is printed; four languages admit no miss."""

from collections import Counter

import pytest

from agentpost_server.mail.extract import extract
from mail.extract.client_mails import Case, cases

FULL = ("en", "de", "fr", "es")


def words(text: str | None) -> list[str]:
    return (text or "").split()


def outcome(case: Case) -> str:
    """`right`, `empty` when new words were lost entirely, else `wrong`."""
    found = extract(case.text, case.html)
    if words(found.text) == words(case.new):
        return "right"
    return "wrong" if words(found.text) else "empty"


@pytest.fixture(scope="module")
def results() -> list[tuple[Case, str]]:
    return [(case, outcome(case)) for case in cases()]


def test_score_by_language_and_client(results: list[tuple[Case, str]]) -> None:
    languages: Counter[str] = Counter(case.language for case, _ in results)
    right: Counter[str] = Counter(case.language for case, result in results if result == "right")
    clients: Counter[str] = Counter(case.client for case, _ in results)
    right_by_client: Counter[str] = Counter(case.client for case, result in results if result == "right")
    print(f"\nnew words found in {sum(right.values())} of {len(results)} mails")
    print("  " + " ".join(f"{name} {right[name]}/{count}" for name, count in languages.items()))
    print("  " + " ".join(f"{name} {right_by_client[name]}/{count}" for name, count in clients.items()))
    assert [case for case, result in results if result != "right" and case.language in FULL] == []
    assert {name: right[name] / count for name, count in languages.items() if right[name] / count < 0.95} == {}


def test_never_empty_when_there_was_new_text(results: list[tuple[Case, str]]) -> None:
    assert [case for case, result in results if result == "empty"] == []


def test_the_fixtures_are_many_and_differ(results: list[tuple[Case, str]]) -> None:
    assert len({(case.text, case.html) for case, _ in results}) == len(results) >= 700
