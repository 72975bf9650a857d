"""Due rows: work lives on the row that it is about, and this is how it is claimed, run and settled."""

from agentpost_server.work.backlog import backlog
from agentpost_server.work.chore import Chore
from agentpost_server.work.lane import Claimed, Lane
from agentpost_server.work.prune import prune
from agentpost_server.work.schedule import next_wait
from agentpost_server.work.service import Service

__all__ = ["Chore", "Claimed", "Lane", "Service", "backlog", "next_wait", "prune"]
