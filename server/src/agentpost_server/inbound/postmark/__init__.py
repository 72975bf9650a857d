"""What Postmark posts: mail received for us, and what became of mail that we sent, both as JSON."""
