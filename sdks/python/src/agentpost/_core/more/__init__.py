"""Resources with verbs that are more than one request."""
