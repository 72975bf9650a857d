"""Mail as a format (RFC 5322, MIME): parse, compose, extract, reports. Pure: no I/O, no database, no settings."""
