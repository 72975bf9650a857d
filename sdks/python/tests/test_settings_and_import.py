"""Where key and address come from; and that importing costs next to nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agentpost import AgentPost, errors, types


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("API_KEY", "BASE_URL", "ENVIRONMENT", "PROFILE"):
        monkeypatch.delenv(f"AGENTPOST_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def _profile(folder: Path) -> None:
    file = folder / "agentpost" / "profiles.json"
    file.parent.mkdir()
    local = {"api_key": "ap_sk_dev_local", "base_url": "http://127.0.0.1:8026"}
    live = {"api_key": "ap_sk_live_x", "base_url": "https://mail.example.com", "environment": "production"}
    file.write_text(json.dumps({"in_use": "local", "profiles": {"local": local, "live": live}}))


def test_given_goes_before_environment_before_profile(monkeypatch: pytest.MonkeyPatch, nothing_set: Path) -> None:
    _profile(nothing_set)
    assert AgentPost().settings.base_url == "http://127.0.0.1:8026"
    monkeypatch.setenv("AGENTPOST_PROFILE", "live")
    assert AgentPost().settings.environment == "production"
    monkeypatch.setenv("AGENTPOST_API_KEY", "ap_sk_test_env")
    monkeypatch.setenv("AGENTPOST_BASE_URL", "http://127.0.0.1:9/api/v1/")
    assert (AgentPost().settings.api_key, AgentPost().settings.base_url) == ("ap_sk_test_env", "http://127.0.0.1:9")
    assert AgentPost("ap_sk_test_given", base_url="http://h").settings.api_key == "ap_sk_test_given"


def test_without_a_key_it_says_what_to_do() -> None:
    with pytest.raises(errors.ConfigurationError, match="AGENTPOST_API_KEY"):
        AgentPost()


@pytest.mark.parametrize("broken", ["", "[]", '{"in_use": "x"}', '{"in_use": 1, "profiles": []}'])
def test_a_broken_profile_is_none(nothing_set: Path, broken: str) -> None:
    _profile(nothing_set)
    (nothing_set / "agentpost" / "profiles.json").write_text(broken)
    with pytest.raises(errors.ConfigurationError):
        AgentPost()


@pytest.mark.parametrize("url", ["ftp://h", "localhost:8025", "http://", "http://[::1", "http://h?x=1"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="address"):
        AgentPost("ap_sk_test_x", base_url=url)


@pytest.mark.parametrize("key", ["ap sk", "ap_sk\n", "ключ"])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="key"):
        AgentPost(key)


def _loaded(statement: str) -> set[str]:
    """What is in memory after a statement in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_loads_next_to_nothing() -> None:
    before = _loaded("pass")
    assert sorted(_loaded("import agentpost") - before - _loaded("import typing, importlib")) == [
        "agentpost",
        "agentpost._version",
    ]
    ready = _loaded("import agentpost; agentpost.AgentPost('ap_sk_test_x').inboxes")
    assert not ready & {"httpx2", "ssl", "asyncio.events", "agentpost._core.more.work", "agentpost.types.messages"}


def test_every_model_can_be_named() -> None:
    for name in types.HOMES:
        assert getattr(types, name).__name__ == name
    with pytest.raises(AttributeError):
        types.Nothing  # noqa: B018  # pyright: ignore
