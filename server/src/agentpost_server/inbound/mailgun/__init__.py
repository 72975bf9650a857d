"""What Mailgun posts: mail by a route as a form, and what became of mail that we sent as JSON."""
