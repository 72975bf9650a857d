"""Mail in: the doors that take it, and what becomes of it until it is stored."""
