"""AgentPost: self-hosted e-mail infrastructure for AI agents."""

__version__ = "0.1.0"
