"""Webhook endpoints: who wants to be told, how a delivery is signed, and how it is carried there."""

from agentpost_server.webhooks.deliver import DeliveryLane, open_deliveries
from agentpost_server.webhooks.policy import DeliveryPolicy, policy_of

__all__ = ["DeliveryLane", "DeliveryPolicy", "open_deliveries", "policy_of"]
