"""What is written by hand: transport, retries, errors, pages, streams, and the verbs that are more than one request."""
