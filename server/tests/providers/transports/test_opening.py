"""Which transports a server has is what its settings say, and a wrong one stops the start with a sentence."""

import pytest

from agentpost_server.opening import provider_transports
from agentpost_server.settings import SettingsError, load


def test_each_provider_is_there_when_its_credentials_are() -> None:
    assert provider_transports(load({})) == {}
    keys = {"ses_region": "eu-west-1", "sendgrid_api_key": "a", "postmark_server_token": "b", "mailgun_api_key": "c"}
    found = provider_transports(load({}, **keys))
    assert list(found) == ["ses", "sendgrid", "postmark", "mailgun"]
    assert [one.name for one in found.values()] == list(found)


@pytest.mark.parametrize("provider", ["sendgrid", "postmark", "mailgun"])
def test_an_endpoint_that_would_show_the_key_stops_the_start(provider: str) -> None:
    key = {"sendgrid": "sendgrid_api_key", "postmark": "postmark_server_token", "mailgun": "mailgun_api_key"}[provider]
    settings = load({}, **{key: "secret-key", f"{provider}_endpoint": "http://api.example.com"})
    with pytest.raises(SettingsError, match=f"AGENTPOST_{provider.upper()}_ENDPOINT") as caught:
        provider_transports(settings)
    assert "secret-key" not in str(caught.value)
