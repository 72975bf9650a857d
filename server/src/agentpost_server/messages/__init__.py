"""Messages and what belongs to them: threads, labels, attachments, search."""
