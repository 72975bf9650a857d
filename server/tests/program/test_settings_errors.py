"""A wrong setting or command line stops the start with one sentence that names it, exit code 2."""

import pytest

from agentpost_server.cli import main, secret_key
from agentpost_server.settings import SettingsError

GOOD = {
    "AGENTPOST_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "AGENTPOST_SECRET_KEY": "ab" * 32,
    "AGENTPOST_PUBLIC_URL": "https://mail.example",
}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("AGENTPOST_")]:
        monkeypatch.delenv(name)


def complaint(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(words)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("agentpost-server: ")
    assert captured.err.count("\n") == 1
    return code, captured.err


@pytest.mark.parametrize("name", GOOD)
def test_serve_names_the_setting_that_it_lacks(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for other, value in GOOD.items():
        if other != name:
            monkeypatch.setenv(other, value)
    code, text = complaint(capsys, "serve")
    assert (code, name in text) == (2, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AGENTPOST_HTTP_PORT", "http"),
        ("AGENTPOST_HTTP_PORT", "65536"),
        ("AGENTPOST_LOG_LEVEL", "loud"),
        ("AGENTPOST_MAX_RECEIVE_OCTETS", "999999999"),
        ("AGENTPOST_CONFIG", "/nonexistent/agentpost.toml"),
        ("AGENTPOST_PUBLIC_URL", "https://m\u00fcnchen.example"),
        ("AGENTPOST_PUBLIC_URL", "https://mail.example/a b"),
        ("AGENTPOST_SHARED_DOMAIN", "m\u00fcnchen.example"),
    ],
)
def test_a_wrong_value_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    code, text = complaint(capsys, "serve")
    assert (code, name in text) == (2, True)


def test_a_short_secret_is_named_and_never_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for other, value in GOOD.items():
        monkeypatch.setenv(other, value)
    monkeypatch.setenv("AGENTPOST_SECRET_KEY", "c2hvcnQ=")
    code, text = complaint(capsys, "serve")
    assert (code, "AGENTPOST_SECRET_KEY" in text, "c2hvcnQ" in text) == (2, True, False)


def test_unknown_roles_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = complaint(capsys, "serve", "--roles", "api,postman")
    assert (code, "--roles" in text) == (2, True)


@pytest.mark.parametrize("words", [(), ("fly",), ("serve", "--workers", "0"), ("up", "--nonsense"), ("keys",)])
def test_a_wrong_command_line_is_exit_code_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, "agentpost-server 0.1.0\n")


def test_a_secret_key_is_base64_or_hex_and_a_list_rotates_it() -> None:
    old, new = "ab" * 32, secret_key.make()
    before, rotated = secret_key.keyring_of(old), secret_key.keyring_of(f"{new}, {old}")
    assert rotated.unseal("x", before.seal("x", b"kept")) == b"kept"
    assert rotated.password("agentpost_api") == before.password("agentpost_api")
    for wrong in ("", ",", "short", "ab" * 16, "not base64 at all, really"):
        with pytest.raises(SettingsError, match="AGENTPOST_SECRET_KEY"):
            secret_key.keyring_of(wrong)
