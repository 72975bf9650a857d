"""Ports: what the house needs from outside, each a Protocol of one to four verbs. Providers implement them."""
