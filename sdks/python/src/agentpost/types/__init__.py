# Written by sdks/generate from openapi.json. Do not edit.

"""Every model that answers hold, each loaded when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentpost.types.api_keys import Actor as Actor
    from agentpost.types.api_keys import ApiKey as ApiKey
    from agentpost.types.attachments import Attachment as Attachment
    from agentpost.types.attachments import AttachmentText as AttachmentText
    from agentpost.types.attachments import FilePage as FilePage
    from agentpost.types.attachments import UploadUrl as UploadUrl
    from agentpost.types.auth import Me as Me
    from agentpost.types.deliveries import Attempt as Attempt
    from agentpost.types.deliveries import Delivery as Delivery
    from agentpost.types.deliveries import DeliveryRequest as DeliveryRequest
    from agentpost.types.deliveries import Header as Header
    from agentpost.types.domains import DmarcDay as DmarcDay
    from agentpost.types.domains import DmarcRow as DmarcRow
    from agentpost.types.domains import DmarcSummary as DmarcSummary
    from agentpost.types.domains import DnsRecord as DnsRecord
    from agentpost.types.domains import Domain as Domain
    from agentpost.types.drafts import Address as Address
    from agentpost.types.drafts import Draft as Draft
    from agentpost.types.drafts import DraftFailure as DraftFailure
    from agentpost.types.drafts import DraftFile as DraftFile
    from agentpost.types.drafts import Revision as Revision
    from agentpost.types.environments import Environment as Environment
    from agentpost.types.events import Event as Event
    from agentpost.types.filter_rules import FilterAnswer as FilterAnswer
    from agentpost.types.filter_rules import FilterRule as FilterRule
    from agentpost.types.inboxes import Deliverability as Deliverability
    from agentpost.types.inboxes import Inbox as Inbox
    from agentpost.types.inboxes import Moment as Moment
    from agentpost.types.labels import Label as Label
    from agentpost.types.leases import Claim as Claim
    from agentpost.types.leases import Lease as Lease
    from agentpost.types.messages import Authentication as Authentication
    from agentpost.types.messages import Check as Check
    from agentpost.types.messages import Codes as Codes
    from agentpost.types.messages import Envelope as Envelope
    from agentpost.types.messages import FileMeta as FileMeta
    from agentpost.types.messages import Hold as Hold
    from agentpost.types.messages import Message as Message
    from agentpost.types.messages import MessageEvent as MessageEvent
    from agentpost.types.messages import MessageRevision as MessageRevision
    from agentpost.types.messages import Preflight as Preflight
    from agentpost.types.messages import PreflightRecipient as PreflightRecipient
    from agentpost.types.messages import Recipient as Recipient
    from agentpost.types.messages import Screening as Screening
    from agentpost.types.messages import ScreeningFactor as ScreeningFactor
    from agentpost.types.org import AuditEntry as AuditEntry
    from agentpost.types.organizations import Counted as Counted
    from agentpost.types.organizations import UsageReport as UsageReport
    from agentpost.types.policies import Policy as Policy
    from agentpost.types.realtime import Ticket as Ticket
    from agentpost.types.requests import LoggedRequest as LoggedRequest
    from agentpost.types.sandbox import Captured as Captured
    from agentpost.types.sandbox import CapturedSummary as CapturedSummary
    from agentpost.types.sandbox import ChosenAuthentication as ChosenAuthentication
    from agentpost.types.sandbox import Clock as Clock
    from agentpost.types.sandbox import Delivered as Delivered
    from agentpost.types.sandbox import Persona as Persona
    from agentpost.types.sandbox import Turn as Turn
    from agentpost.types.search import Highlights as Highlights
    from agentpost.types.search import SearchResult as SearchResult
    from agentpost.types.suppressions import Suppression as Suppression
    from agentpost.types.threads import Context as Context
    from agentpost.types.threads import Omitted as Omitted
    from agentpost.types.threads import Span as Span
    from agentpost.types.threads import Thread as Thread
    from agentpost.types.waits import Code as Code
    from agentpost.types.waits import Wait as Wait
    from agentpost.types.webhooks import Replayed as Replayed
    from agentpost.types.webhooks import WebhookEndpoint as WebhookEndpoint

HOMES = {
    "Actor": "api_keys",
    "Address": "drafts",
    "ApiKey": "api_keys",
    "Attachment": "attachments",
    "AttachmentText": "attachments",
    "Attempt": "deliveries",
    "AuditEntry": "org",
    "Authentication": "messages",
    "Captured": "sandbox",
    "CapturedSummary": "sandbox",
    "Check": "messages",
    "ChosenAuthentication": "sandbox",
    "Claim": "leases",
    "Clock": "sandbox",
    "Code": "waits",
    "Codes": "messages",
    "Context": "threads",
    "Counted": "organizations",
    "Deliverability": "inboxes",
    "Delivered": "sandbox",
    "Delivery": "deliveries",
    "DeliveryRequest": "deliveries",
    "DmarcDay": "domains",
    "DmarcRow": "domains",
    "DmarcSummary": "domains",
    "DnsRecord": "domains",
    "Domain": "domains",
    "Draft": "drafts",
    "DraftFailure": "drafts",
    "DraftFile": "drafts",
    "Envelope": "messages",
    "Environment": "environments",
    "Event": "events",
    "FileMeta": "messages",
    "FilePage": "attachments",
    "FilterAnswer": "filter_rules",
    "FilterRule": "filter_rules",
    "Header": "deliveries",
    "Highlights": "search",
    "Hold": "messages",
    "Inbox": "inboxes",
    "Label": "labels",
    "Lease": "leases",
    "LoggedRequest": "requests",
    "Me": "auth",
    "Message": "messages",
    "MessageEvent": "messages",
    "MessageRevision": "messages",
    "Moment": "inboxes",
    "Omitted": "threads",
    "Persona": "sandbox",
    "Policy": "policies",
    "Preflight": "messages",
    "PreflightRecipient": "messages",
    "Recipient": "messages",
    "Replayed": "webhooks",
    "Revision": "drafts",
    "Screening": "messages",
    "ScreeningFactor": "messages",
    "SearchResult": "search",
    "Span": "threads",
    "Suppression": "suppressions",
    "Thread": "threads",
    "Ticket": "realtime",
    "Turn": "sandbox",
    "UploadUrl": "attachments",
    "UsageReport": "organizations",
    "Wait": "waits",
    "WebhookEndpoint": "webhooks",
}


def __getattr__(name: str) -> Any:
    if (home := HOMES.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
