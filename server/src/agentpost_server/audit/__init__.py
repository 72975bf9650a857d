"""The audit log: who did what, written in the transaction of the change. Append-only; reading is one list."""

from agentpost_server.audit.record import record

__all__ = ["record"]
