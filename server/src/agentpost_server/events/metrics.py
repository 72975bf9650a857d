"""Numbers of the log: how far it is, and how long the outbox waits for the publisher."""

from prometheus_client import Counter, Gauge

HEAD = Gauge("agentpost_log_head", "Position of the newest published event, as this process last saw it")
OUTBOX_LAG = Gauge(
    "agentpost_outbox_lag_seconds", "How long the first event of the outbox has waited; 0 when it is empty"
)
PUBLISHED = Counter("agentpost_events_published", "Events that this process moved from the outbox into the log")
