"""Waits: armed before a mail is caused, matched from the log's position at arming on, long-polled from any process."""

from agentpost_server.waits.look import Looks
from agentpost_server.waits.model import Wait
from agentpost_server.waits.parking import Parking
from agentpost_server.waits.prune import prune

__all__ = ["Looks", "Parking", "Wait", "prune"]
