"""The HTTP toolkit: problems, strict bodies, pages, idempotency. Knows no noun of the product."""
