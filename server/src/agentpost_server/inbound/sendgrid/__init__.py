"""What SendGrid posts: mail by Inbound Parse as a form, and what became of mail that we sent as JSON."""
