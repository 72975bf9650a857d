"""Sends that wait for a person: kept without being composed, then approved, changed, rejected, or ended by their
time."""
