"""What "in any case" means: the same for a wait, which compares in Python, and for a claim, which compares in SQL."""

import pytest

from harness import Tenant
from leases.leasing import claim, message_ids
from waits.waiting import arm, new_inbox, poll, receive

_SAME = [
    ("Your CODE", "your code"),
    ("Großer ÄRGER", "ärger"),
    ("großer ärger", "GROSSER ÄRGER"),
    ("STRASSE 1", "straße"),
    ("Straße 1", "STRASSE"),
    ("STRAẞE 1", "strasse"),
    ("İSTANBUL", "istanbul"),
    ("Istanbul", "ıSTANBUL"),
    ("ışık", "IŞIK"),
    ("ΟΔΟΣ ΑΓΟΡΑΣ", "οδος"),
    ("οδος", "ΟΔΟΣ"),
    ("ΟΔΟΣΗΜΑ", "οδος"),
    ("Ваш КОД", "ваш код"),
    ("Přihlášení ŽLUŤOUČKÝ", "žluťoučký"),
    ("認証コード", "コード"),
    ("İİİ and more", "and more"),
]
_OTHER = [("Ärger", "arger"), ("Straße", "strase"), ("сор", "cop"), ("code", "codes"), ("ﬁne", "line")]


@pytest.mark.parametrize(("written", "asked"), [*_SAME, *_OTHER])
async def test_waits_and_leases_agree(tenant: Tenant, written: str, asked: str) -> None:
    inbox = await new_inbox(tenant.http)
    fitting = (written, asked) in _SAME
    by_subject = await arm(tenant.http, inbox, subject=asked)
    by_text = await arm(tenant.http, inbox, text=asked, exclusive=False)
    last = await arm(tenant.http, inbox, subject="the last", exclusive=False)
    got = await receive(tenant, inbox, subject=written, text_body=written, extracted_text=written)
    await receive(tenant, inbox, subject="The last")
    await poll(tenant.http, last)
    ended = [await poll(tenant.http, one, 0) for one in (by_subject, by_text)]
    assert [one["message"] and one["message"]["id"] for one in ended] == [got if fitting else None] * 2
    assert message_ids(await claim(tenant.http, inbox, 50, subject=asked)) == ([got] if fitting else [])


async def test_nothing_ends_a_text_early(tenant: Tenant) -> None:
    """The last part of a long text is compared as the first is."""
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox, text="ENDE ß")
    body = "ß" * 200_000 + " Ende ß"
    got = await receive(tenant, inbox, text_body=body, extracted_text="")
    assert (await poll(tenant.http, wait))["message"]["id"] == got
