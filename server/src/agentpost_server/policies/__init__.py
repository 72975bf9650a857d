"""What an owner allows: filter rules about addresses, policies about everything else. Asked by whoever sends, in the
one place where a send is prepared; the strictest of organization, environment and inbox holds."""

from agentpost_server.policies.decide import decide
from agentpost_server.policies.facts import UNGOVERNED, Check, Decision, Hold, Person, Refusal, SendFacts, Text
from agentpost_server.policies.refuse import refuse

__all__ = ["UNGOVERNED", "Check", "Decision", "Hold", "Person", "Refusal", "SendFacts", "Text", "decide", "refuse"]
