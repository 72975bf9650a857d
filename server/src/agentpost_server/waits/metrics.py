"""Numbers of the waits of this process."""

from prometheus_client import Gauge

PARKED = Gauge("agentpost_waits_parked", "Requests that wait for a message in this process")
