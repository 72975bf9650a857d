"""The database as the house sees it: a pool for each role, a transaction that names its tenants, migrations."""

from agentpost_server.db.database import Database, Row, Tx

__all__ = ["Database", "Row", "Tx"]
