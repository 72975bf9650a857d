"""What an owner allows: filter rules about addresses, policies about everything else. Asked by whoever sends, in the
one place where a send is prepared; the strictest of organization, environment and inbox holds."""

from agentpost_server.policies.caps import Over, Release, charge
from agentpost_server.policies.decide import Found, decide, find, weigh
from agentpost_server.policies.examine import FileSeen, examine, needs_examining
from agentpost_server.policies.facts import UNGOVERNED, Check, Decision, Hold, Person, Refusal, SendFacts, Text
from agentpost_server.policies.fetching import refuse_fetching
from agentpost_server.policies.receive import Arriving, receive
from agentpost_server.policies.refuse import CapReached, refuse
from agentpost_server.policies.store import SCREENING_POLICIES

__all__ = [
    "SCREENING_POLICIES",
    "UNGOVERNED",
    "Arriving",
    "CapReached",
    "Check",
    "Decision",
    "FileSeen",
    "Found",
    "Hold",
    "Over",
    "Person",
    "Refusal",
    "Release",
    "SendFacts",
    "Text",
    "charge",
    "decide",
    "examine",
    "find",
    "needs_examining",
    "receive",
    "refuse",
    "refuse_fetching",
    "weigh",
]
