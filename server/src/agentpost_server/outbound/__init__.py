"""Mail out: submit, transmit, feedback. A message has a status for each recipient, moved by one forward-only table."""
