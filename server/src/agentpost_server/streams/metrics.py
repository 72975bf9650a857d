"""Numbers of the live streams of this process."""

from prometheus_client import Counter, Gauge

OPEN = Gauge("agentpost_streams_open", "Open live streams", ["kind"])
SLOW = Counter("agentpost_streams_slow", "Streams ended because their reader did not keep up", ["kind"])
