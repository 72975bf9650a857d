"""Webhook endpoints: who wants to be told, how a delivery is signed, and how it is carried there."""
