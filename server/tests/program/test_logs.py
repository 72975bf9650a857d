"""The log holds no key, no secret and no body, and nobody outside can write a line of it (row Z-08)."""

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.cli.logs import guard, render_console, render_json
from agentpost_server.web.context import shown_path
from program.running import up
from program.test_database_dies import smtp_outcome

EVIL = 'x\r\n{"level":"error","event":"forged"}\x1b[2J\u2028\u202e\x85\x9b'


def line(render: Any, **event: Any) -> str:
    return render(
        None, "info", guard(None, "info", {"event": "e", "level": "info", "at": "2026", "logger": "t", **event})
    )


@pytest.mark.parametrize("render", [render_json, render_console])
@pytest.mark.parametrize("where", ["event", "logger", "path", "deep"])
def test_z08_nothing_written_by_a_stranger_begins_a_line(render: Any, where: str) -> None:
    event = {"deep": {EVIL: [EVIL]}} if where == "deep" else {where: EVIL}
    text = line(render, **event)
    assert text.isascii()
    assert text.isprintable()


def test_z08_a_traceback_cannot_forge_a_line_either() -> None:
    text = line(render_console, exception=f"Traceback\n  File x\nValueError: {EVIL}")
    assert all(one.startswith("    | ") for one in text.split("\n")[1:])
    assert all(one.isprintable() for one in text.split("\n"))
    assert json.loads(line(render_json, exception=EVIL))["exception"].startswith("x\r\n")


@given(st.text(), st.dictionaries(st.text(max_size=8), st.text() | st.integers() | st.binary(), max_size=3))
def test_z08_any_text_is_one_printable_line(text: str, fields: dict[str, Any]) -> None:
    for render in (render_json, render_console):
        shown = line(render, event=text, fields=fields)
        assert shown.isascii()
        assert shown.isprintable()


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("key ap_sk_live_7Hq2abcdefgh used", "7Hq2abcdefgh"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8"),
        ("{'authorization': 'Bearer abc'}", "abc"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("sent Bearer eyJhbGciOiJub25lIn0.x.y", "eyJhbGci"),
        ("postgresql://agentpost_api:hunter2@/db", "hunter2"),
        (b"raw bytes of a mail", "raw"),
    ],
)
def test_secrets_are_taken_out_wherever_they_stand(value: object, secret: str) -> None:
    for event in ({"note": value}, {"event": value}, {"deep": [{"x": value}]}, {"exception": f"Error: {value!s}"}):
        if isinstance(value, bytes) and "exception" in event:
            continue
        assert secret not in line(render_json, **event)


@pytest.mark.parametrize("name", ["Authorization", "password", "text_body", "raw", "headers", "secret", "Set-Cookie"])
def test_some_fields_are_never_written(name: str) -> None:
    assert "hidden" not in line(render_json, **{name: "hidden"})
    assert "hidden" not in line(render_json, deep={name: ["hidden"]})


def test_rows_that_postgresql_quotes_are_taken_out() -> None:
    text = (
        "Traceback (most recent call last):\n  File x\nasyncpg.exceptions.CheckViolationError: new row violates x\n"
        "DETAIL:  Failing row contains (1, the body\nof a mail).\n\nThe above exception was the direct cause\n"
    )
    shown = line(render_json, exception=text)
    assert "CheckViolationError" in shown
    assert "body" not in shown
    assert "of a mail" not in shown


def test_tokens_in_paths_are_taken_out() -> None:
    assert "A" * 48 not in line(render_json, path=f"/u/{'A' * 60}")
    assert "msg_01JQ8XK3000000000000000000" in line(render_json, path="/api/v1/messages/msg_01JQ8XK3000000000000000000")


@pytest.mark.parametrize(
    "path", ["/api/v1/inbound/ses/{}", "/api/v1/inbound/mailgun//{}/x", "/u/{}", "/o/{}", "/files/{}", "//files/{}"]
)
def test_a_token_in_a_path_is_never_shown_however_short(path: str) -> None:
    assert "s3cr3t" not in shown_path({"path": path.format("s3cr3t")})
    kept = "/api/v1/inboxes/inb_01JQ8XK3/messages"
    assert shown_path({"path": kept}) == kept


async def test_the_log_of_a_whole_story_holds_no_key_and_no_body(tmp_path: Path) -> None:
    body = "correct-horse-battery-staple"
    async with up(tmp_path / "data", AGENTPOST_LOG_LEVEL="debug") as program, program.http() as http:
        one, two = [(await http.post("/api/v1/inboxes", json={"username": name})).json() for name in ("one", "two")]
        sent = await http.post(
            f"/api/v1/inboxes/{one['id']}/messages",
            json={"to": [two["email"]], "subject": body, "text_body": body},
            headers={"X-Request-Id": "story-1"},
        )
        assert sent.status_code == 201
        hook = await http.post("/api/v1/webhooks", json={"url": "http://127.0.0.1:9/hook", "headers": {"X-Key": body}})
        assert hook.status_code == 201
        for wrong in ({"subject": body, "nonsense": body}, {"to": [body]}):
            assert (await http.post(f"/api/v1/inboxes/{one['id']}/messages", json=wrong)).status_code == 422
        await http.get("/api/v1/inboxes", headers={"Authorization": f"Bearer {program.keys['live_key'][:-1]}"})
        assert (await http.post("/api/v1/inbound/ses/short-token")).status_code == 404
        assert (await smtp_outcome(program.smtp_port, two["email"])).startswith("250")
        keys, secret = program.keys, hook.json()["secret"]
        assert await program.stop(signal.SIGTERM) == 0
        lines = [json.loads(one) for one in program.log.splitlines()]
        assert any(one.get("request_id") == "story-1" for one in lines)
        secrets = (keys["live_key"][11:40], keys["test_key"][11:40], secret[6:], "ap_sk_", "whsec_", "short-token")
        for hidden in (body, *secrets):
            assert hidden not in program.log
        assert not re.search(r"(?i)authorization|bearer", program.log)
        assert [one for one in lines if one["level"] in ("error", "critical")] == []
