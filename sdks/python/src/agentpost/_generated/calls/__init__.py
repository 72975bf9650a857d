# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from agentpost._core.resource import AgentPostBase

if TYPE_CHECKING:
    from agentpost._core.more.events import Events
    from agentpost._core.more.inboxes import Inboxes
    from agentpost._core.more.waits import Waits
    from agentpost._core.more.webhooks import Webhooks
    from agentpost._generated.calls.api_keys import ApiKeys
    from agentpost._generated.calls.attachments import Attachments
    from agentpost._generated.calls.auth import Auth
    from agentpost._generated.calls.deliveries import Deliveries
    from agentpost._generated.calls.domains import Domains
    from agentpost._generated.calls.drafts import Drafts
    from agentpost._generated.calls.environments import Environments
    from agentpost._generated.calls.filter_rules import FilterRules
    from agentpost._generated.calls.labels import Labels
    from agentpost._generated.calls.leases import Leases
    from agentpost._generated.calls.messages import Messages
    from agentpost._generated.calls.metrics import Metrics
    from agentpost._generated.calls.org import Org
    from agentpost._generated.calls.organizations import Organizations
    from agentpost._generated.calls.policies import Policies
    from agentpost._generated.calls.realtime import Realtime
    from agentpost._generated.calls.requests import Requests
    from agentpost._generated.calls.sandbox import Sandbox
    from agentpost._generated.calls.search import Search
    from agentpost._generated.calls.suppressions import Suppressions
    from agentpost._generated.calls.threads import Threads


class AgentPostResources(AgentPostBase):
    @cached_property
    def api_keys(self) -> ApiKeys:
        from agentpost._generated.calls.api_keys import ApiKeys

        return ApiKeys(self)

    @cached_property
    def attachments(self) -> Attachments:
        from agentpost._generated.calls.attachments import Attachments

        return Attachments(self)

    @cached_property
    def auth(self) -> Auth:
        from agentpost._generated.calls.auth import Auth

        return Auth(self)

    @cached_property
    def deliveries(self) -> Deliveries:
        from agentpost._generated.calls.deliveries import Deliveries

        return Deliveries(self)

    @cached_property
    def domains(self) -> Domains:
        from agentpost._generated.calls.domains import Domains

        return Domains(self)

    @cached_property
    def drafts(self) -> Drafts:
        from agentpost._generated.calls.drafts import Drafts

        return Drafts(self)

    @cached_property
    def environments(self) -> Environments:
        from agentpost._generated.calls.environments import Environments

        return Environments(self)

    @cached_property
    def events(self) -> Events:
        from agentpost._core.more.events import Events

        return Events(self)

    @cached_property
    def filter_rules(self) -> FilterRules:
        from agentpost._generated.calls.filter_rules import FilterRules

        return FilterRules(self)

    @cached_property
    def inboxes(self) -> Inboxes:
        from agentpost._core.more.inboxes import Inboxes

        return Inboxes(self)

    @cached_property
    def labels(self) -> Labels:
        from agentpost._generated.calls.labels import Labels

        return Labels(self)

    @cached_property
    def leases(self) -> Leases:
        from agentpost._generated.calls.leases import Leases

        return Leases(self)

    @cached_property
    def messages(self) -> Messages:
        from agentpost._generated.calls.messages import Messages

        return Messages(self)

    @cached_property
    def metrics(self) -> Metrics:
        from agentpost._generated.calls.metrics import Metrics

        return Metrics(self)

    @cached_property
    def org(self) -> Org:
        from agentpost._generated.calls.org import Org

        return Org(self)

    @cached_property
    def organizations(self) -> Organizations:
        from agentpost._generated.calls.organizations import Organizations

        return Organizations(self)

    @cached_property
    def policies(self) -> Policies:
        from agentpost._generated.calls.policies import Policies

        return Policies(self)

    @cached_property
    def realtime(self) -> Realtime:
        from agentpost._generated.calls.realtime import Realtime

        return Realtime(self)

    @cached_property
    def requests(self) -> Requests:
        from agentpost._generated.calls.requests import Requests

        return Requests(self)

    @cached_property
    def sandbox(self) -> Sandbox:
        from agentpost._generated.calls.sandbox import Sandbox

        return Sandbox(self)

    @cached_property
    def search(self) -> Search:
        from agentpost._generated.calls.search import Search

        return Search(self)

    @cached_property
    def suppressions(self) -> Suppressions:
        from agentpost._generated.calls.suppressions import Suppressions

        return Suppressions(self)

    @cached_property
    def threads(self) -> Threads:
        from agentpost._generated.calls.threads import Threads

        return Threads(self)

    @cached_property
    def waits(self) -> Waits:
        from agentpost._core.more.waits import Waits

        return Waits(self)

    @cached_property
    def webhooks(self) -> Webhooks:
        from agentpost._core.more.webhooks import Webhooks

        return Webhooks(self)
