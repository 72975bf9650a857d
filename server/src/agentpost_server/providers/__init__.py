"""Providers: one module or package for each real thing behind a port. Only the composition root imports them."""
