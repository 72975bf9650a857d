"""A thread for a model: within a hard budget of tokens, every character with its origin, mail fenced off as data."""
