"""How well mail is received: what is counted, the score, inboxes that are paused for it, and domains that warm up."""
