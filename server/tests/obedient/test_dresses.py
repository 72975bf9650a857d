"""How far the search for canaries goes, where a canary may be written to somebody at all: measured at the door."""

from harness import Tenant
from obedient.dresses import CANARY, DRESSES, EXOTIC, PLAIN
from outbound.sending import inbox
from policies.asking import policy

_FIELDS = ("subject", "text_body", "html_body", "header", "filename", "file")


def _body(field: str, said: str) -> dict[str, object]:
    body: dict[str, object] = {"to": ["a@b.example"], "subject": "s", "text_body": "t"}
    match field:
        case "header":
            return {**body, "headers": {"X-Note": said.replace("\n", " ")}}
        case "filename":
            return {**body, "attachments": [{"content": "aGk=", "filename": said}]}
        case "file":
            return {**body, "attachments": [{"content": _encoded(said), "filename": "a.txt"}]}
        case _:
            return {**body, field: said.replace("\n", " ") if field == "subject" else said}


def _encoded(said: str) -> str:
    return DRESSES["base64"](said)


async def test_every_known_dress_is_refused_in_every_field_and_others_are_let_through(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "flow", {"canaries": [CANARY]})
    path = f"/inboxes/{agent['id']}/messages/preflight"
    missed: dict[str, list[str]] = {}
    for name, dress in DRESSES.items():
        for field in _FIELDS:
            answer = await tenant.http.post(path, json=_body(field, dress(CANARY)))
            if answer.status_code == 200 and answer.json()["outcome"] == "send":
                missed.setdefault(name, []).append(field)
    assert {name: fields for name, fields in missed.items() if name in PLAIN} == {}
    # What docs/guides/safety.md says of the others.
    through = sorted(missed)
    print(f"{len(DRESSES) - len(through)} of {len(DRESSES)} dresses are refused; let through: {', '.join(through)}")
    assert set(through) <= set(EXOTIC)
