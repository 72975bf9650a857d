"""Domains of tenants' own: what they must publish, whether they do, and the keys that sign for them."""

from agentpost_server.domains.check import TOPIC, check, lane
from agentpost_server.domains.keys import Sender, senders
from agentpost_server.domains.names import upwards
from agentpost_server.domains.records import REPORT_BOX
from agentpost_server.domains.reports import keep_report
from agentpost_server.domains.survey import count_by_status, every

__all__ = [
    "REPORT_BOX",
    "TOPIC",
    "Sender",
    "check",
    "count_by_status",
    "every",
    "keep_report",
    "lane",
    "senders",
    "upwards",
]
