"""Who listens to which topic of a bus, in this process."""

from collections.abc import Callable
from contextlib import suppress

import structlog

from agentpost_server.ports.bus import Listener

log = structlog.get_logger("bus")


class Listeners:
    """A listener that raises is logged, and takes no ring from the others."""

    def __init__(self) -> None:
        self._by_topic: dict[str, list[Listener]] = {}

    def add(self, topic: str, listener: Listener) -> Callable[[], None]:
        listeners = self._by_topic.setdefault(topic, [])
        listeners.append(listener)

        def stop() -> None:
            with suppress(ValueError):
                listeners.remove(listener)

        return stop

    def ring(self, topic: str, text: str) -> None:
        for listener in list(self._by_topic.get(topic, ())):
            try:
                listener(text)
            except Exception:
                log.exception("a listener failed", topic=topic)

    def ring_all(self) -> None:
        """After an absence nobody knows what was missed: everyone looks."""
        for topic in list(self._by_topic):
            self.ring(topic, "")
