"""Topics of Amazon SNS. Confirmed by its API, in the topic's own region, never by a URL that came with a message."""

from agentpost_server.providers.aws import AwsClient, AwsRefused, account_of, require_sdk
from agentpost_server.settings import Settings

_WRONG = frozenset({"InvalidParameter", "InvalidParameterException", "NotFound", "AuthorizationError"})


class SnsTopics:
    """Every topic of the account of the settings."""

    def __init__(self, settings: Settings) -> None:
        require_sdk()
        self._settings = settings

    async def confirm(self, topic: str, token: str) -> None:
        client = AwsClient(account_of(self._settings, region=topic.split(":")[3]), "sns")
        try:
            # Once it is confirmed so, only the owner's credentials may end it.
            await client.call("confirm_subscription", TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")
        except AwsRefused as refused:
            if refused.code in _WRONG:
                raise ValueError(f"SNS refused the confirmation: {refused.code}") from refused
            raise OSError(f"SNS could not be used: {refused}") from refused
        finally:
            await client.close()
