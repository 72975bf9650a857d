# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from agentpost._core.resource import AsyncAgentPostBase

if TYPE_CHECKING:
    from agentpost._core.more.events import AsyncEvents
    from agentpost._core.more.inboxes import AsyncInboxes
    from agentpost._core.more.waits import AsyncWaits
    from agentpost._core.more.webhooks import AsyncWebhooks
    from agentpost._generated.async_calls.api_keys import AsyncApiKeys
    from agentpost._generated.async_calls.attachments import AsyncAttachments
    from agentpost._generated.async_calls.auth import AsyncAuth
    from agentpost._generated.async_calls.deliveries import AsyncDeliveries
    from agentpost._generated.async_calls.domains import AsyncDomains
    from agentpost._generated.async_calls.drafts import AsyncDrafts
    from agentpost._generated.async_calls.environments import AsyncEnvironments
    from agentpost._generated.async_calls.filter_rules import AsyncFilterRules
    from agentpost._generated.async_calls.labels import AsyncLabels
    from agentpost._generated.async_calls.leases import AsyncLeases
    from agentpost._generated.async_calls.messages import AsyncMessages
    from agentpost._generated.async_calls.metrics import AsyncMetrics
    from agentpost._generated.async_calls.org import AsyncOrg
    from agentpost._generated.async_calls.organizations import AsyncOrganizations
    from agentpost._generated.async_calls.policies import AsyncPolicies
    from agentpost._generated.async_calls.realtime import AsyncRealtime
    from agentpost._generated.async_calls.requests import AsyncRequests
    from agentpost._generated.async_calls.sandbox import AsyncSandbox
    from agentpost._generated.async_calls.search import AsyncSearch
    from agentpost._generated.async_calls.suppressions import AsyncSuppressions
    from agentpost._generated.async_calls.threads import AsyncThreads


class AsyncAgentPostResources(AsyncAgentPostBase):
    @cached_property
    def api_keys(self) -> AsyncApiKeys:
        from agentpost._generated.async_calls.api_keys import AsyncApiKeys

        return AsyncApiKeys(self)

    @cached_property
    def attachments(self) -> AsyncAttachments:
        from agentpost._generated.async_calls.attachments import AsyncAttachments

        return AsyncAttachments(self)

    @cached_property
    def auth(self) -> AsyncAuth:
        from agentpost._generated.async_calls.auth import AsyncAuth

        return AsyncAuth(self)

    @cached_property
    def deliveries(self) -> AsyncDeliveries:
        from agentpost._generated.async_calls.deliveries import AsyncDeliveries

        return AsyncDeliveries(self)

    @cached_property
    def domains(self) -> AsyncDomains:
        from agentpost._generated.async_calls.domains import AsyncDomains

        return AsyncDomains(self)

    @cached_property
    def drafts(self) -> AsyncDrafts:
        from agentpost._generated.async_calls.drafts import AsyncDrafts

        return AsyncDrafts(self)

    @cached_property
    def environments(self) -> AsyncEnvironments:
        from agentpost._generated.async_calls.environments import AsyncEnvironments

        return AsyncEnvironments(self)

    @cached_property
    def events(self) -> AsyncEvents:
        from agentpost._core.more.events import AsyncEvents

        return AsyncEvents(self)

    @cached_property
    def filter_rules(self) -> AsyncFilterRules:
        from agentpost._generated.async_calls.filter_rules import AsyncFilterRules

        return AsyncFilterRules(self)

    @cached_property
    def inboxes(self) -> AsyncInboxes:
        from agentpost._core.more.inboxes import AsyncInboxes

        return AsyncInboxes(self)

    @cached_property
    def labels(self) -> AsyncLabels:
        from agentpost._generated.async_calls.labels import AsyncLabels

        return AsyncLabels(self)

    @cached_property
    def leases(self) -> AsyncLeases:
        from agentpost._generated.async_calls.leases import AsyncLeases

        return AsyncLeases(self)

    @cached_property
    def messages(self) -> AsyncMessages:
        from agentpost._generated.async_calls.messages import AsyncMessages

        return AsyncMessages(self)

    @cached_property
    def metrics(self) -> AsyncMetrics:
        from agentpost._generated.async_calls.metrics import AsyncMetrics

        return AsyncMetrics(self)

    @cached_property
    def org(self) -> AsyncOrg:
        from agentpost._generated.async_calls.org import AsyncOrg

        return AsyncOrg(self)

    @cached_property
    def organizations(self) -> AsyncOrganizations:
        from agentpost._generated.async_calls.organizations import AsyncOrganizations

        return AsyncOrganizations(self)

    @cached_property
    def policies(self) -> AsyncPolicies:
        from agentpost._generated.async_calls.policies import AsyncPolicies

        return AsyncPolicies(self)

    @cached_property
    def realtime(self) -> AsyncRealtime:
        from agentpost._generated.async_calls.realtime import AsyncRealtime

        return AsyncRealtime(self)

    @cached_property
    def requests(self) -> AsyncRequests:
        from agentpost._generated.async_calls.requests import AsyncRequests

        return AsyncRequests(self)

    @cached_property
    def sandbox(self) -> AsyncSandbox:
        from agentpost._generated.async_calls.sandbox import AsyncSandbox

        return AsyncSandbox(self)

    @cached_property
    def search(self) -> AsyncSearch:
        from agentpost._generated.async_calls.search import AsyncSearch

        return AsyncSearch(self)

    @cached_property
    def suppressions(self) -> AsyncSuppressions:
        from agentpost._generated.async_calls.suppressions import AsyncSuppressions

        return AsyncSuppressions(self)

    @cached_property
    def threads(self) -> AsyncThreads:
        from agentpost._generated.async_calls.threads import AsyncThreads

        return AsyncThreads(self)

    @cached_property
    def waits(self) -> AsyncWaits:
        from agentpost._core.more.waits import AsyncWaits

        return AsyncWaits(self)

    @cached_property
    def webhooks(self) -> AsyncWebhooks:
        from agentpost._core.more.webhooks import AsyncWebhooks

        return AsyncWebhooks(self)
